//! What the smol and async-std backends of anyrt share: timer, clock, blocking work, entropy, signals.
//!
//! Both runtimes sit on async-io's reactor and on the `blocking` pool, so these are the same for
//! both. A backend's own crate adds its executor.

mod alarm;
mod nesting;
#[cfg(feature = "signal")]
mod signal;

pub use alarm::{AsyncIoAlarm, AsyncIoTimer, sleep, sleep_until};
pub use nesting::{block_unnested, unnested, within_task};
#[cfg(feature = "signal")]
pub use signal::{AsyncIoSignals, signals};

use anyrt_core::{
    Instant,
    task::{PortableBlockingHandle, portable_blocking},
};
use std::{num::NonZeroUsize, sync::OnceLock, thread, time};

/// The origin of [`now`], which all runtimes of the process share.
fn origin() -> time::Instant {
    static ORIGIN: OnceLock<time::Instant> = OnceLock::new();
    *ORIGIN.get_or_init(time::Instant::now)
}

/// The process's monotonic time.
pub fn now() -> Instant {
    Instant::ORIGIN + origin().elapsed()
}

/// Random bits that are not for secrets.
pub fn random_u64() -> u64 {
    fastrand::u64(..)
}

/// The number of cores that this process may use.
pub fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Runs blocking work on the `blocking` crate's pool.
///
/// That pool's own tasks lose their output when they are cancelled while they run; the
/// portable handle does not.
pub fn spawn_blocking<F, T>(work: F) -> PortableBlockingHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (work, handle) = portable_blocking(work);
    blocking::unblock(work).detach();
    handle
}
