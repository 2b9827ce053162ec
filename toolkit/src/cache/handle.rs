//! The cache, as far as nothing has to be waited for.

use super::{
    CacheStats,
    builder::CacheBuilder,
    core::{Core, Entries},
    shard::Shard,
};
use crate::owned::{self, Owned};
use anyrt_core::rt::Runtime;
use std::{borrow::Borrow, convert::Infallible, fmt, hash::Hash, sync::Arc};

/// A cache that several callers share: it loads each value once, keeps what is worth keeping, and forgets
/// what is too old.
///
/// A clone is another handle of the same cache. Values come out as clones: put large ones behind an `Arc`.
/// `E` is what a load may fail with; see [`fallible`](CacheBuilder::fallible). The
/// [room's page](super) has examples.
///
/// Keys can be looked up by anything that they [`Borrow`], as in a `HashMap`. `Eq` of the key and
/// `Clone` of the value run under a lock of the cache: they must not use the cache. A panic of theirs,
/// or of `Hash`, unwinds the caller and changes nothing.
pub struct AsyncCache<R, K, V, E = Infallible>
where
    R: Runtime,
    K: Eq + Hash,
{
    pub(super) core: Arc<Core<R, K, V, E>>,
    /// Dropped with the last handle: what it runs holds the rest of the cache, and must not hold itself.
    pub(super) background: Arc<Owned<R>>,
}

impl<R: Runtime, K: Eq + Hash, V, E> Clone for AsyncCache<R, K, V, E> {
    fn clone(&self) -> Self {
        Self {
            core: self.core.clone(),
            background: self.background.clone(),
        }
    }
}

impl<R: Runtime, K: Eq + Hash, V> AsyncCache<R, K, V> {
    /// Settings for a cache.
    pub fn builder(rt: &R) -> CacheBuilder<R, K, V> {
        CacheBuilder::new(rt)
    }
}

