//! What a panic leaves behind: locks past a poisoning.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks past a poisoning: no code of a user's runs under these locks but a key's `Ord`, and a panic of
/// that leaves the state whole.
#[inline]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
