//! How often requests may begin.

use super::limit::{Limit, LimitService, Waiting};
use crate::limit::{RateLimitError, RateLimiter};
use anyrt_core::rt::Runtime;
use tower_layer::Layer;

/// Lets requests begin no more often than a [`RateLimiter`] does, which all clones of the service share.
///
/// A turn is waited for in `poll_ready`, so that it pushes back, and is there until `call`. A service that is
/// dropped without that leaves the line, or gives its token back. What a deadline or a cancelled token of the
/// context refuses is that request's error, from `call`: the service stays usable (*TW-3*).
///
/// The service inside is asked after that: who waits for a turn holds no slot of a
/// [`ConcurrencyLimitLayer`](super::ConcurrencyLimitLayer) below. A turn counts from then on: those who wait for slots
/// below, or keep services that are ready, have had theirs, and may begin together. Calls that are to begin at the rate
/// have this layer [below the limit of slots](super#limits-in-a-stack). Where the `call` of the service inside panics,
/// the turn is spent: the request had begun.
///
/// A [`KeyedRateLimiter`](crate::limit::KeyedRateLimiter) has no layer, for `poll_ready` knows no request: each key has
/// a stack then, a clone of the service under the layer of [`key(user)`](crate::limit::KeyedRateLimiter::key).
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
        LimitService::new(&self.limiter, inner)
    }
}

/// The service of a [`RateLimitLayer`].
pub type RateLimitService<R, S> = LimitService<RateLimiter<R>, S>;

/// The token is the bucket's: nothing is held but its absence.
impl<R: Runtime> Limit for RateLimiter<R> {
    type Held = ();
    type Refusal = RateLimitError;

    #[inline]
    fn try_take(&self) -> Option<()> {
        self.passes(1).then_some(())
    }

    fn wait(self) -> Waiting<Self> {
        Waiting::new(async move { self.acquire().before_others().await })
    }

    fn give_back(&self) {
        self.refund(1);
    }
}
