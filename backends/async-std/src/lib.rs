//! The async-std backend of [anyrt](https://docs.rs/anyrt): [`AsyncStd`].
//!
//! async-std is discontinued (RUSTSEC-2025-0052); this backend exists for programs that are
//! still on it. It keeps the same contract as the others.

use anyrt_async_io::{AsyncIoTimer, unnested};
use anyrt_core::{
    Instant,
    rt::{BlockOn, Clock, Entropy, Runtime, Sleep, Spawn, SpawnBlocking},
    task::{PortableBlockingHandle, PortableHandle, portable, portable_detached},
};
use std::{
    env,
    num::NonZeroUsize,
    time::{Duration, SystemTime},
};

/// async-std's global runtime.
///
/// ```
/// use anyrt_async_std::AsyncStd;
/// use anyrt_core::rt::{BlockOn, Spawn};
///
/// let answer = AsyncStd.block_on(async { AsyncStd.spawn(async { 42 }).await });
/// assert_eq!(answer.unwrap(), 42);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AsyncStd;

impl Spawn for AsyncStd {
    // async-std can abort a task only by consuming its handle.
    type JoinHandle<T: Send + 'static> = PortableHandle<T>;

    fn spawn<F>(&self, future: F) -> PortableHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (task, handle) = portable(future);
        drop(async_std::task::spawn(unnested(task)));
        handle
    }

    fn spawn_detached<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(async_std::task::spawn(unnested(portable_detached(future))));
    }
}

impl SpawnBlocking for AsyncStd {
    type BlockingHandle<T: Send + 'static> = PortableBlockingHandle<T>;

    fn spawn_blocking<F, T>(&self, work: F) -> PortableBlockingHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        anyrt_async_io::spawn_blocking(work)
    }
}

impl Clock for AsyncStd {
    fn now(&self) -> Instant {
        anyrt_async_io::now()
    }

    fn wall_time(&self) -> SystemTime {
        SystemTime::now()
    }
}

impl Sleep for AsyncStd {
    type Timer = AsyncIoTimer;

    fn sleep_until(&self, deadline: Instant) -> AsyncIoTimer {
        anyrt_async_io::sleep_until(deadline)
    }

    fn sleep(&self, duration: Duration) -> AsyncIoTimer {
        anyrt_async_io::sleep(duration)
    }
}

impl Entropy for AsyncStd {
    fn random_u64(&self) -> u64 {
        anyrt_async_io::random_u64()
    }
}

impl BlockOn for AsyncStd {
    #[track_caller]
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        anyrt_async_io::block_unnested(|| async_std::task::block_on(future))
    }
}

#[cfg(feature = "signal")]
impl anyrt_core::rt::Signals for AsyncStd {
    type Stream = anyrt_async_io::AsyncIoSignals;

    fn signals(&self, of: &[anyrt_core::rt::Signal]) -> std::io::Result<Self::Stream> {
        anyrt_async_io::signals(of)
    }
}

impl Runtime for AsyncStd {
    anyrt_core::portable_sync!();

    /// The threads that async-std was told to start, or as many as there are cores.
    fn parallelism(&self) -> NonZeroUsize {
        let threads = env::var("ASYNC_STD_THREAD_COUNT").ok();
        threads
            .and_then(|threads| threads.parse().ok())
            .unwrap_or_else(anyrt_async_io::cores)
    }

    fn name(&self) -> &'static str {
        "async-std"
    }
}
