//! The service of both limits: what it waits for in `poll_ready`, it has until `call`.
//!
//! ```text
//!  idle ──▶ waiting ──▶ held, or refused ── call ──▶ idle
//!   └───────────────────────▲
//! ```

use super::{LayerError, ResponseFuture};
use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll, ready},
};
use tower_service::Service;

/// What is waited for before each call.
pub trait Limit: Clone + Send + Sync + 'static {
    /// What a call holds until its response is there.
    type Held;
    /// Why there is none.
    type Refusal;

    /// Takes one without waiting.
    fn try_take(&self) -> Option<Self::Held>;

    /// Waits for one, in the line from the first poll on.
    fn wait(self) -> Waiting<Self>;

    /// One was taken, and there was no call; what is held is dropped after it.
    fn give_back(&self) {}
}

type Answer<L> = Result<<L as Limit>::Held, <L as Limit>::Refusal>;

/// In a mutex that is never locked: it makes the service `Sync`, which routers ask of theirs.
pub struct Waiting<L: Limit>(Mutex<Pin<Box<dyn Future<Output = Answer<L>> + Send>>>);

impl<L: Limit> Waiting<L> {
    #[cold]
    pub(super) fn new(future: impl Future<Output = Answer<L>> + Send + 'static) -> Self {
        Self(Mutex::new(Box::pin(future)))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Answer<L>> {
        let future = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        future.as_mut().poll(cx)
    }
}

impl<L: Limit> fmt::Debug for Waiting<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiting")
    }
}

enum Reserve<L: Limit> {
    Idle,
    Waiting(Waiting<L>),
    Decided(Answer<L>),
}

impl<L: Limit> Reserve<L> {
    /// Where it is idle.
    #[inline]
    fn begin(&mut self, next: Self) {
        // What was there has nothing to drop, which takes a call to find out.
        mem::forget(mem::replace(self, next));
    }
}

/// The service of a [`RateLimitLayer`](super::RateLimitLayer) or a
/// [`ConcurrencyLimitLayer`](super::ConcurrencyLimitLayer), whose limiter is its `L`. Its error is
/// [`RateLimitError`](crate::limit::RateLimitError) or [`Cancelled`](anyrt_core::cancel::Cancelled), or the inner one.
pub struct LimitService<L: Limit, S> {
    inner: S,
    limit: L,
    reserve: Reserve<L>,
}

impl<L: Limit, S> LimitService<L, S> {
    pub(super) fn new(limit: &L, inner: S) -> Self {
        Self {
            inner,
            limit: limit.clone(),
            reserve: Reserve::Idle,
        }
    }
}

impl<L: Limit, S: Service<Q>, Q> Service<Q> for LimitService<L, S> {
    type Response = S::Response;
    type Error = LayerError<L::Refusal, S::Error>;
    type Future = ResponseFuture<S::Future, L::Refusal, L::Held>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if let Reserve::Idle = self.reserve {
            // Nobody is asked whether others go first: to be pending means here that there is none.
            if let Some(held) = self.limit.try_take() {
                self.reserve.begin(Reserve::Decided(Ok(held)));
                return self.inner.poll_ready(cx).map_err(LayerError::Inner);
            }
            let waiting = self.limit.clone().wait();
            self.reserve.begin(Reserve::Waiting(waiting));
        }
        if let Reserve::Waiting(waiting) = &mut self.reserve {
            let answer = ready!(waiting.poll(cx));
            self.reserve = Reserve::Decided(answer);
        }
        match self.reserve {
            Reserve::Decided(Ok(_)) => self.inner.poll_ready(cx).map_err(LayerError::Inner),
            _ => Poll::Ready(Ok(())),
        }
    }

    /// # Panics
    /// Where `poll_ready` was not ready before.
    #[inline]
    fn call(&mut self, request: Q) -> Self::Future {
        match mem::replace(&mut self.reserve, Reserve::Idle) {
            Reserve::Decided(Ok(held)) => ResponseFuture::running(self.inner.call(request), held),
            Reserve::Decided(Err(refusal)) => ResponseFuture::refused(refusal),
            _ => panic!("a service was called before `poll_ready` was ready"),
        }
    }
}

impl<L: Limit, S> Drop for LimitService<L, S> {
    #[inline]
    fn drop(&mut self) {
        if let Reserve::Decided(Ok(_)) = self.reserve {
            self.limit.give_back();
        }
    }
}

/// A clone waits for itself.
impl<L: Limit, S: Clone> Clone for LimitService<L, S> {
    fn clone(&self) -> Self {
        Self::new(&self.limit, self.inner.clone())
    }
}

impl<L: Limit + fmt::Debug, S: fmt::Debug> fmt::Debug for LimitService<L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitService")
            .field("limiter", &self.limit)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
