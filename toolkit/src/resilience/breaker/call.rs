//! A call through a breaker.

use super::{BreakerError, CircuitBreaker, Inner, state::Outcome};
use crate::{lock::lock, unwind::quietly};
use anyrt_core::rt::Runtime;
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    thread,
};

/// A call that a breaker has let through, to be told how it went.
///
/// Dropped without that, it counts as neither; dropped by a panic, as a failure.
#[must_use = "say how the call went: `succeeded` or `failed`"]
pub struct BreakerCall<R: Runtime> {
    inner: Arc<Inner<R>>,
    /// Gone once it is over.
    epoch: Option<u64>,
}

impl<R: Runtime> BreakerCall<R> {
    pub(super) fn new(inner: Arc<Inner<R>>, epoch: u64) -> Self {
        Self {
            inner,
            epoch: Some(epoch),
        }
    }

    /// The call succeeded.
    pub fn succeeded(mut self) {
        self.end(Outcome::Success);
    }

    /// The call failed.
    pub fn failed(mut self) {
        self.end(Outcome::Failure);
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(epoch) = self.epoch.take() {
            // Mostly it is closed, and no clock has to be read.
            let settled = lock(&self.inner.state).settle(epoch, outcome);
            if settled {
                return;
            }
            let rules = &self.inner.rules;
            self.inner
                .change(|state, now| state.end(epoch, outcome, now, rules));
        }
    }
}

impl<R: Runtime> Drop for BreakerCall<R> {
    fn drop(&mut self) {
        match thread::panicking() {
            // A second panic, one of the hook, would end the process.
            true => _ = quietly(|| self.end(Outcome::Failure)),
            false => self.end(Outcome::Unknown),
        }
    }
}

/// The call of a future between its polls: dropped there it was given up, whoever's panic is unwinding.
pub(crate) struct Parked<R: Runtime>(Option<BreakerCall<R>>);

impl<R: Runtime> Parked<R> {
    pub(crate) fn new(call: Option<BreakerCall<R>>) -> Self {
        Self(call)
    }

    /// For the time of a poll: a panic in it drops the call.
    pub(crate) fn take(&mut self) -> Option<BreakerCall<R>> {
        self.0.take()
    }

    pub(crate) fn park(&mut self, call: BreakerCall<R>) {
        self.0 = Some(call);
    }
}

impl<R: Runtime> Drop for Parked<R> {
    fn drop(&mut self) {
        if let Some(call) = &mut self.0 {
            // It changes no state, so no hook hears of it.
            call.end(Outcome::Unknown);
        }
    }
}

impl<R: Runtime> fmt::Debug for BreakerCall<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerCall").finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`CircuitBreaker::call`] and [`CircuitBreaker::call_when`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct CallFuture<R: Runtime, F, C> {
        breaker: CircuitBreaker<R>,
        #[pin]
        future: Option<F>,
        // From the first poll on.
        call: Parked<R>,
        // Until it is asked.
        counts: Option<C>,
    }
}

impl<R: Runtime, F, C> CallFuture<R, F, C> {
    pub(super) fn new(breaker: CircuitBreaker<R>, future: F, counts: C) -> Self {
        Self {
            breaker,
            future: Some(future),
            call: Parked::new(None),
            counts: Some(counts),
        }
    }
}

impl<R, F, T, E, C> Future for CallFuture<R, F, C>
where
    R: Runtime,
    F: Future<Output = Result<T, E>>,
    C: FnOnce(&E) -> bool,
{
    type Output = Result<T, BreakerError<E>>;

    /// # Panics
    /// As the future and the predicate do, which is a failure, and as the breaker's hook does; and like any
    /// future, when polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut();
        let future = future.expect("a call was polled again after it was ready");
        let call = match this.call.take() {
            Some(call) => call,
            None => match this.breaker.begin() {
                Ok(call) => call,
                Err(open) => {
                    this.future.set(None);
                    return Poll::Ready(Err(BreakerError::Open(open)));
                }
            },
        };
        let Poll::Ready(output) = future.poll(cx) else {
            this.call.park(call);
            return Poll::Pending;
        };
        this.future.set(None);
        let counts = this.counts.take().expect("it is ready once");
        match &output {
            Err(error) if counts(error) => call.failed(),
            _ => call.succeeded(),
        }
        Poll::Ready(output.map_err(BreakerError::Failed))
    }
}

impl<R: Runtime, F, C> fmt::Debug for CallFuture<R, F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture")
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}
