//! The channel: a queue, its free slots, and those who wait for one, under one mutex.
//!
//! ```text
//!   slots:  │ queued items │ reserved │ free │      capacity = their sum
//!
//!   somebody waits for a slot  ⇒  none is free
//! ```
//!
//! A slot that comes free while somebody waits goes to the first of them as *reserved*, before
//! anyone else can see it. Closing takes such grants back, unless their waiter holds
//! the permit already: the receiver may wait for permits, but not for a future that
//! nobody polls. Items are dropped and tasks woken outside the mutex; a waker's `clone` is
//! the one foreign code that runs under it.

use super::wait_list::{Status, WaitList, wake_all};
use crate::{
    ConfigError,
    error::{Closed, SendError, TryRecvError, TrySendError},
    rt::{Channel, Receiver, SendPermit, Sender},
};
use std::{
    borrow::Borrow,
    collections::VecDeque,
    convert::Infallible,
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

/// The portable [`Channel`]: FIFO, cancel-safe, needs no runtime. Made by [`channel`].
pub struct FifoChannel<T> {
    never: Infallible,
    item: PhantomData<T>,
}

impl<T> fmt::Debug for FifoChannel<T> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.never {}
    }
}

impl<T: Send + 'static> Channel<T> for FifoChannel<T> {
    type Sender = FifoSender<T>;
    type Receiver = FifoReceiver<T>;
}

/// A channel that holds up to `capacity` items.
///
/// # Errors
/// A [`ConfigError`] for a capacity of 0.
pub fn channel<T>(capacity: usize) -> Result<(FifoSender<T>, FifoReceiver<T>), ConfigError> {
    if capacity == 0 {
        return Err(ConfigError::new("capacity", 0, "at least 1"));
    }
    Ok(pair(Some(capacity)))
}

/// A channel without a bound.
pub fn unbounded_channel<T>() -> (FifoSender<T>, FifoReceiver<T>) {
    pair(None)
}

fn pair<T>(capacity: Option<usize>) -> (FifoSender<T>, FifoReceiver<T>) {
    let state = State {
        queue: VecDeque::new(),
        reserved: 0,
        waiters: WaitList::new(),
        receiver: None,
        senders: 1,
        closed: false,
        gone: false,
    };
    let shared = Arc::new(Shared {
        capacity,
        state: Mutex::new(state),
    });
    (
        FifoSender {
            shared: shared.clone(),
        },
        FifoReceiver { shared },
    )
}

struct Shared<T> {
    capacity: Option<usize>,
    state: Mutex<State<T>>,
}

struct State<T> {
    queue: VecDeque<T>,
    /// Slots that belong to permits, or to waiters who were granted one.
    reserved: usize,
    waiters: WaitList,
    /// The receiver's waker, while it waits.
    receiver: Option<Waker>,
    senders: usize,
    /// No new slots are given out.
    closed: bool,
    /// The receiver was dropped: nothing is queued any more.
    gone: bool,
}

impl<T> State<T> {
    fn has_free_slot(&self, capacity: Option<usize>) -> bool {
        capacity.is_none_or(|capacity| self.queue.len() + self.reserved < capacity)
    }

    /// A slot has come free: the first who waits gets it.
    fn pass_slot_on(&mut self) -> Option<Waker> {
        if self.waiters.is_empty() {
            return None;
        }
        self.reserved += 1;
        self.waiters.resolve_first(Status::Granted)
    }

    fn is_drained(&self) -> bool {
        // Slots need a sender: with none left, those that are still reserved were forgotten.
        self.queue.is_empty() && (self.senders == 0 || self.closed && self.reserved == 0)
    }

    /// The receiver's waker, if it has to learn that nothing can come any more.
    fn wake_if_drained(&mut self) -> Option<Waker> {
        if self.is_drained() {
            self.receiver.take()
        } else {
            None
        }
    }
}

