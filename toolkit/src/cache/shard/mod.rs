//! A part of the cache under one lock: entries, loads under way, and errors that are kept.
//!
//! What leaves is handed out, to be dropped and told of once the lock is free. Of the user's code only
//! `Eq` of the key and `Clone` of the value run under the lock (and `Clone` of the key, where all are copied),
//! before anything is changed.

mod pending;
mod write;

use super::{
    flight::Flight,
    listener::{Cause, Departure},
    policy::Policy,
    stats::CacheStats,
    store::Entry,
};
use hashbrown::HashTable;
use pending::Pending;
use std::{
    collections::VecDeque,
    mem::{needs_drop, replace},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
pub(super) use write::Put;

/// As idle time: no limit.
pub(super) const NEVER: u64 = u64::MAX;
/// After so many hits, or misses, …
const READS_A_SWEEP: u64 = 64;
/// … so many slots are looked at for entries that are past their time.
pub(super) const SLOTS_A_SWEEP: usize = 16;

/// The settings that a shard works by; times in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) capacity: u64,
    /// Or [`NEVER`].
    pub(super) idle: u64,
    pub(super) stale_for: u64,
    pub(super) errors_for: u64,
    /// How many errors a shard keeps.
    pub(super) errors: usize,
    /// Something depends on the time.
    pub(super) timed: bool,
    /// Somebody is told of entries that leave.
    pub(super) told: bool,
}

impl Limits {
    #[inline]
    fn age<K, V>(&self, entry: &Entry<K, V>, now: u64) -> Age {
        // Whatever the time is, a cache without times has nothing old.
        if now < entry.fresh_until && !self.is_idle(entry, now) {
            return Age::Fresh;
        }
        self.age_of_old(entry, now)
    }

    /// Whether nobody has read it for too long.
    #[inline]
    fn is_idle<K, V>(&self, entry: &Entry<K, V>, now: u64) -> bool {
        self.idle != NEVER && now.saturating_sub(entry.used) >= self.idle
    }

    /// An entry is read, or written anew.
    #[inline]
    fn touch<K, V>(&self, entry: &mut Entry<K, V>, now: u64) {
        // A hit that nothing asks for more than its count writes nothing else.
        if self.idle != NEVER {
            entry.used = entry.used.max(now);
        }
        Policy::touch(entry);
    }

    #[cold]
    fn age_of_old<K, V>(&self, entry: &Entry<K, V>, now: u64) -> Age {
        let lasts = now < entry.fresh_until.saturating_add(self.stale_for);
        match lasts && !self.is_idle(entry, now) {
            true => Age::Stale,
            false => Age::Dead,
        }
    }
}

/// What one who would load finds.
#[derive(Debug)]
pub(super) enum Look<K, V, E> {
    Fresh(V),
    /// `refresh`: nobody does so yet.
    Stale {
        value: V,
        refresh: bool,
    },
    Flying(Arc<Flight<K, V, E>>),
    Missing,
}

/// Why a load is to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// A read missed, and nobody was loading.
    Missed,
    /// There is no fresh value; whoever read that is counted already.
    Wanted,
    /// Somebody says so, whatever there is.
    Asked,
}

/// What is to be told of, and dropped, outside of the lock.
#[derive(Debug)]
pub(super) struct Leaving<K, V, E> {
    /// Mostly it is one, for which there is no need to allocate.
    pub(super) one: Option<Departure<K, V>>,
    pub(super) more: Vec<Departure<K, V>>,
    pub(super) flights: Vec<Arc<Flight<K, V, E>>>,
    /// Whether somebody is told of entries that leave.
    told: bool,
}

impl<K, V, E> Leaving<K, V, E> {
    fn none(told: bool) -> Self {
        Self {
            one: None,
            more: Vec::new(),
            flights: Vec::new(),
            told,
        }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.one.is_none() && self.flights.is_empty()
    }

