//! A timeout that loses nothing.

use crate::{error::Elapsed, rt::Sleep, time::Instant};
use pin_project_lite::pin_project;
use std::{
    borrow::Cow,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

/// Where the limit lies.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    After(Duration),
    At(Instant),
}

impl Limit {
    pub(super) fn deadline(self, started: Instant) -> Instant {
        match self {
            Self::After(limit) => started + limit,
            Self::At(deadline) => deadline,
        }
    }

    fn length(self, started: Instant) -> Duration {
        match self {
            Self::After(limit) => limit,
            Self::At(deadline) => deadline - started,
        }
    }
}

pin_project! {
    /// The future of [`Timeout::timeout`](crate::rt::Timeout::timeout).
    ///
    /// No timer exists, and no clock is read, before the inner future was pending once, so that a
    /// timeout around a ready future costs next to nothing. The limit counts from there.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct TimeoutFuture<R: Sleep, F> {
        #[pin]
        inner: Option<F>,
        #[pin]
        timer: Option<R::Timer>,
        rt: R,
        limit: Option<Limit>,
        // From when the limit counts.
        started: Option<Instant>,
        pub(super) operation: Option<Cow<'static, str>>,
    }
}

impl<R: Sleep, F> TimeoutFuture<R, F> {
    #[inline]
    pub(crate) fn new(rt: R, limit: Option<Limit>, inner: F) -> Self {
        Self {
            inner: Some(inner),
            timer: None,
            rt,
            limit,
            started: None,
            operation: None,
        }
    }

    /// Lets the limit count from now on, if there is one that does not yet: what it limits, and until when.
    #[inline]
    pub(super) fn start(self: Pin<&mut Self>) -> Option<(Pin<&mut F>, Instant)> {
        let this = self.project();
        let (Some(limit), None) = (*this.limit, *this.started) else {
            return None;
        };
        let now = this.rt.now();
        *this.started = Some(now);
        Some((this.inner.as_pin_mut()?, limit.deadline(now)))
    }

    /// Names the operation, for the error's message.
    ///
    /// ```
    /// # extern crate anyrt_core as anyrt;
    /// # use anyrt::rt::{Runtime, Timeout};
    /// # use std::time::Duration;
    /// # async fn demo<R: Runtime>(rt: &R) {
    /// let answer = rt
    ///     .timeout(Duration::from_secs(2), std::future::pending::<()>())
    ///     .named("fetch of the index")
    ///     .await;
    /// // "fetch of the index timed out after 2.001s (limit: 2s)"
    /// println!("{}", answer.unwrap_err());
    /// # }
    /// ```
    pub fn named(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.operation = Some(operation.into());
        self
    }
}

impl<R: Sleep, F: Future> Future for TimeoutFuture<R, F> {
    type Output = Result<F::Output, Elapsed>;

    /// # Panics
    /// Like any future, when polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = poll_inner(self.as_mut().project().inner, cx) {
            return Poll::Ready(Ok(output));
        }
        self.wait(cx)
    }
}

impl<R: Sleep, F: Future> TimeoutFuture<R, F> {
    /// After a poll that was pending.
    // Out of line: what is ready at once has room for itself alone.
    #[inline(never)]
    fn wait(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<F::Output, Elapsed>> {
        let mut this = self.project();
        let Some(limit) = *this.limit else {
            return Poll::Pending;
        };
        if this.timer.is_none() {
            let started = *this.started.get_or_insert_with(|| this.rt.now());
            let deadline = limit.deadline(started);
            // One that has passed yields once, and is no case of its own: what was pending only to
            // let others run is ready by then.
            this.timer.set(Some(this.rt.sleep_until(deadline)));
        }
        if let Some(timer) = this.timer.as_mut().as_pin_mut() {
            ready!(timer.poll(cx));
        }
        // A value that arrived between the first poll and the timer's is not lost.
        if let Poll::Ready(output) = poll_inner(this.inner.as_mut(), cx) {
            return Poll::Ready(Ok(output));
        }
        this.inner.set(None);
        let now = this.rt.now();
        let started = this.started.unwrap_or(now);
        Poll::Ready(Err(elapsed(this.operation, limit, started, now)))
    }
}

#[inline]
fn poll_inner<F: Future>(inner: Pin<&mut Option<F>>, cx: &mut Context<'_>) -> Poll<F::Output> {
    inner
        .as_pin_mut()
        .expect("a timeout was polled again after it was ready")
        .poll(cx)
}

fn elapsed(
    operation: &mut Option<Cow<'static, str>>,
    limit: Limit,
    started: Instant,
    now: Instant,
) -> Elapsed {
    Elapsed::new(operation.take(), limit.length(started), now - started)
}

impl<R: Sleep, F> TimeoutFuture<R, F> {
    pub(super) fn debug(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        let Self {
            limit, operation, ..
        } = self;
        f.debug_struct(name)
            .field("limit", limit)
            .field("operation", operation)
            .finish_non_exhaustive()
    }
}

impl<R: Sleep, F> fmt::Debug for TimeoutFuture<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug(f, "TimeoutFuture")
    }
}
