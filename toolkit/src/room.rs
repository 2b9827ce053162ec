//! Room in what takes so many: whoever waits for it is told by the name of that.

use anyrt_core::{
    ConfigError,
    error::{Closed, TryAcquireError},
    rt::Semaphore,
    sync::{FifoOwnedPermit, FifoSemaphore},
    waits::{self, Wait},
};
use std::{
    future::{Future, poll_fn},
    mem,
    pin::pin,
    sync::Arc,
};

/// Room for one, until it is dropped.
pub(crate) type Taken = FifoOwnedPermit;

/// How much there is. It is not the runtime's semaphore: whoever takes room gives it to what it puts there, and a
/// simulator would have it wait for itself.
pub(crate) struct Room(Arc<FifoSemaphore>);

impl Room {
    pub(crate) fn new(most: usize) -> Result<Self, ConfigError> {
        FifoSemaphore::new(most).map(|permits| Self(Arc::new(permits)))
    }

    /// Waits for it, in order. `wait` is what that is called.
    pub(crate) fn take(
        &self,
        wait: impl Fn() -> Wait + Send + Sync,
    ) -> impl Future<Output = Result<Taken, Closed>> + Send {
        async move {
            let waiting = Waiting(self);
            let mut taking = pin!(self.0.clone().acquire_owned());
            let taken =
                poll_fn(|cx| waits::instead(self, &wait, || taking.as_mut().poll(cx))).await;
            // It has come to its end: what is said of others of this task stays.
            mem::forget(waiting);
            taken
        }
    }

    pub(crate) fn try_take(&self) -> Result<Taken, TryAcquireError> {
        self.0.clone().try_acquire_owned()
    }

    /// Those who wait wait in vain, and whoever comes.
    pub(crate) fn close(&self) {
        self.0.close();
    }
}

/// Dropped, it says that the wait was given up.
struct Waiting<'a>(&'a Room);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        waits::gave_up(self.0);
    }
}
