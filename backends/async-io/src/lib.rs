//! What the smol and async-std backends of anyrt share: timer, clock, blocking work, entropy.
//!
//! Both runtimes sit on async-io's reactor and on the `blocking` pool, so these are the same for
//! both. A backend's own crate adds its executor.

use anyrt_core::{
    Instant,
    task::{PortableBlockingHandle, portable_blocking},
    time::{Alarm, AlarmTimer},
};
use async_io::Timer;
use std::{
    num::NonZeroUsize,
    pin::Pin,
    sync::OnceLock,
    task::{Context, Poll},
    thread,
    time::{self, Duration},
};

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

/// An async-io timer, as an [`Alarm`].
#[derive(Debug)]
pub struct AsyncIoAlarm(Timer);

/// The timer of a runtime on async-io's reactor.
pub type AsyncIoTimer = AlarmTimer<AsyncIoAlarm>;

/// A timer for `deadline`.
pub fn sleep_until(deadline: Instant) -> AsyncIoTimer {
    let alarm = match real(deadline) {
        Some(at) => Timer::at(at),
        None => Timer::never(),
    };
    AlarmTimer::new(AsyncIoAlarm(alarm), now(), deadline)
}

/// `None` where the operating system's clock does not reach so far.
fn real(deadline: Instant) -> Option<time::Instant> {
    origin().checked_add(Duration::from_nanos(deadline.as_nanos()))
}

impl Alarm for AsyncIoAlarm {
    fn set(mut self: Pin<&mut Self>, deadline: Instant) {
        match real(deadline) {
            Some(at) => self.0.set_at(at),
            None => self.0 = Timer::never(),
        }
    }

    fn poll_fired(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Future::poll(Pin::new(&mut self.0), cx).map(drop)
    }
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
