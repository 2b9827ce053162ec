//! Portable coordination: FIFO, cancel-safe, no runtime.
//!
//! | | waits for | |
//! |---|---|---|
//! | [`FifoMutex`] | access to a value | behind the trait [`Lock`](crate::rt::Lock) |
//! | [`FifoRwLock`] | access to a value, several readers at once | |
//! | [`FifoSemaphore`] | permits, one or many | behind the trait [`Semaphore`](crate::rt::Semaphore) |
//! | [`FifoChannel`] | items, or room for them | behind the trait [`Channel`](crate::rt::Channel) |
//! | [`Event`] | a flag | everyone goes on, until it is cleared |
//! | [`Notify`] | a signal | one goes on; one signal is kept |
//! | [`Condvar`] | a condition on what a lock protects | gives the lock back while it waits |
//! | [`Barrier`] | the others | the last to come lets all go |
//! | [`OnceCell`] | a value that is made once | whoever comes first makes it |
//!
//! They keep every *SY* and *CH* rule on any executor. The lock, the semaphore and the channel are a backend's to choose, which
//! takes them with one line ([`portable_sync!`](crate::portable_sync)); the others are the same everywhere.
//! Below them lie a wait list (`wait_list.rs`) and two engines: permits (`raw.rs`), whose
//! uncontended path is a single compare-and-swap, and signals (`signal.rs`); the value of a lock lies
//! in `guarded.rs`.

mod barrier;
mod channel;
mod condvar;
mod event;
mod guarded;
#[cfg(all(test, loom))]
mod loom_signal_tests;
#[cfg(all(test, loom))]
mod loom_tests;
mod mutex;
mod notify;
mod once_cell;
mod raw;
mod rwlock;
mod semaphore;
mod signal;
pub(crate) mod wait_list;

pub use barrier::{Barrier, BarrierWait, BarrierWaitResult};
pub use channel::{
    FifoChannel, FifoOwnedSendPermit, FifoReceiver, FifoSendPermit, FifoSender, SendSlot, channel,
    unbounded_channel,
};
pub use condvar::Condvar;
pub use event::{Event, EventWait};
pub use guarded::{ExclusiveMode, Held, SharedMode};
pub use mutex::{FifoMutex, FifoMutexGuard, FifoOwnedMutexGuard};
pub use notify::{Notified, Notify, OwnedNotified};
pub use once_cell::OnceCell;
pub use raw::MAX_PERMITS;
pub use rwlock::{
    FifoOwnedReadGuard, FifoOwnedWriteGuard, FifoReadGuard, FifoRwLock, FifoWriteGuard,
};
pub use semaphore::{FifoOwnedPermit, FifoPermit, FifoSemaphore, Permits};
pub(crate) use wait_list::wake_all;

/// A function that is `const` except under loom, whose primitives register themselves when made.
macro_rules! const_unless_loom {
    ($(#[$attribute:meta])* $visible:vis fn $($rest:tt)*) => {
        #[cfg(not(loom))]
        $(#[$attribute])*
        $visible const fn $($rest)*
        #[cfg(loom)]
        $(#[$attribute])*
        $visible fn $($rest)*
    };
}
use const_unless_loom;
