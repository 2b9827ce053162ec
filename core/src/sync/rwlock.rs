//! The read-write lock: a guarded value of which readers hold one permit each, a writer all.

use super::guarded::{Acquire, ExclusiveMode, Guarded, HasGuarded, Held, Many, SharedMode};
use std::{fmt, future::Future, panic::Location, sync::Arc};

#[doc(alias = "RwLock")]
/// A FIFO read-write lock whose guards may be held across `.await`; it needs no runtime.
///
/// Many read at once, one writes alone (*SY-60*). All wait in one queue, in the order of their first
/// poll: a reader who comes after a waiting writer waits behind it, so that neither kind starves the
/// other, and readers that stand next to each other in the queue get in together (*SY-61*). So a task
/// that reads twice, one guard inside the other, deadlocks where a writer comes between: downgrade,
/// or pass the guard on.
///
/// Uncontended, taking it is one compare-and-swap and giving it back another. A panic under a guard
/// releases it; nothing is poisoned (*SY-66*). At most [`MAX_PERMITS`](super::MAX_PERMITS) read at once; the
/// next one waits.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::sync::FifoRwLock;
///
/// let lock = FifoRwLock::new(vec![1]);
/// let mut writer = lock.try_write().unwrap();
/// assert!(lock.try_read().is_none());
/// writer.push(2);
///
/// let reader = writer.downgrade();
/// let other = lock.try_read().unwrap();
/// assert_eq!(*reader, *other);
/// ```
///
/// Where the guard need not live across an `.await`, `std::sync::RwLock` is enough.
///
/// # Cancel safety
/// A future that waits acquires nothing until it is polled (*SY-67*); dropped, it leaves the queue, and
/// what had reached it goes to the next (*SY-63*). The place in the queue is lost.
pub struct FifoRwLock<T> {
    guarded: Guarded<T, Many>,
}

/// Shared access to a [`FifoRwLock`], until dropped.
pub type FifoReadGuard<'a, T> = Held<&'a FifoRwLock<T>, SharedMode>;
/// Shared access to a [`FifoRwLock`] that it keeps alive, until dropped.
pub type FifoOwnedReadGuard<T> = Held<Arc<FifoRwLock<T>>, SharedMode>;
/// Access to a [`FifoRwLock`] for one alone, until dropped or [downgraded](Held::downgrade).
pub type FifoWriteGuard<'a, T> = Held<&'a FifoRwLock<T>, ExclusiveMode>;
/// Access for one alone to a [`FifoRwLock`] that it keeps alive, until dropped or
/// [downgraded](Held::downgrade).
pub type FifoOwnedWriteGuard<T> = Held<Arc<FifoRwLock<T>>, ExclusiveMode>;

impl<T> FifoRwLock<T> {
    /// A lock around `value`.
    pub fn new(value: T) -> Self {
        Self {
            guarded: Guarded::new(value),
        }
    }

    /// Waits for shared access.
    ///
    /// # Cancel safety
    /// Safe: as [the lock](Self) says.
    #[inline]
    #[track_caller]
    pub fn read(&self) -> impl Future<Output = FifoReadGuard<'_, T>> + use<'_, T> {
        Acquire::new(self, Location::caller())
    }

    /// Waits for shared access, with a guard that borrows nothing (*SY-65*).
    ///
    /// # Cancel safety
    /// Safe: as [the lock](Self) says.
    #[inline]
    #[track_caller]
    pub fn read_owned(self: Arc<Self>) -> impl Future<Output = FifoOwnedReadGuard<T>> + use<T> {
        Acquire::new(self, Location::caller())
    }

    /// Shared access, if nobody writes and nobody waits (*SY-62*).
    #[inline]
    #[track_caller]
    pub fn try_read(&self) -> Option<FifoReadGuard<'_, T>> {
        Held::try_new(self, Location::caller())
    }

    /// Shared access, if nobody writes and nobody waits, with a guard that borrows nothing.
    #[inline]
    #[track_caller]
    pub fn try_read_owned(self: Arc<Self>) -> Option<FifoOwnedReadGuard<T>> {
        Held::try_new(self, Location::caller())
    }

    /// Waits for exclusive access.
    ///
    /// # Cancel safety
    /// Safe: as [the lock](Self) says.
    #[inline]
    #[track_caller]
    pub fn write(&self) -> impl Future<Output = FifoWriteGuard<'_, T>> + use<'_, T> {
        Acquire::new(self, Location::caller())
    }

    /// Waits for exclusive access, with a guard that borrows nothing (*SY-65*).
    ///
    /// # Cancel safety
    /// Safe: as [the lock](Self) says.
    #[inline]
    #[track_caller]
    pub fn write_owned(self: Arc<Self>) -> impl Future<Output = FifoOwnedWriteGuard<T>> + use<T> {
        Acquire::new(self, Location::caller())
    }

    /// Access alone, if it is free and nobody waits (*SY-62*).
    #[inline]
    #[track_caller]
    pub fn try_write(&self) -> Option<FifoWriteGuard<'_, T>> {
        Held::try_new(self, Location::caller())
    }

    /// Access alone, if it is free and nobody waits, with a guard that borrows nothing.
    #[inline]
    #[track_caller]
    pub fn try_write_owned(self: Arc<Self>) -> Option<FifoOwnedWriteGuard<T>> {
        Held::try_new(self, Location::caller())
    }

    /// Where the guard that was given out last was asked for; `None` while nobody has one. Of several
    /// readers, that may be one who is gone.
    pub fn holder(&self) -> Option<&'static Location<'static>> {
        self.guarded.holder()
    }

    /// Access without waiting: `&mut` proves that nobody else has it.
    pub fn get_mut(&mut self) -> &mut T {
        self.guarded.get_mut()
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.guarded.into_inner()
    }
}

impl<T> HasGuarded for FifoRwLock<T> {
    type Value = T;
    type Kind = Many;

    #[inline]
    fn guarded(&self) -> &Guarded<T, Many> {
        &self.guarded
    }
}

impl<T> fmt::Debug for FifoRwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FifoRwLock")
            .field("held", &self.guarded.is_held())
            .finish_non_exhaustive()
    }
}
