//! Tasks: spawning, joining, aborting.

use crate::JoinError;
use std::{fmt::Debug, future::Future};

/// A spawned task's handle: await it for the output, [abort](JoinHandle::abort) it, or drop it.
///
/// # For callers
/// - Awaiting gives `Ok(output)`, [`JoinError::Cancelled`] or [`JoinError::Panicked`]; a panic
///   never unwinds the awaiter (*SP-3*), and an executor that is gone is `Cancelled`,
///   never a hang (*SP-10*).
/// - Dropping it detaches the task, which runs to its end (*SP-2*).
///
/// # For backend authors
/// `Debug` shows where the task was spawned (*SP-11*). Once an aborted handle resolves, the task's
/// future has been dropped (*SP-4*). Polling after
/// completion may panic.
///
/// # Cancel safety
/// Dropping the `.await` of `&mut handle` loses nothing: await it again.
#[must_use = "a dropped handle detaches its task; `drop(..)` it to say so"]
pub trait JoinHandle<T>: Future<Output = Result<T, JoinError>> + Unpin + Debug {
    /// Asks the task to stop at its next suspension point. Returns at once; idempotent, and
    /// harmless after completion: an output that is there is still delivered (*SP-4*, *SP-6*).
    /// A task that was never polled is dropped unpolled (*SP-5*).
    fn abort(&self);

    /// Whether awaiting the handle would be ready at once.
    fn is_finished(&self) -> bool;
}

/// Spawns tasks.
///
/// # For callers
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::rt::{JoinHandle, Runtime};
///
/// async fn both<R: Runtime>(rt: R) -> u32 {
///     let left = rt.spawn(async { 20 });
///     let right = rt.spawn(async { 22 });
///     left.await.unwrap() + right.await.unwrap()
/// }
/// ```
///
/// # For backend authors
/// *SP-1* to *SP-17*. An executor without abort or with other habits of cancellation uses
/// [`task::portable`](crate::task::portable), which brings the handle along, and
/// [`task::portable_detached`](crate::task::portable_detached) where nobody wants one.
pub trait Spawn {
    /// The handle of a task.
    type JoinHandle<T: Send + 'static>: JoinHandle<T> + Send + Sync + 'static;

    /// Starts a task. It makes progress whether or not its handle is polled, and the calling
    /// thread need not have entered any runtime (*SP-1*).
    #[track_caller]
    fn spawn<F>(&self, future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Starts a task that nobody joins or aborts: as [`spawn`](Self::spawn) with its handle dropped, where
    /// possible without the cost of one.
    ///
    /// It has no output, so that no error is dropped unseen. A panic ends the task, and only that
    /// (*SP-16*): but for the panic hook nobody hears of it. A task that somebody should wait for
    /// belongs to a [group](crate::group).
    ///
    /// # For backend authors
    /// To be overridden where a handle costs anything.
    #[inline]
    #[track_caller]
    fn spawn_detached<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(self.spawn(future));
    }
}

/// Runs blocking work off the async threads.
///
/// # For backend authors
/// *BL-1* and *BL-2*. A thread pool of any kind with [`task::portable_blocking`](crate::task::portable_blocking).
pub trait SpawnBlocking {
    /// The handle of blocking work.
    type BlockingHandle<T: Send + 'static>: JoinHandle<T> + Send + Sync + 'static;

    /// Runs `work` on a thread that may block. Dropping the handle lets it run on; aborting
    /// it cancels it while it has not started, and does nothing once it has (*BL-2*).
    ///
    /// ```
    /// # extern crate anyrt_core as anyrt;
    /// use anyrt::rt::Runtime;
    /// use std::{fs, io, path::PathBuf};
    ///
    /// async fn read<R: Runtime>(rt: &R, path: PathBuf) -> io::Result<String> {
    ///     // A panic in there becomes an `io::Error`.
    ///     let text = rt.spawn_blocking(move || fs::read_to_string(path)).await??;
    ///     Ok(text)
    /// }
    /// ```
    #[track_caller]
    fn spawn_blocking<F, T>(&self, work: F) -> Self::BlockingHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static;
}

/// Spawns `!Send` tasks onto the current thread: a capability, apart from [`Spawn`].
///
/// # For callers
/// [`run_local`](crate::task::run_local) hands one out on any backend.
pub trait SpawnLocal: Clone + 'static {
    /// The handle of a local task.
    type LocalHandle<T: 'static>: JoinHandle<T> + 'static;

    /// Starts a task that stays on this thread (*LO-1*).
    #[track_caller]
    fn spawn_local<F>(&self, future: F) -> Self::LocalHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static;
}
