//! The settings of a cache.

use super::{
    AsyncCache,
    core::{Core, Lifetime, Settings, Weigher},
    listener::{Cause, Listener},
    shard::{Limits, NEVER},
};
use crate::{name::refused, nanos::nanos};
use anyrt_core::{ConfigError, error::check, rt::Runtime};
use std::{borrow::Cow, convert::Infallible, fmt, hash::Hash, marker::PhantomData, time::Duration};

/// A shard has room for at least so many.
const LEAST_SHARE: u64 = 128;
/// Shards a worker thread, so that two of them seldom meet at one.
const SHARDS_A_THREAD: usize = 4;
const MOST_SHARDS: usize = 256;

/// Settings of an [`AsyncCache`], made by [`AsyncCache::builder`].
#[must_use = "a builder does nothing until `build`"]
pub struct CacheBuilder<R, K, V, E = Infallible> {
    rt: R,
    options: Options<K, V>,
    error: PhantomData<fn() -> E>,
}

struct Options<K, V> {
    name: Option<Cow<'static, str>>,
    capacity: Option<u64>,
    weigher: Option<Weigher<K, V>>,
    ttl: Option<Duration>,
    idle: Option<Duration>,
    lifetime: Option<Lifetime<K, V>>,
    stale_for: Duration,
    errors_for: Duration,
    max_refreshes: Option<usize>,
    jitter: f64,
    listener: Option<Listener<K, V>>,
}

impl<R: Runtime, K, V> CacheBuilder<R, K, V> {
    pub(super) fn new(rt: &R) -> Self {
        let options = Options {
            name: None,
            capacity: None,
            weigher: None,
            ttl: None,
            idle: None,
            lifetime: None,
            stale_for: Duration::ZERO,
            errors_for: Duration::ZERO,
            max_refreshes: None,
            jitter: 0.0,
            listener: None,
        };
        Self {
            rt: rt.clone(),
            options,
            error: PhantomData,
        }
    }

    /// Loads may fail, with an `E`. All who wait for a load get its error, behind an `Arc`.
    pub fn fallible<E>(self) -> CacheBuilder<R, K, V, E> {
        CacheBuilder {
            rt: self.rt,
            options: self.options,
            error: PhantomData,
        }
    }
}

