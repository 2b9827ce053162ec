//! What the handles of a cache share: shards, and settings.

use super::{
    background::Rooms,
    flight::Flight,
    listener::{Cause, Departure, Listener},
    shard::{Leaving, Limits, Look, Old, SLOTS_A_SWEEP, Shard, Why, is_sweep_due},
    stats::CacheStats,
};
use crate::{lock::lock, unwind::All};
use anyrt_core::rt::Runtime;
use foldhash::quality::FixedState;
use std::{
    any::Any,
    borrow::Cow,
    fmt,
    hash::{BuildHasher, Hash},
    iter,
    sync::{Arc, Mutex, MutexGuard, atomic::AtomicU64},
    time::Duration,
    vec,
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
    pub(super) max_refreshes: usize,
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
    pub(super) background: Rooms,
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
            background: Rooms::new(settings.max_refreshes),
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
        lock(&self.shards[index & (self.shards.len() - 1)].0)
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

    /// The fresh value of a key, or what `otherwise` makes of what there is. Lets the shard sweep when that
    /// is due.
    ///
    /// A hit makes nothing leave, so it does not look whether anything does.
    #[inline]
    pub(super) fn read<T>(
        &self,
        hash: u64,
        now: u64,
        is_key: impl Fn(&K) -> bool,
        otherwise: impl FnOnce(&mut Shard<K, V, E>, &AtomicU64, Old) -> T,
    ) -> Result<V, T>
    where
        V: Clone,
    {
        let mut shard = self.lock(Self::shard_of(hash));
        match shard.hit(hash, now, is_key) {
            Ok(value) => {
                if is_sweep_due(shard.counts.hits) {
                    self.tend(shard, now, true);
                }
                Ok(value)
            }
            Err(old) => {
                let other = otherwise(&mut shard, &self.total, old);
                let sweep = is_sweep_due(shard.counts.misses);
                if sweep || shard.is_leaving() {
                    self.tend(shard, now, sweep);
                }
                Err(other)
            }
        }
    }

    /// Ends a read that has more to do.
    #[cold]
    #[inline(never)]
    fn tend(&self, mut shard: MutexGuard<'_, Shard<K, V, E>>, now: u64, sweep: bool) {
        if sweep && self.settings.limits.timed {
            shard.sweep(now, SLOTS_A_SWEEP, &self.total);
        }
        let leaving = shard.leaving();
        drop(shard);
        self.let_go(leaving);
    }

    /// Begins a load. What leaves for it is the caller's to [let go](Self::let_go), once somebody drives the
    /// load: a destructor that panics before would leave it to nobody.
    pub(super) fn begin(&self, flight: &Arc<Flight<K, V, E>>, why: Why, now: u64) -> Begun<K, V, E>
    where
        V: Clone,
    {
        let mut shard = self.lock(Self::shard_of(flight.hash));
        let begun = shard.begin(flight, why, now, &self.total);
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
    pub(super) fn copy(&self, index: usize) -> Entries<K, V>
    where
        K: Clone,
        V: Clone,
    {
        let now = self.now();
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        self.lock(index).copy(now, &mut keys, &mut values);
        keys.into_iter().zip(values)
    }

    /// Does what is to be done before what leaves is [let go](Self::let_go), which it is though that panics.
    pub(super) fn before_letting_go<T>(
        &self,
        leaving: Option<Leaving<K, V, E>>,
        act: impl FnOnce() -> T,
    ) -> T {
        let mut all = All::default();
        let mut output = None;
        all.call(|| output = Some(act()));
        all.call(|| self.let_go(leaving));
        all.end();
        output.expect("it has not panicked")
    }

    #[cold]
    pub(super) fn let_go(&self, leaving: Option<Leaving<K, V, E>>) {
        let Some(Leaving {
            one, more, flights, ..
        }) = leaving
        else {
            return;
        };
        if let Some(listener) = &self.settings.listener
            && one.is_some()
        {
            listener.tell(one.into_iter().chain(more));
        }
        drop(flights);
    }

    /// Lets entries of other shards go, until they weighed so much.
    #[inline]
    pub(super) fn make_room(&self, hash: u64, need: u64) {
        if need > 0 {
            self.make_room_elsewhere(hash, need);
        }
    }

    #[cold]
    fn make_room_elsewhere(&self, hash: u64, mut need: u64) {
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

    /// Tells of one that nobody gets.
    pub(super) fn tell(&self, key: K, value: V, cause: Cause) {
        if let Some(listener) = &self.settings.listener {
            listener.tell([Departure { key, value, cause }]);
        }
    }
}

/// Copies of entries.
pub(super) type Entries<K, V> = iter::Zip<vec::IntoIter<K>, vec::IntoIter<V>>;
/// What one finds who would begin a load, and what leaves for it.
pub(super) type Begun<K, V, E> = (Look<K, V, E>, Option<Leaving<K, V, E>>);
/// What a panic was raised with.
pub(super) type Payload = Box<dyn Any + Send>;

impl<R: Runtime, K: Eq + Hash, V, E> Core<R, K, V, E> {
    pub(super) fn stats(&self) -> CacheStats {
        let mut all = CacheStats::default();
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
