//! How values come into a cache, and go.

use super::{
    LoadError,
    core::{Core, Payload},
    flight::Flight,
    listener::Cause,
    shard::Put,
    store::Entry,
};
use anyrt_core::{Instant, error::Panic, rt::Runtime};
use std::{
    borrow::Borrow,
    hash::Hash,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
    time::Duration,
};

impl<R: Runtime, K: Eq + Hash, V, E> Core<R, K, V, E> {
    /// What a value is kept as, whose life counts from `now`.
    pub(super) fn fresh(&self, key: K, value: V, now: u64) -> Entry<K, V> {
        let settings = &self.settings;
        let weigher = settings.weigher.as_ref();
        // Weightless entries would be bounded by nothing.
        let weight = weigher.map_or(1, |weigh| weigh(&key, &value).max(1));
        let chosen = settings
            .lifetime
            .as_ref()
            .and_then(|choose| choose(&key, &value));
        let fresh_until = match chosen.or(settings.ttl) {
            None => Instant::MAX,
            Some(life) => Instant::from_nanos(now) + self.shortened(life),
        };
        Entry::new(key, value, fresh_until.as_nanos(), now, weight)
    }

    /// By up to the part that is left to chance.
    fn shortened(&self, life: Duration) -> Duration {
        let jitter = self.settings.jitter;
        if jitter == 0.0 || life == Duration::ZERO {
            return life;
        }
        // 53 bits fill a float between 0 and 1.
        let chance = (self.rt.random_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let part = 1.0 - jitter * chance;
        // Rounded up, it may be more than there is.
        let less = Duration::try_from_secs_f64(life.as_secs_f64() * part).unwrap_or(life);
        less.max(Duration::from_nanos(1)).min(life)
    }

    /// Keeps a value. Returns the fresh one that was there before.
    pub(super) fn put(&self, fresh: Entry<K, V>) -> Option<V> {
        let hash = self.hash(&fresh.key);
        let mut fresh = Some(fresh);
        let put = self.on(hash, |shard, total| shard.put(hash, &mut fresh, total));
        self.settle(hash, put)
    }

    /// Keeps a value, if its key is still in the state of `version`.
    pub(super) fn put_if(&self, hash: u64, version: Option<u32>, fresh: Entry<K, V>) -> bool {
        // What is refused is dropped outside of the lock.
        let mut fresh = Some(fresh);
        let put = self.on(hash, |shard, total| {
            let is_key = |key: &K| fresh.as_ref().is_some_and(|fresh| *key == fresh.key);
            let same = shard.is_version(hash, version, is_key);
            same.then(|| shard.put(hash, &mut fresh, total))
        });
        put.map(|put| self.settle(hash, put)).is_some()
    }

    /// Takes an entry out, if it is in the state of `version`, or in any.
    pub(super) fn remove<Q>(
        &self,
        hash: u64,
        key: &Q,
        version: Option<Option<u32>>,
        now: u64,
    ) -> (bool, Option<V>)
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let is_key = |kept: &K| kept.borrow() == key;
        let removed = self.on(hash, |shard, total| {
            let same = version.is_none_or(|version| shard.is_version(hash, version, is_key));
            same.then(|| shard.remove(hash, now, total, is_key))
        });
        let Some(before) = removed else {
            return (false, None);
        };
        (true, before.and_then(|before| self.hand_out(before)))
    }

    /// Makes the room in other shards that a write still needs, and hands out what was there before.
    fn settle(&self, hash: u64, put: Put<K, V>) -> Option<V> {
        self.make_room(hash, put.need);
        put.before.and_then(|before| self.hand_out(before))
    }

    /// Each entry goes one way: a fresh one to who took it out, a stale one to `on_evict`.
    fn hand_out(&self, (key, value, fresh): (K, V, bool)) -> Option<V> {
        if fresh {
            return Some(value);
        }
        self.tell(key, value, Cause::Expired);
        None
    }

    /// A load is over: its value enters if it is still the key's load, then all who wait are told.
    pub(super) fn land(&self, flight: &Arc<Flight<K, V, E>>, result: Result<Result<V, E>, Payload>)
    where
        K: Clone,
        V: Clone,
    {
        // What weighs it, or says how long it lives, is as much the user's as the loader is.
        let now = self.now();
        let copy = |value: &V| self.fresh(flight.key.clone(), value.clone(), now);
        let (mut fresh, mut unused) = (None, None);
        let outcome = match result {
            Ok(Ok(value)) => match catch_unwind(AssertUnwindSafe(|| copy(&value))) {
                Ok(copied) => {
                    fresh = Some(copied);
                    Ok(value)
                }
                Err(payload) => {
                    unused = Some(value);
                    Err(panicked(payload))
                }
            },
            Ok(Err(error)) => Err(LoadError::Failed(Arc::new(error))),
            Err(payload) => Err(panicked(payload)),
        };
        let keep = outcome.as_ref().is_err_and(|e| e.error().is_some());
        // The key's `Eq`, and destructors of what leaves, may panic. Those who wait have no part in that.
        let settled = catch_unwind(AssertUnwindSafe(|| {
            match fresh {
                Some(fresh) => self.enter(flight, fresh),
                None => {
                    self.on(flight.hash, |shard, _| shard.fail(flight, keep, now));
                }
            }
            drop(unused);
        }));
        flight.land(outcome);
        if let Err(payload) = settled {
            resume_unwind(payload);
        }
    }

    /// Keeps a loaded value, unless the load is late.
    fn enter(&self, flight: &Flight<K, V, E>, fresh: Entry<K, V>) {
        let mut fresh = Some(fresh);
        let landed = self.on(flight.hash, |shard, total| {
            shard.land(flight, &mut fresh, total)
        });
        if let Some(put) = landed {
            self.make_room(flight.hash, put.need);
            if let Some((key, before, _)) = put.before {
                self.tell(key, before, Cause::Reloaded);
            }
        }
    }
}

fn panicked<E>(payload: Payload) -> LoadError<E> {
    LoadError::Panicked(Arc::new(Panic::new(payload)))
}
