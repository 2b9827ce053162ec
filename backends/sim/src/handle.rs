//! A task's handle, which tells the world whether anybody will hear of a panic.

use crate::{
    trace::TaskNo,
    world::{WaitKey, Waited, World},
};
use anyrt_core::{JoinError, rt::JoinHandle, task::PortableHandle};
use std::{
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// The handle of a task of a [`SimRuntime`](crate::SimRuntime).
///
/// Under [`check`](crate::check()), a task that panics, and whose handle was dropped, fails the run: nobody
/// would hear of it.
#[must_use = "a dropped handle detaches its task; `drop(..)` it to say so"]
pub struct SimHandle<T> {
    inner: PortableHandle<T>,
    world: Arc<World>,
    /// `None` where the world was closed already.
    task: Option<(usize, TaskNo)>,
    waits: Option<WaitKey>,
    place: &'static Location<'static>,
}

impl<T> SimHandle<T> {
    pub(crate) fn new(
        inner: PortableHandle<T>,
        world: Arc<World>,
        task: Option<(usize, TaskNo)>,
        place: &'static Location<'static>,
    ) -> Self {
        Self {
            inner,
            world,
            task,
            waits: None,
            place,
        }
    }

    fn no_more_wait(&mut self) {
        if let Some(key) = self.waits.take() {
            self.world.end_wait(key);
        }
    }
}

impl<T> Future for SimHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.inner).poll(cx);
        match (&polled, this.task) {
            (Poll::Pending, Some((_, no))) => {
                let what = Waited::Task(no);
                this.waits = this.world.begin_wait(this.waits, &what, this.place);
            }
            (Poll::Ready(joined), task) => {
                this.no_more_wait();
                if let (Err(JoinError::Panicked(_)), Some((_, no))) = (joined, task) {
                    this.world.heard(no);
                }
                this.task = None;
            }
            (Poll::Pending, None) => {}
        }
        polled
    }
}

impl<T> JoinHandle<T> for SimHandle<T> {
    fn abort(&self) {
        self.inner.abort();
    }

    fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }
}

impl<T> Drop for SimHandle<T> {
    fn drop(&mut self) {
        self.no_more_wait();
        if let Some((key, no)) = self.task {
            self.world.detach(key, no);
        }
    }
}

impl<T> fmt::Debug for SimHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
