//! tokio's join handle, with anyrt's error.

use anyrt_core::{JoinError, error::Panic, rt::JoinHandle};
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

/// The handle of a task, or of blocking work, on [`Tokio`](crate::Tokio).
#[must_use = "a dropped handle detaches its task"]
pub struct TokioHandle<T>(pub(crate) tokio::task::JoinHandle<T>);

impl<T> Future for TokioHandle<T> {
    type Output = Result<T, JoinError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(cx)
            .map_err(|error| match error.try_into_panic() {
                Ok(payload) => JoinError::Panicked(Panic::new(payload)),
                Err(_) => JoinError::Cancelled,
            })
    }
}

impl<T: Send> JoinHandle<T> for TokioHandle<T> {
    fn abort(&self) {
        self.0.abort();
    }

    fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl<T> fmt::Debug for TokioHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokioHandle").field(&self.0.id()).finish()
    }
}
