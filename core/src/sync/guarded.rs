//! A value behind the engine, and with it the unsafe code of the core; `join/pinned.rs` has the other line.
//!
//! What is held across `.await` cannot lie in a `std::sync::Mutex`, whose guard is not `Send`: so it
//! lies in an `UnsafeCell`, and the permits of the engine (`raw.rs`) say who may touch it.
//!
//! ```text
//!   engine: `ALL` permits      Exclusive guard: holds all of them    ⇒ it is alone
//!                              Shared guard:    holds one of them    ⇒ all others are shared
//! ```
//!
//! The lock has one permit, the read-write lock as many as there can be. Nothing but a guard
//! made here gives permits back. Checked under loom (`loom_tests.rs`).
#![allow(unsafe_code)]

use super::raw::{AcquireFuture, HasRaw, MAX_PERMITS, RawSemaphore};
use crate::waits::Wait;
#[cfg(loom)]
use loom::cell::UnsafeCell;
#[cfg(not(loom))]
use std::cell::UnsafeCell;
use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::{Deref, DerefMut},
    panic::Location,
    pin::Pin,
    ptr,
    sync::atomic::{AtomicPtr, Ordering::Relaxed},
    task::{Context, Poll},
};

/// How many may hold a value at once.
pub trait Kind {
    /// The permits of its engine.
    const ALL: usize;
}

/// One at a time.
#[derive(Debug)]
pub struct One;

impl Kind for One {
    const ALL: usize = 1;
}

/// One, or many that share it.
#[derive(Debug)]
pub struct Many;

impl Kind for Many {
    const ALL: usize = MAX_PERMITS;
}

/// How a guard holds its value: alone, or with others.
pub trait Mode {
    /// What it takes of `all` permits.
    fn permits(all: usize) -> usize;
}

/// A guard that others of its kind may be beside.
#[derive(Debug)]
pub struct SharedMode;

impl Mode for SharedMode {
    #[inline]
    fn permits(_all: usize) -> usize {
        1
    }
}

/// A guard that is alone.
#[derive(Debug)]
pub struct ExclusiveMode;

impl Mode for ExclusiveMode {
    #[inline]
    fn permits(all: usize) -> usize {
        all
    }
}

/// A value that only a guard reaches.
pub struct Guarded<T, K> {
    raw: RawSemaphore,
    holder: LastCaller,
    kind: PhantomData<K>,
    value: UnsafeCell<T>,
}

// SAFETY: there is one guard at a time, for the engine has one permit. What is left is moving access
// from thread to thread, for which `T: Send` is enough, as it is for `std::sync::Mutex`.
unsafe impl<T: Send> Sync for Guarded<T, One> {}
// SAFETY: as above for a guard that is alone; those that share also need `T: Sync`, as they do in
// `std::sync::RwLock`.
unsafe impl<T: Send + Sync> Sync for Guarded<T, Many> {}

impl<T, K: Kind> Guarded<T, K> {
    pub(super) fn new(value: T) -> Self {
        Self {
            raw: RawSemaphore::new(K::ALL),
            holder: LastCaller::default(),
            kind: PhantomData,
            value: UnsafeCell::new(value),
        }
    }

    /// Where the guard that was given out last was asked for; `None` while there is none.
    pub(super) fn holder(&self) -> Option<&'static Location<'static>> {
        if self.is_held() {
            self.holder.get()
        } else {
            None
        }
    }

    pub(super) fn is_held(&self) -> bool {
        self.raw.available() < K::ALL
    }

    pub(super) fn get_mut(&mut self) -> &mut T {
        // SAFETY: `&mut self` proves that there is no guard.
        #[cfg(loom)]
        return self.value.with_mut(|value| unsafe { &mut *value });
        #[cfg(not(loom))]
        self.value.get_mut()
    }

    pub(super) fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T, K> fmt::Debug for Guarded<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").finish_non_exhaustive()
    }
}

/// A type that is a guarded value. Sealed, for it is not exported: each call of `guarded` gives
/// the same.
pub trait HasGuarded {
    /// The value.
    type Value;
    /// How many may hold it at once.
    type Kind: Kind;

    /// Where it lies.
    fn guarded(&self) -> &Guarded<Self::Value, Self::Kind>;
}

impl<P: HasGuarded + ?Sized> HasRaw for P {
    #[inline]
    fn raw(&self) -> &RawSemaphore {
        &self.guarded().raw
    }
}

/// Waits for access.
#[must_use = "futures do nothing unless they are polled"]
pub(super) struct Acquire<H: Deref<Target: HasGuarded>, M> {
    caller: &'static Location<'static>,
    mode: PhantomData<M>,
    acquire: AcquireFuture<H>,
}

impl<H: Deref<Target: HasGuarded>, M: Mode> Acquire<H, M> {
    #[inline]
    pub(super) fn new(handle: H, caller: &'static Location<'static>) -> Self {
        Self {
            caller,
            mode: PhantomData,
            acquire: AcquireFuture::new(handle, Held::<H, M>::permits()),
        }
    }

