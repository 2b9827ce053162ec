//! Waiting for a turn.

use super::{
    RateLimiter,
    error::{RateLimitError, Refused},
    line::Place,
};
use crate::{lock::wake_all, name::titled};
use anyrt_core::{
    Instant,
    cancel::{CancellationToken, CancelledFuture},
    context,
    rt::{Runtime, Timer},
    waits::{self, Wait},
};
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// The future of [`RateLimiter::acquire`] and [`RateLimiter::acquire_many`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct AcquireRate<'a, R: Runtime> {
        limiter: &'a RateLimiter<R>,
        weight: u32,
        // While it is in the line.
        ticket: Option<u64>,
        #[pin]
        timer: Option<R::Timer>,
        cancelled: Option<CancelledFuture<CancellationToken>>,
        // It was in the line, or is ready.
        done: bool,
        // Whether it asks first if others run before it.
        asks: bool,
        place: &'static Location<'static>,
    }

    impl<R: Runtime> PinnedDrop for AcquireRate<'_, R> {
        fn drop(this: Pin<&mut Self>) {
            if this.ticket.is_some() {
                this.leave();
            }
        }
    }
}

impl<'a, R: Runtime> AcquireRate<'a, R> {
    pub(super) fn new(
        limiter: &'a RateLimiter<R>,
        weight: u32,
        place: &'static Location<'static>,
    ) -> Self {
        Self {
            limiter,
            weight,
            ticket: None,
            timer: None,
            cancelled: None,
            done: false,
            asks: true,
            place,
        }
    }

    /// For one whose first poll has to tell whether its turn is now: it is in the line after it, or has had that.
    #[cfg(feature = "tower")]
    pub(crate) fn before_others(mut self) -> Self {
        self.asks = false;
        self
    }

    fn wait(&self) -> Wait {
        let what = titled(
            "its turn at rate limiter",
            self.limiter.name(),
            "its turn at a rate limiter",
        );
        Wait::new(what).at(self.place)
    }

    /// Joins the line, unless the turn would come too late.
    #[cold]
    fn join(self: Pin<&mut Self>) -> Result<(), RateLimitError> {
        let this = self.project();
        let inner = &this.limiter.inner;
        let context = context::Context::current();
        if let Some(reason) = context.token().and_then(CancellationToken::reason) {
            let (limiter, reason) = (inner.name(), reason.clone());
            return Err(RateLimitError::Cancelled { limiter, reason });
        }
        // At the end of time is never.
        let deadline = context.deadline().unwrap_or(Instant::MAX);
        *this.cancelled = context
            .token()
            .cloned()
            .map(CancellationToken::cancelled_owned);
        *this.ticket = Some({
            let now = inner.rt.now();
            let joined = this
                .limiter
                .with(now, |line, _| line.join(now, *this.weight, deadline));
            joined.map_err(|refused| inner.refusal(refused))?
        });
        Ok(())
    }

    fn leave(self: Pin<&mut Self>) {
        let this = self.project();
        if let Some(ticket) = this.ticket.take() {
            waits::gave_up(&*this.limiter.inner);
            let now = this.limiter.inner.rt.now();
            drop(
                this.limiter
                    .with(now, |line, wakers| line.leave(ticket, now, wakers)),
            );
        }
    }
}

impl<R: Runtime> Future for AcquireRate<'_, R> {
    type Output = Result<(), RateLimitError>;

    /// # Panics
    /// Where it is polled again after it was ready.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.as_mut().at_once() {
            true => Poll::Ready(Ok(())),
            false => self.poll_slow(cx),
        }
    }
}

impl<R: Runtime> AcquireRate<'_, R> {
    /// Whether nobody waited, and its tokens were there at its first poll. Never where somebody observes, who has to be
    /// asked first: see [`waits`].
    #[inline]
    fn at_once(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        let (limiter, weight) = (*this.limiter, *this.weight);
        if *this.done || waits::is_observed() {
            return false;
        }
        *this.done = limiter.passes(weight);
        *this.done
    }

    /// All that is not a first poll that passes.
    #[inline(never)]
    fn poll_slow(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), RateLimitError>> {
        if self.ticket.is_none() {
            assert!(!self.done, "an acquire was polled again after it was ready");
            if self.asks && waits::interrupts(cx, || self.wait()) {
                return Poll::Pending;
            }
            *self.as_mut().project().done = true;
            match self.limiter.pass(self.weight) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(Refused::NotYet { .. }) => self.as_mut().join()?,
                Err(heavy) => return Poll::Ready(Err(self.limiter.inner.refusal(heavy))),
            }
        }
        self.poll_line(cx)
    }

    fn poll_line(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), RateLimitError>> {
        loop {
            let mut this = self.as_mut().project();
            let ticket = this.ticket.expect("it is in the line");
            let inner = &this.limiter.inner;
            let mut waker = Some(cx.waker().clone());
            let now = inner.rt.now();
            let mut wakers = Vec::new();
            let place = inner.change(now, &mut wakers, |line, wakers| {
                line.poll(ticket, now, &mut waker, wakers)
            });
            if let Place::Decided(_) = place {
                *this.ticket = None;
            }
            wake_all(wakers);
            let alarm = match place {
                Place::Decided(verdict) => {
                    return Poll::Ready(verdict.map_err(|refused| inner.refusal(refused)));
                }
                Place::Queued(alarm) => alarm,
            };
            let cancelled = this.cancelled.as_mut().map(|c| Pin::new(c).poll(cx));
            if let Some(Poll::Ready(reason)) = cancelled {
                let limiter = inner.name();
                self.leave();
                return Poll::Ready(Err(RateLimitError::Cancelled { limiter, reason }));
            }
            match this.timer.as_mut().as_pin_mut() {
                None => this.timer.set(Some(inner.rt.sleep_until(alarm))),
                Some(timer) if timer.deadline() != alarm => timer.reset(alarm),
                Some(_) => {}
            }
            let timer = this.timer.as_pin_mut().expect("it was made above");
            let polled = timer.poll(cx);
            if polled.is_pending() {
                waits::pending(&**inner, || self.wait());
            }
            ready!(polled);
        }
    }
}

impl<R: Runtime> fmt::Debug for AcquireRate<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireRate")
            .field("limiter", &self.limiter.inner.name.get())
            .field("weight", &self.weight)
            .field("waits", &self.ticket.is_some())
            .finish_non_exhaustive()
    }
}
