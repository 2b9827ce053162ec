//! The lock: a guarded value with one permit.

use super::guarded::{Acquire, ExclusiveMode, Guarded, HasGuarded, Held, One};
use crate::rt::Lock;
use std::{fmt, future::Future, panic::Location, sync::Arc};

/// The portable [`Lock`]: FIFO hand-off, cancel-safe, needs no runtime.
///
/// Uncontended, taking it is one compare-and-swap and giving it back another. Contended, it
/// goes straight to the first who waits; nobody can barge in between.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{rt::Lock, sync::FifoMutex};
///
/// let lock = FifoMutex::new(1);
/// *lock.try_lock().unwrap() += 1;
/// assert_eq!(lock.into_inner(), 2);
/// ```
///
/// # Cancel safety
/// As [`Lock`] says: dropping a waiting future passes on what had reached it.
pub struct FifoMutex<T> {
    guarded: Guarded<T, One>,
}

/// Access to a [`FifoMutex`], until dropped.
pub type FifoMutexGuard<'a, T> = Held<&'a FifoMutex<T>, ExclusiveMode>;
/// Access to a [`FifoMutex`] that it keeps alive, until dropped.
pub type FifoOwnedMutexGuard<T> = Held<Arc<FifoMutex<T>>, ExclusiveMode>;

impl<T> FifoMutex<T> {
    /// A lock around `value`.
    pub fn new(value: T) -> Self {
        Self {
            guarded: Guarded::new(value),
        }
    }
}

impl<T> HasGuarded for FifoMutex<T> {
    type Value = T;
    type Kind = One;

    #[inline]
    fn guarded(&self) -> &Guarded<T, One> {
        &self.guarded
    }
}

impl<T> fmt::Debug for FifoMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FifoMutex")
            .field("locked", &self.guarded.is_held())
            .finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Lock<T> for FifoMutex<T> {
    type Guard<'a> = FifoMutexGuard<'a, T>;
    type OwnedGuard = FifoOwnedMutexGuard<T>;

    #[inline]
    fn lock(&self) -> impl Future<Output = Self::Guard<'_>> + Send {
        Acquire::new(self, Location::caller())
    }

    #[inline]
    fn lock_owned(self: Arc<Self>) -> impl Future<Output = Self::OwnedGuard> + Send + 'static {
        Acquire::new(self, Location::caller())
    }

    #[inline]
    fn try_lock(&self) -> Option<Self::Guard<'_>> {
        Held::try_new(self, Location::caller())
    }

    #[inline]
    fn try_lock_owned(self: Arc<Self>) -> Option<Self::OwnedGuard> {
        Held::try_new(self, Location::caller())
    }

    fn holder(&self) -> Option<&'static Location<'static>> {
        self.guarded.holder()
    }

    fn get_mut(&mut self) -> &mut T {
        self.guarded.get_mut()
    }

    fn into_inner(self) -> T {
        self.guarded.into_inner()
    }
}
