//! Portable lock, read-write lock, semaphore and channel: FIFO, cancel-safe, no runtime.
//!
//! They keep every *SY* and *CH* rule on any executor, so a backend takes them with one line
//! ([`portable_sync!`](crate::portable_sync)). Below them lie a wait list (`wait_list.rs`) and, for the locks
//! and the semaphore, one engine (`raw.rs`) whose uncontended path is a single compare-and-swap; the value
//! of a lock lies behind it in `guarded.rs`.

mod channel;
mod guarded;
#[cfg(all(test, loom))]
mod loom_tests;
mod mutex;
mod raw;
mod rwlock;
mod semaphore;
mod wait_list;

pub use channel::{
    FifoChannel, FifoOwnedSendPermit, FifoReceiver, FifoSendPermit, FifoSender, Slot, channel,
    unbounded_channel,
};
pub use guarded::{Exclusive, Held, Shared};
pub use mutex::{FifoMutex, FifoMutexGuard, FifoOwnedMutexGuard};
pub use raw::MAX_PERMITS;
pub use rwlock::{
    FifoOwnedReadGuard, FifoOwnedWriteGuard, FifoReadGuard, FifoRwLock, FifoWriteGuard,
};
pub use semaphore::{FifoOwnedPermit, FifoPermit, FifoSemaphore, Permits};

/// What loom has to see, taken from loom under its cfg and from std otherwise.
mod prim {
    #[cfg(loom)]
    pub(super) use loom::sync::{Mutex, MutexGuard, atomic::AtomicUsize};
    #[cfg(not(loom))]
    pub(super) use std::sync::{Mutex, MutexGuard, atomic::AtomicUsize};

    /// Locks past a poisoning: no code of a user's runs under these locks.
    pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