impl<R: Runtime, K, V, E> CacheBuilder<R, K, V, E>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Names the cache, for errors and `Debug`.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.options.name = Some(name.into());
        self
    }

    /// How much the entries may weigh together: how many there may be, without a
    /// [`weigher`](Self::weigher). It has to be set. 0 keeps nothing, and loads are shared all the same.
    pub fn capacity(mut self, capacity: u64) -> Self {
        self.options.capacity = Some(capacity);
        self
    }

    /// What an entry weighs, in any unit that the capacity is in, too. It is asked once a write. An entry of
    /// weight 0 counts as 1, for otherwise nothing would bound their number; one heavier than
    /// the capacity is not kept, and what was there under its key leaves.
    pub fn weigher(mut self, weigh: impl Fn(&K, &V) -> u32 + Send + Sync + 'static) -> Self {
        self.options.weigher = Some(Box::new(weigh));
        self
    }

    /// How long a value is fresh, from its insertion or the end of its load (*CA-8*).
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.options.ttl = Some(ttl);
        self
    }

    /// How long a value is kept without being read.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.options.idle = Some(idle);
        self
    }

    /// How long this value is fresh: instead of the [`ttl`](Self::ttl), unless it says `None`. Zero is not
    /// at all: its current callers get it, and it is not kept. Never is [`Duration::MAX`].
    ///
    /// `None` is a value like any other. Here is where it is given a life of its own, or none:
    ///
    /// ```
    /// # use anyrt::{ConfigError, rt::Runtime};
    /// # use anyrt::AsyncCache;
    /// # use std::time::Duration;
    /// # fn demo<R: Runtime>(rt: &R) -> Result<AsyncCache<R, u64, Option<String>>, ConfigError> {
    /// let users = AsyncCache::builder(rt)
    ///     .capacity(10_000)
    ///     .ttl(Duration::from_secs(600))
    ///     .lifetime(|_id, user: &Option<String>| user.is_none().then_some(Duration::from_secs(5)))
    ///     .build()?;
    /// # Ok(users)
    /// # }
    /// ```
    pub fn lifetime(
        mut self,
        choose: impl Fn(&K, &V) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.options.lifetime = Some(Box::new(choose));
        self
    }

    /// How long a value is still served once it is no longer fresh, while a load in the background brings a
    /// new one (*CA-9*). Where that fails, the next one who comes begins another, as long as the
    /// stale value lasts.
    ///
    /// It is of use where values have a [`ttl`](Self::ttl) or a [`lifetime`](Self::lifetime): others are fresh for ever.
    /// Only calls that bring a loader are served so: [`get`](AsyncCache::get) never returns what is stale.
    pub fn stale_for(mut self, limit: Duration) -> Self {
        self.options.stale_for = limit;
        self
    }

    /// How many loads may be under way in the background, those of [`refresh`](AsyncCache::refresh)
    /// included: as many as there may be entries, unless set. Where they are, no other begins: what is stale
    /// is served, and the next one who comes looks again (*CA-29*).
    pub fn max_refreshes(mut self, most: usize) -> Self {
        self.options.max_refreshes = Some(most);
        self
    }

    /// How long the error of a load is kept, and given to who asks for its key; without it, not at all
    /// (*CA-2*). As many errors are kept as entries may be, at most. A panic is never kept, so where loads cannot fail
    /// otherwise there is nothing to keep.
    pub fn errors_for(mut self, limit: Duration) -> Self {
        self.options.errors_for = limit;
        self
    }

    /// Shortens each life by up to this part of it, at random, so that what came together does not expire
    /// together. Between 0 and 1.
    pub fn jitter(mut self, part: f64) -> Self {
        self.options.jitter = part;
        self
    }

    /// Called with each entry that leaves, and why, unless the call that removes it returns it.
    ///
    /// It runs in the operation that made the entry leave, one call at a time and under no lock: it may use
    /// the cache. What leaves while it runs is told of afterwards, not inside of it. Its panics are counted,
    /// in [`CacheStats`](super::CacheStats), and go no further.
    pub fn on_evict(mut self, call: impl Fn(K, V, Cause) + Send + Sync + 'static) -> Self {
        self.options.listener = Some(Listener::new(Box::new(call)));
        self
    }

    /// The cache.
    ///
    /// The loads that it makes in the background are tasks of a group of its own, which ends with its last
    /// handle. No other group waits for them (*LC-24*).
    ///
    /// # Errors
    /// A [`ConfigError`] where there is no capacity, for a `ttl` or `idle` of zero, which would keep nothing
    /// (a capacity of 0 says that better), for a `max_refreshes` of 0, with which what is stale would stay so,
    /// and for a `jitter` that is not between 0 and 1.
    #[track_caller]
    pub fn build(self) -> Result<AsyncCache<R, K, V, E>, ConfigError> {
        let Self { rt, options, .. } = self;
        Self::checked(&options)
            .map_err(|error| refused(error, "cache", options.name.as_deref()))?;
        let capacity = options.capacity.unwrap_or(0);
        let threads = rt.parallelism().get();
        let wanted = threads.saturating_mul(SHARDS_A_THREAD).min(MOST_SHARDS);
        let mut shards = wanted.next_power_of_two();
        while shards > 1 && capacity / (shards as u64) < LEAST_SHARE {
            shards /= 2;
        }
        let share = capacity / shards as u64;
        let most = usize::try_from(capacity).unwrap_or(usize::MAX);
        let limits = Limits {
            capacity,
            idle: options.idle.map_or(NEVER, nanos),
            stale_for: nanos(options.stale_for),
            errors_for: nanos(options.errors_for),
            errors: usize::try_from(share).unwrap_or(usize::MAX).max(1),
            timed: options.ttl.is_some()
                || options.idle.is_some()
                || options.lifetime.is_some()
                || options.errors_for > Duration::ZERO,
            told: options.listener.is_some(),
        };
        let settings = Settings {
            name: options.name,
            ttl: options.ttl,
            jitter: options.jitter,
            weigher: options.weigher,
            lifetime: options.lifetime,
            listener: options.listener,
            limits,
            max_refreshes: options.max_refreshes.unwrap_or(most).max(1),
        };
        Ok(AsyncCache::over(Core::new(rt, shards, settings)))
    }

    fn checked(options: &Options<K, V>) -> Result<(), ConfigError> {
        let permitted = "a number: call `.capacity(..)`";
        check::that(options.capacity.is_some(), "capacity", "none", permitted)?;
        for (field, life) in [("ttl", options.ttl), ("idle", options.idle)] {
            check::more_than_zero(field, life)?;
        }
        if let Some(most) = options.max_refreshes {
            check::at_least_one("max_refreshes", most)?;
        }
        check::from_0_to_1("jitter", options.jitter)
    }
}

impl<R, K, V, E> fmt::Debug for CacheBuilder<R, K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder")
            .field("name", &self.options.name)
            .field("capacity", &self.options.capacity)
            .field("ttl", &self.options.ttl)
            .field("idle", &self.options.idle)
            .field("stale_for", &self.options.stale_for)
            .finish_non_exhaustive()
    }
}
