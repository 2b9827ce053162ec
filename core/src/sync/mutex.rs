//! The lock, and with it the only unsafe code of the core.
//!
//! A lock that is held across `.await` cannot keep its value in a `std::sync::Mutex`, whose
//! guard is not `Send`: so the value lies in an `UnsafeCell`, and the one permit of the
//! engine (`raw.rs`) says who may touch it. Checked under loom (`loom_tests.rs`).
#![allow(unsafe_code)]

use super::raw::{AcquireFuture, HasRaw, RawSemaphore};
use crate::rt::Lock;
#[cfg(loom)]
use loom::cell::UnsafeCell;
#[cfg(not(loom))]
use std::cell::UnsafeCell;
use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    ops::{Deref, DerefMut},
    panic::Location,
    ptr,
    sync::{
        Arc,
        atomic::{AtomicPtr, Ordering::Relaxed},
    },
};

/// The portable [`Lock`]: FIFO hand-off, cancel-safe, needs no runtime.
///
/// Uncontended, taking it is one compare-and-swap and giving it back another. Contended, it
/// goes straight to the first who waits; nobody can barge in between.
///
/// ```
/// use anyrt_core::sync::FifoMutex;
///
/// let lock = FifoMutex::new(1);
/// *lock.try_lock().unwrap() += 1;
/// assert_eq!(lock.into_inner(), 2);
/// ```
///
/// # Cancel safety
/// As [`Lock`] says: dropping a waiting future passes on what had reached it.
pub struct FifoMutex<T> {
    raw: RawSemaphore,
    holder: LastCaller,
    value: UnsafeCell<T>,
}

// SAFETY: `&FifoMutex` gives access to the value only through a guard, and there is one guard at a
// time, for the engine has one permit. What is left is moving access from thread to thread,
// for which `T: Send` is enough, as it is for `std::sync::Mutex`.
unsafe impl<T: Send> Sync for FifoMutex<T> {}

impl<T> FifoMutex<T> {
    /// A lock around `value`.
    pub fn new(value: T) -> Self {
        Self {
            raw: RawSemaphore::new(1),
            holder: LastCaller::default(),
            value: UnsafeCell::new(value),
        }
    }

    /// Waits for access.
    #[track_caller]
    pub fn lock(&self) -> impl Future<Output = FifoMutexGuard<'_, T>> + use<'_, T> {
        wait(self, Location::caller())
    }

    /// Waits for access, with a guard that borrows nothing.
    #[track_caller]
    pub fn lock_owned(self: Arc<Self>) -> impl Future<Output = FifoOwnedMutexGuard<T>> + use<T> {
        wait(self, Location::caller())
    }

    /// Access, if it is free and nobody waits.
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> Option<FifoMutexGuard<'_, T>> {
        self.raw.try_acquire(1).ok()?;
        Some(Held::new(self, Location::caller()))
    }

    /// Access, if it is free and nobody waits, with a guard that borrows nothing.
    #[inline]
    #[track_caller]
    pub fn try_lock_owned(self: Arc<Self>) -> Option<FifoOwnedMutexGuard<T>> {
        self.raw.try_acquire(1).ok()?;
        Some(Held::new(self, Location::caller()))
    }

    /// Where the guard that is out now was asked for.
    pub fn holder(&self) -> Option<&'static Location<'static>> {
        if self.raw.available() == 0 {
            self.holder.get()
        } else {
            None
        }
    }

    /// Access without waiting: `&mut` proves that nobody else has it.
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: `&mut self` proves that there is no guard.
        #[cfg(loom)]
        return self.value.with_mut(|value| unsafe { &mut *value });
        #[cfg(not(loom))]
        self.value.get_mut()
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

async fn wait<T, H>(lock: H, caller: &'static Location<'static>) -> Held<T, H>
where
    H: HasRaw + Unpin + Deref<Target = FifoMutex<T>>,
{
    let lock = AcquireFuture::new(lock, 1).await;
    Held::new(lock.expect("the lock's engine is never closed"), caller)
}

impl<T> HasRaw for &FifoMutex<T> {
    fn raw(&self) -> &RawSemaphore {
        &self.raw
    }
}

