//! Blocking work and its handle, over any thread pool.
//!
//! ```text
//!          thread takes it          returns ──▶ Ok(output)
//!  queued ─────────────────▶ running ─ panics ─▶ Panicked
//!     │ aborted, or dropped by the pool
//!     └──────────────────────────────────────▶ Cancelled
//! ```

use super::slot::{Left, Slot};
use crate::{
    JoinError,
    error::Panic,
    prim::{Mutex, lock},
    rt::JoinHandle,
};
use std::{
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// Splits blocking work into what a thread pool calls and what its owner joins or aborts.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{rt::JoinHandle, task::portable_blocking};
///
/// let (work, handle) = portable_blocking(|| 6 * 7);
/// std::thread::spawn(work).join().unwrap(); // the pool's side
/// assert!(handle.is_finished());
/// ```
pub fn portable_blocking<F, T>(work: F) -> (impl FnOnce() + Send, PortableBlockingHandle<T>)
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let work: Work<T> = Box::new(work);
    let shared = Arc::new(Shared {
        queued: Mutex::new(Some(work)),
        slot: Slot::new(),
    });
    let runner = Runner(shared.clone());
    let left = Left::NOTHING;
    (
        move || runner.run(),
        PortableBlockingHandle { shared, left },
    )
}

type Work<T> = Box<dyn FnOnce() -> T + Send>;

struct Shared<T> {
    /// The work, until a thread or an abort takes it.
    queued: Mutex<Option<Work<T>>>,
    slot: Slot<T>,
}

impl<T> Shared<T> {
    fn take(&self) -> Option<Work<T>> {
        lock(&self.queued).take()
    }

    fn cancel(&self) {
        if let Some(work) = self.take() {
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(work)));
            self.slot.finish(Err(match dropped {
                Ok(()) => JoinError::Cancelled,
                Err(payload) => JoinError::Panicked(Panic::new(payload)),
            }));
        }
    }
}

/// The pool's half; a pool that drops it cancels the work.
struct Runner<T>(Arc<Shared<T>>);

impl<T> Runner<T> {
    fn run(self) {
        if let Some(work) = self.0.take() {
            let outcome = catch_unwind(AssertUnwindSafe(work));
            self.0
                .slot
                .finish(outcome.map_err(|payload| JoinError::Panicked(Panic::new(payload))));
        }
    }
}

impl<T> Drop for Runner<T> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// The owner's half of [`portable_blocking`].
#[must_use = "a dropped handle lets the work run on; `drop(..)` it to say so"]
pub struct PortableBlockingHandle<T> {
    shared: Arc<Shared<T>>,
    left: Left,
}

impl<T> Future for PortableBlockingHandle<T> {
    type Output = Result<T, JoinError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { shared, left } = &mut *self;
        shared.slot.poll_take(left, cx)
    }
}

impl<T> JoinHandle<T> for PortableBlockingHandle<T> {
    fn abort(&self) {
        self.shared.cancel();
    }

    fn is_finished(&self) -> bool {
        self.shared.slot.is_finished()
    }
}

impl<T> Drop for PortableBlockingHandle<T> {
    fn drop(&mut self) {
        self.shared.slot.detach(self.left);
    }
}

impl<T> fmt::Debug for PortableBlockingHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let finished = self.is_finished();
        f.debug_struct("PortableBlockingHandle")
            .field("finished", &finished)
            .finish_non_exhaustive()
    }
}
