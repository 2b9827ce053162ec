//! Waiting for a value.

use super::{Receiver, RecvError, TryRecvError};
use crate::{
    channel::waiters::{leave, poll_until},
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

/// The future of [`Receiver::recv`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Recv<'a, T> {
    receiver: &'a mut Receiver<T>,
    key: Option<usize>,
    place: &'static Location<'static>,
}

impl<'a, T> Recv<'a, T> {
    #[track_caller]
    pub(super) fn new(receiver: &'a mut Receiver<T>) -> Self {
        Self {
            receiver,
            key: None,
            place: Location::caller(),
        }
    }
}

impl<T: Clone> Recv<'_, T> {
    fn wait(place: &'static Location<'static>) -> Wait {
        Wait::new("an item of a broadcast").of::<T>().at(place)
    }
}

impl<T: Clone> Future for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self {
            receiver,
            key,
            place,
        } = &mut *self;
        let place = *place;
        let wait = move || Self::wait(place);
        if receiver.streak.must_yield(cx) {
            return Poll::Pending;
        }
        if key.is_none() && waits::interrupts(cx, wait) {
            return Poll::Pending;
        }
        let position = &mut receiver.position;
        let polled = poll_until(&receiver.shared.state, key, cx, wait, |state| {
            match state.take(position) {
                Ok(value) => Some(Ok(value)),
                Err(TryRecvError::Lagged(missed)) => Some(Err(RecvError::Lagged(missed))),
                Err(TryRecvError::Closed) => Some(Err(RecvError::Closed)),
                Err(TryRecvError::Empty) => None,
            }
        });
        if polled.is_pending() {
            receiver.streak.end();
        }
        polled.map_ok(Arc::unwrap_or_clone)
    }
}

impl<T> Drop for Recv<'_, T> {
    fn drop(&mut self) {
        leave(&self.receiver.shared.state, &mut self.key);
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("broadcast::Recv")
            .field(&self.receiver)
            .finish()
    }
}
