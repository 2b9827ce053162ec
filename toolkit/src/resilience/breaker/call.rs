//! A call through a breaker.

use super::{BreakerError, CircuitBreaker, Open, state::Outcome};
use crate::unwind::quietly;
use anyrt_core::rt::Runtime;
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
    thread,
};

/// A call that a breaker has let through, to be told how it went.
///
/// Dropped without that, it counts as neither; dropped by a panic, as a failure.
#[must_use = "say how the call went: `succeeded` or `failed`"]
pub struct BreakerCall<R: Runtime> {
    place: Place<R>,
}

/// What a breaker knows of a call.
struct Place<R: Runtime> {
    breaker: CircuitBreaker<R>,
    /// From its begin to its end.
    epoch: Option<u64>,
}

impl<R: Runtime> Place<R> {
    #[inline]
    fn end(&mut self, outcome: Outcome) {
        // Not `take`: that writes, though there is mostly nothing to be taken.
        if let Some(epoch) = self.epoch {
            self.epoch = None;
            self.breaker.inner.end(epoch, outcome);
        }
    }
}

impl<R: Runtime> BreakerCall<R> {
    pub(super) fn new(breaker: CircuitBreaker<R>, epoch: u64) -> Self {
        let epoch = Some(epoch);
        Self {
            place: Place { breaker, epoch },
        }
    }

    /// The call succeeded.
    pub fn succeeded(mut self) {
        self.place.end(Outcome::Success);
    }

    /// The call failed.
    pub fn failed(mut self) {
        self.place.end(Outcome::Failure);
    }
}

impl<R: Runtime> Drop for BreakerCall<R> {
    fn drop(&mut self) {
        if self.place.epoch.is_none() {
            return;
        }
        match thread::panicking() {
            // A second panic, one of the hook, would end the process.
            true => _ = quietly(|| self.place.end(Outcome::Failure)),
            false => self.place.end(Outcome::Unknown),
        }
    }
}

/// The call of a future between its polls: dropped there it was given up, whoever's panic is unwinding.
pub(super) struct Parked<R: Runtime> {
    place: Place<R>,
}

impl<R: Runtime> Parked<R> {
    /// For a call that has not begun.
    #[inline]
    pub(super) fn new(breaker: CircuitBreaker<R>) -> Self {
        let epoch = None;
        Self {
            place: Place { breaker, epoch },
        }
    }

    /// Begins it, unless it has.
    #[inline]
    pub(super) fn begin(&mut self) -> Result<(), Open> {
        let Place { breaker, epoch } = &mut self.place;
        match epoch {
            Some(_) => Ok(()),
            None => breaker.inner.begin(epoch),
        }
    }

    /// For what is no future.
    pub(super) fn into_call(mut self) -> BreakerCall<R> {
        let breaker = self.place.breaker.clone();
        let epoch = self.place.epoch.take();
        BreakerCall {
            place: Place { breaker, epoch },
        }
    }

    /// For as long as the call's own code runs.
    #[inline]
    fn run(&mut self) -> Running<'_, R> {
        Running(&mut self.place)
    }
}

impl<R: Runtime> Drop for Parked<R> {
    #[inline]
    fn drop(&mut self) {
        // It changes no state, so no hook hears of it.
        self.place.end(Outcome::Unknown);
    }
}

/// A call whose own code runs: a panic in it is a failure.
#[must_use = "it is parked, or ends"]
struct Running<'a, R: Runtime>(&'a mut Place<R>);

impl<R: Runtime> Running<'_, R> {
    #[inline]
    fn park(self) {
        mem::forget(self);
    }

    #[inline]
    fn succeeded(self) {
        self.0.end(Outcome::Success);
    }

    #[inline]
    fn failed(self) {
        self.0.end(Outcome::Failure);
    }
}

impl<R: Runtime> Drop for Running<'_, R> {
    #[inline]
    fn drop(&mut self) {
        if self.0.epoch.is_some() {
            // A second panic, one of the hook, would end the process.
            quietly(|| self.0.end(Outcome::Failure));
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
        #[pin]
        future: Option<F>,
        // Begun by the first poll.
        call: Parked<R>,
        // Until it is asked.
        counts: Option<C>,
    }
}

impl<R: Runtime, F, C> CallFuture<R, F, C> {
    #[inline]
    pub(super) fn new(breaker: CircuitBreaker<R>, future: F, counts: C) -> Self {
        Self {
            future: Some(future),
            call: Parked::new(breaker),
            counts: Some(counts),
        }
    }

    /// Begins before the first poll: the future is made by the call, which ends as a failure where that panics.
    #[cfg(feature = "tower")]
    #[inline]
    pub(crate) fn begun(
        breaker: CircuitBreaker<R>,
        counts: C,
        future: impl FnOnce() -> F,
    ) -> Result<Self, Open> {
        let mut call = Parked::new(breaker);
        call.begin()?;
        let running = call.run();
        let future = future();
        running.park();
        Ok(Self {
            future: Some(future),
            call,
            counts: Some(counts),
        })
    }
}

impl<R: Runtime, F: Future, C> CallFuture<R, F, C> {
    /// The future's output, once it is known whether that is a failure. What counts is taken where it is asked: a call
    /// that is to cost nothing asks of errors alone.
    #[inline]
    pub(crate) fn poll_judged(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        is_failure: impl FnOnce(&mut Option<C>, &F::Output) -> bool,
    ) -> Poll<Result<F::Output, Open>> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut();
        let future = future.expect("a call was polled again after it was ready");
        if let Err(open) = this.call.begin() {
            this.future.set(None);
            return Poll::Ready(Err(open));
        }
        let call = this.call.run();
        let Poll::Ready(output) = future.poll(cx) else {
            call.park();
            return Poll::Pending;
        };
        this.future.set(None);
        match is_failure(this.counts, &output) {
            true => call.failed(),
            false => call.succeeded(),
        }
        Poll::Ready(Ok(output))
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
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let judge = |counts: &mut Option<C>, output: &Result<T, E>| match output {
            Ok(_) => false,
            Err(error) => counts.take().expect("it is ready once")(error),
        };
        self.poll_judged(cx, judge).map(|output| match output {
            Ok(output) => output.map_err(BreakerError::Failed),
            Err(open) => Err(BreakerError::Open(open)),
        })
    }
}

impl<R: Runtime, F, C> fmt::Debug for CallFuture<R, F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture")
            .field("breaker", &self.call.place.breaker)
            .finish_non_exhaustive()
    }
}
