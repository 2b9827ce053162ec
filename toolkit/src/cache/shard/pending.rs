//! Loads under way, and errors that are kept: beside the entries, and no part of the capacity.

use super::{
    super::flight::{Flight, same},
    Age, Look, Shard, Why,
};
use std::sync::{Arc, atomic::AtomicU64};

/// A load under way, or an error that is kept.
#[derive(Debug)]
pub(super) struct Pending<K, V, E> {
    flight: Arc<Flight<K, V, E>>,
    /// Until when its error is kept; `FLYING` as long as there is no outcome.
    until: u64,
}

const FLYING: u64 = u64::MAX;

impl<K, V, E> Shard<K, V, E> {
    /// The load of a key that is under way, or whose error is kept.
    pub(super) fn flying(
        &mut self,
        hash: u64,
        now: u64,
        mut is_key: impl FnMut(&K) -> bool,
    ) -> Option<Arc<Flight<K, V, E>>> {
        if self.pending.is_empty() {
            return None;
        }
        let found = self.pending.find(hash, |pending| {
            pending.flight.hash == hash && is_key(&pending.flight.key)
        })?;
        let flight = found.flight.clone();
        if found.until <= now || flight.is_abandoned() {
            self.forget(&flight);
            self.leaving.flights.push(flight);
            return None;
        }
        Some(flight)
    }

    /// Takes a load, or its error, out: nothing of it will enter any more. Says whether it was there.
    pub(in super::super) fn forget(&mut self, flight: &Flight<K, V, E>) -> bool {
        let is_it = |pending: &Pending<K, V, E>| same(&pending.flight, flight);
        let Ok(found) = self.pending.find_entry(flight.hash, is_it) else {
            return false;
        };
        // Not its last owner: whoever asks has one.
        let (pending, _) = found.remove();
        self.counts.in_flight -= u64::from(pending.until == FLYING);
        true
    }

    /// Takes all loads and errors out.
    pub(super) fn forget_all(&mut self) {
        let all = self.pending.drain().map(|pending| pending.flight);
        self.leaving.flights.extend(all);
        let kept = self.errors.drain(..).map(|error| error.flight);
        self.leaving.flights.extend(kept);
        self.counts.in_flight = 0;
    }

    /// Begins a load, unless there is one, or a fresh value that will do.
    pub(in super::super) fn begin(
        &mut self,
        flight: &Arc<Flight<K, V, E>>,
        why: Why,
        now: u64,
        total: &AtomicU64,
    ) -> Look<K, V, E>
    where
        K: Eq,
        V: Clone,
    {
        let is_key = |key: &K| *key == flight.key;
        let live = self.live(flight.hash, now, total, is_key);
        let shared = u64::from(why == Why::Missed);
        if let Some((at, Age::Fresh)) = live
            && why != Why::Asked
        {
            let value = self.policy.store.entry(at).value.clone();
            self.counts.shared += shared;
            return Look::Fresh(value);
        }
        if let Some(other) = self.flying(flight.hash, now, is_key) {
            self.counts.shared += shared;
            return Look::Flying(other);
        }
        self.keep(flight, FLYING);
        self.counts.in_flight += 1;
        self.counts.loads += 1;
        self.counts.refreshes += u64::from(live.is_some());
        Look::Missing
    }

    fn keep(&mut self, flight: &Arc<Flight<K, V, E>>, until: u64) {
        let flight = flight.clone();
        self.pending
            .insert_unique(flight.hash, Pending { flight, until }, |other| {
                other.flight.hash
            });
    }

    /// A load failed. Its error is kept, if the settings and `keep` say so and it is still the key's load.
    pub(in super::super) fn fail(&mut self, flight: &Arc<Flight<K, V, E>>, keep: bool, now: u64) {
        self.counts.failures += 1;
        if !self.forget(flight) || !keep || self.limits.errors_for == 0 {
            return;
        }
        let until = now.saturating_add(self.limits.errors_for).min(FLYING - 1);
        self.keep(flight, until);
        let flight = flight.clone();
        self.errors.push_back(Pending { flight, until });
        self.shed_errors(now);
    }

    /// Lets those errors leave whose time is over, or that are too many.
    pub(super) fn shed_errors(&mut self, now: u64) {
        let most = self.limits.errors;
        while let Some(oldest) = self.errors.front() {
            if oldest.until > now && self.errors.len() <= most {
                break;
            }
            if let Some(oldest) = self.errors.pop_front() {
                self.forget(&oldest.flight);
                self.leaving.flights.push(oldest.flight);
            }
        }
    }
}
