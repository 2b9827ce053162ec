//! The runs of periodic work: begun, counted, and named where they are aborted.

use super::builder::Restart;
use crate::{
    lifecycle::background::Late,
    lock::lock,
    unwind::{catch, quietly},
};
use anyrt_core::{
    cancel::CancellationToken,
    error::{BoxError, Panic},
    group::{Cause, Spawner},
    rt::Runtime,
};
use std::{
    borrow::Cow,
    convert::Infallible,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

pub(super) type OnFailure = dyn Fn(&Cause<BoxError>) + Send + Sync;

pub(super) type Outcome = Result<Result<(), BoxError>, Panic>;

/// A run, whose making may panic as well as itself.
pub(super) fn make<F, Fut, E>(work: &mut F) -> impl Future<Output = Outcome> + Send + use<F, Fut, E>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<(), E>> + Send,
    E: Into<BoxError>,
{
    let made = catch_unwind(AssertUnwindSafe(work));
    async move {
        let run = made.map_err(Panic::new)?;
        // The conversion is the user's, too.
        catch(async move { run.await.map_err(Into::into) }).await
    }
}

/// What a work's runs share.
pub(super) struct Work {
    pub(super) stop: CancellationToken,
    pub(super) restart: Restart,
    pub(super) on_failure: Option<Box<OnFailure>>,
    pub(super) counts: Arc<Counts>,
}

impl Work {
    fn ended(&self, outcome: Outcome) {
        let cause = match outcome {
            Ok(Ok(())) => {
                self.counts.in_a_row.store(0, Relaxed);
                return;
            }
            Ok(Err(error)) => Cause::Failed(error),
            Err(panic) => Cause::Panicked(panic),
        };
        self.counts.failures.fetch_add(1, Relaxed);
        let in_a_row = self.counts.in_a_row.fetch_add(1, Relaxed) + 1;
        // Its destructor is the user's, too.
        quietly(|| {
            if let Some(hook) = &self.on_failure {
                hook(&cause);
            }
            drop(cause);
        });
        if let Restart::GiveUpAfter(most) = self.restart
            && in_a_row >= u64::from(most)
        {
            self.stop.cancel_with("it failed too often");
        }
    }
}

/// Where runs are done, and who is told of those that are aborted.
pub(super) struct Runs<R: Runtime> {
    pub(super) name: Cow<'static, str>,
    pub(super) late: Late,
    pub(super) tasks: Spawner<R, (), Infallible>,
}

impl<R: Runtime> Runs<R> {
    pub(super) async fn here(&self, work: &Work, run: impl Future<Output = Outcome>) {
        let running = Running::new(&work.counts);
        let finishing = Finishing::new(self.name.clone(), self.late.clone());
        let outcome = run.await;
        finishing.finished();
        drop(running);
        work.ended(outcome);
    }

    pub(super) fn beside(
        &self,
        work: &Arc<Work>,
        run: impl Future<Output = Outcome> + Send + 'static,
    ) {
        // Counted now: the next tick may come before its first poll.
        let running = Running::new(&work.counts);
        let (name, late, work) = (self.name.clone(), self.late.clone(), work.clone());
        let beside = async move {
            let _running = running;
            // Not before: what never began is not late.
            let finishing = Finishing::new(name, late);
            let outcome = run.await;
            finishing.finished();
            work.ended(outcome);
            Ok(())
        };
        self.tasks.spawn_named(self.name.clone(), beside).ok();
    }
}

/// A run in hand: dropped before it is finished, it was aborted.
struct Finishing {
    name: Cow<'static, str>,
    late: Option<Late>,
}

impl Finishing {
    fn new(name: Cow<'static, str>, late: Late) -> Self {
        Self {
            name,
            late: Some(late),
        }
    }

    fn finished(mut self) {
        self.late = None;
    }
}

impl Drop for Finishing {
    fn drop(&mut self) {
        if let Some(late) = &self.late {
            lock(late).push(self.name.clone());
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) begun: AtomicU64,
    ended: AtomicU64,
    pub(super) failures: AtomicU64,
    in_a_row: AtomicU64,
    pub(super) skipped: AtomicU64,
}

impl Counts {
    pub(super) fn running(&self) -> u64 {
        // In this order: one that ends in between is counted as running.
        let ended = self.ended.load(Relaxed);
        self.begun.load(Relaxed).saturating_sub(ended)
    }
}

struct Running(Arc<Counts>);

impl Running {
    fn new(counts: &Arc<Counts>) -> Self {
        counts.begun.fetch_add(1, Relaxed);
        Self(counts.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Relaxed);
    }
}
