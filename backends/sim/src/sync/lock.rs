//! The lock.

use super::{Held, Named};
use crate::world::{Thing, World};
use anyrt_core::{
    rt::Lock,
    sync::{FifoMutex, FifoMutexGuard, FifoOwnedMutexGuard},
};
use std::{
    fmt,
    future::Future,
    ops::{Deref, DerefMut},
    panic::Location,
    sync::Arc,
};

/// A [`FifoMutex`] whose waiters reports name.
pub struct SimLock<T> {
    /// Shared only by those who share `self`.
    inner: Arc<FifoMutex<T>>,
    named: Named,
}

impl<T: Send + 'static> SimLock<T> {
    pub(crate) fn new(world: Arc<World>, thing: Arc<Thing>, value: T) -> Self {
        Self {
            inner: Arc::new(FifoMutex::new(value)),
            named: Named { world, thing },
        }
    }

    fn guard<'a>(
        &self,
        place: &'static Location<'static>,
        guard: FifoMutexGuard<'a, T>,
    ) -> SimGuard<'a, T> {
        let _held = self.named.taken("", place);
        SimGuard { _held, guard }
    }

    fn owned(
        self: Arc<Self>,
        place: &'static Location<'static>,
        guard: FifoOwnedMutexGuard<T>,
    ) -> SimOwnedGuard<T> {
        SimOwnedGuard {
            _held: self.named.taken("", place),
            guard,
            _lock: self,
        }
    }
}

const ALONE: &str = "only who has the lock shares what is in it";

impl<T: Send + 'static> Lock<T> for SimLock<T> {
    type Guard<'a> = SimGuard<'a, T>;
    type OwnedGuard = SimOwnedGuard<T>;

    #[track_caller]
    fn lock(&self) -> impl Future<Output = Self::Guard<'_>> + Send {
        let place = Location::caller();
        let locking = self.named.watch("", place, self.inner.lock());
        async move { self.guard(place, locking.await) }
    }

    #[track_caller]
    fn lock_owned(self: Arc<Self>) -> impl Future<Output = Self::OwnedGuard> + Send + 'static {
        let place = Location::caller();
        let locking = self.inner.clone().lock_owned();
        let locking = self.named.watch("", place, locking);
        async move {
            let guard = locking.await;
            self.owned(place, guard)
        }
    }

    #[track_caller]
    fn try_lock(&self) -> Option<Self::Guard<'_>> {
        let guard = self.inner.try_lock()?;
        Some(self.guard(Location::caller(), guard))
    }

    #[track_caller]
    fn try_lock_owned(self: Arc<Self>) -> Option<Self::OwnedGuard> {
        let guard = self.inner.clone().try_lock_owned()?;
        Some(self.owned(Location::caller(), guard))
    }

    fn holder(&self) -> Option<&'static Location<'static>> {
        self.inner.holder()
    }

    fn get_mut(&mut self) -> &mut T {
        Arc::get_mut(&mut self.inner).expect(ALONE).get_mut()
    }

    fn into_inner(self) -> T {
        Arc::into_inner(self.inner).expect(ALONE).into_inner()
    }
}

/// The guard of a [`SimLock`].
#[must_use = "a guard that is dropped releases its lock"]
pub struct SimGuard<'a, T> {
    /// First, so that a release is told before what it leads to.
    _held: Held,
    guard: FifoMutexGuard<'a, T>,
}

impl<T> Deref for SimGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for SimGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// The owned guard of a [`SimLock`].
#[must_use = "a guard that is dropped releases its lock"]
pub struct SimOwnedGuard<T: Send + 'static> {
    /// First, so that a release is told before what it leads to.
    _held: Held,
    guard: FifoOwnedMutexGuard<T>,
    /// Outlives the guard, so that whoever has the lock for himself has what is in it, too.
    _lock: Arc<SimLock<T>>,
}

impl<T: Send + 'static> Deref for SimOwnedGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T: Send + 'static> DerefMut for SimOwnedGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

impl<T> fmt::Debug for SimLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<T> fmt::Debug for SimGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.guard.fmt(f)
    }
}

impl<T: Send + 'static> fmt::Debug for SimOwnedGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.guard.fmt(f)
    }
}
