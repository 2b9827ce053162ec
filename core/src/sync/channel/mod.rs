//! The channel: a queue, its free slots, and those who wait for one, under one mutex.
//!
//! ```text
//!   slots:  │ queued items │ reserved │ free │      capacity = their sum
//!
//!   somebody waits for a slot     ⇒  none is free
//!   the receiver's waker is kept  ⇒  nothing is queued
//! ```
//!
//! A `send` that waits leaves its item with its place in the list of waiters (*cargo*). A slot
//! that comes free while somebody waits goes to the first of them, before anyone else can see it:
//! the item of a `send` moves into the queue at once, so that the receiver can take it with
//! no switch of tasks in between; a `reserve` is granted a *reserved* slot. Both are taken back
//! from a future that is dropped: a grant goes on to the next, and an item leaves the queue
//! unless the receiver has it already.
//!
//! Closing takes grants back as well, unless their waiter holds the permit already: the
//! receiver may wait for permits, but not for a future that nobody polls. Items are dropped and
//! wakers cloned, woken and dropped outside the mutex.

mod recv;
mod reserve;
mod send;

use super::wait_list::{Status, WaitList, wake_all};
use crate::{
    ConfigError,
    error::{TrySendError, check},
    prim::{AtomicUsize, Mutex, MutexGuard, lock, wake},
    rt::Channel,
    waits::{self, Wait},
};
use std::{
    collections::VecDeque,
    convert::Infallible,
    fmt,
    marker::PhantomData,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::Waker,
};

pub use recv::FifoReceiver;
pub use reserve::{FifoOwnedSendPermit, FifoSendPermit, SendSlot};
pub use send::FifoSender;

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
    check::at_least_one("capacity", capacity)?;
    Ok(pair(capacity))
}

/// A channel without a bound.
pub fn unbounded_channel<T>() -> (FifoSender<T>, FifoReceiver<T>) {
    pair(UNBOUNDED)
}

/// More than there can ever be in memory.
const UNBOUNDED: usize = usize::MAX;

fn pair<T>(limit: usize) -> (FifoSender<T>, FifoReceiver<T>) {
    let state = State {
        queue: VecDeque::new(),
        opened: limit,
        claimed: 0,
        reserved: 0,
        waiters: WaitList::new(),
        receiver: None,
        senders: 1,
        closed: false,
        gone: false,
    };
    let shared = Arc::new(Shared {
        limit,
        len_hint: AtomicUsize::new(0),
        state: Mutex::new(state),
    });
    (FifoSender::new(shared.clone()), FifoReceiver::new(shared))
}

struct Shared<T> {
    limit: usize,
    /// The length of the queue, which may have changed. It tells whoever is about to wait, most
    /// likely, to clone its waker before it takes the mutex, so that taking it once is enough.
    len_hint: AtomicUsize,
    state: Mutex<State<T>>,
}

struct State<T> {
    queue: VecDeque<T>,
    /// Slots ever opened: those of the start, and one for each item that left.
    opened: usize,
    /// Slots ever claimed, less those given back. What is opened and not claimed is free.
    claimed: usize,
    /// Slots that belong to permits, or to waiters who were granted one.
    reserved: usize,
    waiters: WaitList<Cargo<T>>,
    /// The receiver's waker, while it waits.
    receiver: Option<Waker>,
    senders: usize,
    /// No new slots are given out.
    closed: bool,
    /// The receiver was dropped: nothing is queued any more.
    gone: bool,
}

/// What a waiter waits with.
enum Cargo<T> {
    /// Nothing: it wants a slot.
    Slot,
    /// What it sends.
    Item(T),
    /// Its item went into the queue, under this number.
    Sent(usize),
}

impl<T> State<T> {
    /// Whether a new slot can be had.
    #[inline]
    fn has_free_slot(&self) -> bool {
        self.claimed != self.opened && !self.closed
    }

    /// The number of the item at the front of the queue, counted from wherever: a number of its own
    /// that an item has for as long as none behind it is taken back.
    fn first_number(&self) -> usize {
        self.opened
    }

    /// The first item, and who now gets its slot.
    #[inline]
    fn pop(&mut self) -> Option<(T, Option<Waker>)> {
        let item = self.queue.pop_front()?;
        self.opened = self.opened.wrapping_add(1);
        Some((item, self.pass_slot_on()))
    }

    /// A slot has come free: the first who waits gets it.
    #[inline]
    fn pass_slot_on(&mut self) -> Option<Waker> {
        if self.waiters.is_empty() {
            None
        } else {
            self.serve_first()
        }
    }

