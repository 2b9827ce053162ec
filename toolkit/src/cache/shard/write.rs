//! What changes entries.

use super::{
    super::{flight::Flight, listener::Cause, store::Entry},
    Age, Shard, short,
};
use std::{
    cmp::Ordering::{Equal, Greater, Less},
    sync::atomic::{AtomicU64, Ordering},
};

/// What came of a write.
#[derive(Debug)]
pub(in super::super) struct Put<K, V> {
    /// The value that was there before, and whether it was fresh.
    pub(in super::super) before: Option<(K, V, bool)>,
    /// How much other shards have to give up.
    pub(in super::super) need: u64,
}

const GIVEN: &str = "an entry is put once";

impl<K, V, E> Shard<K, V, E> {
    /// Makes a value that of its key. A load of that key is late then, and its value will not enter.
    ///
    /// Where the key's `Eq` panics, it is still the caller's, who drops it outside of the lock.
    pub(in super::super) fn put(
        &mut self,
        hash: u64,
        given: &mut Option<Entry<K, V>>,
        total: &AtomicU64,
    ) -> Put<K, V>
    where
        K: Eq,
    {
        let fresh = given.as_ref().expect(GIVEN);
        let now = fresh.used;
        let live = self.live(hash, now, total, |key| *key == fresh.key);
        self.supersede(hash, now, |key| *key == fresh.key);
        let mut fresh = given.take().expect(GIVEN);
        self.stamp = self.stamp.wrapping_add(1);
        fresh.stamp = self.stamp;
        if u64::from(fresh.weight) > self.limits.capacity || fresh.fresh_until <= now {
            return self.refuse(live, fresh, total);
        }
        match live {
            None => self.add(hash, fresh, total),
            Some((at, age)) => self.replace(at, age, fresh, total),
        }
    }

    /// The load of a key, if one is under way, will not enter; an error that is kept is kept no more.
    fn supersede(&mut self, hash: u64, now: u64, is_key: impl FnMut(&K) -> bool) {
        if let Some(flight) = self.flying(hash, now, is_key) {
            self.forget(&flight);
            self.leaving.flights.push(flight);
        }
    }

    /// [Puts](Self::put) the value of a load, if that is still the key's load.
    pub(in super::super) fn land(
        &mut self,
        flight: &Flight<K, V, E>,
        given: &mut Option<Entry<K, V>>,
        total: &AtomicU64,
    ) -> Option<Put<K, V>>
    where
        K: Eq,
    {
        if !self.forget(flight) {
            return None;
        }
        Some(self.put(flight.hash, given, total))
    }

    /// One that is not to be kept: too heavy, or with no time to live. It takes the value before along.
    fn refuse(
        &mut self,
        live: Option<(u32, Age)>,
        fresh: Entry<K, V>,
        total: &AtomicU64,
    ) -> Put<K, V> {
        let before = live.map(|(at, age)| {
            let entry = self.take(at, total);
            (entry.key, entry.value, age == Age::Fresh)
        });
        let cause = if fresh.fresh_until <= fresh.used {
            self.counts.expired += 1;
            Cause::Expired
        } else {
            self.counts.rejected += 1;
            Cause::Size
        };
        self.leaving.push(fresh.key, fresh.value, cause);
        Put { before, need: 0 }
    }

    fn add(&mut self, hash: u64, fresh: Entry<K, V>, total: &AtomicU64) -> Put<K, V> {
        let (now, weight) = (fresh.used, u64::from(fresh.weight));
        let before = total.load(Ordering::Relaxed);
        // Where all is full, what leaves mostly weighs as much as what comes: nothing is to be counted then.
        let (before, come) = match before >= self.limits.capacity {
            true => (before, weight),
            false => (total.fetch_add(weight, Ordering::Relaxed), 0),
        };
        // What others have too much is theirs to give up.
        let need = (before + weight).saturating_sub(self.limits.capacity);
        let need = need.min(weight);
        let (counts, leaving) = (&mut self.counts, &mut self.leaving);
        let freed = self.policy.admit(short(hash), fresh, need, |entry| {
            counts.evicted += 1;
            leaving.push(entry.key, entry.value, Cause::Size);
        });
        match come.cmp(&freed) {
            Less => total.fetch_sub(freed - come, Ordering::Relaxed),
            Equal => 0,
            Greater => total.fetch_add(come - freed, Ordering::Relaxed),
        };
        if self.limits.timed {
            self.sweep(now, 2, total);
        }
        Put {
            before: None,
            need: need.saturating_sub(freed),
        }
    }

