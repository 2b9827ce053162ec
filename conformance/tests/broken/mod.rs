//! A backend that is broken in one way.

#![allow(dead_code)]

use anyrt_core::{
    ConfigError, Instant, JoinError,
    rt::{
        BlockOn, Clock, Entropy, JoinHandle, ReceiverOf, Runtime, SenderOf, Sleep, Spawn,
        SpawnBlocking,
    },
};
use anyrt_tokio::Tokio;
use std::{
    fmt,
    future::Future,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Dropping a handle aborts its task.
    DropHandleCancels,
    /// Sleeps end two milliseconds early.
    SleepEarly,
    /// `block_on` never returns.
    BlockOnHangs,
    /// `block_on` panics.
    BlockOnPanics,
    /// `block_on` holds on to its thread, also inside a task.
    BlockOnParks,
    /// A channel of capacity 0 is made.
    CapacityZero,
    /// The clock stands still.
    ClockStands,
}

/// A backend with a fault.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    inner: Tokio,
    fault: Fault,
}

impl Broken {
    pub(crate) fn new(fault: Fault) -> Self {
        let inner = match fault {
            // Its threads never come back: they are not those of the other tests.
            Fault::BlockOnParks => Tokio::multi_thread().expect("threads"),
            _ => Tokio::default(),
        };
        Self { inner, fault }
    }
}

/// A handle that aborts when dropped, if it is told to.
pub(crate) struct Handle<T: Send + 'static> {
    inner: <Tokio as Spawn>::JoinHandle<T>,
    aborts: bool,
}

impl<T: Send + 'static> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<T: Send + 'static> Drop for Handle<T> {
    fn drop(&mut self) {
        if self.aborts {
            self.inner.abort();
        }
    }
}

impl<T: Send + 'static> Future for Handle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.inner).poll(cx)
    }
}

impl<T: Send + 'static> JoinHandle<T> for Handle<T> {
    fn abort(&self) {
        self.inner.abort();
    }

    fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }
}

impl Spawn for Broken {
    type JoinHandle<T: Send + 'static> = Handle<T>;

    fn spawn<F>(&self, future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let aborts = self.fault == Fault::DropHandleCancels;
        Handle {
            inner: self.inner.spawn(future),
            aborts,
        }
    }
}

impl SpawnBlocking for Broken {
    type BlockingHandle<T: Send + 'static> = <Tokio as SpawnBlocking>::BlockingHandle<T>;

    fn spawn_blocking<F, T>(&self, work: F) -> Self::BlockingHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.inner.spawn_blocking(work)
    }
}

impl Clock for Broken {
    fn now(&self) -> Instant {
        match self.fault {
            Fault::ClockStands => Instant::ORIGIN,
            _ => self.inner.now(),
        }
    }

    fn wall_time(&self) -> SystemTime {
        self.inner.wall_time()
    }
}

impl Sleep for Broken {
    type Timer = <Tokio as Sleep>::Timer;

    fn sleep_until(&self, deadline: Instant) -> Self::Timer {
        let early = match self.fault {
            Fault::SleepEarly => 2_000_000,
            _ => 0,
        };
        self.inner.sleep_until(Instant::from_nanos(
            deadline.as_nanos().saturating_sub(early),
        ))
    }
}

impl Entropy for Broken {
    fn random_u64(&self) -> u64 {
        self.inner.random_u64()
    }
}

impl Runtime for Broken {
    type Lock<T: Send + 'static> = <Tokio as Runtime>::Lock<T>;
    type Semaphore = <Tokio as Runtime>::Semaphore;
    type Channel<T: Send + 'static> = <Tokio as Runtime>::Channel<T>;

    fn lock<T: Send + 'static>(&self, value: T) -> Self::Lock<T> {
        self.inner.lock(value)
    }

    fn semaphore(&self, permits: usize) -> Result<Self::Semaphore, ConfigError> {
        self.inner.semaphore(permits)
    }

    fn channel<T: Send + 'static>(
        &self,
        capacity: usize,
    ) -> Result<(SenderOf<Self, T>, ReceiverOf<Self, T>), ConfigError> {
        let least = usize::from(self.fault == Fault::CapacityZero);
        self.inner.channel(capacity.max(least))
    }

    fn unbounded_channel<T: Send + 'static>(&self) -> (SenderOf<Self, T>, ReceiverOf<Self, T>) {
        self.inner.unbounded_channel()
    }

    fn parallelism(&self) -> NonZeroUsize {
        self.inner.parallelism()
    }

    fn name(&self) -> &'static str {
        "broken"
    }
}

impl BlockOn for Broken {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        match self.fault {
            Fault::BlockOnHangs => loop {
                std::thread::sleep(Duration::from_secs(1));
            },
            Fault::BlockOnPanics => std::panic::panic_any("[expected by the conformance suite]"),
            Fault::BlockOnParks => anyrt_conformance::probe::block(future),
            _ => self.inner.block_on(future),
        }
    }
}
