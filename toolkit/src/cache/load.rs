//! The cache, as far as values have to be waited for.

use super::{
    AsyncCache, Deadlock, LoadError,
    core::Core,
    flight::Flight,
    shard::{Look, Why},
    waiter::Waiter,
};
use crate::name::titled;
use anyrt_core::{
    rt::Runtime,
    waits::{self, Wait},
};
use std::{
    borrow::Borrow,
    hash::Hash,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

impl<R, K, V, E> AsyncCache<R, K, V, E>
where
    R: Runtime,
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// The value of a key, which `loader` makes where there is none.
    ///
    /// As [`get_or_try_load`](Self::get_or_try_load), with a loader that cannot fail.
    ///
    /// # Errors
    /// A [`LoadError`] if the loader panics, or waits for itself.
    ///
    /// # Cancel safety
    /// As of [`get_or_try_load`](Self::get_or_try_load).
    #[track_caller]
    pub fn get_or_load<'a, Q, F, Fut>(
        &'a self,
        key: &'a Q,
        loader: F,
    ) -> impl Future<Output = Result<V, LoadError<E>>> + use<'a, R, K, V, E, Q, F, Fut>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
        F: FnOnce(K) -> Fut,
        Fut: Future<Output = V> + Send + 'static,
    {
        let load = |key| {
            let load = loader(key);
            async move { Ok(load.await) }
        };
        self.load_at(key, load, Location::caller())
    }

    /// The value of a key, which `loader` makes where there is none.
    ///
    /// Of overlapping callers one calls its loader, and all get what comes of it (*CA-1*): the value, or the
    /// error, which is not kept ([unless that is asked for](super::CacheBuilder::errors_for); *CA-2*). A panic
    /// of the loader is such an error, too (*CA-3*).
    ///
    /// The load belongs to all who wait for it. One of them drives it, in its own task, and nothing is
    /// spawned. It sees none of its callers' tokens, deadlines and values: what is to stop with one caller
    /// does not stop with the others.
    ///
    /// A value that is [stale](super::CacheBuilder::stale_for) is returned at once, and `loader` goes
    /// on in the background.
    ///
    /// The type of the errors, `E`, is said where the cache is made, by [`fallible`](super::CacheBuilder::fallible).
    ///
    /// # Errors
    /// A [`LoadError`] if the load fails, panics, or waits for itself: directly, or through other keys or
    /// other caches. That is told by the task's values, so not where a loader waits for a task that it
    /// spawned in no group.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing: if it drove the load, the next one goes on with that where it stands
    /// (*CA-4*). With the last one that waits, the load is dropped (*CA-5*). One who drives, and is neither
    /// polled nor dropped, holds up the others.
    #[track_caller]
    pub fn get_or_try_load<'a, Q, F, Fut>(
        &'a self,
        key: &'a Q,
        loader: F,
    ) -> impl Future<Output = Result<V, LoadError<E>>> + use<'a, R, K, V, E, Q, F, Fut>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
        F: FnOnce(K) -> Fut,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        self.load_at(key, loader, Location::caller())
    }

    /// The value of a key, which `load` brings where there is none. It is dropped unpolled where it is not
    /// needed.
    ///
    /// As [`get_or_try_load`](Self::get_or_try_load), with the future instead of a closure that makes it.
    ///
    /// # Errors
    /// As [`get_or_try_load`](Self::get_or_try_load).
    ///
    /// # Cancel safety
    /// As of [`get_or_try_load`](Self::get_or_try_load).
    #[track_caller]
    pub fn get_or_load_with<'a, Q, Fut>(
        &'a self,
        key: &'a Q,
        load: Fut,
    ) -> impl Future<Output = Result<V, LoadError<E>>> + use<'a, R, K, V, E, Q, Fut>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        self.load_at(key, move |_| load, Location::caller())
    }

    fn load_at<'a, Q, F, Fut>(
        &'a self,
        key: &'a Q,
        loader: F,
        at: &'static Location<'static>,
    ) -> impl Future<Output = Result<V, LoadError<E>>> + use<'a, R, K, V, E, Q, F, Fut>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
        F: FnOnce(K) -> Fut,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        Loading {
            cache: self,
            key,
            loader: Some(loader),
            waiter: None,
            again: false,
            at,
        }
    }
}