impl<T> Shared<T> {
    fn with<O>(&self, change: impl FnOnce(&mut State<T>) -> O) -> O {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn close(&self) {
        let mut wakers = Vec::new();
        self.with(|state| {
            state.closed = true;
            state.reserved -= state.waiters.close(true, &mut wakers);
        });
        wake_all(wakers);
    }

    /// Gives a reserved slot back.
    fn unreserve(&self) {
        let (waiter, receiver) = self.with(|state| {
            state.reserved -= 1;
            (state.pass_slot_on(), state.wake_if_drained())
        });
        waiter.into_iter().chain(receiver).for_each(Waker::wake);
    }

    fn send_reserved(&self, item: T) -> Result<(), SendError<T>> {
        let (waker, refused) = self.with(|state| {
            state.reserved -= 1;
            if state.gone {
                return (None, Err(SendError(item)));
            }
            state.queue.push_back(item);
            (state.receiver.take(), Ok(()))
        });
        waker.into_iter().for_each(Waker::wake);
        refused
    }

    fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        let (waker, sent) = self.with(|state| {
            if state.closed {
                return (None, Err(TrySendError::Closed(item)));
            }
            if !state.has_free_slot(self.capacity) {
                return (None, Err(TrySendError::Full(item)));
            }
            state.queue.push_back(item);
            (state.receiver.take(), Ok(()))
        });
        waker.into_iter().for_each(Waker::wake);
        sent
    }

    fn try_recv(&self) -> Result<T, TryRecvError> {
        let (item, waker) = self.with(|state| match state.queue.pop_front() {
            Some(item) => (Ok(item), state.pass_slot_on()),
            None if state.is_drained() => (Err(TryRecvError::Closed), None),
            None => (Err(TryRecvError::Empty), None),
        });
        waker.into_iter().for_each(Waker::wake);
        item
    }

    fn poll_recv(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let (polled, _replaced, waker) = self.with(|state| match state.queue.pop_front() {
            Some(item) => (Poll::Ready(Some(item)), None, state.pass_slot_on()),
            None if state.is_drained() => (Poll::Ready(None), None, None),
            None => {
                let kept = state.receiver.as_ref();
                let replaced = match kept.is_some_and(|kept| kept.will_wake(cx.waker())) {
                    true => None,
                    false => state.receiver.replace(cx.waker().clone()),
                };
                (Poll::Pending, replaced, None)
            }
        });
        waker.into_iter().for_each(Waker::wake);
        polled
    }
}

/// Waits for a slot.
struct Reserve<T, S: Borrow<FifoSender<T>>> {
    sender: Option<S>,
    key: Option<usize>,
    item: PhantomData<fn() -> T>,
}

impl<T, S: Borrow<FifoSender<T>>> Reserve<T, S> {
    fn new(sender: S) -> Self {
        Self {
            sender: Some(sender),
            key: None,
            item: PhantomData,
        }
    }
}

