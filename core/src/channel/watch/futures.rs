//! Waiting for a value, and for there to be nobody who wants one.

use super::{Receiver, Receivers};
use crate::{
    channel::waiters::{leave, poll_until},
    error::Closed,
    prim::Mutex,
    waits::{self, Wait},
};
use std::{
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// The future of [`Sender::closed`](super::Sender::closed).
#[must_use = "futures do nothing unless they are polled"]
pub struct ClosedFuture<'a> {
    receivers: &'a Mutex<Receivers>,
    key: Option<usize>,
    place: &'static Location<'static>,
}

impl<'a> ClosedFuture<'a> {
    #[track_caller]
    pub(super) fn new(receivers: &'a Mutex<Receivers>) -> Self {
        Self {
            receivers,
            key: None,
            place: Location::caller(),
        }
    }
}

impl Future for ClosedFuture<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self {
            receivers,
            key,
            place,
        } = &mut *self;
        let wait = || Wait::new("the end of the receivers of a watch").at(place);
        poll_until(receivers, key, cx, wait, |state| {
            (state.count == 0).then_some(())
        })
    }
}

impl Drop for ClosedFuture<'_> {
    fn drop(&mut self) {
        leave(self.receivers, &mut self.key);
    }
}

/// The future of [`Receiver::changed`] and [`Receiver::wait_for`].
#[must_use = "futures do nothing unless they are polled"]
pub struct WaitFor<'a, T, P> {
    receiver: &'a mut Receiver<T>,
    /// The version that is known not to be wanted.
    tested: Option<u64>,
    wanted: P,
    key: Option<usize>,
    place: &'static Location<'static>,
}

impl<'a, T, P> WaitFor<'a, T, P> {
    #[track_caller]
    pub(super) fn new(receiver: &'a mut Receiver<T>, tested: Option<u64>, wanted: P) -> Self {
        Self {
            receiver,
            tested,
            wanted,
            key: None,
            place: Location::caller(),
        }
    }
}

/// Nothing in it is pinned.
impl<T, P> Unpin for WaitFor<'_, T, P> {}

impl<T, P: FnMut(&T) -> bool> Future for WaitFor<'_, T, P> {
    type Output = Result<Arc<T>, Closed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (receiver, key) = (&mut *this.receiver, &mut this.key);
        let wait = || Wait::new("a value of a watch").of::<T>().at(this.place);
        if key.is_none() && waits::interrupts(cx, wait) {
            return Poll::Pending;
        }
        loop {
            if receiver.streak.must_yield(cx) {
                return Poll::Pending;
            }
            let tested = this.tested;
            let polled = poll_until(&receiver.shared.values, key, cx, wait, |values| {
                values.newer(tested)
            });
            let Poll::Ready(newer) = polled else {
                receiver.streak.end();
                return Poll::Pending;
            };
            let (value, version) = newer?;
            if (this.wanted)(&value) {
                receiver.seen = version;
                return Poll::Ready(Ok(value));
            }
            this.tested = Some(version);
        }
    }
}

impl<T, P> Drop for WaitFor<'_, T, P> {
    fn drop(&mut self) {
        leave(&self.receiver.shared.values, &mut self.key);
    }
}

impl fmt::Debug for ClosedFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("watch::ClosedFuture")
            .finish_non_exhaustive()
    }
}

impl<T, P> fmt::Debug for WaitFor<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("watch::WaitFor")
            .field("receiver", &self.receiver)
            .finish_non_exhaustive()
    }
}