impl<R, K, V, E> AsyncCache<R, K, V, E>
where
    R: Runtime,
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    #[track_caller]
    pub(super) fn over(core: Core<R, K, V, E>) -> Self {
        let name = core.settings.name.as_deref();
        let background = owned::group(&core.rt, "cache", name, |_| ());
        Self {
            background: Arc::new(background),
            core: Arc::new(core),
        }
    }

    /// The fresh value of a key.
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let hash = self.core.hash(key);
        let now = self.core.now();
        let is_key = |kept: &K| kept.borrow() == key;
        let found = self.core.read(hash, now, is_key, |shard, total, old| {
            shard.miss(old, total);
        });
        found.ok()
    }

    /// Whether there is a fresh value. That is no read: it counts neither for
    /// [`idle`](CacheBuilder::idle) nor for who has to go.
    pub fn contains<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let hash = self.core.hash(key);
        let now = self.core.now();
        self.core.on(hash, |shard, _| {
            shard.contains(hash, now, |kept| kept.borrow() == key)
        })
    }

    /// Makes `value` the key's value, and returns the fresh one that it had. A load of the key that is under
    /// way is late then: who waits for it gets what it loads, but that does not enter (*CA-6*).
    pub fn insert(&self, key: K, value: V) -> Option<V> {
        self.core.put(self.core.fresh(key, value, self.core.now()))
    }

    /// Takes a value out, and returns it if it was fresh. A load of the key that is under way is late then, as
    /// with [`insert`](Self::insert).
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let (hash, now) = (self.core.hash(key), self.core.now());
        self.core.remove(hash, key, None, now).1
    }

    /// Takes all out. All loads that are under way are late then, as with [`insert`](Self::insert). For each
    /// key that happens at one instant; for different keys, one after another.
    pub fn clear(&self) {
        self.core.on_all(Shard::clear);
    }

    /// Changes a value at one instant: `change` gets the fresh one, or `None`, and says what it is to be.
    /// Returns that.
    ///
    /// `change` runs under no lock. Where the value was changed meanwhile, it runs again with the new
    /// one, so of overlapping changes none is lost. A panic in it changes nothing. What it gives lives
    /// from when it was called. A load of the key that is under way is late then, as with
    /// [`insert`](Self::insert).
    ///
    /// ```
    /// # use anyrt::{ConfigError, rt::Runtime};
    /// # use anyrt::AsyncCache;
    /// # fn demo<R: Runtime>(rt: &R) -> Result<(), ConfigError> {
    /// let seen = AsyncCache::builder(rt).capacity(1000).build()?;
    /// let times = seen.update("alice", |times| Some(times.unwrap_or(0) + 1));
    /// # let _: (Option<u32>, AsyncCache<R, String, u32>) = (times, seen);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update<Q>(&self, key: &Q, mut change: impl FnMut(Option<V>) -> Option<V>) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let hash = self.core.hash(key);
        loop {
            let now = self.core.now();
            let (value, version) = self.core.on(hash, |shard, total| {
                shard.version(hash, now, total, |kept| kept.borrow() == key)
            });
            let changed = change(value);
            let done = match changed.clone() {
                Some(value) => {
                    let fresh = self.core.fresh(key.to_owned(), value, now);
                    self.core.put_if(hash, version, fresh)
                }
                None => self.core.remove(hash, key, Some(version), now).0,
            };
            if done {
                return changed;
            }
        }
    }

    /// Copies of all fresh entries, in no order. They are taken a part of the cache at a time: what changes
    /// meanwhile is in it or not.
    ///
    /// `Clone` of keys runs under a lock of the cache here, as that of values does.
    pub fn iter(&self) -> Iter<'_, R, K, V, E> {
        Iter {
            core: &self.core,
            shard: 0,
            entries: Vec::new().into_iter().zip(Vec::new()),
        }
    }

    /// Lets go at once what is past its time, and tells [`on_evict`](CacheBuilder::on_evict) what it has not
    /// been told.
    ///
    /// Nothing depends on it. What is past its time is never returned, and leaves by itself: when it
    /// is come upon, or when its turn comes. Each insertion looks at two more places of its
    /// part of the cache, and every 64 hits or misses at 16, in turns.
    pub fn run_pending(&self) {
        let now = self.core.now();
        self.core.sweep(now);
    }

    /// How many entries there are. Some may be past their time; [`run_pending`](Self::run_pending) lets
    /// those go.
    pub fn len(&self) -> usize {
        usize::try_from(self.stats().entries).unwrap_or(usize::MAX)
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What all entries weigh: how many there are, without a [`weigher`](CacheBuilder::weigher).
    pub fn weight(&self) -> u64 {
        self.stats().weight
    }

    /// What they may weigh.
    pub fn capacity(&self) -> u64 {
        self.core.settings.limits.capacity
    }

    /// The cache's name.
    pub fn name(&self) -> Option<&str> {
        self.core.settings.name.as_deref()
    }

    /// Counts of all that was done (*CA-12*).
    pub fn stats(&self) -> CacheStats {
        self.core.stats()
    }
}

impl<R: Runtime, K: Eq + Hash, V, E> fmt::Debug for AsyncCache<R, K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}

/// The iterator of [`AsyncCache::iter`].
#[must_use = "iterators do nothing unless they are used"]
pub struct Iter<'a, R, K, V, E> {
    core: &'a Core<R, K, V, E>,
    shard: usize,
    entries: Entries<K, V>,
}

impl<R: Runtime, K: Clone + Eq + Hash, V: Clone, E> Iterator for Iter<'_, R, K, V, E> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        loop {
            if let Some(entry) = self.entries.next() {
                return Some(entry);
            }
            if self.shard == self.core.shards() {
                return None;
            }
            self.entries = self.core.copy(self.shard);
            self.shard += 1;
        }
    }
}

impl<R, K, V, E> fmt::Debug for Iter<'_, R, K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").finish_non_exhaustive()
    }
}