/// A waiter in the call of one who waits.
type Lent<'a, R, K, V, E> = Waiter<&'a Core<R, K, V, E>, R, K, V, E>;

/// The future of a call that loads.
struct Loading<'a, R: Runtime, K: Eq + Hash, V, E, Q: ?Sized, F> {
    cache: &'a AsyncCache<R, K, V, E>,
    key: &'a Q,
    loader: Option<F>,
    waiter: Option<Lent<'a, R, K, V, E>>,
    /// It has looked, and found a load that was given up before it could join.
    again: bool,
    at: &'static Location<'static>,
}

// Nothing in it is pinned in place: a load that it drives has a box of its own.
impl<R: Runtime, K: Eq + Hash, V, E, Q: ?Sized, F> Unpin for Loading<'_, R, K, V, E, Q, F> {}

impl<'a, R, K, V, E, Q, F, Fut> Loading<'a, R, K, V, E, Q, F>
where
    R: Runtime,
    K: Borrow<Q> + Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    F: FnOnce(K) -> Fut,
    Fut: Future<Output = Result<V, E>> + Send + 'static,
{
    /// Whether others run before it looks.
    #[cold]
    fn interrupts(&self, cx: &Context<'_>) -> bool {
        let wait = || {
            let name = self.cache.core.settings.name.as_deref();
            let what = titled("a value of cache", name, "a value of a cache");
            Wait::new(what).of::<V>().at(self.at)
        };
        !self.again && waits::interrupts(cx, wait)
    }

    /// A value that is there, or a place among those who wait for one.
    #[inline]
    fn look(&mut self) -> Result<V, Lent<'a, R, K, V, E>> {
        let core = &*self.cache.core;
        let hash = core.hash(self.key);
        let now = core.now();
        let first = !std::mem::replace(&mut self.again, true);
        let is_key = |kept: &K| kept.borrow() == self.key;
        let found = core.read(hash, now, is_key, |shard, total, old| {
            shard.look(hash, now, total, first, old, is_key)
        });
        let otherwise = match found {
            Ok(value) => return Ok(value),
            Err(otherwise) => otherwise,
        };
        match otherwise {
            Look::Fresh(value) => Ok(value),
            Look::Stale { value, refresh } => {
                if refresh && let Some(loader) = self.loader.take() {
                    self.cache
                        .load_behind(hash, self.key, Why::Wanted, now, loader, self.at);
                }
                Ok(value)
            }
            Look::Flying(flight) => Err(Waiter::joining(core, flight)),
            Look::Missing => self.begin(hash, if first { Why::Missed } else { Why::Wanted }, now),
        }
    }

    #[cold]
    fn begin(&mut self, hash: u64, why: Why, now: u64) -> Result<V, Lent<'a, R, K, V, E>> {
        let core = &*self.cache.core;
        let flight = Arc::new(Flight::new(self.key.to_owned(), hash, self.at));
        let (begun, leaving) = core.begin(&flight, why, now);
        core.before_letting_go(leaving, || match begun {
            Look::Missing => {
                let loader = self.loader.take().expect("one load is begun");
                Err(Waiter::driving(core, flight, loader))
            }
            Look::Flying(other) => Err(Waiter::joining(core, other)),
            Look::Fresh(value) | Look::Stale { value, .. } => Ok(value),
        })
    }
}

impl<R, K, V, E, Q, F, Fut> Future for Loading<'_, R, K, V, E, Q, F>
where
    R: Runtime,
    K: Borrow<Q> + Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    F: FnOnce(K) -> Fut,
    Fut: Future<Output = Result<V, E>> + Send + 'static,
{
    type Output = Result<V, LoadError<E>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if waits::is_observed() && this.interrupts(cx) {
            return Poll::Pending;
        }
        loop {
            if let Some(waiter) = &mut this.waiter {
                match ready!(waiter.poll(cx, Some(this.at))) {
                    Some(outcome) => return Poll::Ready(outcome),
                    // It was given up before this one could join.
                    None => this.waiter = None,
                }
            }
            let mut waiter = match this.look() {
                Ok(value) => return Poll::Ready(Ok(value)),
                Err(waiter) => waiter,
            };
            if waiter.note().is_err() {
                let (cache, at) = (this.cache.core.settings.name.clone(), this.at);
                return Poll::Ready(Err(LoadError::Deadlock(Deadlock { cache, at })));
            }
            this.waiter = Some(waiter);
        }
    }
}
