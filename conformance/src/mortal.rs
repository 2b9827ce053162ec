//! A runtime whose executor can go away while its values stay, for rules about what becomes of its tasks.
//!
//! Most values of a runtime keep it alive, and whatever is made of one holds such a value: with those alone,
//! nobody ever sees an executor go.

use crate::probe::Gate;
use anyrt_core::{
    Instant,
    rt::{Clock, Entropy, Runtime, Sleep, Spawn, SpawnBlocking},
    task::{PortableHandle, portable},
};
use std::{
    future::{Future, poll_fn},
    num::NonZeroUsize,
    task::Poll,
    time::SystemTime,
};

/// Runs its tasks on `R` until it [ends](Self::end). Tasks are dropped then, and new ones at once.
#[derive(Debug, Clone)]
pub(crate) struct Mortal<R> {
    inner: R,
    ended: Gate,
}

impl<R> Mortal<R> {
    pub(crate) fn new(inner: R) -> Self {
        let ended = Gate::new();
        Self { inner, ended }
    }

    /// The executor goes away.
    pub(crate) fn end(&self) {
        self.ended.open();
    }
}

impl<R: Runtime> Spawn for Mortal<R> {
    type JoinHandle<T: Send + 'static> = PortableHandle<T>;

    #[track_caller]
    fn spawn<F>(&self, future: F) -> PortableHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (task, handle) = portable(future);
        if self.ended.is_open() {
            drop(task);
            return handle;
        }
        let mut task = Some(Box::pin(task));
        let ended = self.ended.clone();
        let mut end = Box::pin(async move { ended.wait().await });
        drop(self.inner.spawn(poll_fn(move |cx| {
            if end.as_mut().poll(cx).is_ready() {
                task = None;
            }
            match &mut task {
                Some(task) => task.as_mut().poll(cx),
                None => Poll::Ready(()),
            }
        })));
        handle
    }
}

impl<R: Runtime> SpawnBlocking for Mortal<R> {
    type BlockingHandle<T: Send + 'static> = R::BlockingHandle<T>;

    #[track_caller]
    fn spawn_blocking<F, T>(&self, work: F) -> Self::BlockingHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.inner.spawn_blocking(work)
    }
}

impl<R: Runtime> Clock for Mortal<R> {
    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn wall_time(&self) -> SystemTime {
        self.inner.wall_time()
    }
}

impl<R: Runtime> Sleep for Mortal<R> {
    type Timer = R::Timer;

    fn sleep_until(&self, deadline: Instant) -> R::Timer {
        self.inner.sleep_until(deadline)
    }
}

impl<R: Runtime> Entropy for Mortal<R> {
    fn random_u64(&self) -> u64 {
        self.inner.random_u64()
    }
}

impl<R: Runtime> Runtime for Mortal<R> {
    anyrt_core::portable_sync!();

    fn parallelism(&self) -> NonZeroUsize {
        self.inner.parallelism()
    }

    fn name(&self) -> &'static str {
        "mortal"
    }
}
