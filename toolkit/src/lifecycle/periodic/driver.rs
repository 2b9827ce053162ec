//! Begins runs at their ticks.

use super::{
    builder::Overlap,
    runs::{Runs, Work, make},
};
use crate::nanos::{between, nanos};
use anyrt_core::{Instant, error::BoxError, rt::Runtime, time::Interval};
use std::{
    convert::Infallible,
    future::Future,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

pub(super) struct Driver<R: Runtime, F> {
    pub(super) rt: R,
    pub(super) ticks: Interval<R>,
    pub(super) jitter: Duration,
    pub(super) overlap: Overlap,
    pub(super) work: F,
    pub(super) state: Arc<Work>,
    pub(super) runs: Runs<R>,
}

impl<R, F, Fut, E> Driver<R, F>
where
    R: Runtime,
    F: FnMut() -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    /// Until it is told to stop.
    pub(super) async fn drive(self) -> Result<(), Infallible> {
        let Self {
            rt,
            mut ticks,
            jitter,
            overlap,
            mut work,
            state,
            runs,
        } = self;
        let (stop, counts) = (&state.stop, &state.counts);
        while let Some(tick) = stop.run_until_cancelled(ticks.tick()).await {
            let delay = drawn(&rt, jitter);
            if !delay.is_zero() {
                let waiting = rt.sleep_until(tick + delay);
                if stop.run_until_cancelled(waiting).await.is_none() {
                    break;
                }
            }
            match overlap {
                Overlap::Parallel(most) if counts.running() >= most as u64 => {
                    counts.skipped.fetch_add(1, Relaxed);
                }
                Overlap::Parallel(_) => runs.beside(&state, make(&mut work)),
                _ => runs.here(&state, make(&mut work)).await,
            }
            if overlap == Overlap::Skip {
                let missed = leave_out(&mut ticks, rt.now());
                counts.skipped.fetch_add(missed, Relaxed);
            }
        }
        Ok(())
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
