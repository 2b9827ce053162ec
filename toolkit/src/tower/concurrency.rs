//! How many requests may run at once.

use super::limit::{Limit, LimitService, Waiting};
use crate::limit::{Limiter, Slot};
use anyrt_core::{cancel::Cancelled, rt::Runtime};
use tower_layer::Layer;

/// Lets no more requests run at once than a [`Limiter`] does, which all clones of the service share.
///
/// A slot is waited for in `poll_ready`, so that it pushes back, and is given back once the response is there
/// or its future is dropped. A service that is dropped before `call` leaves the line, or gives its slot
/// back; one that is kept keeps its slot, as with tower's own limit. A cancelled token of the context
/// refuses that request, from `call`: the service stays usable (*TW-4*).
///
/// The service inside is asked after that, so the slot is held for as long as what waits there waits: a
/// [`RateLimitLayer`](super::RateLimitLayer), or [another limit](super#limits-in-a-stack).
///
/// The limiter has no keys, for `poll_ready` knows no request. Where it is to have some, the service takes the slot itself,
/// by [`acquire_for`](Limiter::acquire_for).
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
        LimitService::new(&self.limiter, inner)
    }
}

/// The service of a [`ConcurrencyLimitLayer`].
pub type ConcurrencyLimitService<R, S> = LimitService<Limiter<R>, S>;

/// A slot gives itself back.
impl<R: Runtime> Limit for Limiter<R> {
    type Held = Slot<R>;
    type Refusal = Cancelled;

    #[inline]
    fn try_take(&self) -> Option<Slot<R>> {
        self.try_acquire()
    }

    fn wait(self) -> Waiting<Self> {
        Waiting::new(async move { self.acquire().before_others().await })
    }
}
