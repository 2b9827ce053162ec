//! tokio's join handle, with anyrt's error.

use anyrt_core::{JoinError, error::Panic, rt::JoinHandle};
use std::{
    fmt,
    panic::Location,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::task::coop::unconstrained;

/// The handle of a task, or of blocking work, on [`Tokio`](crate::Tokio).
#[must_use = "a dropped handle detaches its task; `drop(..)` it to say so"]
pub struct TokioHandle<T> {
    task: tokio::task::JoinHandle<T>,
    spawned_at: &'static Location<'static>,
}

impl<T> TokioHandle<T> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(task: tokio::task::JoinHandle<T>) -> Self {
        let spawned_at = Location::caller();
        Self { task, spawned_at }
    }
}

impl<T> Future for TokioHandle<T> {
    type Output = Result<T, JoinError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let task = &mut self.task;
        let joined = match Pin::new(&mut *task).poll(cx) {
            Poll::Ready(joined) => joined,
            // What has finished is ready at once, also to a task that has used up its budget.
            Poll::Pending if task.is_finished() => ready!(unbudgeted(task, cx)),
            Poll::Pending => return Poll::Pending,
        };
        Poll::Ready(joined.map_err(named))
    }
}

#[cold]
fn unbudgeted<T>(
    task: &mut tokio::task::JoinHandle<T>,
    cx: &mut Context<'_>,
) -> Poll<Result<T, tokio::task::JoinError>> {
    Pin::new(&mut unconstrained(task)).poll(cx)
}

#[cold]
fn named(error: tokio::task::JoinError) -> JoinError {
    match error.try_into_panic() {
        Ok(payload) => JoinError::Panicked(Panic::new(payload)),
        Err(_) => JoinError::Cancelled,
    }
}

impl<T: Send> JoinHandle<T> for TokioHandle<T> {
    fn abort(&self) {
        self.task.abort();
    }

    fn is_finished(&self) -> bool {
        self.task.is_finished()
    }
}

impl<T> fmt::Debug for TokioHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioHandle")
            .field("id", &self.task.id())
            .field("spawned_at", &format_args!("{}", self.spawned_at))
            .finish_non_exhaustive()
    }
}