    fn wait(&self, handle: &H) -> Wait {
        let what = match (
            Held::<H, M>::permits(),
            <H::Target as HasGuarded>::Kind::ALL,
        ) {
            (1, 1) => "a lock",
            (1, _) => "read access to a lock",
            _ => "write access to a lock",
        };
        let wait = Wait::new(what).of::<<H::Target as HasGuarded>::Value>();
        wait.at(self.caller).held_at(handle.guarded().holder())
    }
}

impl<H: Deref<Target: HasGuarded> + Unpin, M: Mode + Unpin> Acquire<H, M> {
    /// All that is not a first poll that finds it free.
    #[cold]
    fn poll_slow(&mut self, cx: &mut Context<'_>) -> Poll<Held<H, M>> {
        if self.acquire.interrupts(cx, |handle| self.wait(handle)) {
            return Poll::Pending;
        }
        let Poll::Ready(acquired) = Pin::new(&mut self.acquire).poll(cx) else {
            self.acquire.tell(|handle| self.wait(handle));
            return Poll::Pending;
        };
        let handle = acquired.expect("this engine is never closed");
        Poll::Ready(Held::new(handle, self.caller))
    }
}

impl<H: Deref<Target: HasGuarded> + Unpin, M: Mode + Unpin> Future for Acquire<H, M> {
    type Output = Held<H, M>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let caller = self.caller;
        match self.acquire.at_once() {
            Some(handle) => Poll::Ready(Held::new(handle, caller)),
            None => self.poll_slow(cx),
        }
    }
}

/// Access to the value of a lock through `H`, until dropped: alone in [`ExclusiveMode`], with others in
/// [`SharedMode`].
#[must_use = "access is given back at once when its guard is dropped"]
pub struct Held<H: Deref<Target: HasGuarded>, M: Mode> {
    handle: H,
    mode: PhantomData<M>,
    // `&Held` gives `&Value`: it is `Sync` only where that is.
    value: PhantomData<<H::Target as HasGuarded>::Value>,
}

impl<H: Deref<Target: HasGuarded>, M: Mode> Held<H, M> {
    #[inline]
    fn permits() -> usize {
        M::permits(<H::Target as HasGuarded>::Kind::ALL)
    }

    /// Only to be called with [`permits`](Self::permits) of the engine in hand.
    #[inline]
    fn new(handle: H, caller: &'static Location<'static>) -> Self {
        handle.guarded().holder.set(caller);
        Self {
            handle,
            mode: PhantomData,
            value: PhantomData,
        }
    }

    /// Access, if it is free and nobody waits.
    #[inline]
    pub(super) fn try_new(handle: H, caller: &'static Location<'static>) -> Option<Self> {
        handle.guarded().raw.try_acquire(Self::permits()).ok()?;
        Some(Self::new(handle, caller))
    }
}

impl<H: Deref<Target: HasGuarded<Kind = Many>>> Held<H, ExclusiveMode> {
    /// Makes it a shared guard; no waiting writer gets in between (*SY-64*).
    pub fn downgrade(self) -> Held<H, SharedMode> {
        let this = ManuallyDrop::new(self);
        // SAFETY: `this` is neither dropped nor used again, so that the handle has one owner.
        let handle = unsafe { ptr::read(&this.handle) };
        // Before the release: a waker that panics in there must not take the permit along.
        let shared = Held::<H, SharedMode> {
            handle,
            mode: PhantomData,
            value: PhantomData,
        };
        let kept = Held::<H, SharedMode>::permits();
        shared.handle.guarded().raw.release(Self::permits() - kept);
        shared
    }
}

impl<H: Deref<Target: HasGuarded>, M: Mode> Deref for Held<H, M> {
    type Target = <H::Target as HasGuarded>::Value;

    #[inline]
    fn deref(&self) -> &Self::Target {
        let cell = &self.handle.guarded().value;
        // SAFETY: this guard holds a permit, so nobody holds all, and whoever else has a reference
        // shares; `&self` keeps `deref_mut` from being called for as long as the result lives.
        #[cfg(loom)]
        return cell.with(|value| unsafe { &*value });
        // SAFETY: as above.
        #[cfg(not(loom))]
        unsafe {
            &*cell.get()
        }
    }
}

impl<H: Deref<Target: HasGuarded>> DerefMut for Held<H, ExclusiveMode> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Self::Target {
        let cell = &self.handle.guarded().value;
        // SAFETY: this guard holds all permits, so nobody else has a reference, and `&mut self` keeps
        // this guard from giving another.
        #[cfg(loom)]
        return cell.with_mut(|value| unsafe { &mut *value });
        // SAFETY: as above.
        #[cfg(not(loom))]
        unsafe {
            &mut *cell.get()
        }
    }
}

impl<H: Deref<Target: HasGuarded>, M: Mode> Drop for Held<H, M> {
    #[inline]
    fn drop(&mut self) {
        self.handle.guarded().raw.release(Self::permits());
    }
}

impl<H: Deref<Target: HasGuarded>, M: Mode> fmt::Debug for Held<H, M> {
    /// Hides the value, which need not be `Debug`: format `*guard` to see it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
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
