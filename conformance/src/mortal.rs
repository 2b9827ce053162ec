//! A runtime whose executor can go away while its values stay, for rules about what becomes of its tasks.
//!
//! Most values of a runtime keep it alive, and whatever is made of one holds such a value: with those alone,
//! nobody ever sees an executor go.

use crate::probe::Gate;
use anyrt_core::{
    delegate,
    rt::{Clock, Entropy, Runtime, Sleep, Spawn, SpawnBlocking},
    task::{PortableHandle, portable},
};
use std::{
    future::{Future, poll_fn},
    task::Poll,
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
    delegate!(SpawnBlocking => inner: R);
}

impl<R: Runtime> Clock for Mortal<R> {
    delegate!(Clock => inner: R);
}

impl<R: Runtime> Sleep for Mortal<R> {
    delegate!(Sleep => inner: R);
}

impl<R: Runtime> Entropy for Mortal<R> {
    delegate!(Entropy => inner: R);
}

impl<R: Runtime> Runtime for Mortal<R> {
    delegate!(Runtime => inner: R, except sync, name);
    anyrt_core::portable_sync!();

    fn name(&self) -> &'static str {
        "mortal"
    }
}
