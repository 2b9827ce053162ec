//! Limits that the work inside can see, and that end tasks.

use crate::{
    Elapsed, Instant, JoinError,
    context::{Context, InContext},
    rt::{JoinHandle, Runtime, Sleep, Timeout as _},
    time::{Limit, TimeoutFuture},
};
use pin_project_lite::pin_project;
use std::{
    borrow::Cow,
    error::Error,
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{self, Poll},
    time::Duration,
};

/// Gives `future` so long, and lets it know: inside, the [context's](Context::deadline) deadline is
/// no later than this limit. `None` is no limit.
///
/// As [`rt.timeout`](crate::rt::Timeout::timeout) it loses no value, and drops `future` before it
/// returns the error. It looks at the clock at its first poll, from which the limit counts; `timeout`
/// does so only once the future is pending. Of nested limits the tightest fires (*TO-8*).
///
/// ```
/// use anyrt_core::{Elapsed, context::Context, rt::Runtime, time::wait_for};
/// use std::time::Duration;
///
/// # async fn query(_: Option<anyrt_core::Instant>) -> u32 { 1 }
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
    WaitFor::new(rt, limit.into().map_or(Limit::None, Limit::After), future)
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
    WaitFor::new(rt, deadline.into().map_or(Limit::None, Limit::At), future)
}

pin_project! {
    /// The future of [`wait_for`] and [`wait_until`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct WaitFor<R: Sleep, F> {
        rt: R,
        limit: Limit,
        operation: Option<Cow<'static, str>>,
        started: Instant,
        #[pin]
        stage: Stage<R, F>,
    }
}

pin_project! {
    // One at a time, so that a future takes its room once.
    #[project = StagePin]
    #[project_replace = StageOwned]
    enum Stage<R: Sleep, F> {
        Idle { future: F },
        Running { #[pin] timeout: TimeoutFuture<R, InContext<F>> },
        Between,
    }
}

impl<R: Sleep, F> WaitFor<R, F> {
    fn new(rt: &R, limit: Limit, future: F) -> Self {
        Self {
            rt: rt.clone(),
            limit,
            operation: None,
            started: Instant::ORIGIN,
            stage: Stage::Idle { future },
        }
    }

    /// Names the operation, for the error's message.
    pub fn named(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.operation = Some(operation.into());
        self
    }
}

impl<R: Sleep, F: Future> Future for WaitFor<R, F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if matches!(*this.stage, Stage::Idle { .. })
            && let StageOwned::Idle { future } = this.stage.as_mut().project_replace(Stage::Between)
        {
            let deadline = match *this.limit {
                Limit::None => None,
                Limit::After(limit) => {
                    *this.started = this.rt.now();
                    Some(*this.started + limit)
                }
                Limit::At(deadline) => {
                    *this.started = this.rt.now();
                    Some(deadline)
                }
            };
            let context = match deadline {
                Some(deadline) => Context::current().with_deadline(deadline),
                None => Context::current(),
            };
            let timeout = this.rt.timeout_at(deadline, context.scope(future));
            this.stage.set(Stage::Running { timeout });
        }
        let StagePin::Running { timeout: running } = this.stage.project() else {
            unreachable!("set by the first poll");
        };
        running.poll(cx).map_err(|late| {
            let limit = match *this.limit {
                Limit::None => late.limit,
                Limit::After(limit) => limit,
                Limit::At(deadline) => deadline - *this.started,
            };
            Elapsed::new(this.operation.take(), limit, this.rt.now() - *this.started)
        })
    }
}

impl<R: Sleep, F> fmt::Debug for WaitFor<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitFor")
            .field("limit", &self.limit)
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}

/// Waits so long for a spawned task; then aborts it, and waits until it has been dropped (*TO-7*).
///
/// An output that is there when the abort arrives is returned (*TO-2*).
///
/// ```
/// use anyrt_core::{rt::Runtime, time::{WaitTaskError, wait_for_task}};
/// use std::time::Duration;
///
/// async fn page<R: Runtime>(rt: &R) -> Result<String, WaitTaskError> {
///     let task = rt.spawn(async { String::from("…") });
///     wait_for_task(rt, Duration::from_secs(2), task).await
/// }
/// ```
///
/// # Errors
/// [`WaitTaskError::Elapsed`] if the time was over; [`WaitTaskError::Join`] if the task panicked, or
/// was cancelled by somebody else.
///
/// # Cancel safety
/// Dropping it aborts the task.
pub fn wait_for_task<R, H, T, L>(
    rt: &R,
    limit: L,
    task: H,
) -> impl Future<Output = Result<T, WaitTaskError>> + use<R, H, T, L>
where
    R: Runtime,
    H: JoinHandle<T>,
    L: Into<Option<Duration>>,
{
    let limit = limit.into();
    let rt = rt.clone();
    // Made here, for a future that is dropped before its first poll.
    let mut task = AbortOnDrop {
        task,
        output: PhantomData,
    };
    async move {
        match rt.timeout(limit, &mut task.task).await {
            Ok(joined) => Ok(joined?),
            Err(elapsed) => {
                task.task.abort();
                match (&mut task.task).await {
                    Ok(output) => Ok(output),
                    Err(JoinError::Cancelled) => Err(WaitTaskError::Elapsed(elapsed)),
                    Err(panicked) => Err(WaitTaskError::Join(panicked)),
                }
            }
        }
    }
}

/// Harmless once the task has ended.
struct AbortOnDrop<H: JoinHandle<T>, T> {
    task: H,
    output: PhantomData<fn() -> T>,
}

impl<H: JoinHandle<T>, T> Drop for AbortOnDrop<H, T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Why [`wait_for_task`] has no output.
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitTaskError {
    /// The time was over, and the task has been aborted and dropped.
    Elapsed(Elapsed),
    /// The task panicked, or was cancelled by somebody else.
    Join(JoinError),
}

impl From<JoinError> for WaitTaskError {
    fn from(error: JoinError) -> Self {
        Self::Join(error)
    }
}

impl fmt::Display for WaitTaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Elapsed(elapsed) => elapsed.fmt(f),
            Self::Join(error) => error.fmt(f),
        }
    }
}

impl Error for WaitTaskError {}
