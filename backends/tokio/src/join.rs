//! tokio's join handle, with anyrt's error.

use anyrt_core::{JoinError, error::Panic, rt::JoinHandle};
use std::{
    fmt,
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::task::coop::{has_budget_remaining, unconstrained};

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
        let mut joined = Pin::new(&mut *task).poll(cx);
        // What has finished is ready at once, also to a task that has used up its budget.
        if joined.is_pending() && !has_budget_remaining() && task.is_finished() {
            joined = Pin::new(&mut unconstrained(task)).poll(cx);
        }
        joined.map_err(|error| match error.try_into_panic() {
            Ok(payload) => JoinError::Panicked(Panic::new(payload)),
            Err(_) => JoinError::Cancelled,
        })
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
