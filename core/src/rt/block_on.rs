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
/// `block_on`, is all it takes. A thread that merely blocks there is missing to what it waits for, and
/// all hangs once as many do as there are; one that goes on with other tasks meanwhile may pick up one
/// that waits for it.
pub trait BlockOn {
    /// Runs `future` to its end and returns its output.
    ///
    /// # Panics
    /// With the future's panic. Inside a task of the same runtime it works or panics with a
    /// message that says so; it never hangs.
    #[track_caller]
    fn block_on<F: Future>(&self, future: F) -> F::Output;
}
