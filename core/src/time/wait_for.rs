//! Limits that the work inside can see.

use crate::{
    Elapsed, Instant,
    context::{Context, InContext},
    rt::{Runtime, Sleep},
    time::{Limit, TimeoutFuture},
};
use pin_project_lite::pin_project;
use std::{
    borrow::Cow,
    fmt,
    future::Future,
    pin::Pin,
    task::{self, Poll},
    time::Duration,
};

/// Limits `future` to `limit`, and lets it know: inside, the [context's](Context::deadline) deadline is
/// no later than this limit. `None` is no limit.
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
        stage: Stage<R, F>,
    }
}

pin_project! {
    // One at a time, so that a future takes its room once.
    #[project = StagePin]
    #[project_replace = StageOwned]
    enum Stage<R: Sleep, F> {
        Idle { start: Start<R, F> },
        Running { #[pin] timeout: TimeoutFuture<R, InContext<F>> },
        Between,
    }
}

struct Start<R, F> {
    rt: R,
    limit: Option<Limit>,
    operation: Option<Cow<'static, str>>,
    future: F,
}

impl<R: Sleep, F> WaitFor<R, F> {
    fn new(rt: &R, limit: Option<Limit>, future: F) -> Self {
        let start = Start {
            rt: rt.clone(),
            limit,
            operation: None,
            future,
        };
        Self {
            stage: Stage::Idle { start },
        }
    }

    /// Names the operation, for the error's message.
    pub fn named(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        let operation = Some(operation.into());
        match &mut self.stage {
            Stage::Idle { start } => start.operation = operation,
            Stage::Running { timeout } => timeout.operation = operation,
            Stage::Between => {}
        }
        self
    }
}

impl<R: Sleep, F: Future> Start<R, F> {
    /// From now on the limit counts.
    fn start(self) -> TimeoutFuture<R, InContext<F>> {
        let context = Context::current();
        let Some(limit) = self.limit else {
            return TimeoutFuture::new(self.rt, None, context.scope(self.future));
        };
        let now = self.rt.now();
        let context = context.with_deadline(limit.deadline(now));
        let mut timeout = TimeoutFuture::new(self.rt, Some(limit), context.scope(self.future));
        timeout.started = Some(now);
        timeout.operation = self.operation;
        timeout
    }
}

impl<R: Sleep, F: Future> Future for WaitFor<R, F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if matches!(*this.stage, Stage::Idle { .. })
            && let StageOwned::Idle { start } = this.stage.as_mut().project_replace(Stage::Between)
        {
            let timeout = start.start();
            this.stage.set(Stage::Running { timeout });
        }
        match this.stage.project() {
            StagePin::Running { timeout } => timeout.poll(cx),
            _ => unreachable!("set by the first poll"),
        }
    }
}

impl<R: Sleep, F> fmt::Debug for WaitFor<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (limit, operation) = match &self.stage {
            Stage::Idle { start } => (start.limit, &start.operation),
            Stage::Running { timeout } => (timeout.limit, &timeout.operation),
            Stage::Between => (None, &None),
        };
        f.debug_struct("WaitFor")
            .field("limit", &limit)
            .field("operation", operation)
            .finish_non_exhaustive()
    }
}
