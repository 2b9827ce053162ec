//! Those who were called: their turn has come, and their tokens are set aside until they take them.
//!
//! Who is late and who is leaked look the same. So the line waits for those who were called, but not for ever: who should
//! have come before a look at the line, and has not by another one that is [`PATIENCE`] later, is overdue. Looks
//! count, and not the clock alone: while an executor stands still nobody looks, and nobody becomes overdue for it.

use super::line::Waiter;
use anyrt_core::Instant;
use std::{collections::BTreeMap, time::Duration};

/// As late as timers, and tasks on a busy executor, may well be.
const PATIENCE: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct Called {
    /// By ticket.
    waiters: BTreeMap<u64, Waiter>,
    /// Of all of them.
    tokens: u64,
    /// A look at the line. It counts for so long that each of them has time to come.
    looked: Instant,
    /// The one before.
    overdue: Instant,
}

impl Called {
    pub(super) fn new() -> Self {
        Self {
            waiters: BTreeMap::new(),
            tokens: 0,
            looked: Instant::ORIGIN,
            overdue: Instant::ORIGIN,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    /// How many tokens are set aside.
    pub(super) fn tokens(&self) -> u64 {
        self.tokens
    }

    /// Somebody looks at the line.
    pub(super) fn look(&mut self, now: Instant) {
        if now - self.looked >= PATIENCE {
            self.overdue = self.looked;
            self.looked = now;
        }
    }

    /// When a look may find others overdue than the last one did.
    pub(super) fn next_look(&self) -> Instant {
        self.looked + PATIENCE
    }

    pub(super) fn call(&mut self, ticket: u64, waiter: Waiter) {
        self.tokens += u64::from(waiter.weight);
        self.waiters.insert(ticket, waiter);
    }

    /// One has come, or will not.
    pub(super) fn take(&mut self, ticket: u64) -> Option<Waiter> {
        let waiter = self.waiters.remove(&ticket)?;
        self.tokens -= u64::from(waiter.weight);
        Some(waiter)
    }

    /// The first, if it is overdue.
    pub(super) fn take_overdue(&mut self) -> Option<(u64, Waiter)> {
        let (&ticket, first) = self.waiters.first_key_value()?;
        let overdue = first.alarm < self.overdue;
        overdue.then(|| self.take(ticket).map(|waiter| (ticket, waiter)))?
    }

    /// All from a ticket on.
    pub(super) fn take_from(&mut self, ticket: u64) -> BTreeMap<u64, Waiter> {
        let behind = self.waiters.split_off(&ticket);
        let tokens = behind.values().map(|waiter| u64::from(waiter.weight));
        self.tokens -= tokens.sum::<u64>();
        behind
    }
}
