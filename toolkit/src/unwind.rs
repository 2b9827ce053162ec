//! What a panic leaves behind: locks past a poisoning, futures whose panic is a value.

use anyrt_core::error::Panic;
use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Poll,
};

/// Locks past a poisoning: no code of a user's runs under these locks but a key's `Ord`, and a panic of
/// that leaves the state whole.
#[inline]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The future's output, or its panic, also one of its destructor. It has been dropped by then.
pub(crate) async fn catch<F: Future>(future: F) -> Result<F::Output, Panic> {
    let mut future = pin!(Some(future));
    let outcome = poll_fn(|cx| {
        let running = future.as_mut().as_pin_mut();
        let running = running.expect("it is there until it has ended");
        match catch_unwind(AssertUnwindSafe(|| running.poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(payload) => Poll::Ready(Err(Panic::new(payload))),
        }
    })
    .await;
    match catch_unwind(AssertUnwindSafe(|| future.set(None))) {
        Ok(()) => outcome,
        Err(payload) => outcome.and(Err(Panic::new(payload))),
    }
}
