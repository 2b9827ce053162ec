//! The tokio backend of [anyrt](https://docs.rs/anyrt): [`Tokio`].
//!
//! | value | runtime |
//! |---|---|
//! | `Tokio::default()` | the one that the caller is in; outside of any, one of the process's own |
//! | [`Tokio::from_handle`] | the one behind a handle |
//! | [`Tokio::multi_thread`], [`Tokio::current_thread`] | its own, gone with its last clone |

mod entropy;
mod join;
mod runtime;
#[cfg(feature = "signal")]
mod signal;
mod sleep;

pub use join::TokioHandle;
#[cfg(feature = "signal")]
pub use signal::TokioSignals;
pub use sleep::{TokioAlarm, TokioTimer};

use anyrt_core::{
    ConfigError, Instant,
    rt::{BlockOn, Clock, Entropy, Runtime, Sleep, Spawn, SpawnBlocking},
};
use runtime::{Home, Owned};
use std::{
    borrow::Cow,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::runtime::{Handle, RuntimeFlavor};

/// A tokio runtime, as a value.
///
/// It never panics with "there is no reactor running": what is not bound to a runtime falls back
/// to one that the process starts at its first use.
///
/// ```
/// use anyrt_core::rt::{BlockOn, Spawn};
/// use anyrt_tokio::Tokio;
///
/// let rt = Tokio::default();
/// let answer = rt.block_on(async { rt.spawn(async { 42 }).await });
/// assert_eq!(answer.unwrap(), 42);
/// ```
///
/// # Panics
/// A sleep panics when it is polled on a runtime that was built without its time driver
/// (`enable_time`), and so does one of an *ambient* runtime that was polled before and after
/// that runtime was shut down.
/// In the moment of that shutdown such a sleep may complete early instead; one of a value that is
/// bound to its runtime does neither, though tokio's panic, which it catches, may be printed.
#[derive(Debug, Clone, Default)]
pub struct Tokio(Kind);

#[derive(Debug, Clone, Default)]
enum Kind {
    #[default]
    Ambient,
    Bound(Home),
    Owned(Arc<Owned>),
}

impl Tokio {
    /// The runtime behind `handle`, from any thread.
    ///
    /// It does not keep that runtime alive: once it is shut down, spawned tasks are
    /// [`Cancelled`](anyrt_core::JoinError::Cancelled).
    /// Its timers go on: they move to the process's fallback runtime.
    ///
    /// A current-thread runtime runs tasks, timers and I/O only while its owner is in
    /// `Runtime::block_on`, which cannot be done through a handle: `block_on` of this value runs its
    /// future and nothing else. Without the owner, timers and tasks wait, there and everywhere.
    /// [`Tokio::current_thread`] drives itself.
    pub fn from_handle(handle: Handle) -> Self {
        Self(Kind::Bound(Home::new(handle)))
    }

    /// A runtime of its own, with as many worker threads as there are cores.
    ///
    /// # Errors
    /// A [`ConfigError`] if the operating system starts no threads.
    pub fn multi_thread() -> Result<Self, ConfigError> {
        Owned::multi_thread().map(|owned| Self(Kind::Owned(Arc::new(owned))))
    }

    /// A runtime of its own, with one thread that runs all tasks.
    ///
    /// tokio's own current-thread runtime runs nothing but within `block_on`; here a thread is
    /// always in it, so that spawned tasks make progress.
    ///
    /// # Errors
    /// A [`ConfigError`] if the operating system starts no thread.
    pub fn current_thread() -> Result<Self, ConfigError> {
        Owned::current_thread().map(|owned| Self(Kind::Owned(Arc::new(owned))))
    }

    /// The runtime that this value is bound to, unless that is the caller's own.
    #[inline]
    fn home(&self) -> Option<&Home> {
        match &self.0 {
            Kind::Ambient => None,
            Kind::Bound(home) => Some(home),
            Kind::Owned(owned) => Some(owned.home()),
        }
    }

    /// The runtime that this value stands for now.
    #[inline]
    fn handle(&self) -> Cow<'_, Handle> {
        match self.home() {
            Some(home) => Cow::Borrowed(home.handle()),
            None => Cow::Owned(ambient()),
        }
    }

    /// Calls `read` where the clock is this runtime's: a paused one has to be entered to be read.
    #[inline]
    fn on_its_clock<T>(&self, read: impl FnOnce() -> T) -> T {
        let _entered = self.home().map(|home| home.handle().enter());
        read()
    }
}

/// The runtime that the caller is in; outside of any, the process's own.
#[inline]
fn ambient() -> Handle {
    Handle::try_current().unwrap_or_else(|_| runtime::fallback().clone())
}

impl Spawn for Tokio {
    type JoinHandle<T: Send + 'static> = TokioHandle<T>;

    #[inline]
    #[track_caller]
    fn spawn<F>(&self, future: F) -> TokioHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        TokioHandle::new(match self.home() {
            Some(home) => home.handle().spawn(future),
            None => ambient().spawn(future),
        })
    }
}

impl SpawnBlocking for Tokio {
    type BlockingHandle<T: Send + 'static> = TokioHandle<T>;

    #[track_caller]
    fn spawn_blocking<F, T>(&self, work: F) -> TokioHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        TokioHandle::new(self.handle().spawn_blocking(work))
    }
}

impl Clock for Tokio {
    #[inline]
    fn now(&self) -> Instant {
        self.on_its_clock(sleep::now)
    }

    fn wall_time(&self) -> SystemTime {
        SystemTime::now()
    }
}

impl Sleep for Tokio {
    type Timer = TokioTimer;

    fn sleep_until(&self, deadline: Instant) -> TokioTimer {
        sleep::timer(deadline, self.home().cloned())
    }

    #[inline]
    fn sleep(&self, duration: Duration) -> TokioTimer {
        self.on_its_clock(|| sleep::timer_after(duration, self.home().cloned()))
    }
}

impl Entropy for Tokio {
    fn random_u64(&self) -> u64 {
        entropy::random_u64()
    }
}

impl BlockOn for Tokio {
    /// Inside a task, tokio panics and says that a runtime cannot be started from within one.
    #[track_caller]
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        match &self.0 {
            Kind::Owned(owned) => owned.block_on(future),
            _ => self.handle().block_on(future),
        }
    }
}

impl Runtime for Tokio {
    anyrt_core::portable_sync!();

    fn parallelism(&self) -> NonZeroUsize {
        let handle = self.handle();
        match handle.runtime_flavor() {
            RuntimeFlavor::CurrentThread => NonZeroUsize::MIN,
            _ => NonZeroUsize::new(handle.metrics().num_workers()).unwrap_or(NonZeroUsize::MIN),
        }
    }

    fn name(&self) -> &'static str {
        "tokio"
    }
}
