//! The smol backend of [anyrt](https://docs.rs/anyrt): [`Smol`].
//!
//! | value | executor | threads |
//! |---|---|---|
//! | `Smol::default()` | one for the process, started at its first use | as many as cores |
//! | [`Smol::new`], [`Smol::with_threads`] | its own, gone with its last clone | as many as said |
//! | [`Smol::global`] | smol's own | 1, or `SMOL_THREADS` |

mod executor;
mod guarded;
mod join;
mod waiting;

pub use join::SmolHandle;

use anyrt_async_io::AsyncIoTimer;
use anyrt_core::{
    Instant,
    rt::{BlockOn, Clock, Entropy, Runtime, Sleep, Spawn, SpawnBlocking},
    task::PortableBlockingHandle,
};
use executor::Owned;
use guarded::{Guarded, Smols};
use std::{
    env,
    num::NonZeroUsize,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

/// A smol runtime, as a value.
///
/// ```
/// use anyrt_core::rt::{BlockOn, Spawn};
/// use anyrt_smol::Smol;
///
/// let rt = Smol::default();
/// let answer = rt.block_on(async { rt.spawn(async { 42 }).await });
/// assert_eq!(answer.unwrap(), 42);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Smol(Kind);

#[derive(Debug, Clone, Default)]
enum Kind {
    #[default]
    Shared,
    Global,
    Owned(Arc<Owned>),
}

impl Smol {
    /// An executor of its own, with as many threads as there are cores.
    ///
    /// When the last clone is dropped, its threads stop and its tasks are cancelled. A task that
    /// holds a clone keeps it alive.
    ///
    /// # Panics
    /// If the operating system starts no thread.
    pub fn new() -> Self {
        Self::with_threads(anyrt_async_io::cores())
    }

    /// An executor of its own, with that many threads.
    ///
    /// # Panics
    /// If the operating system starts no thread.
    pub fn with_threads(threads: NonZeroUsize) -> Self {
        Self(Kind::Owned(Arc::new(Owned::start(threads))))
    }

    /// smol's global executor, which has one thread unless `SMOL_THREADS` says otherwise.
    pub fn global() -> Self {
        Self(Kind::Global)
    }
}

/// The process's executor, which never goes.
fn shared() -> &'static Owned {
    static SHARED: OnceLock<Owned> = OnceLock::new();
    SHARED.get_or_init(|| Owned::start_forever(anyrt_async_io::cores()))
}

impl Spawn for Smol {
    type JoinHandle<T: Send + 'static> = SmolHandle<T>;

    #[inline]
    #[track_caller]
    fn spawn<F>(&self, future: F) -> SmolHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let owned = match &self.0 {
            Kind::Shared => shared(),
            Kind::Global => return SmolHandle::new(smol::spawn(Guarded::<F, Smols>::new(future))),
            Kind::Owned(owned) => owned,
        };
        SmolHandle::new(owned.spawn(future))
    }
}

impl SpawnBlocking for Smol {
    type BlockingHandle<T: Send + 'static> = PortableBlockingHandle<T>;

    fn spawn_blocking<F, T>(&self, work: F) -> PortableBlockingHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        anyrt_async_io::spawn_blocking(work)
    }
}

impl Clock for Smol {
    fn now(&self) -> Instant {
        anyrt_async_io::now()
    }

    fn wall_time(&self) -> SystemTime {
        SystemTime::now()
    }
}

impl Sleep for Smol {
    type Timer = AsyncIoTimer;

    fn sleep_until(&self, deadline: Instant) -> AsyncIoTimer {
        anyrt_async_io::sleep_until(deadline)
    }

    fn sleep(&self, duration: Duration) -> AsyncIoTimer {
        anyrt_async_io::sleep(duration)
    }
}

impl Entropy for Smol {
    fn random_u64(&self) -> u64 {
        anyrt_async_io::random_u64()
    }
}

impl BlockOn for Smol {
    /// Inside a task, another `block_on`, or a waker that a thread of this crate calls, it panics and says so.
    #[track_caller]
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        anyrt_async_io::block_unnested(|| smol::block_on(future))
    }
}

#[cfg(feature = "signal")]
impl anyrt_core::rt::Signals for Smol {
    type Stream = anyrt_async_io::AsyncIoSignals;

    fn signals(&self, of: &[anyrt_core::rt::Signal]) -> std::io::Result<Self::Stream> {
        anyrt_async_io::signals(of)
    }
}

impl Runtime for Smol {
    anyrt_core::portable_sync!();

    fn parallelism(&self) -> NonZeroUsize {
        match &self.0 {
            Kind::Shared => shared().threads(),
            Kind::Global => global_threads(),
            Kind::Owned(owned) => owned.threads(),
        }
    }

    fn name(&self) -> &'static str {
        "smol"
    }
}

fn global_threads() -> NonZeroUsize {
    let threads = env::var("SMOL_THREADS").ok();
    threads
        .and_then(|threads| threads.parse().ok())
        .unwrap_or(NonZeroUsize::MIN)
}
