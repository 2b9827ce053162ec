//! Portable lock, semaphore and channel: FIFO, cancel-safe, no runtime.
//!
//! They keep every *SY* and *CH* rule on any executor, so a backend takes them with one line
//! ([`portable_sync!`](crate::portable_sync)). Below them lie a wait list (`wait_list.rs`) and, for the lock
//! and the semaphore, one engine (`raw.rs`) whose uncontended path is a single compare-and-swap.

mod channel;
#[cfg(all(test, loom))]
mod loom_tests;
mod mutex;
mod raw;
mod semaphore;
pub(crate) mod wait_list;

pub use channel::{
    FifoChannel, FifoOwnedSendPermit, FifoReceiver, FifoSendPermit, FifoSender, Slot, channel,
    unbounded_channel,
};
pub use mutex::{FifoMutex, FifoMutexGuard, FifoOwnedMutexGuard, Held};
pub use raw::MAX_PERMITS;
pub use semaphore::{FifoOwnedPermit, FifoPermit, FifoSemaphore, Permits};

/// What loom has to see, taken from loom under its cfg and from std otherwise.
pub(crate) mod prim {
    #[cfg(loom)]
    pub(crate) use loom::sync::{Mutex, MutexGuard, atomic::AtomicUsize};
    #[cfg(not(loom))]
    pub(crate) use std::sync::{Mutex, MutexGuard, atomic::AtomicUsize};

    /// Locks past a poisoning: no code of a user's runs under these locks.
    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
