//! A future that is polled, woken or dropped in a wrong way.

use super::Fault;
use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, Waker},
};

/// A future of a lock, a semaphore or a channel, with a fault.
pub(super) struct Tampered<F: Future> {
    /// `None` once it is ready.
    inner: Option<Pin<Box<F>>>,
    fault: Fault,
    /// What came before the first poll.
    early: Option<F::Output>,
    first_waker: Option<Waker>,
}

impl<F: Future> Tampered<F> {
    pub(super) fn new(inner: F, fault: Fault) -> Self {
        let mut this = Self {
            inner: Some(Box::pin(inner)),
            fault,
            early: None,
            first_waker: None,
        };
        if fault == Fault::EagerAcquire
            && let Poll::Ready(output) = this.poll_inner(&mut Context::from_waker(Waker::noop()))
        {
            this.early = Some(output);
        }
        this
    }

    fn poll_inner(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        let inner = self.inner.as_mut().expect("polled after completion");
        let polled = inner.as_mut().poll(cx);
        if polled.is_ready() {
            self.inner = None;
        }
        polled
    }
}

/// What is pinned lies in a box.
impl<F: Future> Unpin for Tampered<F> {}

impl<F: Future> Future for Tampered<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        if let Some(early) = this.early.take() {
            return Poll::Ready(early);
        }
        let waker = match this.fault {
            Fault::WaiterNeverWakes => Waker::noop().clone(),
            Fault::WaiterStaleWaker => this
                .first_waker
                .get_or_insert_with(|| cx.waker().clone())
                .clone(),
            _ => cx.waker().clone(),
        };
        this.poll_inner(&mut Context::from_waker(&waker))
    }
}

impl<F: Future> Drop for Tampered<F> {
    fn drop(&mut self) {
        if self.fault == Fault::WaiterLeaks {
            mem::forget(self.inner.take());
        }
    }
}
