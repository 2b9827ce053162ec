//! A runtime whose tasks count what they allocate.

use allocation_counter::{measure, opt_out};
use anyrt_core::{
    delegate, portable_sync,
    rt::{Clock, Entropy, Runtime, Sleep, Spawn, SpawnBlocking},
    waits::{self, Observer, Wait},
};
use anyrt_sim::{Sim, SimRuntime};
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

/// A simulated runtime, whose tasks count what their polls allocate. All that is between the polls is the simulator's,
/// and so is what a wake-up and a spawn allocate there, which is not counted.
#[derive(Debug, Clone)]
pub(crate) struct Metered {
    inner: SimRuntime,
    count: Arc<AtomicU64>,
}

impl Metered {
    /// Gives `test` a runtime, whose main task is metered, too.
    pub(crate) fn run<Fut: Future<Output = ()>>(test: impl Fn(Self) -> Fut + Sync) {
        // Before the simulator, which would keep a record.
        waits::observe(&Nobody);
        // Who lets others go first takes more polls, and other turns in trees and queues.
        Sim::new().yields(0).check(5, |inner| {
            let count = Arc::default();
            let rt = Self { inner, count };
            rt.meter(test(rt.clone()))
        });
    }

    fn meter<F>(&self, future: F) -> Meter<F> {
        let count = self.count.clone();
        let aside = None;
        Meter {
            future,
            count,
            aside,
        }
    }

    /// How often the third run of `work` allocates, in all tasks; the first two are to make what stays.
    pub(crate) async fn third<Fut: Future>(&self, mut work: impl FnMut() -> Fut) -> u64 {
        let mut counts = Vec::new();
        for _ in 0..3 {
            let before = self.so_far().await;
            work().await;
            counts.push(self.so_far().await - before);
        }
        counts[2]
    }

    /// What polls that have ended have allocated.
    async fn so_far(&self) -> u64 {
        anyrt_core::task::yield_now().await;
        self.count.load(SeqCst)
    }
}

pin_project! {
    struct Meter<F> {
        #[pin]
        future: F,
        count: Arc<AtomicU64>,
        aside: Option<(Waker, Waker)>,
    }
}

/// Wakes, which is the simulator's and does not count.
struct Aside(Waker);

impl Wake for Aside {
    fn wake(self: Arc<Self>) {
        opt_out(|| self.0.wake_by_ref());
    }
}

/// The waker of a task, and the same that does not count.
fn aside(waker: &Waker) -> (Waker, Waker) {
    let inner = waker.clone();
    (inner.clone(), Arc::new(Aside(inner)).into())
}

struct Nobody;

impl Observer for Nobody {
    fn pending(&self, _: usize, _: &dyn Fn() -> Wait) {}

    fn gave_up(&self, _: usize) {}

    fn count(&self) -> usize {
        0
    }

    fn forget_since(&self, _: usize) {}
}

impl<F: Future> Future for Meter<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if !matches!(this.aside, Some((inner, _)) if inner.will_wake(cx.waker())) {
            opt_out(|| *this.aside = Some(aside(cx.waker())));
        }
        let (_, waker) = this.aside.as_ref().expect("it was made");
        let mut polled = Poll::Pending;
        let counted = measure(|| polled = this.future.poll(&mut Context::from_waker(waker)));
        this.count.fetch_add(counted.count_total, SeqCst);
        polled
    }
}

impl Spawn for Metered {
    type JoinHandle<T: Send + 'static> = <SimRuntime as Spawn>::JoinHandle<T>;

    #[track_caller]
    fn spawn<F>(&self, future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let task = self.meter(future);
        let mut handle = None;
        opt_out(|| handle = Some(self.inner.spawn(task)));
        handle.expect("it was spawned")
    }

    #[track_caller]
    fn spawn_detached<F: Future<Output = ()> + Send + 'static>(&self, future: F) {
        let task = self.meter(future);
        opt_out(|| self.inner.spawn_detached(task));
    }
}

impl SpawnBlocking for Metered {
    delegate!(SpawnBlocking => inner: SimRuntime);
}

impl Clock for Metered {
    delegate!(Clock => inner: SimRuntime);
}

impl Sleep for Metered {
    delegate!(Sleep => inner: SimRuntime);
}

impl Entropy for Metered {
    delegate!(Entropy => inner: SimRuntime);
}

impl Runtime for Metered {
    delegate!(Runtime => inner: SimRuntime, except sync, name);
    portable_sync!();

    fn name(&self) -> &'static str {
        "metered"
    }
}
