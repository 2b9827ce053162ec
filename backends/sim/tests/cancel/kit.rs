//! What the operations are given to work on.
//!
//! The tests of the toolkit include this file, too.

use anyrt_core::rt::{Sleep, Spawn, SpawnBlocking};
use anyrt_sim::{SimRuntime, check_cancel};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// How many of something there are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Count(Arc<AtomicUsize>);

impl Count {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, SeqCst);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(SeqCst)
    }

    /// One more, until it is dropped.
    pub(crate) fn live(&self) -> Live {
        self.add();
        Live(self.clone())
    }

    /// Waits until all that was alive is gone.
    pub(crate) async fn gone(&self, rt: &SimRuntime) {
        while self.get() > 0 {
            rt.sleep(Duration::from_millis(1)).await;
        }
    }

    /// Something that is alive for two steps of other tasks.
    pub(crate) fn work(
        &self,
        rt: &SimRuntime,
    ) -> impl Future<Output = usize> + Send + 'static + use<> {
        let (count, rt) = (self.clone(), rt.clone());
        async move {
            let _live = count.live();
            step(&rt).await;
            step(&rt).await;
            count.get()
        }
    }

    /// The same, with a result.
    pub(crate) fn trial(
        &self,
        rt: &SimRuntime,
    ) -> impl Future<Output = Result<usize, String>> + Send + 'static + use<> {
        let work = self.work(rt);
        async move { Ok(work.await) }
    }
}

#[derive(Debug)]
pub(crate) struct Live(Count);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, SeqCst);
    }
}

/// Lets others run, for as long as the schedule likes.
pub(crate) async fn step(rt: &SimRuntime) {
    rt.spawn_blocking(|| ())
        .await
        .expect("nothing panics there");
}

/// Does something a little later.
pub(crate) fn later(rt: &SimRuntime, act: impl FnOnce() + Send + 'static) {
    let soon = rt.clone();
    drop(rt.spawn(async move {
        step(&soon).await;
        act();
    }));
}

/// Runs `op` on a count of what is alive; nothing of it may be left.
pub(crate) fn nothing_stays<F, Fut>(op: F)
where
    F: Fn(SimRuntime, Count) -> Fut + Sync,
    Fut: Future<Output = ()>,
{
    check_cancel(
        |_| async { Count::default() },
        op,
        |_, count| async move { assert_eq!(count.get(), 0, "what was dropped is alive") },
    );
}

/// Runs `op` on a count of what is alive; soon nothing of it may be left.
pub(crate) fn nobody_stays<F, Fut>(op: F)
where
    F: Fn(SimRuntime, Count) -> Fut + Sync,
    Fut: Future<Output = ()>,
{
    check_cancel(
        |_| async { Count::default() },
        op,
        |rt, count| async move { count.gone(&rt).await },
    );
}
