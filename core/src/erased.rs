//! A runtime that is chosen at run time.

use crate::{
    Instant,
    rt::{BlockOn, Clock, Entropy, Runtime, Sleep, Spawn, SpawnBlocking, Timer},
    task::{PortableBlockingHandle, PortableHandle, portable, portable_blocking},
};
use std::{
    fmt,
    future::Future,
    num::NonZeroUsize,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::SystemTime,
};

/// Any runtime behind one type: itself a [`Runtime`], so that a library can offer
/// `Client<R = DynRuntime>`.
///
/// It costs a box per task, timer or blocking call, and a virtual call per operation; generic code pays
/// nothing.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{erased::DynRuntime, rt::{BlockOn, Runtime}};
///
/// // The default counts where a type is written; `Client { rt: smol }` is a `Client<Smol>`.
/// struct Client<R: Runtime = DynRuntime> { rt: R }
///
/// fn clients<A, B>(a: A, b: B) -> [Client; 2]
/// where
///     A: Runtime + BlockOn,
///     B: Runtime + BlockOn,
/// {
///     [Client { rt: DynRuntime::new(a) }, Client { rt: DynRuntime::new(b) }]
/// }
/// ```
#[derive(Clone)]
pub struct DynRuntime(Arc<dyn Erased>);

impl DynRuntime {
    /// Erases `rt`.
    ///
    /// It needs [`BlockOn`], for the erased runtime has it too: erase in the application, where the
    /// runtime is known.
    pub fn new<R: Runtime + BlockOn>(rt: R) -> Self {
        Self(Arc::new(rt))
    }
}

impl fmt::Debug for DynRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DynRuntime")
            .field(&self.0.name_dyn())
            .finish()
    }
}

/// What is left of a runtime without its types.
trait Erased: Send + Sync {
    fn spawn_dyn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>);
    fn spawn_blocking_dyn(&self, work: Box<dyn FnOnce() + Send>);
    fn sleep_until_dyn(&self, deadline: Instant) -> Pin<Box<dyn Timer>>;
    fn now_dyn(&self) -> Instant;
    fn wall_time_dyn(&self) -> SystemTime;
    fn random_dyn(&self) -> u64;
    fn parallelism_dyn(&self) -> NonZeroUsize;
    fn name_dyn(&self) -> &'static str;
    fn name_task_dyn(&self, name: &str);
    fn block_on_dyn(&self, future: Pin<&mut dyn Future<Output = ()>>);
}

impl<R: Runtime + BlockOn> Erased for R {
    fn spawn_dyn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.spawn_detached(task);
    }

    fn spawn_blocking_dyn(&self, work: Box<dyn FnOnce() + Send>) {
        drop(self.spawn_blocking(work));
    }

    fn sleep_until_dyn(&self, deadline: Instant) -> Pin<Box<dyn Timer>> {
        Box::pin(self.sleep_until(deadline))
    }

    fn now_dyn(&self) -> Instant {
        self.now()
    }

    fn wall_time_dyn(&self) -> SystemTime {
        self.wall_time()
    }

    fn random_dyn(&self) -> u64 {
        self.random_u64()
    }

    fn parallelism_dyn(&self) -> NonZeroUsize {
        self.parallelism()
    }

    fn name_dyn(&self) -> &'static str {
        self.name()
    }

    fn name_task_dyn(&self, name: &str) {
        self.name_task(name);
    }

    fn block_on_dyn(&self, future: Pin<&mut dyn Future<Output = ()>>) {
        self.block_on(future);
    }
}

impl Spawn for DynRuntime {
    type JoinHandle<T: Send + 'static> = PortableHandle<T>;

    fn spawn<F>(&self, future: F) -> PortableHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (task, handle) = portable(future);
        self.0.spawn_dyn(Box::pin(task));
        handle
    }

    fn spawn_detached<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.0.spawn_dyn(Box::pin(future));
    }
}

impl SpawnBlocking for DynRuntime {
    type BlockingHandle<T: Send + 'static> = PortableBlockingHandle<T>;

    fn spawn_blocking<F, T>(&self, work: F) -> PortableBlockingHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (work, handle) = portable_blocking(work);
        self.0.spawn_blocking_dyn(Box::new(work));
        handle
    }
}

impl Clock for DynRuntime {
    fn now(&self) -> Instant {
        self.0.now_dyn()
    }

    fn wall_time(&self) -> SystemTime {
        self.0.wall_time_dyn()
    }
}

impl Sleep for DynRuntime {
    type Timer = DynTimer;

    fn sleep_until(&self, deadline: Instant) -> DynTimer {
        DynTimer(self.0.sleep_until_dyn(deadline))
    }
}

impl Entropy for DynRuntime {
    fn random_u64(&self) -> u64 {
        self.0.random_dyn()
    }
}

impl BlockOn for DynRuntime {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut output = None;
        {
            let mut task = std::pin::pin!(async { output = Some(future.await) });
            self.0.block_on_dyn(task.as_mut());
        }
        output.expect("`block_on` returns once its future is ready")
    }
}

impl Runtime for DynRuntime {
    crate::portable_sync!();

    fn parallelism(&self) -> NonZeroUsize {
        self.0.parallelism_dyn()
    }

    fn name(&self) -> &'static str {
        self.0.name_dyn()
    }

    fn name_task(&self, name: &str) {
        self.0.name_task_dyn(name);
    }
}

/// The timer of a [`DynRuntime`].
#[must_use = "a timer does nothing unless it is polled"]
pub struct DynTimer(Pin<Box<dyn Timer>>);

impl Future for DynTimer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl Timer for DynTimer {
    fn deadline(&self) -> Instant {
        self.0.deadline()
    }

    fn is_elapsed(&self) -> bool {
        self.0.is_elapsed()
    }

    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.0.as_mut().reset(deadline);
    }
}

impl fmt::Debug for DynTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynTimer")
            .field("deadline", &self.deadline())
            .finish_non_exhaustive()
    }
}
