//! The engine of the queue.
//!
//! ```text
//!   slots:  │ items │ reserved │ free │          capacity = their sum
//!   items:  │ promised │ free to take │
//!
//!   somebody waits for a slot  ⇒  none is free
//!   somebody waits for an item ⇒  all are promised
//! ```
//!
//! A slot or an item that comes free while somebody waits goes to the first of them as *reserved* or
//! *promised*, before anyone else can see it. What is promised is *an* item: which one is decided when
//! it is taken, so that a priority queue gives the greatest there is then. A waiter that
//! is dropped gives its slot or promise to the next.

use super::order::Items;
use crate::{
    channel::waiters::{Waiters, Watched},
    error::{TryRecvError, TrySendError},
    sync::wait_list::{Status, WaitList},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    task::Waker,
    thread,
};

pub(super) struct State<T> {
    pub(super) items: Items<T>,
    capacity: Option<usize>,
    /// Slots of putters who have yet to see that they were served.
    reserved: usize,
    /// Items of getters who have yet to see that they were served.
    promised: usize,
    /// Items that are out and not done.
    pub(super) running: usize,
    pub(super) putters: WaitList,
    pub(super) getters: WaitList,
    joiners: Waiters,
    /// How often all was done: whoever joins waits for the next time.
    pub(super) rests: u64,
    pub(super) closed: bool,
}

impl<T> Watched for State<T> {
    fn waiters(&mut self) -> &mut Waiters {
        &mut self.joiners
    }
}

/// Those to be woken once the lock is released.
pub(super) type Wakers = Vec<Waker>;

impl<T> State<T> {
    pub(super) fn new(items: Items<T>, capacity: Option<usize>) -> Self {
        Self {
            items,
            capacity,
            reserved: 0,
            promised: 0,
            running: 0,
            putters: WaitList::new(),
            getters: WaitList::new(),
            joiners: Waiters::new(),
            rests: 0,
            closed: false,
        }
    }

    pub(super) fn unfinished(&self) -> usize {
        self.items.len() + self.running
    }

    /// Takes the item where it succeeds. Otherwise, and in case of a panic, the caller still has it, and drops it
    /// outside the lock.
    pub(super) fn try_put(
        &mut self,
        item: &mut Option<T>,
        wakers: &mut Wakers,
    ) -> Result<(), TrySendError<()>> {
        let is_free = |capacity| self.items.len() + self.reserved < capacity;
        if self.closed {
            Err(TrySendError::Closed(()))
        } else if self.capacity.is_none_or(is_free) {
            self.items.push(item);
            self.pass_item_on(wakers);
            Ok(())
        } else {
            Err(TrySendError::Full(()))
        }
    }

    /// An item is free: the first who waits gets the promise.
    fn pass_item_on(&mut self, wakers: &mut Wakers) {
        if !self.getters.is_empty() {
            self.promised += 1;
            wakers.extend(self.getters.resolve_first(Status::Granted));
        }
    }

    /// A slot is free: the first who waits gets it.
    fn pass_slot_on(&mut self, wakers: &mut Wakers) {
        if !self.putters.is_empty() {
            self.reserved += 1;
            wakers.extend(self.putters.resolve_first(Status::Granted));
        }
    }

    /// A putter has seen that a slot is his. Where a comparison panics, it goes to the next.
    pub(super) fn put_reserved(
        &mut self,
        item: &mut Option<T>,
        wakers: &mut Wakers,
    ) -> thread::Result<()> {
        let put = catch_unwind(AssertUnwindSafe(|| self.items.push(item)));
        self.reserved -= 1;
        match put {
            Ok(()) => self.pass_item_on(wakers),
            Err(_) => self.pass_slot_on(wakers),
        }
        put
    }

    pub(super) fn try_get(&mut self, wakers: &mut Wakers) -> Result<T, TryRecvError> {
        if self.items.len() > self.promised {
            self.get(wakers)
        } else if self.closed && self.items.len() == 0 {
            Err(TryRecvError::Closed)
        } else {
            Err(TryRecvError::Empty)
        }
    }

    fn get(&mut self, wakers: &mut Wakers) -> Result<T, TryRecvError> {
        let item = self.items.pop().ok_or(TryRecvError::Empty)?;
        self.running += 1;
        self.pass_slot_on(wakers);
        self.close_getters(wakers);
        Ok(item)
    }

    /// A getter has seen that an item is his. Where a comparison panics, the promise goes to the next.
    pub(super) fn get_promised(
        &mut self,
        wakers: &mut Wakers,
    ) -> thread::Result<Result<T, TryRecvError>> {
        self.promised -= 1;
        let got = catch_unwind(AssertUnwindSafe(|| self.get(wakers)));
        if got.is_err() {
            self.pass_item_on(wakers);
        }
        got
    }

    /// Tells getters that nothing will come, as soon as that is so: as long as an item is only
    /// promised, its getter may yet be dropped and leave it to the next.
    fn close_getters(&mut self, wakers: &mut Wakers) {
        if self.closed && self.items.len() == 0 {
            self.getters.close(false, wakers);
        }
    }

    pub(super) fn shut_down(&mut self, immediately: bool, wakers: &mut Wakers) -> Option<Items<T>> {
        self.closed = true;
        self.reserved -= self.putters.close(true, wakers);
        let discarded = immediately.then(|| {
            self.promised -= self.getters.close(true, wakers);
            self.items.take()
        });
        self.close_getters(wakers);
        self.rest(wakers);
        discarded
    }

    /// An item that was out is done.
    pub(super) fn done(&mut self, wakers: &mut Wakers) {
        self.running -= 1;
        self.rest(wakers);
    }

    fn rest(&mut self, wakers: &mut Wakers) {
        if self.unfinished() == 0 {
            self.rests += 1;
            self.joiners.take_all(wakers);
        }
    }

    pub(super) fn putter_left(&mut self, key: usize, wakers: &mut Wakers) -> Option<Waker> {
        let (status, waker) = self.putters.remove(key);
        if status == Status::Granted {
            self.reserved -= 1;
            self.pass_slot_on(wakers);
        }
        waker
    }

    pub(super) fn getter_left(&mut self, key: usize, wakers: &mut Wakers) -> Option<Waker> {
        let (status, waker) = self.getters.remove(key);
        if status == Status::Granted {
            self.promised -= 1;
            self.pass_item_on(wakers);
        }
        waker
    }
}
