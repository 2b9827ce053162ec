//! A receiver, as a stream.

use crate::rt::Receiver;
use futures_core::Stream;
use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

/// The items of a runtime's channel; made by [`Receiver::into_stream`].
///
/// # Cancel safety
/// Safe: an item is either given or still in the channel.
#[must_use = "a stream does nothing unless it is polled"]
pub struct ReceiverStream<T, Rx> {
    receiver: Rx,
    item: PhantomData<fn() -> T>,
}

impl<T: Send + 'static, Rx: Receiver<T>> ReceiverStream<T, Rx> {
    pub(crate) fn new(receiver: Rx) -> Self {
        Self {
            receiver,
            item: PhantomData,
        }
    }

    /// The receiver, with all items that have not been given.
    pub fn into_inner(self) -> Rx {
        self.receiver
    }
}

// Nothing in here is pinned.
impl<T, Rx> Unpin for ReceiverStream<T, Rx> {}

impl<T: Send + 'static, Rx: Receiver<T>> Stream for ReceiverStream<T, Rx> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.receiver.poll_recv(cx)
    }
}

impl<T, Rx: fmt::Debug> fmt::Debug for ReceiverStream<T, Rx> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReceiverStream")
            .field(&self.receiver)
            .finish()
    }
}
