//! The sending half, and the `send` that waits with its item in hand.

use super::{
    super::wait_list::{Spare, Status, poll_waiter},
    Cargo, Shared, needs_room,
    reserve::{FifoOwnedSendPermit, FifoSendPermit, Reserve},
    room,
};
use crate::{
    error::{Closed, SendError, TrySendError},
    prim::wake,
    rt::Sender,
    waits,
};
use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// The half that sends into a [`FifoChannel`](super::FifoChannel).
pub struct FifoSender<T> {
    pub(super) shared: Arc<Shared<T>>,
}

impl<T> FifoSender<T> {
    /// To be counted by the caller.
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }
}

impl<T> Clone for FifoSender<T> {
    fn clone(&self) -> Self {
        self.shared.lock().senders += 1;
        Self::new(self.shared.clone())
    }
}

impl<T> Drop for FifoSender<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.senders -= 1;
        let receiver = state.wake_receiver();
        drop(state);
        wake(receiver);
    }
}

impl<T: Send + 'static> Sender<T> for FifoSender<T> {
    type Permit<'a> = FifoSendPermit<'a, T>;
    type OwnedPermit = FifoOwnedSendPermit<T>;

    #[inline]
    fn send(&self, item: T) -> impl Future<Output = Result<(), SendError<T>>> + Send {
        Sending {
            shared: &self.shared,
            stage: Stage::Start(item),
        }
    }

    #[inline]
    fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        self.shared.try_send(item)
    }

    fn reserve(&self) -> impl Future<Output = Result<Self::Permit<'_>, Closed>> + Send {
        Reserve::new(self)
    }

    fn reserve_owned(
        self,
    ) -> impl Future<Output = Result<Self::OwnedPermit, Closed>> + Send + 'static {
        Reserve::new(self)
    }

    fn is_closed(&self) -> bool {
        self.shared.lock().closed
    }

    fn len(&self) -> usize {
        self.shared.len()
    }

    fn capacity(&self) -> Option<usize> {
        self.shared.capacity()
    }
}

impl<T> fmt::Debug for FifoSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FifoSender").field(&self.shared).finish()
    }
}

/// Sends an item.
#[must_use = "futures do nothing unless they are polled"]
struct Sending<'a, T> {
    shared: &'a Shared<T>,
    stage: Stage<T>,
}

enum Stage<T> {
    /// Not polled yet.
    Start(T),
    /// In the list of waiters, and the item with it.
    Waits(usize),
    Done,
}

// The item is never pinned.
impl<T> Unpin for Sending<'_, T> {}

impl<T> Sending<'_, T> {
    /// Whether it was not polled before and there was a free slot. Never where somebody observes, who has to be asked
    /// first: see [`waits`].
    #[inline]
    fn at_once(&mut self) -> bool {
        let shared = self.shared;
        let item = match mem::replace(&mut self.stage, Stage::Done) {
            Stage::Start(item) => item,
            later => {
                self.stage = later;
                return false;
            }
        };
        let unsent = match shared.seems_full() || waits::is_observed() {
            true => Err(item),
            false => shared.try_send(item).map_err(TrySendError::into_inner),
        };
        match unsent {
            Ok(()) => true,
            Err(item) => {
                self.stage = Stage::Start(item);
                false
            }
        }
    }

    /// All that is not a first poll that finds a free slot.
    #[cold]
    fn poll_slow(&mut self, cx: &Context<'_>) -> Poll<Result<(), SendError<T>>> {
        let Stage::Waits(key) = self.stage else {
            return self.poll_first(cx);
        };
        let polled = poll_waiter(cx.waker(), |visit| {
            self.shared.lock().waiters.poll(key, visit)
        });
        if polled.is_pending() {
            needs_room(self.shared);
        }
        let (status, cargo) = ready!(polled);
        self.stage = Stage::Done;
        Poll::Ready(match (status, cargo) {
            (Status::Closed, Cargo::Item(item)) => Err(SendError(item)),
            _ => Ok(()),
        })
    }

    fn poll_first(&mut self, cx: &Context<'_>) -> Poll<Result<(), SendError<T>>> {
        if matches!(self.stage, Stage::Start(_)) && waits::interrupts(cx, room::<T>) {
            return Poll::Pending;
        }
        let mut waker = Spare::of(cx.waker());
        let Stage::Start(item) = mem::replace(&mut self.stage, Stage::Done) else {
            panic!("polled again after it was ready");
        };
        let mut state = self.shared.lock();
        if state.has_free_slot() {
            self.shared.push(state, item);
            return Poll::Ready(Ok(()));
        }
        if state.closed {
            return Poll::Ready(Err(SendError(item)));
        }
        let key = state.waiters.push_with(waker.take(), Cargo::Item(item));
        drop(state);
        self.stage = Stage::Waits(key);
        needs_room(self.shared);
        Poll::Pending
    }

    /// Takes the item back, from the list of waiters or out of the queue.
    #[cold]
    fn leave(&self, key: usize) {
        waits::gave_up(self.shared);
        let mut left = None;
        self.shared.change(|state| {
            let (_, waker, cargo) = state.waiters.take(key);
            let unsent = match cargo {
                Cargo::Sent(number) => state.unsend(number),
                _ => None,
            };
            let next = unsent.as_ref().and_then(|_| state.pass_slot_on());
            left = Some((waker, cargo, unsent));
            next
        });
    }
}

impl<T> Future for Sending<'_, T> {
    type Output = Result<(), SendError<T>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.at_once() {
            true => Poll::Ready(Ok(())),
            false => self.poll_slow(cx),
        }
    }
}

impl<T> Drop for Sending<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Stage::Waits(key) = self.stage {
            self.leave(key);
        }
    }
}
