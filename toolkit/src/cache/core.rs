//! What the handles of a cache share: shards, settings, and how values come in and go.

use super::{
    LoadError,
    flight::Flight,
    listener::{Cause, Departure, Listener},
    shard::{Leaving, Limits, Look, Put, SLOTS_A_SWEEP, Shard},
    stats::Stats,
    store::Fresh,
};
use anyrt_core::{Instant, error::Panic, rt::Runtime};
use foldhash::quality::FixedState;
use std::{
    any::Any,
    borrow::{Borrow, Cow},
    fmt,
    hash::{BuildHasher, Hash},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
    time::Duration,
};

/// So many places are looked at without giving others a turn at the lock.
const SLOTS_AT_ONCE: usize = 256;

pub(super) type Weigher<K, V> = Box<dyn Fn(&K, &V) -> u32 + Send + Sync>;
pub(super) type Lifetime<K, V> = Box<dyn Fn(&K, &V) -> Option<Duration> + Send + Sync>;

pub(super) struct Settings<K, V> {
    pub(super) name: Option<Cow<'static, str>>,
    pub(super) ttl: Option<Duration>,
    pub(super) jitter: f64,
    pub(super) weigher: Option<Weigher<K, V>>,
    pub(super) lifetime: Option<Lifetime<K, V>>,
    pub(super) listener: Option<Listener<K, V>>,
    pub(super) limits: Limits,
}

/// A shard on cache lines of its own.
#[repr(align(64))]
struct Apart<T>(Mutex<T>);

pub(super) struct Core<R, K, V, E> {
    pub(super) rt: R,
    hasher: FixedState,
    shards: Box<[Apart<Shard<K, V, E>>]>,
    /// What all entries weigh. A shard that is fuller than others takes from their room.
    total: AtomicU64,
    pub(super) settings: Settings<K, V>,
}

impl<R: Runtime, K: Eq + Hash, V, E> Core<R, K, V, E> {
    /// `shards` is a power of two.
    pub(super) fn new(rt: R, shards: usize, settings: Settings<K, V>) -> Self {
        let share = settings.limits.capacity / shards as u64;
        let shard = || Apart(Mutex::new(Shard::new(share, settings.limits)));
        Self {
            // A seed of its own: who chooses the keys cannot choose where they collide.
            hasher: FixedState::with_seed(rt.random_u64()),
            shards: (0..shards).map(|_| shard()).collect(),
            total: AtomicU64::new(0),
            rt,
            settings,
        }
    }

