//! What a service asks for in `poll_ready`, and has until `call`.
//!
//! ```text
//!  idle ──▶ waiting ──▶ held, or refused ── call ──▶ idle
//!   └───────────────────────▲
//! ```

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll, ready},
};

pub(super) enum Reserve<T, E> {
    Idle,
    Waiting(Waiting<T, E>),
    Decided(Result<T, E>),
}

/// In a mutex that is never locked: it makes the service `Sync`, which routers ask of theirs.
pub(super) type Waiting<T, E> = Mutex<Pin<Box<dyn Future<Output = Result<T, E>> + Send>>>;

#[cold]
pub(super) fn waiting<T, E>(
    future: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Reserve<T, E> {
    Reserve::Waiting(Mutex::new(Box::pin(future)))
}

impl<T, E> Reserve<T, E> {
    /// Asks with `ask`, unless it has; ready once there is an answer. True where that is not a refusal.
    #[inline]
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, ask: impl FnOnce() -> Self) -> Poll<bool> {
        if let Self::Idle = self {
            // What was there has nothing to drop, which takes a call to find out.
            mem::forget(mem::replace(self, ask()));
        }
        if let Self::Waiting(future) = self {
            let future = future.get_mut().unwrap_or_else(PoisonError::into_inner);
            let answer = ready!(future.as_mut().poll(cx));
            *self = Self::Decided(answer);
        }
        Poll::Ready(matches!(self, Self::Decided(Ok(_))))
    }

    /// What `poll` was ready with.
    ///
    /// # Panics
    /// Where it was not.
    #[inline]
    pub(super) fn take(&mut self) -> Result<T, E> {
        match mem::replace(self, Self::Idle) {
            Self::Decided(answer) => answer,
            _ => panic!("a service was called before `poll_ready` was ready"),
        }
    }
}
