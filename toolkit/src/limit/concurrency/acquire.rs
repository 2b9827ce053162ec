//! Waiting for a slot.

use super::{Limiter, Slot, lanes::Place};
use crate::{
    lock::{drop_waker, lock},
    name::titled,
};
use anyrt_core::{
    cancel::{CancellationToken, Cancelled, CancelledFuture},
    context,
    rt::Runtime,
    waits::{self, Wait},
};
use std::{
    fmt,
    future::Future,
    mem::ManuallyDrop,
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
};

/// The future of [`Limiter::acquire`] and [`Limiter::acquire_for`].
#[must_use = "futures do nothing unless they are polled"]
pub struct AcquireSlot<'a, R: Runtime, K: Ord + Clone> {
    limiter: &'a Limiter<R, K>,
    /// Until it is ready.
    key: Option<K>,
    /// Its destructor is `leave`'s: what is here is gone by then, and the compiler need not look again.
    waits: ManuallyDrop<Option<Waits>>,
    /// Whether it asks first if others run before it.
    asks: bool,
    place: &'static Location<'static>,
}

/// In a line.
struct Waits {
    place: Place,
    cancelled: Option<CancelledFuture<CancellationToken>>,
}

// Nothing in it is pinned.
impl<R: Runtime, K: Ord + Clone> Unpin for AcquireSlot<'_, R, K> {}

impl<'a, R: Runtime, K: Ord + Clone> AcquireSlot<'a, R, K> {
    #[inline]
    #[track_caller]
    pub(super) fn new(limiter: &'a Limiter<R, K>, key: K) -> Self {
        Self {
            limiter,
            key: Some(key),
            waits: ManuallyDrop::new(None),
            asks: true,
            place: Location::caller(),
        }
    }

    /// For one whose first poll has to tell whether a slot is free: it is in the line after it, or has one.
    #[cfg(feature = "tower")]
    pub(crate) fn before_others(mut self) -> Self {
        self.asks = false;
        self
    }

    fn wait(&self) -> Wait {
        let name = self.limiter.name();
        let what = titled("a slot of limiter", name, "a slot of a limiter");
        Wait::new(what).at(self.place)
    }

    /// A slot that was free at its first poll. Never where somebody observes, who has to be asked first: see [`waits`].
    #[inline]
    fn at_once(&mut self) -> Option<Slot<R, K>> {
        if self.waits.is_some() {
            return None;
        }
        let (limiter, key) = (self.limiter, self.key.take()?);
        if !waits::is_observed()
            && let Some(lane) = limiter.inner.pass(&key)
        {
            return Some(limiter.slot(key, lane));
        }
        self.key = Some(key);
        None
    }

    /// Joins the line of its key, unless the context's token is cancelled.
    fn join(&mut self, key: &K, cx: &Context<'_>) -> Result<(), Cancelled> {
        let token = context::Context::current().token().cloned();
        if let Some(token) = &token {
            token.check()?;
        }
        let cancelled = token.map(CancellationToken::cancelled_owned);
        let waker = cx.waker().clone();
        let mut gone = Vec::new();
        // Should a waker that is woken now panic, the line is left all the same.
        self.limiter.inner.change(|state, wakers| {
            *self.waits = Some(Waits {
                place: state.lanes.join(key, waker, wakers, &mut gone),
                cancelled,
            });
        });
        Ok(())
    }

    /// The lane of its slot, once it has one.
    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Cancelled>> {
        let inner = &self.limiter.inner;
        let waits = self.waits.as_mut().expect("it is in a line");
        let look = |waker: &mut _| lock(&inner.state).lanes.poll(waits.place, waker);
        let mut granted = look(&mut None);
        if !granted {
            let mut waker = Some(cx.waker().clone());
            granted = look(&mut waker);
            drop_waker(waker);
        }
        if granted {
            let lane = waits.place.lane;
            *self.waits = None;
            return Poll::Ready(Ok(lane));
        }
        let cancelled = waits.cancelled.as_mut().map(|c| Pin::new(c).poll(cx));
        if let Some(Poll::Ready(reason)) = cancelled {
            self.leave();
            return Poll::Ready(Err(reason.into()));
        }
        waits::pending(&**inner, || self.wait());
        Poll::Pending
    }

    /// All that is not a first poll that finds a slot free.
    #[inline(never)]
    fn poll_slow(&mut self, cx: &mut Context<'_>) -> Poll<Result<Slot<R, K>, Cancelled>> {
        let asks = self.asks && self.waits.is_none() && self.key.is_some();
        if asks && waits::interrupts(cx, || self.wait()) {
            return Poll::Pending;
        }
        let key = self.key.take();
        let key = key.expect("an acquire was polled again after it was ready");
        if self.waits.is_none() {
            if waits::is_observed()
                && let Some(lane) = self.limiter.inner.pass(&key)
            {
                return Poll::Ready(Ok(self.limiter.slot(key, lane)));
            }
            self.join(&key, cx)?;
        }
        // A slot that came free in between is its own already.
        let polled = self.poll_line(cx);
        if polled.is_pending() {
            self.key = Some(key);
            return Poll::Pending;
        }
        polled.map_ok(|lane| self.limiter.slot(key, lane))
    }

    #[inline(never)]
    fn leave(&mut self) {
        if let Some(waits) = self.waits.take() {
            let inner = &self.limiter.inner;
            waits::gave_up(&**inner);
            drop(inner.change(|state, wakers| state.lanes.leave(waits.place, wakers)));
        }
    }
}

impl<R: Runtime, K: Ord + Clone> Future for AcquireSlot<'_, R, K> {
    type Output = Result<Slot<R, K>, Cancelled>;

    /// # Panics
    /// Where it is polled again after it was ready.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.at_once() {
            Some(slot) => Poll::Ready(Ok(slot)),
            None => self.poll_slow(cx),
        }
    }
}

impl<R: Runtime, K: Ord + Clone> Drop for AcquireSlot<'_, R, K> {
    #[inline]
    fn drop(&mut self) {
        if self.waits.is_some() {
            self.leave();
        }
    }
}

impl<R: Runtime, K: Ord + Clone> fmt::Debug for AcquireSlot<'_, R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireSlot")
            .field("limiter", &self.limiter.name())
            .field("waits", &self.waits.is_some())
            .finish_non_exhaustive()
    }
}
