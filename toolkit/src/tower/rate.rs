//! How often requests may begin.

use super::{
    LayerError, ResponseFuture,
    reserve::{Reserve, waiting},
};
use crate::limit::{RateLimitError, RateLimiter};
use anyrt_core::{rt::Runtime, waits};
use std::{
    fmt, mem,
    task::{Context, Poll, ready},
};
use tower_layer::Layer;
use tower_service::Service;

/// Lets requests begin no more often than a [`RateLimiter`] does, which all clones of the service share.
///
/// A turn is waited for in `poll_ready`, so that it pushes back, and is there until `call`. A service that is
/// dropped without that leaves the line, or gives its token back. What a deadline or a cancelled token of the
/// context refuses is that request's error, from `call`: the service stays usable (*TW-3*).
///
/// The service inside is made ready first, and is held ready for as long as the turn is waited for, or refused: a slot of
/// a [`ConcurrencyLimitLayer`](super::ConcurrencyLimitLayer) below is taken meanwhile. Were turns taken first, those that
/// came while the service inside was busy would all be used at once. A turn counts from when `poll_ready` is ready: whoever
/// keeps several services that are, and calls them together, has saved their turns.
#[derive(Debug, Clone)]
pub struct RateLimitLayer<R> {
    limiter: RateLimiter<R>,
}

impl<R: Runtime> RateLimitLayer<R> {
    /// By this limiter.
    pub fn new(limiter: &RateLimiter<R>) -> Self {
        let limiter = limiter.clone();
        Self { limiter }
    }
}

impl<R: Runtime, S> Layer<S> for RateLimitLayer<R> {
    type Service = RateLimitService<R, S>;

    fn layer(&self, inner: S) -> Self::Service {
        RateLimitService {
            inner,
            line: Line::of(&self.limiter),
        }
    }
}

/// The service of a [`RateLimitLayer`]. Its error is [`RateLimitError`], or the inner one.
pub struct RateLimitService<R: Runtime, S> {
    inner: S,
    line: Line<R>,
}

/// A token, given back unless it is spent.
struct Turn<'a, R: Runtime> {
    limiter: &'a RateLimiter<R>,
}

impl<R: Runtime> Turn<'_, R> {
    fn spend(self) {
        mem::forget(self);
    }
}

impl<R: Runtime> Drop for Turn<'_, R> {
    fn drop(&mut self) {
        self.limiter.refund(1);
    }
}

/// Has a token between `poll_ready` and `call`.
struct Line<R: Runtime> {
    limiter: RateLimiter<R>,
    turn: Reserve<(), RateLimitError>,
}

impl<R: Runtime> Line<R> {
    fn of(limiter: &RateLimiter<R>) -> Self {
        Self {
            limiter: limiter.clone(),
            turn: Reserve::Idle,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let limiter = &self.limiter;
        self.turn.poll(cx, || ask(limiter))
    }

    fn take(&mut self) -> Result<Turn<'_, R>, RateLimitError> {
        self.turn.take()?;
        let limiter = &self.limiter;
        Ok(Turn { limiter })
    }
}

impl<R: Runtime> Drop for Line<R> {
    fn drop(&mut self) {
        if let Reserve::Decided(Ok(())) = self.turn {
            drop(self.take());
        }
    }
}

#[inline]
fn ask<R: Runtime>(limiter: &RateLimiter<R>) -> Reserve<(), RateLimitError> {
    // Somebody who observes has to be asked whether others go first, as `acquire` does.
    if !waits::is_observed() && limiter.passes(1) {
        return Reserve::Decided(Ok(()));
    }
    let limiter = limiter.clone();
    waiting(async move { limiter.acquire().await })
}

impl<R: Runtime, S: Service<Q>, Q> Service<Q> for RateLimitService<R, S> {
    type Response = S::Response;
    type Error = LayerError<RateLimitError, S::Error>;
    type Future = ResponseFuture<S::Future, RateLimitError>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        ready!(self.inner.poll_ready(cx)).map_err(LayerError::Inner)?;
        self.line.poll(cx).map(|_| Ok(()))
    }

    /// # Panics
    /// Where `poll_ready` was not ready before.
    #[inline]
    fn call(&mut self, request: Q) -> Self::Future {
        match self.line.take() {
            Ok(turn) => {
                let future = self.inner.call(request);
                turn.spend();
                ResponseFuture::running(future, ())
            }
            Err(error) => ResponseFuture::refused(error),
        }
    }
}

/// A clone waits for a turn of its own.
impl<R: Runtime, S: Clone> Clone for RateLimitService<R, S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            line: Line::of(&self.line.limiter),
        }
    }
}

impl<R: Runtime, S: fmt::Debug> fmt::Debug for RateLimitService<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitService")
            .field("limiter", &self.line.limiter)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
