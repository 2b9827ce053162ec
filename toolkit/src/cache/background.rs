//! Loads that nobody waits for: of what is stale, and where somebody says so.
//!
//! Each load that is waited for has a caller, whose future is larger than the load's own state: callers bound
//! those. Nobody bounds these but the cache.

use super::{
    AsyncCache,
    core::Core,
    flight::Flight,
    shard::{Look, Why},
    waiter::Waiter,
};
use anyrt_core::{context::Context, rt::Runtime};
use std::{
    borrow::Borrow,
    hash::Hash,
    panic::Location,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

impl<R, K, V, E> AsyncCache<R, K, V, E>
where
    R: Runtime,
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Loads a value anew in the background, whether there is one or not. Says whether that began: it does
    /// not where a load of the key is under way, where an error of it is kept, or where
    /// [as many as may be](super::CacheBuilder::max_refreshes) are under way in the background (*CA-29*).
    ///
    /// Until it is there, the value before is served. If it panics or [fails](Self::try_refresh), that one stays; its error is told to who
    /// waits for the key, which may be nobody.
    #[track_caller]
    pub fn refresh<Q, F, Fut>(&self, key: &Q, loader: F) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
        F: FnOnce(K) -> Fut,
        Fut: Future<Output = V> + Send + 'static,
    {
        self.try_refresh(key, |key| {
            let load = loader(key);
            async move { Ok(load.await) }
        })
    }

    /// [`refresh`](Self::refresh) by a loader that may fail.
    #[track_caller]
    pub fn try_refresh<Q, F, Fut>(&self, key: &Q, loader: F) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
        F: FnOnce(K) -> Fut,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        let (hash, now) = (self.core.hash(key), self.core.now());
        self.load_behind(hash, key, Why::Asked, now, loader, Location::caller())
    }

    pub(super) fn load_behind<Q, F, Fut>(
        &self,
        hash: u64,
        key: &Q,
        why: Why,
        now: u64,
        loader: F,
        at: &'static Location<'static>,
    ) -> bool
    where
        Q: ToOwned<Owned = K> + ?Sized,
        F: FnOnce(K) -> Fut,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        let Some(room) = Room::take(&self.core) else {
            return false;
        };
        let flight = Arc::new(Flight::new(key.to_owned(), hash, at));
        let (begun, leaving) = self.core.begin(&flight, why, now);
        if !matches!(begun, Look::Missing) {
            self.core.let_go(leaving);
            return false;
        }
        let drive = || Waiter::driving(self.core.clone(), flight, loader);
        let drives = self.core.before_letting_go(leaving, drive);
        let driving = async move {
            drives.await;
            drop(room);
            Ok(())
        };
        // A group that takes no more children drops it, which gives the load up.
        Context::default().sync_scope(|| self.background.spawn(driving).is_ok())
    }
}

/// How many loads are under way in the background, and how many may be.
#[derive(Debug)]
pub(super) struct Rooms {
    taken: AtomicUsize,
    most: usize,
}

impl Rooms {
    pub(super) fn new(most: usize) -> Self {
        let taken = AtomicUsize::new(0);
        Self { taken, most }
    }
}

/// Room for a load in the background, given back when it is dropped.
struct Room<R, K, V, E>(Arc<Core<R, K, V, E>>);

impl<R, K, V, E> Room<R, K, V, E> {
    fn take(core: &Arc<Core<R, K, V, E>>) -> Option<Self> {
        let Rooms { taken, most } = &core.background;
        let more = |taken| (taken < *most).then_some(taken + 1);
        let took = taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        took.is_ok().then(|| Self(core.clone()))
    }
}

impl<R, K, V, E> Drop for Room<R, K, V, E> {
    fn drop(&mut self) {
        self.0.background.taken.fetch_sub(1, Ordering::Relaxed);
    }
}
