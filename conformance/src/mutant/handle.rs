//! Handles of tasks and of blocking work, with a fault.

use super::Fault;
use crate::probe;
use anyrt_core::{JoinError, error::Panic, rt::JoinHandle};
use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    panic::resume_unwind,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll},
};

/// A handle of a task or of blocking work, with a fault.
pub struct MutantHandle<T, H: JoinHandle<T>> {
    inner: H,
    fault: Fault,
    /// Lets a lazy task go.
    go: probe::Gate,
    /// The task was.
    polled: Arc<AtomicBool>,
    aborted: AtomicBool,
    /// Tells blocking work whether it is cancelled, where dropping the handle does that.
    verdict: Option<mpsc::Sender<bool>>,
    output: PhantomData<fn() -> T>,
}

impl<T, H: JoinHandle<T>> MutantHandle<T, H> {
    pub(super) fn of_task(
        inner: H,
        fault: Fault,
        go: probe::Gate,
        polled: Arc<AtomicBool>,
    ) -> Self {
        Self {
            inner,
            fault,
            go,
            polled,
            aborted: AtomicBool::new(false),
            verdict: None,
            output: PhantomData,
        }
    }

    pub(super) fn of_work(inner: H, fault: Fault, verdict: Option<mpsc::Sender<bool>>) -> Self {
        let mut this = Self::of_task(inner, fault, probe::Gate::new(), Arc::default());
        this.verdict = verdict;
        this
    }

    fn tell(&self, cancelled: bool) {
        if let Some(verdict) = &self.verdict {
            verdict.send(cancelled).ok();
        }
    }
}

impl<T, H: JoinHandle<T>> JoinHandle<T> for MutantHandle<T, H> {
    fn abort(&self) {
        self.aborted.store(true, SeqCst);
        let ignores = match self.fault {
            Fault::AbortIgnored => true,
            Fault::AbortUnpolledIgnored => !self.polled.load(SeqCst),
            _ => false,
        };
        if !ignores {
            self.inner.abort();
        }
    }

    fn is_finished(&self) -> bool {
        self.fault == Fault::FinishedEarly || self.inner.is_finished()
    }
}

impl<T, H: JoinHandle<T>> Future for MutantHandle<T, H> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.go.open();
        self.tell(false);
        let aborted = self.aborted.load(SeqCst);
        if aborted && self.fault == Fault::AbortResolvesEarly && !self.inner.is_finished() {
            return Poll::Ready(Err(JoinError::Cancelled));
        }
        let output = match Pin::new(&mut self.inner).poll(cx) {
            Poll::Ready(output) => output,
            Poll::Pending => return Poll::Pending,
        };
        Poll::Ready(match (self.fault, output) {
            (Fault::AbortTakesOutput, Ok(_)) if aborted => Err(JoinError::Cancelled),
            (Fault::PanicSwallowed, Err(JoinError::Panicked(_))) => Err(JoinError::Cancelled),
            (Fault::PayloadLost, Err(JoinError::Panicked(_))) => {
                Err(JoinError::Panicked(Panic::new(Box::new(probe::EXPECTED))))
            }
            (Fault::PanicUnwindsJoiner, Err(JoinError::Panicked(panic))) => {
                resume_unwind(panic.into_payload())
            }
            (Fault::CancelledHangs, Err(JoinError::Cancelled)) => return Poll::Pending,
            (_, output) => output,
        })
    }
}

impl<T, H: JoinHandle<T>> Drop for MutantHandle<T, H> {
    fn drop(&mut self) {
        self.tell(true);
        if self.fault == Fault::DropAborts {
            self.inner.abort();
        }
    }
}

impl<T, H: JoinHandle<T>> fmt::Debug for MutantHandle<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
