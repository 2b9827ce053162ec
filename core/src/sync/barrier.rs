//! A place where a number of tasks wait for one another.

use super::signal::{Party, Queue, Signal, Waiter};
use crate::{ConfigError, error::check, waits::Wait};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// A place where `n` tasks wait for one another, again and again.
///
/// The one who comes last does not wait: it lets the others go, and is their leader. Whoever comes after
/// it belongs to the next generation.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::sync::Barrier;
///
/// /// All workers finish a step before any of them begins the next.
/// async fn work(steps: &[fn()], all: &Barrier) {
///     for step in steps {
///         step();
///         if all.wait().await.is_leader() {
///             println!("the step is done");
///         }
///     }
/// }
/// # assert!(Barrier::new(0).is_err());
/// ```
///
/// # Ordering and fairness
/// Each generation is made of the `n` who waited longest, in the order of their first polls; what they
/// did before is visible to all of them after.
pub struct Barrier(Signal<usize>);

impl Barrier {
    /// A barrier for `n` tasks.
    ///
    /// # Errors
    /// A [`ConfigError`] for 0.
    pub fn new(n: usize) -> Result<Self, ConfigError> {
        check::at_least_one("n", n)?;
        Ok(Self(Signal::new(n)))
    }

    /// Waits until `n` tasks wait, this one among them.
    ///
    /// # Cancel safety
    /// Safe: a wait that is dropped no longer counts (*SY-14*), unless its generation is complete
    /// already; the others go on then, and it was just not there to see it.
    #[track_caller]
    pub fn wait(&self) -> BarrierWait<'_> {
        BarrierWait(Waiter::new(self))
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, waiting) = self.0.with(|n, queue| (*n, queue.len()));
        f.debug_struct("Barrier")
            .field("n", &n)
            .field("waiting", &waiting)
            .finish_non_exhaustive()
    }
}

/// Whether who comes now makes the others go on.
fn is_last(n: &mut usize, queue: &mut Queue) -> bool {
    // The queue is the count, so that whoever leaves the one leaves the other.
    queue.len() + 1 == *n
}

impl Party for &Barrier {
    type State = usize;
    type Output = BarrierWaitResult;

    fn signal(&self) -> &Signal<usize> {
        &self.0
    }

    fn enter(&self, n: &mut usize, queue: &mut Queue) -> Option<BarrierWaitResult> {
        is_last(n, queue).then(|| {
            queue.signal_all();
            BarrierWaitResult { is_leader: true }
        })
    }

    fn signalled(&self) -> BarrierWaitResult {
        BarrierWaitResult { is_leader: false }
    }

    fn wait(&self) -> Wait {
        let (n, waiting) = self.0.with(|n, queue| (*n, queue.len()));
        Wait::new(format!("a barrier, at which {waiting} of {n} wait"))
    }

    fn pass_on(_: &mut usize, _: &mut Queue) {}
}

/// How a [`Barrier`] let a task go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BarrierWaitResult {
    is_leader: bool,
}

impl BarrierWaitResult {
    /// Whether this is the one of its generation who came last.
    pub fn is_leader(self) -> bool {
        self.is_leader
    }
}

/// The future of [`Barrier::wait`].
///
/// # Panics
/// Where it is polled again after it was ready.
#[must_use = "futures do nothing unless they are polled"]
#[derive(Debug)]
pub struct BarrierWait<'a>(Waiter<&'a Barrier>);

impl Future for BarrierWait<'_> {
    type Output = BarrierWaitResult;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<BarrierWaitResult> {
        if self.0.interrupts(cx, |barrier| barrier.0.with(is_last)) {
            return Poll::Pending;
        }
        self.0.poll(cx)
    }
}
