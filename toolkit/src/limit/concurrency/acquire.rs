//! Waiting for a slot.

use super::{Limiter, Slot, lanes::Place};
use crate::{lock::lock, name::titled};
use anyrt_core::{
    cancel::{CancellationToken, Cancelled, CancelledFuture},
    context,
    rt::Runtime,
    waits::{self, Wait},
};
use std::{
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// The future of [`Limiter::acquire`] and [`Limiter::acquire_for`].
#[must_use = "futures do nothing unless they are polled"]
pub struct AcquireSlot<'a, R: Runtime, K: Ord + Clone> {
    limiter: &'a Limiter<R, K>,
    /// Until it is ready.
    key: Option<K>,
    /// While it waits.
    waits: Option<Place>,
    token: Option<CancellationToken>,
    cancelled: Option<CancelledFuture<CancellationToken>>,
    place: &'static Location<'static>,
}

// Nothing in it is pinned.
impl<R: Runtime, K: Ord + Clone> Unpin for AcquireSlot<'_, R, K> {}

impl<'a, R: Runtime, K: Ord + Clone> AcquireSlot<'a, R, K> {
    #[track_caller]
    pub(super) fn new(limiter: &'a Limiter<R, K>, key: K) -> Self {
        Self {
            limiter,
            key: Some(key),
            waits: None,
            token: None,
            cancelled: None,
            place: Location::caller(),
        }
    }

    /// The lane of its slot, once it has one.
    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Cancelled>> {
        let inner = &self.limiter.inner;
        if let Some(place) = self.waits {
            let mut waker = Some(cx.waker().clone());
            let granted = lock(&inner.state).lanes.poll(place, &mut waker);
            if granted {
                self.waits = None;
                return Poll::Ready(Ok(place.lane));
            }
        } else {
            let key = self.key.as_ref();
            let key = key.expect("an acquire was polled again after it was ready");
            if let Some(lane) = inner.pass(key) {
                return Poll::Ready(Ok(lane));
            }
            self.token = context::Context::current().token().cloned();
            if let Some(token) = &self.token {
                token.check()?;
            }
            self.cancelled = self.token.clone().map(CancellationToken::cancelled_owned);
            let waker = cx.waker().clone();
            let mut gone = Vec::new();
            // Should a waker that is woken now panic, the line is left all the same.
            inner.change(|state, wakers| {
                self.waits = Some(state.lanes.join(key, waker, wakers, &mut gone));
            });
            drop(gone);
            // A slot that came free in between is its own already.
            return self.poll_line(cx);
        }
        let cancelled = self.cancelled.as_mut().map(|c| Pin::new(c).poll(cx));
        if let (Some(Poll::Ready(_)), Some(token)) = (cancelled, &self.token)
            && let Err(cancelled) = token.check()
        {
            self.leave();
            return Poll::Ready(Err(cancelled));
        }
        waits::pending(&**inner, || {
            let name = self.limiter.name();
            let what = titled("a slot of limiter", name, "a slot of a limiter");
            Wait::new(what).at(self.place)
        });
        Poll::Pending
    }

    fn leave(&mut self) {
        if let Some(place) = self.waits.take() {
            let inner = &self.limiter.inner;
            waits::gave_up(&**inner);
            drop(inner.change(|state, wakers| state.lanes.leave(place, wakers)));
        }
    }
}

impl<R: Runtime, K: Ord + Clone> Future for AcquireSlot<'_, R, K> {
    type Output = Result<Slot<R, K>, Cancelled>;

    /// # Panics
    /// Where it is polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let acquired = ready!(self.poll_line(cx));
        let key = self.key.take().expect("it was there for the poll");
        Poll::Ready(acquired.map(|lane| self.limiter.slot(key, lane)))
    }
}

impl<R: Runtime, K: Ord + Clone> Drop for AcquireSlot<'_, R, K> {
    fn drop(&mut self) {
        self.leave();
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