impl<T, S: Borrow<FifoSender<T>> + Unpin> Future for Reserve<T, S> {
    type Output = Result<Slot<T, S>, Closed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let sender = this
            .sender
            .as_ref()
            .expect("polled again after it was ready");
        let shared = &sender.borrow().shared;
        let outcome = match this.key {
            None => {
                let waker = cx.waker().clone();
                let joined = shared.with(|state| {
                    if state.closed {
                        Err(Status::Closed)
                    } else if state.has_free_slot(shared.capacity) {
                        state.reserved += 1;
                        Err(Status::Granted)
                    } else {
                        Ok(state.waiters.push(1, waker))
                    }
                });
                match joined {
                    Ok(key) => {
                        this.key = Some(key);
                        return Poll::Pending;
                    }
                    Err(outcome) => outcome,
                }
            }
            Some(key) => match shared.with(|state| state.waiters.poll(key, cx.waker())) {
                Ok(outcome) => outcome,
                Err(_replaced) => return Poll::Pending,
            },
        };
        this.key = None;
        let sender = this.sender.take();
        Poll::Ready(match outcome {
            Status::Closed => Err(Closed),
            _ => Ok(Slot {
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
        let shared = &sender.borrow().shared;
        let (status, _waker) = shared.with(|state| state.waiters.remove(key));
        if status == Status::Granted {
            shared.unreserve();
        }
    }
}

/// A slot of a channel reached through `S`; dropped, it goes back.
#[must_use = "a slot that is dropped goes back"]
pub struct Slot<T, S: Borrow<FifoSender<T>>> {
    /// `None` once the slot is used.
    sender: Option<S>,
    item: PhantomData<fn() -> T>,
}

/// A slot in a [`FifoChannel`].
pub type FifoSendPermit<'a, T> = Slot<T, &'a FifoSender<T>>;
/// A slot in a [`FifoChannel`], with a sender of its own.
pub type FifoOwnedSendPermit<T> = Slot<T, FifoSender<T>>;

impl<T: Send, S: Borrow<FifoSender<T>> + Send> SendPermit<T> for Slot<T, S> {
    fn send(mut self, item: T) -> Result<(), SendError<T>> {
        match self.sender.take() {
            Some(sender) => sender.borrow().shared.send_reserved(item),
            None => Err(SendError(item)),
        }
    }
}

impl<T, S: Borrow<FifoSender<T>>> Drop for Slot<T, S> {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take() {
            sender.borrow().shared.unreserve();
        }
    }
}

/// The half that sends into a [`FifoChannel`].
pub struct FifoSender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Clone for FifoSender<T> {
    fn clone(&self) -> Self {
        self.shared.with(|state| state.senders += 1);
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<T> Drop for FifoSender<T> {
    fn drop(&mut self) {
        let waker = self.shared.with(|state| {
            state.senders -= 1;
            state.wake_if_drained()
        });
        waker.into_iter().for_each(Waker::wake);
    }
}

impl<T: Send + 'static> Sender<T> for FifoSender<T> {
    type Permit<'a> = FifoSendPermit<'a, T>;
    type OwnedPermit = FifoOwnedSendPermit<T>;

    fn send(&self, item: T) -> impl Future<Output = Result<(), SendError<T>>> + Send {
        async move {
            match self.shared.try_send(item) {
                Ok(()) => Ok(()),
                Err(TrySendError::Closed(item)) => Err(SendError(item)),
                Err(TrySendError::Full(item)) => match Reserve::new(self).await {
                    Ok(slot) => slot.send(item),
                    Err(Closed) => Err(SendError(item)),
                },
            }
        }
    }

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
        self.shared.with(|state| state.closed)
    }

    fn len(&self) -> usize {
        self.shared.with(|state| state.queue.len())
    }

    fn capacity(&self) -> Option<usize> {
        self.shared.capacity
    }
}

/// The half that receives from a [`FifoChannel`].
pub struct FifoReceiver<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Drop for FifoReceiver<T> {
    fn drop(&mut self) {
        let _dropped_outside_the_lock = self.shared.with(|state| {
            (state.closed, state.gone) = (true, true);
            (std::mem::take(&mut state.queue), state.receiver.take())
        });
        self.shared.close();
    }
}

impl<T: Send + 'static> Receiver<T> for FifoReceiver<T> {
    fn recv(&mut self) -> impl Future<Output = Option<T>> + Send {
        Recv {
            shared: &self.shared,
            waits: false,
        }
    }

    fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.shared.try_recv()
    }

    fn close(&mut self) {
        self.shared.close();
    }

    fn len(&self) -> usize {
        self.shared.with(|state| state.queue.len())
    }
}

/// Waits for an item; dropped, it leaves no waker behind.
struct Recv<'a, T> {
    shared: &'a Shared<T>,
    waits: bool,
}

impl<T> Future for Recv<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let polled = self.shared.poll_recv(cx);
        self.waits = polled.is_pending();
        polled
    }
}

impl<T> Drop for Recv<'_, T> {
    fn drop(&mut self) {
        if self.waits {
            let _dropped_outside_the_lock = self.shared.with(|state| state.receiver.take());
        }
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, closed) = self.with(|state| (state.queue.len(), state.closed));
        f.debug_struct("FifoChannel")
            .field("len", &len)
            .field("capacity", &self.capacity)
            .field("closed", &closed)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for FifoSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FifoSender").field(&self.shared).finish()
    }
}

impl<T> fmt::Debug for FifoReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FifoReceiver").field(&self.shared).finish()
    }
}

impl<T, S: Borrow<FifoSender<T>>> fmt::Debug for Slot<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}
