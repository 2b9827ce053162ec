//! What loom has to see, taken from loom under its cfg and from std otherwise; locks past a poisoning;
//! wakers, and code of others that panics.

#[cfg(loom)]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, fence},
};
#[cfg(not(loom))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, fence},
};
use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::PoisonError,
    task::Waker,
};

/// Locks past a poisoning: no code of a user's runs under these locks but an item's `Ord`, and a panic
/// of that leaves the state whole.
#[inline]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is in a mutex that nobody else has.
#[inline]
pub(crate) fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes whoever is there to be woken.
#[inline]
pub(crate) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Puts panics off until all is done that others wait for. The first one goes on then.
#[derive(Default)]
pub(crate) struct FirstPanic(Option<Box<dyn Any + Send>>);

impl FirstPanic {
    pub(crate) fn catch(&mut self, act: impl FnOnce()) {
        match catch_unwind(AssertUnwindSafe(act)) {
            Err(payload) if self.0.is_none() => self.0 = Some(payload),
            // A payload whose own destructor panics would start over.
            Err(payload) => mem::forget(payload),
            Ok(()) => {}
        }
    }

    pub(crate) fn resume(self) {
        if let Some(payload) = self.0 {
            resume_unwind(payload);
        }
    }
}
