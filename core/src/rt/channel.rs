//! A FIFO channel: many senders, one receiver.

use crate::{
    error::{Closed, Elapsed, SendError, SendTimeoutError, TryRecvError, TrySendError},
    rt::{ReceiverStream, Sleep, Timeout},
};
use std::{
    fmt::Debug,
    future::Future,
    task::{Context, Poll},
    time::Duration,
};

/// The pair of halves of a channel of `T`.
///
/// # For callers
/// Made by [`Runtime::channel`](crate::rt::Runtime::channel), and named by
/// [`SenderOf<R, T>`](crate::rt::SenderOf) and [`ReceiverOf<R, T>`](crate::rt::ReceiverOf).
///
/// # For backend authors
/// [`FifoChannel`](crate::sync::FifoChannel) keeps *CH-1* to *CH-7*.
pub trait Channel<T: Send + 'static> {
    /// The half that sends; clones send into the same channel.
    type Sender: Sender<T>;
    /// The half that receives.
    type Receiver: Receiver<T>;
}

/// A slot in a channel: sending through it cannot wait.
#[must_use = "a permit that is dropped gives its slot back"]
pub trait SendPermit<T>: Debug + Send {
    /// Sends `item` into the slot.
    ///
    /// # Errors
    /// The item comes back if the receiver is gone. A receiver that is merely closed still takes it.
    fn send(self, item: T) -> Result<(), SendError<T>>;
}

/// The half that sends.
///
/// Items of one sender arrive in order (*CH-1*). Senders that wait are served in the order of
/// their first poll, and `try_send` does not overtake them (*CH-7*).
pub trait Sender<T: Send + 'static>: Clone + Debug + Send + Sync + 'static {
    /// A slot that borrows the sender.
    type Permit<'a>: SendPermit<T>
    where
        Self: 'a;
    /// A slot that holds a sender of its own.
    type OwnedPermit: SendPermit<T> + 'static;

    /// Waits for a slot and sends.
    ///
    /// # Errors
    /// The item comes back if the receiver is closed or gone, also while waiting (*CH-5*).
    ///
    /// # Cancel safety
    /// Dropped while it waits, it takes its item along, and nothing else is lost; [`reserve`](Self::reserve)
    /// first where the item must survive (*CH-4*). If the receiver took the item before
    /// the drop, it counts as sent.
    #[track_caller]
    fn send(&self, item: T) -> impl Future<Output = Result<(), SendError<T>>> + Send;

    /// Sends if a slot is free.
    ///
    /// # Errors
    /// The item comes back, with the reason.
    fn try_send(&self, item: T) -> Result<(), TrySendError<T>>;

    /// Waits for a slot.
    ///
    /// # Errors
    /// [`Closed`] if the receiver is closed or gone.
    ///
    /// # Cancel safety
    /// Safe: dropped, it leaves the queue, and a slot that had reached it goes to the next.
    #[track_caller]
    fn reserve(&self) -> impl Future<Output = Result<Self::Permit<'_>, Closed>> + Send;

    /// Waits for a slot that borrows nothing.
    ///
    /// # Errors
    /// [`Closed`] if the receiver is closed or gone.
    ///
    /// # Cancel safety
    /// Safe, as [`reserve`](Self::reserve) is.
    #[track_caller]
    fn reserve_owned(
        self,
    ) -> impl Future<Output = Result<Self::OwnedPermit, Closed>> + Send + 'static;

    /// Waits for a slot no longer than `limit`, and sends. A channel has no clock: `rt` brings it.
    ///
    /// # Errors
    /// The item comes back, with the reason (*CH-4*).
    ///
    /// # Cancel safety
    /// As of [`send`](Self::send).
    #[track_caller]
    fn send_timeout<R: Sleep>(
        &self,
        rt: &R,
        limit: Duration,
        item: T,
    ) -> impl Future<Output = Result<(), SendTimeoutError<T>>> + Send {
        async move {
            match rt.timeout(limit, self.reserve()).named("send").await {
                Ok(Ok(permit)) => permit
                    .send(item)
                    .map_err(|SendError(item)| SendTimeoutError::Closed(item)),
                Ok(Err(Closed)) => Err(SendTimeoutError::Closed(item)),
                Err(elapsed @ Elapsed { .. }) => Err(SendTimeoutError::TimedOut(item, elapsed)),
            }
        }
    }

    /// Whether the receiver is closed or gone.
    fn is_closed(&self) -> bool;

    /// The items in the channel.
    fn len(&self) -> usize;

    /// Whether no item is in the channel.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The most items it holds, if bounded.
    fn capacity(&self) -> Option<usize>;
}

/// The half that receives. Dropping it drops the items that are in the channel (*CH-5*).
pub trait Receiver<T: Send + 'static>: Debug + Send + Sync + 'static {
    /// Waits for the next item; `None` once it is closed, or all senders are gone, and all
    /// items are out.
    ///
    /// A loop over a channel that never runs dry would never let its task be suspended: no timeout
    /// around it would fire, and nobody else would get the thread. So now and then it is pending
    /// once although there is an item, and wakes its task at once (*TO-10*);
    /// [`try_recv`](Self::try_recv) never does so.
    ///
    /// # Cancel safety
    /// Safe: an item is either returned or still in the channel (*CH-3*).
    #[track_caller]
    fn recv(&mut self) -> impl Future<Output = Option<T>> + Send;

    /// [`recv`](Self::recv) for those who write a future or a stream of their own. The last poll's
    /// waker is kept until an item comes, or the receiver is dropped (*CH-55*).
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>>;

    /// The items as a `Stream`, which ends where `recv` gives `None`.
    fn into_stream(self) -> ReceiverStream<T, Self>
    where
        Self: Sized,
    {
        ReceiverStream::new(self)
    }

    /// The next item, if there is one now.
    ///
    /// # Errors
    /// Says whether one may come.
    fn try_recv(&mut self) -> Result<T, TryRecvError>;

    /// Refuses further items. Those that are in the channel, and those whose slots were
    /// reserved, can still be received.
    fn close(&mut self);

    /// The items in the channel.
    fn len(&self) -> usize;

    /// Whether no item is in the channel.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
