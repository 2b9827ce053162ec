//! The settings of periodic work.

use super::{
    driver::Driver,
    handle::Periodic,
    runs::{OnFailure, Runs, Work},
};
use crate::{lifecycle::Background, name::refused};
use anyrt_core::{
    ConfigError,
    error::{BoxError, check},
    group::Cause,
    rt::Runtime,
    time::{MissedTicks, interval_at},
};
use std::{borrow::Cow, fmt, future::Future, sync::Arc, time::Duration};

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
    first_after: Duration,
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
    pub(in crate::lifecycle) fn new(
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
            first_after: Duration::ZERO,
            jitter: Duration::ZERO,
            overlap: Overlap::default(),
            restart: Restart::default(),
            on_failure: None,
        }
    }

    /// Waits this long for the first tick, from [`start`](Self::start): it comes at once, unless set.
    pub fn first_after(mut self, delay: Duration) -> Self {
        self.first_after = delay;
        self
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
            work,
            first_after,
            jitter,
            overlap,
            restart,
            on_failure,
        } = self;
        let missed = match overlap {
            Overlap::CatchUp => MissedTicks::Burst,
            _ => MissedTicks::Skip,
        };
        let by_name = |error| refused(error, "periodic work", Some(&name));
        let first = background.rt.now() + first_after;
        let ticks = interval_at(&background.rt, first, period).map_err(by_name)?;
        let ticks = ticks.missed_ticks(missed);
        let (value, permitted) = (format!("{jitter:?}"), format!("less than {period:?}"));
        check::that(jitter < period, "jitter", value, permitted).map_err(by_name)?;
        if let Overlap::Parallel(runs) = overlap {
            check::at_least_one("overlap", runs).map_err(by_name)?;
        }
        if let Restart::GiveUpAfter(failures) = restart {
            check::at_least_one("restart", failures).map_err(by_name)?;
        }
        let state = Arc::new(Work {
            stop: background.stop.0.child(),
            restart,
            on_failure,
            counts: Arc::default(),
        });
        let handle = Periodic {
            stop: state.stop.clone(),
            counts: state.counts.clone(),
        };
        let driver = Driver {
            rt: background.rt.clone(),
            ticks,
            jitter,
            overlap,
            work,
            state,
            runs: Runs {
                name: name.clone(),
                late: background.late.clone(),
                tasks: background.tasks.spawner(),
            },
        };
        let driver = driver.drive();
        background.tasks.spawn_named(name, driver).ok();
        Ok(handle)
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
