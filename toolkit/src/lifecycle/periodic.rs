//! Work that is done again and again.

use super::{
    background::Background,
    runs::{Counts, OnFailure, Runs, Work, make},
};
use crate::nanos::{between, nanos};
use anyrt_core::{
    ConfigError, Instant,
    cancel::CancellationToken,
    error::BoxError,
    error::check,
    group::Cause,
    rt::Runtime,
    time::{Interval, MissedTicks, interval},
};
use std::{
    borrow::Cow,
    fmt,
    future::Future,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

/// What becomes of a tick that comes while a run is in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Overlap {
    /// It is left out; the next run begins at the next multiple of the period.
    #[default]
    Skip,
    /// A run follows at once, one for each tick that came.
    CatchUp,
    /// A run begins beside it, up to this many at once; beyond that it is left out.
    Parallel(usize),
}

/// What becomes of the work after an error or a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Restart {
    /// It goes on with the next tick.
    #[default]
    Always,
    /// It ends after this many failures in a row.
    GiveUpAfter(u32),
}

/// Settings of periodic work, made by [`Background::every`].
#[must_use = "nothing is begun before `start`"]
pub struct PeriodicBuilder<'a, R: Runtime, F> {
    background: &'a Background<R>,
    name: Cow<'static, str>,
    period: Duration,
    work: F,
    jitter: Duration,
    overlap: Overlap,
    restart: Restart,
    on_failure: Option<Box<OnFailure>>,
}

impl<'a, R, F, Fut, E> PeriodicBuilder<'a, R, F>
where
    R: Runtime,
    F: FnMut() -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    pub(super) fn new(
        background: &'a Background<R>,
        name: Cow<'static, str>,
        period: Duration,
        work: F,
    ) -> Self {
        Self {
            background,
            name,
            period,
            work,
            jitter: Duration::ZERO,
            overlap: Overlap::default(),
            restart: Restart::default(),
            on_failure: None,
        }
    }

    /// Begins each run later by up to `most`, drawn anew each time, so that many processes do not do the same
    /// at the same time (*LC-26*). The ticks themselves stay where they are.
    pub fn jitter(mut self, most: Duration) -> Self {
        self.jitter = most;
        self
    }

    /// What becomes of a tick that comes while a run is in hand: it is left out, unless set.
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.overlap = overlap;
        self
    }

    /// What becomes of the work after a failure: it goes on, unless set.
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// Calls `hook` with each failure. A panic of it is ignored.
    pub fn on_failure(mut self, hook: impl Fn(&Cause<BoxError>) + Send + Sync + 'static) -> Self {
        self.on_failure = Some(Box::new(hook));
        self
    }

    /// Begins.
    ///
    /// # Errors
    /// A [`ConfigError`] for a period of zero, a jitter of a period or more, `Parallel(0)` and
    /// `GiveUpAfter(0)`.
    pub fn start(self) -> Result<Periodic, ConfigError> {
        let Self {
            background,
            name,
            period,
            mut work,
            jitter,
            overlap,
            restart,
            on_failure,
        } = self;
        let missed = match overlap {
            Overlap::CatchUp => MissedTicks::Burst,
            _ => MissedTicks::Skip,
        };
        let mut ticks = interval(&background.rt, period)?.missed_ticks(missed);
        let (value, permitted) = (format!("{jitter:?}"), format!("less than {period:?}"));
        check::that(jitter < period, "jitter", value, permitted)?;
        if let Overlap::Parallel(runs) = overlap {
            check::at_least_one("overlap", runs)?;
        }
        if let Restart::GiveUpAfter(failures) = restart {
            check::at_least_one("restart", failures)?;
        }
        let work_state = Arc::new(Work {
            stop: background.stop.0.child(),
            restart,
            on_failure,
            counts: Arc::default(),
        });
        let handle = Periodic {
            stop: work_state.stop.clone(),
            counts: work_state.counts.clone(),
        };
        let (rt, tasks) = (background.rt.clone(), background.tasks.spawner());
        let runs = Runs {
            name: name.clone(),
            late: background.late.clone(),
            tasks,
        };
        let driver = async move {
            let stop = work_state.stop.clone();
            while let Some(tick) = stop.run_until_cancelled(ticks.tick()).await {
                let delay = drawn(&rt, jitter);
                if !delay.is_zero() {
                    let waiting = rt.sleep_until(tick + delay);
                    if stop.run_until_cancelled(waiting).await.is_none() {
                        break;
                    }
                }
                match overlap {
                    Overlap::Parallel(most) if work_state.counts.running() >= most as u64 => {
                        work_state.counts.skipped.fetch_add(1, Relaxed);
                    }
                    Overlap::Parallel(_) => runs.beside(&work_state, make(&mut work)),
                    _ => runs.here(&work_state, make(&mut work)).await,
                }
                if overlap == Overlap::Skip {
                    let missed = leave_out(&mut ticks, rt.now());
                    work_state.counts.skipped.fetch_add(missed, Relaxed);
                }
            }
            Ok(())
        };
        background.tasks.spawn_named(name, driver).ok();
        Ok(handle)
    }
}

/// Goes on with the first tick that is still to come, and says how many have gone by.
fn leave_out<R: Runtime>(ticks: &mut Interval<R>, now: Instant) -> u64 {
    let next = ticks.next_tick();
    let period = nanos(ticks.period());
    let late = now.as_nanos().saturating_sub(next.as_nanos());
    let missed = late.div_ceil(period);
    if missed > 0 {
        let skipped = missed.saturating_mul(period);
        ticks.reset_at(Instant::from_nanos(next.as_nanos().saturating_add(skipped)));
    }
    missed
}

/// Less than so long.
fn drawn<R: Runtime>(rt: &R, most: Duration) -> Duration {
    Duration::from_nanos(between(0, nanos(most).saturating_sub(1), rt))
}

/// What is known of periodic work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PeriodicStats {
    /// Runs that were begun.
    pub runs: u64,
    /// Runs that are in hand.
    pub running: u64,
    /// Runs that failed or panicked.
    pub failures: u64,
    /// Ticks that came while there was no room for a run, and were left out.
    pub skipped: u64,
}

/// Periodic work that was begun. Dropped, it goes on.
#[derive(Debug, Clone)]
pub struct Periodic {
    stop: CancellationToken,
    counts: Arc<Counts>,
}

impl Periodic {
    /// Begins no further run; one in hand goes on.
    pub fn stop(&self) {
        self.stop.cancel_with("it was stopped");
    }

    /// Whether no further run will begin: it was stopped, has failed too often, or its
    /// [`Background`] is shut down or was dropped.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// How it is doing.
    pub fn stats(&self) -> PeriodicStats {
        PeriodicStats {
            running: self.counts.running(),
            runs: self.counts.begun.load(Relaxed),
            failures: self.counts.failures.load(Relaxed),
            skipped: self.counts.skipped.load(Relaxed),
        }
    }
}

impl<R: Runtime, F> fmt::Debug for PeriodicBuilder<'_, R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeriodicBuilder")
            .field("name", &self.name)
            .field("period", &self.period)
            .field("overlap", &self.overlap)
            .field("restart", &self.restart)
            .finish_non_exhaustive()
    }
}
