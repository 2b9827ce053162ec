//! Who has slots, and who waits for one: a lane per key.

use std::{
    collections::{BTreeMap, BTreeSet},
    task::Waker,
};

/// Slots, and the lines before them.
#[derive(Debug)]
pub(super) struct Lanes<K> {
    limit: usize,
    in_flight: usize,
    /// Those in which somebody runs or waits.
    lanes: BTreeMap<K, Lane>,
    /// Those in which somebody waits, by how many run in them, and the ticket of who is first: the next slot
    /// is for the first of these.
    next: BTreeMap<(usize, u64), K>,
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
}

impl<K> Lanes<K> {
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }
}

impl<K: Ord + Clone> Lanes<K> {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            in_flight: 0,
            lanes: BTreeMap::new(),
            next: BTreeMap::new(),
            granted: BTreeSet::new(),
            tickets: 0,
        }
    }

    pub(super) fn set_limit(&mut self, limit: usize, wakers: &mut Vec<Waker>) {
        self.limit = limit;
        self.grant(wakers);
    }

    /// Takes a slot, if one is free. Nobody waits then.
    pub(super) fn pass(&mut self, key: &K) -> bool {
        if self.in_flight >= self.limit || !self.next.is_empty() {
            return false;
        }
        self.lane(key).in_flight += 1;
        self.in_flight += 1;
        true
    }

    /// Joins the line of a key.
    pub(super) fn join(&mut self, key: &K, waker: Waker, wakers: &mut Vec<Waker>) -> u64 {
        let ticket = self.tickets;
        self.tickets += 1;
        // Before anything changes: a key's `Clone` may panic.
        let kept = key.clone();
        let lane = self.lane(key);
        let was_first = lane.waiting.is_empty();
        lane.waiting.insert(ticket, Some(waker));
        if was_first && let Some(place) = lane.place() {
            self.next.insert(place, kept);
        }
        self.grant(wakers);
        ticket
    }

    /// Whether a ticket has its slot; else its waker is exchanged for `waker`.
    pub(super) fn poll(&mut self, key: &K, ticket: u64, waker: &mut Option<Waker>) -> bool {
        if self.granted.remove(&ticket) {
            return true;
        }
        let lane = self.lanes.get_mut(key).expect("somebody waits in it");
        let kept = lane.waiting.get_mut(&ticket).expect("it waits");
        std::mem::swap(kept, waker);
        false
    }

    /// A waiter is dropped; a slot that it has goes on. Returns its waker, to be dropped outside.
    pub(super) fn leave(&mut self, key: &K, ticket: u64, wakers: &mut Vec<Waker>) -> Option<Waker> {
        if self.granted.remove(&ticket) {
            self.release(key, wakers);
            return None;
        }
        self.with(key, |lane| lane.waiting.remove(&ticket))
            .flatten()
    }

    /// Gives a slot back.
    pub(super) fn release(&mut self, key: &K, wakers: &mut Vec<Waker>) {
        self.with(key, |lane| lane.in_flight -= 1);
        self.in_flight -= 1;
        self.grant(wakers);
    }

    /// Hands out what is free.
    fn grant(&mut self, wakers: &mut Vec<Waker>) {
        while self.in_flight < self.limit
            && let Some((&place, key)) = self.next.first_key_value()
        {
            let lane = self.lanes.get_mut(key).expect("somebody waits in it");
            let (_, ticket) = place;
            lane.in_flight += 1;
            wakers.extend(lane.waiting.remove(&ticket).flatten());
            let after = lane.place();
            self.in_flight += 1;
            self.granted.insert(ticket);
            self.move_place(place, after);
        }
    }

    /// The lane of a key, which is there from now on.
    fn lane(&mut self, key: &K) -> &mut Lane {
        // `entry` would take a clone each time.
        if !self.lanes.contains_key(key) {
            self.lanes.insert(key.clone(), Lane::default());
        }
        self.lanes.get_mut(key).expect("it is there")
    }

    /// Changes a lane that is there, and its place among those who wait.
    fn with<T>(&mut self, key: &K, change: impl FnOnce(&mut Lane) -> T) -> T {
        let lane = self.lanes.get_mut(key).expect("somebody is in it");
        let before = lane.place();
        let output = change(lane);
        let after = lane.place();
        let unused = lane.in_flight == 0 && lane.waiting.is_empty();
        if let Some(before) = before
            && Some(before) != after
        {
            self.move_place(before, after);
        }
        if unused {
            self.lanes.remove(key);
        }
        output
    }

    fn move_place(&mut self, before: (usize, u64), after: Option<(usize, u64)>) {
        if let Some(key) = self.next.remove(&before)
            && let Some(after) = after
        {
            self.next.insert(after, key);
        }
    }
}
