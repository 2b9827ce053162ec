//! A limiter for each key.

use super::{Quota, RateLimiter};
use crate::lock::{lock, wake_all};
use anyrt_core::{ConfigError, rt::Runtime};
use foldhash::quality::FixedState;
use hashbrown::HashTable;
use std::{
    borrow::Borrow,
    fmt,
    hash::{BuildHasher, Hash},
    sync::{Arc, Mutex, OnceLock},
};

/// A [`RateLimiter`] for each key, all with the same quota. Clones are the same limiter.
///
/// A key whose bucket is full again, and that nobody uses, is forgotten when the number of keys has doubled:
/// memory is for keys that were used lately.
///
/// ```
/// use anyrt::rt::Runtime;
/// use anyrt::limit::{KeyedRateLimiter, RateLimitError};
///
/// /// Ten a second for each user.
/// async fn answer<R: Runtime>(
///     limiter: &KeyedRateLimiter<R, String>,
///     user: &str,
/// ) -> Result<&'static str, RateLimitError> {
///     limiter.key(user).try_acquire()?;
///     Ok("hello")
/// }
/// ```
pub struct KeyedRateLimiter<R, K> {
    inner: Arc<Inner<R, K>>,
}

struct Inner<R, K> {
    rt: R,
    name: OnceLock<Arc<str>>,
    /// With a seed of its own: who chooses the keys cannot choose where they collide.
    hasher: FixedState,
    keys: Mutex<Keys<R, K>>,
}

struct Keys<R, K> {
    quota: Quota,
    limiters: HashTable<Keyed<R, K>>,
    /// Those that nobody uses are looked for at so many keys.
    sweep_at: usize,
}

/// A key's hash is kept: a table that hashed all keys anew, as it grows or tidies itself up, would lose those
/// that are left when one of them panics.
struct Keyed<R, K> {
    hash: u64,
    key: K,
    limiter: RateLimiter<R>,
}

const FEWEST: usize = 64;

impl<R: Runtime, K: Hash + Eq> KeyedRateLimiter<R, K> {
    /// A limiter without keys.
    ///
    /// # Errors
    /// A [`ConfigError`] for a rate, a period or a burst of zero.
    pub fn new(rt: &R, quota: Quota) -> Result<Self, ConfigError> {
        Ok(Self {
            inner: Arc::new(Inner {
                rt: rt.clone(),
                name: OnceLock::new(),
                hasher: FixedState::with_seed(rt.random_u64()),
                keys: Mutex::new(Keys {
                    quota: quota.check()?,
                    limiters: HashTable::new(),
                    sweep_at: FEWEST,
                }),
            }),
        })
    }

    /// Names the limiter, with all its clones and those of its keys, as [`RateLimiter::named`] does. A name that it has
    /// already, stays.
    ///
    /// ```
    /// use anyrt::{ConfigError, limit::{KeyedRateLimiter, Quota}, rt::Runtime};
    ///
    /// fn by_user<R: Runtime>(rt: &R) -> Result<KeyedRateLimiter<R, String>, ConfigError> {
    ///     Ok(KeyedRateLimiter::new(rt, Quota::per_second(10))?.named("by user"))
    /// }
    /// # let rt = anyrt_smol::Smol::default();
    /// # assert_eq!(by_user(&rt).unwrap().key("7").name(), Some("by user"));
    /// ```
    pub fn named(self, name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        let name = self.inner.name.get_or_init(|| name);
        for keyed in &lock(&self.inner.keys).limiters {
            keyed.limiter.inner.name.get_or_init(|| name.clone());
        }
        self
    }

    /// Its name, where it was given one.
    pub fn name(&self) -> Option<&str> {
        self.inner.name.get().map(|name| &**name)
    }

    /// The limiter of a key. It may be kept; then the key is not forgotten.
    ///
    /// # Panics
    /// As the key's `Hash`, `Eq` and `ToOwned` do. `Eq` runs under a lock, and must not use this limiter.
    pub fn key<Q>(&self, key: &Q) -> RateLimiter<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let hash = self.inner.hasher.hash_one(key);
        let is_it = |keyed: &Keyed<R, K>| keyed.hash == hash && keyed.key.borrow() == key;
        if let Some(keyed) = lock(&self.inner.keys).limiters.find(hash, is_it) {
            return keyed.limiter.clone();
        }
        let owned = key.to_owned();
        let now = self.inner.rt.now();
        let mut keys = lock(&self.inner.keys);
        // Somebody may have been faster. A key is not dropped under the lock.
        if let Some(keyed) = keys.limiters.find(hash, is_it) {
            return keyed.limiter.clone();
        }
        let limiter = RateLimiter::new(&self.inner.rt, keys.quota).expect("the quota was checked");
        if let Some(name) = self.inner.name.get() {
            limiter.inner.name.get_or_init(|| name.clone());
        }
        let keyed = Keyed {
            hash,
            key: owned,
            limiter: limiter.clone(),
        };
        keys.limiters.insert_unique(hash, keyed, |other| other.hash);
        if keys.limiters.len() < keys.sweep_at {
            return limiter;
        }
        let is_unused = |keyed: &mut Keyed<R, K>| keyed.limiter.is_idle(now);
        let unused = keys.limiters.extract_if(is_unused);
        let unused: Vec<_> = unused.collect();
        keys.sweep_at = (keys.limiters.len() * 2).max(FEWEST);
        drop(keys);
        drop(unused);
        limiter
    }

    /// Changes the quota of all keys, as [`RateLimiter::set_quota`] does.
    ///
    /// # Errors
    /// A [`ConfigError`] for a rate, a period or a burst of zero; the old quota is kept.
    pub fn set_quota(&self, quota: Quota) -> Result<(), ConfigError> {
        let quota = quota.check_for(self.name())?;
        let now = self.inner.rt.now();
        let mut wakers = Vec::new();
        {
            // All under one lock: of two who change it, the later one wins for each key.
            let mut keys = lock(&self.inner.keys);
            keys.quota = quota;
            for keyed in &keys.limiters {
                let inner = &keyed.limiter.inner;
                inner.change(now, &mut wakers, |line, wakers| {
                    line.set_quota(now, quota, wakers);
                });
            }
        }
        wake_all(wakers);
        Ok(())
    }

    /// How many keys it remembers.
    pub fn len(&self) -> usize {
        lock(&self.inner.keys).limiters.len()
    }

    /// Whether it remembers no key.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<R, K> Clone for KeyedRateLimiter<R, K> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<R, K> fmt::Debug for KeyedRateLimiter<R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (quota, len) = {
            let keys = lock(&self.inner.keys);
            (keys.quota, keys.limiters.len())
        };
        f.debug_struct("KeyedRateLimiter")
            .field("name", &self.inner.name.get())
            .field("quota", &quota)
            .field("keys", &len)
            .finish_non_exhaustive()
    }
}
