//! How many requests may run at once.

use super::{
    LayerError, ResponseFuture,
    reserve::{Reserve, waiting},
};
use crate::limit::{Limiter, Slot};
use anyrt_core::{cancel::Cancelled, rt::Runtime, waits};
use std::{
    fmt,
    task::{Context, Poll, ready},
};
use tower_layer::Layer;
use tower_service::Service;

/// Lets no more requests run at once than a [`Limiter`] does, which all clones of the service share.
///
/// A slot is waited for in `poll_ready`, so that it pushes back, and is given back once the response is there
/// or its future is dropped. A service that is dropped before `call` leaves the line, or gives its slot
/// back; one that is kept keeps its slot, as with tower's own limit. A cancelled token of the context
/// refuses that request, from `call`: the service stays usable (*TW-4*).
#[derive(Debug, Clone)]
pub struct ConcurrencyLimitLayer<R> {
    limiter: Limiter<R>,
}

impl<R: Runtime> ConcurrencyLimitLayer<R> {
    /// By this limiter.
    pub fn new(limiter: &Limiter<R>) -> Self {
        let limiter = limiter.clone();
        Self { limiter }
    }
}

impl<R: Runtime, S> Layer<S> for ConcurrencyLimitLayer<R> {
    type Service = ConcurrencyLimitService<R, S>;

    fn layer(&self, inner: S) -> Self::Service {
        ConcurrencyLimitService {
            inner,
            limiter: self.limiter.clone(),
            slot: Reserve::Idle,
        }
    }
}

/// The service of a [`ConcurrencyLimitLayer`]. Its error is [`Cancelled`], or the inner one.
pub struct ConcurrencyLimitService<R: Runtime, S> {
    inner: S,
    limiter: Limiter<R>,
    slot: Reserve<Slot<R>, Cancelled>,
}

#[inline]
fn ask<R: Runtime>(limiter: &Limiter<R>) -> Reserve<Slot<R>, Cancelled> {
    // Somebody who observes has to be asked whether others go first, as `acquire` does.
    if !waits::is_observed()
        && let Some(slot) = limiter.try_acquire()
    {
        return Reserve::Decided(Ok(slot));
    }
    let limiter = limiter.clone();
    waiting(async move { limiter.acquire().await })
}

impl<R: Runtime, S: Service<Q>, Q> Service<Q> for ConcurrencyLimitService<R, S> {
    type Response = S::Response;
    type Error = LayerError<Cancelled, S::Error>;
    type Future = ResponseFuture<S::Future, Cancelled, Slot<R>>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let limiter = &self.limiter;
        match ready!(self.slot.poll(cx, || ask(limiter))) {
            true => self.inner.poll_ready(cx).map_err(LayerError::Inner),
            false => Poll::Ready(Ok(())),
        }
    }

    /// # Panics
    /// Where `poll_ready` was not ready before.
    #[inline]
    fn call(&mut self, request: Q) -> Self::Future {
        match self.slot.take() {
            Ok(slot) => ResponseFuture::running(self.inner.call(request), slot),
            Err(error) => ResponseFuture::refused(error),
        }
    }
}

/// A clone waits for a slot of its own.
impl<R: Runtime, S: Clone> Clone for ConcurrencyLimitService<R, S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            limiter: self.limiter.clone(),
            slot: Reserve::Idle,
        }
    }
}

impl<R: Runtime, S: fmt::Debug> fmt::Debug for ConcurrencyLimitService<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyLimitService")
            .field("limiter", &self.limiter)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