    fn replace(&mut self, at: u32, age: Age, fresh: Entry<K, V>, total: &AtomicU64) -> Put<K, V> {
        let weight = u64::from(fresh.weight);
        let entry = self.policy.store.entry(at);
        let before = std::mem::replace(&mut entry.value, fresh.value);
        (entry.fresh_until, entry.stamp) = (fresh.fresh_until, fresh.stamp);
        self.limits.touch(entry, fresh.used);
        let lost = u64::from(entry.weight);
        let mut put = Put {
            before: Some((fresh.key, before, age == Age::Fresh)),
            need: 0,
        };
        if weight != lost {
            self.policy.store.reweigh(at, fresh.weight);
            total.fetch_sub(lost, Ordering::Relaxed);
            let all = total.fetch_add(weight, Ordering::Relaxed) + weight;
            let need = all.saturating_sub(self.limits.capacity).min(weight);
            put.need = need.saturating_sub(self.evict(need, total));
        }
        put
    }

    /// Lets entries go, until they weighed so much or none is left; says how much that was.
    pub(in super::super) fn evict(&mut self, need: u64, total: &AtomicU64) -> u64 {
        let (counts, leaving) = (&mut self.counts, &mut self.leaving);
        let freed = self.policy.evict(need, |entry| {
            counts.evicted += 1;
            leaving.push(entry.key, entry.value, Cause::Size);
        });
        total.fetch_sub(freed, Ordering::Relaxed);
        freed
    }

    fn take(&mut self, at: u32, total: &AtomicU64) -> Entry<K, V> {
        let entry = self.policy.store.remove(at);
        total.fetch_sub(u64::from(entry.weight), Ordering::Relaxed);
        entry
    }

    /// Takes an entry out; a load of its key is late then.
    pub(in super::super) fn remove(
        &mut self,
        hash: u64,
        now: u64,
        total: &AtomicU64,
        mut is_key: impl FnMut(&K) -> bool,
    ) -> Option<(K, V, bool)> {
        let live = self.live(hash, now, total, |key| is_key(key));
        self.supersede(hash, now, is_key);
        let (at, age) = live?;
        let entry = self.take(at, total);
        Some((entry.key, entry.value, age == Age::Fresh))
    }

    /// Takes all out; all loads are late then.
    pub(in super::super) fn clear(&mut self, total: &AtomicU64) {
        self.forget_all();
        total.fetch_sub(self.policy.store.weight(), Ordering::Relaxed);
        for entry in self.policy.clear() {
            self.leaving.push(entry.key, entry.value, Cause::Cleared);
        }
        self.cursor = 0;
    }

    /// The fresh value of a key, and what tells this state of it from any other.
    pub(in super::super) fn version(
        &mut self,
        hash: u64,
        now: u64,
        total: &AtomicU64,
        is_key: impl FnMut(&K) -> bool,
    ) -> (Option<V>, Option<u32>)
    where
        V: Clone,
    {
        let Some((at, age)) = self.live(hash, now, total, is_key) else {
            return (None, None);
        };
        let entry = self.policy.store.entry(at);
        let value = (age == Age::Fresh).then(|| entry.value.clone());
        (value, Some(entry.stamp))
    }

    /// Whether the state of a key is still that one.
    pub(in super::super) fn is_version(
        &self,
        hash: u64,
        version: Option<u32>,
        is_key: impl FnMut(&K) -> bool,
    ) -> bool {
        let at = self.policy.store.find(short(hash), is_key);
        let entry = at.and_then(|at| self.policy.store.get(at));
        entry.map(|entry| entry.stamp) == version
    }
}