    #[inline]
    fn push(&mut self, key: K, value: V, cause: Cause) {
        if !self.told && !needs_drop::<(K, V)>() {
            return;
        }
        let departure = Departure { key, value, cause };
        match self.one {
            None => self.one = Some(departure),
            Some(_) => self.more.push(departure),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Fresh,
    Stale,
    Dead,
}

/// An entry of the key that is not fresh, if there is one.
pub(super) type Old = Option<(u32, Age)>;

#[derive(Debug)]
pub(super) struct Shard<K, V, E> {
    policy: Policy<K, V>,
    pending: HashTable<Pending<K, V, E>>,
    /// Flights whose error is kept, the oldest first.
    errors: VecDeque<Pending<K, V, E>>,
    leaving: Leaving<K, V, E>,
    pub(super) counts: CacheStats,
    limits: Limits,
    stamp: u32,
    cursor: usize,
}

/// Whether it is time to [sweep](Shard::sweep), after so many hits, or misses.
#[inline]
pub(super) fn is_sweep_due(reads: u64) -> bool {
    reads.is_multiple_of(READS_A_SWEEP)
}

/// The part of a hash that is kept beside an entry.
#[allow(clippy::cast_possible_truncation)]
fn short(hash: u64) -> u32 {
    hash as u32
}

impl<K, V, E> Shard<K, V, E> {
    pub(super) fn new(share: u64, limits: Limits) -> Self {
        Self {
            policy: Policy::new(share),
            pending: HashTable::new(),
            errors: VecDeque::new(),
            leaving: Leaving::none(limits.told),
            counts: CacheStats::default(),
            limits,
            stamp: 0,
            cursor: 0,
        }
    }

    #[inline]
    pub(super) fn is_leaving(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// What is to leave, if anything is: to be asked before the lock is given up.
    #[inline]
    pub(super) fn leaving(&mut self) -> Option<Leaving<K, V, E>> {
        self.is_leaving()
            .then(|| replace(&mut self.leaving, Leaving::none(self.limits.told)))
    }

    /// The counts, and what is there now.
    pub(super) fn stats(&self) -> CacheStats {
        CacheStats {
            entries: self.policy.store.len() as u64,
            weight: self.policy.store.weight(),
            ..self.counts
        }
    }

    /// Copies what is fresh to the caller, who drops it outside of the lock, whichever `Clone` panics.
    pub(super) fn copy(&self, now: u64, keys: &mut Vec<K>, values: &mut Vec<V>)
    where
        K: Clone,
        V: Clone,
    {
        let fresh = |entry: &&Entry<K, V>| self.limits.age(entry, now) == Age::Fresh;
        for entry in self.policy.store.iter().filter(fresh) {
            keys.push(entry.key.clone());
            values.push(entry.value.clone());
        }
    }

    /// The entry of a key. One that is past its time leaves.
    #[inline]
    fn live(
        &mut self,
        hash: u64,
        now: u64,
        total: &AtomicU64,
        is_key: impl FnMut(&K) -> bool,
    ) -> Option<(u32, Age)> {
        let at = self.policy.store.find(short(hash), is_key)?;
        let age = self
            .policy
            .store
            .get(at)
            .map(|entry| self.limits.age(entry, now))?;
        if age == Age::Dead {
            self.expire(at, total);
            return None;
        }
        Some((at, age))
    }

    #[cold]
    fn expire(&mut self, at: u32, total: &AtomicU64) {
        let entry = self.policy.store.remove(at);
        total.fetch_sub(u64::from(entry.weight), Ordering::Relaxed);
        self.counts.expired += 1;
        self.leaving.push(entry.key, entry.value, Cause::Expired);
    }

    /// Lets those leave, of the next so many slots, that are past their time.
    pub(super) fn sweep(&mut self, now: u64, slots: usize, total: &AtomicU64) {
        let all = self.policy.store.slots();
        for _ in 0..slots.min(all) {
            self.cursor = if self.cursor + 1 < all {
                self.cursor + 1
            } else {
                0
            };
            let at = self.cursor as u32;
            let entry = self.policy.store.get(at);
            if entry.is_some_and(|entry| self.limits.age(entry, now) == Age::Dead) {
                self.expire(at, total);
            }
        }
        self.shed_errors(now);
    }

    /// How many slots there are to be swept.
    pub(super) fn slots(&self) -> usize {
        self.policy.store.slots()
    }

    /// Whether there is a fresh value; that is no read.
    pub(super) fn contains(&self, hash: u64, now: u64, is_key: impl FnMut(&K) -> bool) -> bool {
        let at = self.policy.store.find(short(hash), is_key);
        let entry = at.and_then(|at| self.policy.store.get(at));
        entry.is_some_and(|entry| self.limits.age(entry, now) == Age::Fresh)
    }

    /// A fresh value, or what there is instead.
    #[inline]
    pub(super) fn hit(
        &mut self,
        hash: u64,
        now: u64,
        is_key: impl FnMut(&K) -> bool,
    ) -> Result<V, Old>
    where
        V: Clone,
    {
        let Some(at) = self.policy.store.find(short(hash), is_key) else {
            return Err(None);
        };
        let entry = self.policy.store.entry(at);
        match self.limits.age(entry, now) {
            Age::Fresh => {
                let value = entry.value.clone();
                self.limits.touch(entry, now);
                self.counts.hits += 1;
                Ok(value)
            }
            age => Err(Some((at, age))),
        }
    }

    /// One that found no fresh value goes without. What is stale was not returned, so that is no read.
    #[inline]
    pub(super) fn miss(&mut self, old: Old, total: &AtomicU64) {
        self.counts.misses += 1;
        if let Some((at, Age::Dead)) = old {
            self.expire(at, total);
        }
    }

    /// Reads an entry that is stale. One that is dead leaves.
    #[cold]
    fn visit_old(&mut self, at: u32, age: Age, now: u64, total: &AtomicU64) -> Option<V>
    where
        V: Clone,
    {
        if age == Age::Dead {
            self.expire(at, total);
            return None;
        }
        let entry = self.policy.store.entry(at);
        let value = entry.value.clone();
        self.limits.touch(entry, now);
        Some(value)
    }

    /// What one who would load finds, where it is no [hit](Self::hit). Counted only the `first` time that it
    /// looks.
    #[inline]
    pub(super) fn look(
        &mut self,
        hash: u64,
        now: u64,
        total: &AtomicU64,
        first: bool,
        old: Old,
        is_key: impl FnMut(&K) -> bool,
    ) -> Look<K, V, E>
    where
        V: Clone,
    {
        // First, for the key's `Eq` may panic: a value in hand would be dropped under the lock.
        let flying = self.flying(hash, now, is_key);
        if let Some((at, age)) = old
            && let Some(value) = self.visit_old(at, age, now, total)
        {
            self.counts.stale_hits += 1;
            let refresh = flying.is_none();
            return Look::Stale { value, refresh };
        }
        if first {
            self.counts.misses += 1;
            self.counts.shared += u64::from(flying.is_some());
        }
        flying.map_or(Look::Missing, Look::Flying)
    }
}
