//! Slots: the `reserve` that waits for one, and the permit that has one.

use super::{
    super::wait_list::{Spare, Status, poll_waiter},
    Cargo, FifoSender, needs_room, room,
};
use crate::{
    error::{Closed, SendError},
    prim::wake,
    rt::SendPermit,
    waits,
};
use std::{
    borrow::Borrow,
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

/// Waits for a slot.
#[must_use = "futures do nothing unless they are polled"]
pub(super) struct Reserve<T, S: Borrow<FifoSender<T>>> {
    sender: Option<S>,
    key: Option<usize>,
    item: PhantomData<fn() -> T>,
}

impl<T, S: Borrow<FifoSender<T>>> Reserve<T, S> {
    pub(super) fn new(sender: S) -> Self {
        Self {
            sender: Some(sender),
            key: None,
            item: PhantomData,
        }
    }

    /// `Err` with the key of the place in the queue.
    fn reserve_or_enqueue(sender: &FifoSender<T>, waker: &Waker) -> Result<Status, usize> {
        let mut waker = Spare::of(waker);
        let mut state = sender.shared.lock();
        if state.has_free_slot() {
            state.reserve();
            return Ok(Status::Granted);
        }
        if state.closed {
            return Ok(Status::Closed);
        }
        Err(state.waiters.push_with(waker.take(), Cargo::Slot))
    }
}

impl<T, S: Borrow<FifoSender<T>> + Unpin> Future for Reserve<T, S> {
    type Output = Result<SendSlot<T, S>, Closed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let sender = this.sender.as_ref();
        let sender = sender.expect("polled again after it was ready").borrow();
        let status = match this.key {
            Some(key) => {
                let polled = poll_waiter(cx.waker(), |visit| {
                    sender.shared.lock().waiters.poll(key, visit)
                });
                if polled.is_pending() {
                    needs_room(&sender.shared);
                }
                ready!(polled).0
            }
            None if waits::interrupts(cx, room::<T>) => return Poll::Pending,
            None => match Self::reserve_or_enqueue(sender, cx.waker()) {
                Ok(status) => status,
                Err(key) => {
                    this.key = Some(key);
                    needs_room(&sender.shared);
                    return Poll::Pending;
                }
            },
        };
        this.key = None;
        let sender = this.sender.take();
        Poll::Ready(match status {
            Status::Closed => Err(Closed),
            _ => Ok(SendSlot {
                sender,
                item: PhantomData,
            }),
        })
    }
}

impl<T, S: Borrow<FifoSender<T>>> Drop for Reserve<T, S> {
    fn drop(&mut self) {
        let (Some(sender), Some(key)) = (&self.sender, self.key) else {
            return;
        };
        waits::gave_up(&*sender.borrow().shared);
        let mut left = None;
        sender.borrow().shared.change(|state| {
            let (status, waker, _no_item) = state.waiters.take(key);
            left = waker;
            if status != Status::Granted {
                return None;
            }
            state.unreserve();
            state.pass_slot_on()
        });
    }
}

/// A slot of a channel reached through `S`; dropped, it goes back.
#[must_use = "a slot that is dropped goes back"]
pub struct SendSlot<T, S: Borrow<FifoSender<T>>> {
    /// `None` once the slot is used.
    sender: Option<S>,
    item: PhantomData<fn() -> T>,
}

/// A slot in a [`FifoChannel`](super::FifoChannel).
pub type FifoSendPermit<'a, T> = SendSlot<T, &'a FifoSender<T>>;
/// A slot in a [`FifoChannel`](super::FifoChannel), with a sender of its own.
pub type FifoOwnedSendPermit<T> = SendSlot<T, FifoSender<T>>;

impl<T: Send, S: Borrow<FifoSender<T>> + Send> SendPermit<T> for SendSlot<T, S> {
    fn send(mut self, item: T) -> Result<(), SendError<T>> {
        let Some(sender) = self.sender.take() else {
            return Err(SendError(item));
        };
        let shared = &sender.borrow().shared;
        let mut state = shared.lock();
        state.reserved -= 1;
        if state.gone {
            return Err(SendError(item));
        }
        state.queue.push_back(item);
        let receiver = state.receiver.take();
        shared.note(&state);
        drop(state);
        wake(receiver);
        Ok(())
    }
}

impl<T, S: Borrow<FifoSender<T>>> Drop for SendSlot<T, S> {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            sender.borrow().shared.unreserve();
        }
    }
}

impl<T, S: Borrow<FifoSender<T>>> fmt::Debug for SendSlot<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendSlot").finish_non_exhaustive()
    }
}