    fn serve_first(&mut self) -> Option<Waker> {
        let number = self.first_number().wrapping_add(self.queue.len());
        let cargo = self.waiters.first_cargo()?;
        if let Cargo::Slot = cargo {
            self.reserve();
            return self.waiters.resolve_first(Status::Granted);
        }
        if let Cargo::Item(item) = std::mem::replace(cargo, Cargo::Sent(number)) {
            self.claimed = self.claimed.wrapping_add(1);
            self.queue.push_back(item);
        }
        self.waiters.resolve_first(Status::Served)
    }

    fn reserve(&mut self) {
        self.claimed = self.claimed.wrapping_add(1);
        self.reserved += 1;
    }

    fn unreserve(&mut self) {
        self.claimed = self.claimed.wrapping_sub(1);
        self.reserved -= 1;
    }

    /// Takes an item that a waiter sent out of the queue again, unless the receiver has it.
    fn unsend(&mut self, number: usize) -> Option<T> {
        let first = self.first_number();
        let at = number.wrapping_sub(first);
        let item = self.queue.remove(at)?;
        self.claimed = self.claimed.wrapping_sub(1);
        for cargo in self.waiters.cargoes() {
            if let Cargo::Sent(other) = cargo
                && other.wrapping_sub(first) > at
            {
                *other = other.wrapping_sub(1);
            }
        }
        Some(item)
    }

    fn is_drained(&self) -> bool {
        // Slots need a sender: with none left, those that are still reserved were forgotten.
        self.queue.is_empty() && (self.senders == 0 || self.closed && self.reserved == 0)
    }

    /// The receiver's waker, if it has something to learn.
    fn wake_receiver(&mut self) -> Option<Waker> {
        if !self.queue.is_empty() || self.is_drained() {
            self.receiver.take()
        } else {
            None
        }
    }
}

impl<T> Shared<T> {
    #[inline]
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }

    /// To be called before the mutex is given back where the queue has changed.
    #[inline]
    fn note(&self, state: &State<T>) {
        self.len_hint.store(state.queue.len(), Relaxed);
    }

    #[inline]
    fn seems_empty(&self) -> bool {
        self.len_hint.load(Relaxed) == 0
    }

    #[inline]
    fn seems_full(&self) -> bool {
        let len = self.len_hint.load(Relaxed);
        len >= self.limit
    }

    fn capacity(&self) -> Option<usize> {
        (self.limit != UNBOUNDED).then_some(self.limit)
    }

    fn len(&self) -> usize {
        self.lock().queue.len()
    }

    fn close(&self) {
        let mut wakers = Vec::new();
        let mut state = self.lock();
        state.closed = true;
        for _ in 0..state.waiters.close(true, &mut wakers) {
            state.unreserve();
        }
        // One that waits by `poll_recv` may be in another task than who closes.
        wakers.extend(state.receiver.take());
        drop(state);
        wake_all(wakers);
    }

    #[inline]
    fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        let state = self.lock();
        if !state.has_free_slot() {
            return Err(match state.closed {
                true => TrySendError::Closed(item),
                false => TrySendError::Full(item),
            });
        }
        self.push(state, item);
        Ok(())
    }

    /// Puts an item into a slot that is free, and opens the mutex.
    #[inline]
    fn push(&self, mut state: MutexGuard<'_, State<T>>, item: T) {
        state.claimed = state.claimed.wrapping_add(1);
        state.queue.push_back(item);
        let receiver = state.receiver.take();
        self.note(&state);
        drop(state);
        wake(receiver);
    }

    /// Gives a reserved slot back.
    fn unreserve(&self) {
        self.change(|state| {
            state.unreserve();
            state.pass_slot_on()
        });
    }

    /// A change that may wake a waiter and the receiver.
    fn change(&self, change: impl FnOnce(&mut State<T>) -> Option<Waker>) {
        let mut state = self.lock();
        let waiter = change(&mut state);
        let receiver = state.wake_receiver();
        self.note(&state);
        drop(state);
        wake_all(waiter.into_iter().chain(receiver).collect());
    }
}

/// Says that a task waits for a slot. Without a place: the futures are hot, and would be a third larger.
#[cold]
fn needs_room<T>(shared: &Shared<T>) {
    waits::pending(shared, room::<T>);
}

fn room<T>() -> Wait {
    Wait::new("room in a channel").of::<T>()
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let (len, closed) = (state.queue.len(), state.closed);
        drop(state);
        f.debug_struct("FifoChannel")
            .field("len", &len)
            .field("capacity", &self.capacity())
            .field("closed", &closed)
            .finish_non_exhaustive()
    }
}
