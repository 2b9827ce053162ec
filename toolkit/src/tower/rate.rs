//! How often requests may begin.

use super::{
    LayerError, ResponseFuture,
    reserve::{Reserve, waiting},
};
use crate::limit::{RateLimitError, RateLimiter};
use anyrt_core::rt::Runtime;
use std::{
    fmt,
    task::{Context, Poll, ready},
};
use tower_layer::Layer;
use tower_service::Service;

/// Lets requests begin no more often than a [`RateLimiter`] does, which all clones of the service share.
///
/// A turn is waited for in `poll_ready`, so that it pushes back, and is there until `call`. A service that is
/// dropped without that leaves the line, or gives its token back. What a deadline or a cancelled token of the
/// context refuses is that request's error, from `call`: the service stays usable (*TW-3*).
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
            limiter: self.limiter.clone(),
            turn: Reserve::Idle,
        }
    }
}

/// The service of a [`RateLimitLayer`]. Its error is [`RateLimitError`], or the inner one.
pub struct RateLimitService<R: Runtime, S> {
    inner: S,
    limiter: RateLimiter<R>,
    turn: Reserve<Turn<R>, RateLimitError>,
}

/// A token, given back unless it is spent.
struct Turn<R: Runtime> {
    limiter: Option<RateLimiter<R>>,
}

impl<R: Runtime> Turn<R> {
    fn of(limiter: RateLimiter<R>) -> Self {
        let limiter = Some(limiter);
        Self { limiter }
    }

    fn spend(mut self) {
        self.limiter = None;
    }
}

impl<R: Runtime> Drop for Turn<R> {
    fn drop(&mut self) {
        if let Some(limiter) = &self.limiter {
            limiter.refund(1);
        }
    }
}

fn ask<R: Runtime>(limiter: &RateLimiter<R>) -> Reserve<Turn<R>, RateLimitError> {
    let limiter = limiter.clone();
    if limiter.try_acquire().is_ok() {
        return Reserve::Decided(Ok(Turn::of(limiter)));
    }
    waiting(async move {
        limiter.acquire().await?;
        Ok(Turn::of(limiter))
    })
}

impl<R: Runtime, S: Service<Q>, Q> Service<Q> for RateLimitService<R, S> {
    type Response = S::Response;
    type Error = LayerError<RateLimitError, S::Error>;
    type Future = ResponseFuture<S::Future, RateLimitError>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let limiter = &self.limiter;
        match ready!(self.turn.poll(cx, || ask(limiter))) {
            true => self.inner.poll_ready(cx).map_err(LayerError::Inner),
            false => Poll::Ready(Ok(())),
        }
    }

    /// # Panics
    /// Where `poll_ready` was not ready before.
    fn call(&mut self, request: Q) -> Self::Future {
        match self.turn.take() {
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
            limiter: self.limiter.clone(),
            turn: Reserve::Idle,
        }
    }
}

impl<R: Runtime, S: fmt::Debug> fmt::Debug for RateLimitService<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitService")
            .field("limiter", &self.limiter)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
