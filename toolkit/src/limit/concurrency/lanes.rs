//! Who has slots, and who waits for one: a lane per key.
//!
//! A key's code runs only where somebody comes with it, and before anything is changed. A slot that comes back,
//! and a waiter that leaves, know the number of their lane: they do so in destructors, where a comparison that
//! panicked would take the slot along.

use super::gate::MOST;
use slab::Slab;
use std::{
    collections::{BTreeMap, BTreeSet},
    task::Waker,
};

/// Lanes that nobody uses are looked for at no fewer keys.
const FEWEST: usize = 64;

/// Slots, and the lines before them.
#[derive(Debug)]
pub(super) struct Lanes<K> {
    limit: usize,
    in_flight: usize,
    lanes: Slab<Lane>,
    /// The lane of each key that was used lately.
    keys: BTreeMap<K, usize>,
    /// Keys that nobody uses are forgotten at so many.
    sweep_at: usize,
    /// Lanes in which somebody waits, by how many run in them, and the ticket of who is first: the next slot
    /// is for the first of these.
    next: BTreeMap<(usize, u64), usize>,
    /// Tickets that have a slot, which their owners have not seen yet.
    granted: BTreeSet<u64>,
    tickets: u64,
}

#[derive(Debug, Default)]
struct Lane {
    in_flight: usize,
    /// By ticket.
    waiting: BTreeMap<u64, Option<Waker>>,
}

impl Lane {
    fn place(&self) -> Option<(usize, u64)> {
        let (ticket, _) = self.waiting.first_key_value()?;
        Some((self.in_flight, *ticket))
    }

    fn is_unused(&self) -> bool {
        self.in_flight == 0 && self.waiting.is_empty()
    }
}

/// Where somebody waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) lane: usize,
    ticket: u64,
}

impl<K> Lanes<K> {
    /// What has no size has one value: all callers have one lane, that of number 0, which is there for good.
    pub(super) const ONE: bool = size_of::<K>() == 0;

    pub(super) fn new(limit: usize) -> Self {
        let mut lanes = Slab::new();
        if Self::ONE {
            lanes.insert(Lane::default());
        }
        Self {
            limit,
            in_flight: 0,
            lanes,
            keys: BTreeMap::new(),
            sweep_at: FEWEST,
            next: BTreeMap::new(),
            granted: BTreeSet::new(),
            tickets: 0,
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// How many slots are free, where there is one lane, and anybody may take them.
    pub(super) fn free_for_all(&self) -> Option<usize> {
        let open = Self::ONE && self.limit <= MOST && self.next.is_empty();
        self.limit.checked_sub(self.in_flight).filter(|_| open)
    }

    /// So many are, by now.
    pub(super) fn set_free(&mut self, free: usize) {
        self.in_flight = self.limit - free;
        self.lanes[0].in_flight = self.in_flight;
    }

    pub(super) fn set_limit(&mut self, limit: usize, wakers: &mut Vec<Waker>) {
        self.limit = limit;
        self.grant(wakers);
    }

    /// Takes a slot for a key, if one is free; nobody waits then. Says in which lane. Keys that were forgotten are
    /// to be dropped outside the lock.
    pub(super) fn pass(&mut self, key: &K, gone: &mut Vec<K>) -> Option<usize>
    where
        K: Ord + Clone,
    {
        if self.in_flight >= self.limit || !self.next.is_empty() {
            return None;
        }
        let lane = self.lane(key, gone);
        self.lanes[lane].in_flight += 1;
        self.in_flight += 1;
        Some(lane)
    }

    /// Joins the line of a key.
    pub(super) fn join(
        &mut self,
        key: &K,
        waker: Waker,
        wakers: &mut Vec<Waker>,
        gone: &mut Vec<K>,
    ) -> Place
    where
        K: Ord + Clone,
    {
        let lane = self.lane(key, gone);
        let ticket = self.tickets;
        self.tickets += 1;
        self.with(lane, |lane| lane.waiting.insert(ticket, Some(waker)));
        self.grant(wakers);
        Place { lane, ticket }
    }

    /// Whether a waiter has its slot; else its waker is exchanged for `waker`, if that is given.
    pub(super) fn poll(&mut self, place: Place, waker: &mut Option<Waker>) -> bool {
        if self.granted.remove(&place.ticket) {
            return true;
        }
        let waiting = &mut self.lanes[place.lane].waiting;
        let kept = waiting.get_mut(&place.ticket).expect("it waits");
        if waker.is_some() {
            std::mem::swap(kept, waker);
        }
        false
    }

    /// A waiter is dropped; a slot that it has goes on. Returns its waker, to be dropped outside.
    pub(super) fn leave(&mut self, place: Place, wakers: &mut Vec<Waker>) -> Option<Waker> {
        if self.granted.remove(&place.ticket) {
            self.release(place.lane, wakers);
            return None;
        }
        self.with(place.lane, |lane| lane.waiting.remove(&place.ticket))
            .flatten()
    }

    /// Gives a slot of a lane back.
    pub(super) fn release(&mut self, lane: usize, wakers: &mut Vec<Waker>) {
        self.with(lane, |lane| lane.in_flight -= 1);
        self.in_flight -= 1;
        self.grant(wakers);
    }

    /// Hands out what is free.
    fn grant(&mut self, wakers: &mut Vec<Waker>) {
        while self.in_flight < self.limit
            && let Some((&(_, ticket), &lane)) = self.next.first_key_value()
        {
            let waker = self.with(lane, |lane| {
                lane.in_flight += 1;
                lane.waiting.remove(&ticket)
            });
            wakers.extend(waker.flatten());
            self.in_flight += 1;
            self.granted.insert(ticket);
        }
    }

    /// The lane of a key, which is there from now on.
    fn lane(&mut self, key: &K, gone: &mut Vec<K>) -> usize
    where
        K: Ord + Clone,
    {
        if Self::ONE {
            return 0;
        }
        if let Some(lane) = self.keys.get(key) {
            return *lane;
        }
        if self.keys.len() >= self.sweep_at {
            self.sweep(gone);
        }
        let lane = self.lanes.vacant_key();
        self.keys.insert(key.clone(), lane);
        self.lanes.insert(Lane::default())
    }

    /// Forgets keys that nobody uses, none of which has to be compared for that.
    fn sweep(&mut self, gone: &mut Vec<K>)
    where
        K: Ord,
    {
        let Self { lanes, keys, .. } = self;
        let unused = keys.extract_if(.., |_, lane| {
            let unused = lanes[*lane].is_unused();
            if unused {
                lanes.remove(*lane);
            }
            unused
        });
        gone.extend(unused.map(|(key, _)| key));
        self.sweep_at = (self.keys.len() * 2).max(FEWEST);
    }

    /// Changes a lane, and its place among those in which somebody waits.
    fn with<T>(&mut self, at: usize, change: impl FnOnce(&mut Lane) -> T) -> T {
        let lane = &mut self.lanes[at];
        let before = lane.place();
        let output = change(lane);
        let after = lane.place();
        if before != after {
            before.map(|before| self.next.remove(&before));
            after.map(|after| self.next.insert(after, at));
        }
        output
    }
}