    #[inline]
    pub(super) fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        self.hasher.hash_one(key)
    }

    /// The time, or nothing worth knowing where nothing depends on it.
    #[inline]
    pub(super) fn now(&self) -> u64 {
        match self.settings.limits.timed {
            true => self.rt.now().as_nanos(),
            false => 0,
        }
    }

    #[inline]
    fn lock(&self, index: usize) -> MutexGuard<'_, Shard<K, V, E>> {
        let shard = &self.shards[index & (self.shards.len() - 1)].0;
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The low half chooses within a shard.
    #[inline]
    fn shard_of(hash: u64) -> usize {
        (hash >> 32) as usize
    }

    /// Works on a shard, and lets what leaves go once the lock is free.
    #[inline]
    fn on_shard<T>(
        &self,
        index: usize,
        work: impl FnOnce(&mut Shard<K, V, E>, &AtomicU64) -> T,
    ) -> T {
        let mut shard = self.lock(index);
        let output = work(&mut shard, &self.total);
        let leaving = shard.leaving();
        drop(shard);
        if let Some(leaving) = leaving {
            self.let_go(Some(leaving));
        }
        output
    }

    /// Works on the shard of a hash.
    #[inline]
    pub(super) fn on<T>(
        &self,
        hash: u64,
        work: impl FnOnce(&mut Shard<K, V, E>, &AtomicU64) -> T,
    ) -> T {
        self.on_shard(Self::shard_of(hash), work)
    }

    /// Reads from the shard of a hash, and lets it sweep when that is due.
    #[inline]
    pub(super) fn read<T>(
        &self,
        hash: u64,
        now: u64,
        work: impl FnOnce(&mut Shard<K, V, E>, &AtomicU64) -> T,
    ) -> T {
        let mut shard = self.lock(Self::shard_of(hash));
        let output = work(&mut shard, &self.total);
        if self.settings.limits.timed && shard.is_sweep_due() {
            shard.sweep(now, SLOTS_A_SWEEP, &self.total);
        }
        if shard.is_leaving() {
            let leaving = shard.leaving();
            drop(shard);
            self.let_go(leaving);
        }
        output
    }

    /// Begins a load. What leaves for it is the caller's to [let go](Self::let_go), once somebody drives the
    /// load: a destructor that panics before would leave it to nobody.
    pub(super) fn begin(
        &self,
        flight: &Arc<Flight<K, V, E>>,
        anyway: bool,
        now: u64,
    ) -> Begun<K, V, E>
    where
        V: Clone,
    {
        let mut shard = self.lock(Self::shard_of(flight.hash));
        let begun = shard.begin(flight, anyway, now, &self.total);
        (begun, shard.leaving())
    }

    /// Works on all shards, one after the other.
    pub(super) fn on_all(&self, mut work: impl FnMut(&mut Shard<K, V, E>, &AtomicU64)) {
        for index in 0..self.shards.len() {
            self.on_shard(index, &mut work);
        }
    }

    /// Lets all go that is past its time, some at a time under a lock.
    pub(super) fn sweep(&self, now: u64) {
        for index in 0..self.shards.len() {
            let mut slots = self.lock(index).slots();
            while slots > 0 {
                let some = slots.min(SLOTS_AT_ONCE);
                self.on_shard(index, |shard, total| shard.sweep(now, some, total));
                slots -= some;
            }
        }
        if let Some(listener) = &self.settings.listener {
            listener.tell([]);
        }
    }

    /// How many shards there are.
    pub(super) fn shards(&self) -> usize {
        self.shards.len()
    }

    /// The fresh entries of one of the shards.
    pub(super) fn copy(&self, index: usize) -> Vec<(K, V)>
    where
        K: Clone,
        V: Clone,
    {
        let now = self.now();
        self.lock(index).copy(now)
    }

    #[cold]
    pub(super) fn let_go(&self, leaving: Option<Leaving<K, V, E>>) {
        let Some(Leaving { one, more, flights }) = leaving else {
            return;
        };
        if let Some(listener) = &self.settings.listener
            && one.is_some()
        {
            listener.tell(one.into_iter().chain(more));
        }
        drop(flights);
    }

    fn tell(&self, key: K, value: V, cause: Cause) {
        if let Some(listener) = &self.settings.listener {
            listener.tell([Departure { key, value, cause }]);
        }
    }

    /// What a value is kept as.
    pub(super) fn fresh(&self, key: K, value: V) -> Fresh<K, V> {
        let settings = &self.settings;
        let weigher = settings.weigher.as_ref();
        // Weightless entries would be bounded by nothing.
        let weight = weigher.map_or(1, |weigh| weigh(&key, &value).max(1));
        let chosen = settings
            .lifetime
            .as_ref()
            .and_then(|choose| choose(&key, &value));
        let now = self.now();
        let fresh_until = match chosen.or(settings.ttl) {
            None => Instant::MAX,
            Some(life) => Instant::from_nanos(now) + self.shortened(life),
        };
        Fresh {
            key,
            value,
            fresh_until: fresh_until.as_nanos(),
            used: now,
            weight,
            stamp: 0,
        }
    }

    /// By up to the part that is left to chance.
    fn shortened(&self, life: Duration) -> Duration {
        let jitter = self.settings.jitter;
        if jitter == 0.0 || life == Duration::ZERO {
            return life;
        }
        // 53 bits fill a float between 0 and 1.
        let chance = (self.rt.random_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let less = life.mul_f64(1.0 - jitter * chance);
        less.max(Duration::from_nanos(1)).min(life)
    }

    /// Keeps a value. Returns the fresh one that was there before.
    pub(super) fn put(&self, fresh: Fresh<K, V>) -> Option<V> {
        let hash = self.hash(&fresh.key);
        let put = self.on(hash, |shard, total| shard.put(hash, fresh, total));
        self.settle(hash, put)
    }

    /// Keeps a value, if its key is still in the state of `version`.
    pub(super) fn put_if(&self, hash: u64, version: Option<u32>, fresh: Fresh<K, V>) -> bool {
        let put = self.on(hash, |shard, total| {
            let same = shard.is_version(hash, version, |key| *key == fresh.key);
            // What is refused is dropped outside of the lock.
            match same {
                true => Ok(shard.put(hash, fresh, total)),
                false => Err(fresh),
            }
        });
        put.map(|put| self.settle(hash, put)).is_ok()
    }

    /// Takes an entry out, if it is in the state of `version`, or in any.
    pub(super) fn remove<Q>(
        &self,
        hash: u64,
        key: &Q,
        version: Option<Option<u32>>,
    ) -> (bool, Option<V>)
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let now = self.now();
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

    fn make_room(&self, hash: u64, mut need: u64) {
        for step in 1..self.shards.len() {
            if need == 0 {
                break;
            }
            let index = Self::shard_of(hash).wrapping_add(step);
            need -= self
                .on_shard(index, |shard, total| shard.evict(need, total))
                .min(need);
        }
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
        let outcome = match result {
            Ok(Ok(value)) => self.enter(flight, value).map_err(panicked),
            Ok(Err(error)) => Err(LoadError::Failed(Arc::new(error))),
            Err(payload) => Err(panicked(payload)),
        };
        if let Err(error) = &outcome {
            let (keep, now) = (error.failure().is_some(), self.now());
            self.on(flight.hash, |shard, _| shard.fail(flight, keep, now));
        }
        flight.land(outcome);
    }

    /// Keeps a copy of a loaded value, unless the load is late.
    fn enter(&self, flight: &Flight<K, V, E>, value: V) -> Result<V, Payload>
    where
        K: Clone,
        V: Clone,
    {
        // What weighs it, or says how long it lives, is as much the user's as the loader is.
        let kept = || self.fresh(flight.key.clone(), value.clone());
        let fresh = catch_unwind(AssertUnwindSafe(kept))?;
        let landed = self.on(flight.hash, |shard, total| shard.land(flight, fresh, total));
        if let Ok(put) = landed {
            self.make_room(flight.hash, put.need);
            if let Some((key, before, _)) = put.before {
                self.tell(key, before, Cause::Reloaded);
            }
        }
        Ok(value)
    }
}

/// What one finds who would begin a load, and what leaves for it.
pub(super) type Begun<K, V, E> = (Look<K, V, E>, Option<Leaving<K, V, E>>);
/// What a panic was raised with.
pub(super) type Payload = Box<dyn Any + Send>;

fn panicked<E>(payload: Payload) -> LoadError<E> {
    LoadError::Panicked(Arc::new(Panic::new(payload)))
}

impl<R: Runtime, K: Eq + Hash, V, E> Core<R, K, V, E> {
    pub(super) fn stats(&self) -> Stats {
        let mut all = Stats::default();
        for index in 0..self.shards.len() {
            all += self.lock(index).stats();
        }
        let listener = self.settings.listener.as_ref();
        all.listener_panics = listener.map_or(0, Listener::panics);
        all
    }
}

impl<R, K, V, E> fmt::Debug for Core<R, K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncCache")
            .field("name", &self.settings.name)
            .field("capacity", &self.settings.limits.capacity)
            .finish_non_exhaustive()
    }
}
