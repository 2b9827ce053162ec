//! The way in, for applications.

use std::future::Future;

/// Runs a future on the calling thread until it is done.
///
/// # For callers
/// For `main` and for tests. It is no part of [`Runtime`](crate::rt::Runtime): a library that blocks cannot
/// be used inside a task.
///
/// # For backend authors
/// *BO-1*: the output comes back, a panic unwinds, and the future need be neither `Send` nor `'static`.
///
/// *BO-2*: refuse inside a task. A flag of the thread, set while a task is polled and while it is in
/// `block_on`, is all it takes. A thread that only blocks there is lost to the executor, and once every
/// thread blocks, nothing runs; one that runs other tasks meanwhile may pick up a task that waits for the
/// blocked one.
pub trait BlockOn {
    /// Runs `future` to its end and returns its output.
    ///
    /// # Panics
    /// With the future's panic. Inside a task of the same runtime it works or panics with a
    /// message that says so; it never hangs.
    #[track_caller]
    fn block_on<F: Future>(&self, future: F) -> F::Output;
}
