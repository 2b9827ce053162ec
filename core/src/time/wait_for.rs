//! Limits that the work inside can see.

use crate::{
    Elapsed, Instant,
    context::InContext,
    rt::{Runtime, Sleep},
    time::{Limit, TimeoutFuture},
};
use pin_project_lite::pin_project;
use std::{
    borrow::Cow,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// Limits `future` to `limit`, and lets it know: inside, the
/// [context's](crate::context::Context::deadline) deadline is no later than this limit. `None` is no limit.
///
/// As [`rt.timeout`](crate::rt::Timeout::timeout) it loses no value, and drops `future` before it
/// returns the error. It looks at the clock at its first poll, from which the limit counts; `timeout`
/// does so only once the future is pending. Of nested limits the tightest fires (*TO-8*).
///
/// What is given up is the future, and nothing else: a task whose handle is given here runs on (*TO-9*), as one
/// whose handle is dropped does. [`wait_for_task`](crate::time::wait_for_task()) aborts and joins it.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{Elapsed, context::Context, rt::Runtime, time::wait_for};
/// use std::time::Duration;
///
/// # async fn query(_: Option<anyrt::Instant>) -> u32 { 1 }
/// async fn answer<R: Runtime>(rt: &R) -> Result<u32, Elapsed> {
///     let work = async { query(Context::current().deadline()).await };
///     wait_for(rt, Duration::from_secs(2), work).named("answer").await
/// }
/// ```
///
/// # Errors
/// [`Elapsed`], with the limit, the time that had passed, and the operation's name.
///
/// # Cancel safety
/// As safe as `future`.
#[inline]
pub fn wait_for<R: Runtime, F: Future>(
    rt: &R,
    limit: impl Into<Option<Duration>>,
    future: F,
) -> WaitFor<R, F> {
    WaitFor::new(rt, limit.into().map(Limit::After), future)
}

/// [`wait_for`] with a deadline instead of a limit.
///
/// # Errors
/// [`Elapsed`], with the limit, the time that had passed, and the operation's name.
///
/// # Cancel safety
/// As safe as `future`.
#[inline]
pub fn wait_until<R: Runtime, F: Future>(
    rt: &R,
    deadline: impl Into<Option<Instant>>,
    future: F,
) -> WaitFor<R, F> {
    WaitFor::new(rt, deadline.into().map(Limit::At), future)
}

pin_project! {
    /// The future of [`wait_for`] and [`wait_until`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct WaitFor<R: Sleep, F> {
        #[pin]
        timeout: TimeoutFuture<R, InContext<F>>,
    }
}

impl<R: Sleep, F> WaitFor<R, F> {
    #[inline]
    fn new(rt: &R, limit: Option<Limit>, future: F) -> Self {
        Self {
            timeout: TimeoutFuture::new(rt.clone(), limit, InContext::around(future)),
        }
    }

    /// Names the operation, for the error's message.
    pub fn named(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.timeout.operation = Some(operation.into());
        self
    }
}

impl<R: Sleep, F: Future> Future for WaitFor<R, F> {
    type Output = Result<F::Output, Elapsed>;

    /// # Panics
    /// Like any future, when polled again after it was ready.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut timeout = self.project().timeout;
        if let Some((inside, deadline)) = timeout.as_mut().start() {
            inside.until(deadline);
        }
        timeout.poll(cx)
    }
}

impl<R: Sleep, F> fmt::Debug for WaitFor<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timeout.debug(f, "WaitFor")
    }
}