impl<T> HasRaw for Arc<FifoMutex<T>> {
    fn raw(&self) -> &RawSemaphore {
        &self.raw
    }
}

/// Access to a [`FifoMutex`] through `H`, until dropped.
#[must_use = "the lock is given back at once when its guard is dropped"]
pub struct Held<T, H: Deref<Target = FifoMutex<T>>> {
    lock: H,
    // `&Held` gives `&T`: it is `Sync` only where `T` is.
    value: PhantomData<T>,
}

/// Access to a [`FifoMutex`], until dropped.
pub type FifoMutexGuard<'a, T> = Held<T, &'a FifoMutex<T>>;
/// Access to a [`FifoMutex`] that it keeps alive, until dropped.
pub type FifoOwnedMutexGuard<T> = Held<T, Arc<FifoMutex<T>>>;

impl<T, H: Deref<Target = FifoMutex<T>>> Held<T, H> {
    /// Only to be called with the engine's permit in hand.
    fn new(lock: H, caller: &'static Location<'static>) -> Self {
        lock.holder.set(caller);
        Self {
            lock,
            value: PhantomData,
        }
    }
}

impl<T, H: Deref<Target = FifoMutex<T>>> Deref for Held<T, H> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        let cell = &self.lock.value;
        // SAFETY: this guard holds the engine's only permit, so nobody else has a reference; `&self`
        // keeps `deref_mut` from being called for as long as the result lives.
        #[cfg(loom)]
        return cell.with(|value| unsafe { &*value });
        // SAFETY: as above.
        #[cfg(not(loom))]
        unsafe {
            &*cell.get()
        }
    }
}

impl<T, H: Deref<Target = FifoMutex<T>>> DerefMut for Held<T, H> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        let cell = &self.lock.value;
        // SAFETY: this guard holds the engine's only permit, so nobody else has a reference, and
        // `&mut self` keeps this guard from giving another.
        #[cfg(loom)]
        return cell.with_mut(|value| unsafe { &mut *value });
        // SAFETY: as above.
        #[cfg(not(loom))]
        unsafe {
            &mut *cell.get()
        }
    }
}

impl<T, H: Deref<Target = FifoMutex<T>>> Drop for Held<T, H> {
    #[inline]
    fn drop(&mut self) {
        self.lock.raw.release(1);
    }
}

impl<T, H: Deref<Target = FifoMutex<T>>> fmt::Debug for Held<T, H> {
    /// Hides the value, which need not be `Debug`: format `*guard` to see it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for FifoMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let locked = self.raw.available() == 0;
        f.debug_struct("FifoMutex")
            .field("locked", &locked)
            .finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Lock<T> for FifoMutex<T> {
    type Guard<'a> = FifoMutexGuard<'a, T>;
    type OwnedGuard = FifoOwnedMutexGuard<T>;

    fn lock(&self) -> impl Future<Output = Self::Guard<'_>> + Send {
        self.lock()
    }

    fn lock_owned(self: Arc<Self>) -> impl Future<Output = Self::OwnedGuard> + Send + 'static {
        self.lock_owned()
    }

    fn try_lock(&self) -> Option<Self::Guard<'_>> {
        self.try_lock()
    }

    fn try_lock_owned(self: Arc<Self>) -> Option<Self::OwnedGuard> {
        self.try_lock_owned()
    }

    fn holder(&self) -> Option<&'static Location<'static>> {
        self.holder()
    }

    fn get_mut(&mut self) -> &mut T {
        self.get_mut()
    }

    fn into_inner(self) -> T {
        self.into_inner()
    }
}

/// The place of the last call that succeeded, for messages.
#[derive(Debug, Default)]
pub(super) struct LastCaller(AtomicPtr<Location<'static>>);

impl LastCaller {
    #[inline]
    pub(super) fn set(&self, caller: &'static Location<'static>) {
        self.0.store(ptr::from_ref(caller).cast_mut(), Relaxed);
    }

    pub(super) fn get(&self) -> Option<&'static Location<'static>> {
        // SAFETY: the pointer is null, or `set` stored it from a `&'static`. What it points to is
        // constant and nobody ever writes through it, so that no ordering is needed.
        unsafe { self.0.load(Relaxed).as_ref() }
    }
}
