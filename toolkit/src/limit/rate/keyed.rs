//! A limiter for each key.

use super::{Quota, RateLimiter};
use crate::lock::{lock, wake_all};
use anyrt_core::{ConfigError, rt::Runtime};
use foldhash::quality::FixedState;
use std::{
    borrow::Borrow,
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{Arc, Mutex},
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
    keys: Mutex<Keys<R, K>>,
}

struct Keys<R, K> {
    quota: Quota,
    /// With a seed of its own: who chooses the keys cannot choose where they collide.
    limiters: HashMap<K, RateLimiter<R>, FixedState>,
    /// Those that nobody uses are looked for at so many keys.
    sweep_at: usize,
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
                keys: Mutex::new(Keys {
                    quota: quota.check()?,
                    limiters: HashMap::with_hasher(FixedState::with_seed(rt.random_u64())),
                    sweep_at: FEWEST,
                }),
            }),
        })
    }

    /// The limiter of a key. It may be kept; then the key is not forgotten.
    ///
    /// # Panics
    /// As the key's `Hash` and `Eq` do, which run under a lock, and must not use this limiter.
    pub fn key<Q>(&self, key: &Q) -> RateLimiter<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(limiter) = lock(&self.inner.keys).limiters.get(key) {
            return limiter.clone();
        }
        let owned = key.to_owned();
        let now = self.inner.rt.now();
        let mut keys = lock(&self.inner.keys);
        // Somebody may have been faster. A key is not dropped under the lock.
        if let Some(limiter) = keys.limiters.get(key) {
            return limiter.clone();
        }
        let limiter = RateLimiter::new(&self.inner.rt, keys.quota).expect("the quota was checked");
        keys.limiters.insert(owned, limiter.clone());
        if keys.limiters.len() < keys.sweep_at {
            return limiter;
        }
        let unused = keys.limiters.extract_if(|_, limiter| limiter.is_idle(now));
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
        let quota = quota.check()?;
        let now = self.inner.rt.now();
        let mut wakers = Vec::new();
        {
            // All under one lock: of two who change it, the later one wins for each key.
            let mut keys = lock(&self.inner.keys);
            keys.quota = quota;
            for limiter in keys.limiters.values() {
                lock(&limiter.inner.line).set_quota(now, quota, &mut wakers);
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
            .field("quota", &quota)
            .field("keys", &len)
            .finish_non_exhaustive()
    }
}
