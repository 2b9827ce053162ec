//! Locks past a poisoning, and wakers that are woken outside of them.

use crate::unwind::{All, quietly};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    task::Waker,
};

/// Locks past a poisoning: what a panic can interrupt under these locks, a key's `Hash` or `Eq`, leaves
/// the state whole.
#[inline]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes everyone, also past a waker that panics, and goes on with the first panic then.
// Seldom needed by those for whom an instruction counts.
#[inline(never)]
pub(crate) fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    let mut all = All::default();
    for waker in wakers {
        all.call(|| waker.wake());
    }
    all.end();
}

/// Drops a waker that was replaced, or not needed after all. A panic of its destructor is its own, or it would take along
/// what came instead.
pub(crate) fn drop_waker(waker: Option<Waker>) {
    if waker.is_some() {
        quietly(|| drop(waker));
    }
}
