//! A limit that ends a task.

use crate::{
    Elapsed, JoinError,
    error::write_with,
    rt::{JoinHandle, Runtime},
};
use std::{error::Error, fmt, future::Future, marker::PhantomData, time::Duration};

/// Waits for a spawned task up to `limit`; then aborts it, and waits until it has been dropped (*TO-7*).
///
/// An output that is there when the abort arrives is returned (*TO-2*).
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{rt::Runtime, time::{WaitTaskError, wait_for_task}};
/// use std::time::Duration;
///
/// async fn page<R: Runtime>(rt: &R) -> Result<String, WaitTaskError> {
///     let task = rt.spawn(async { String::from("…") });
///     wait_for_task(rt, Duration::from_secs(2), task).await
/// }
/// ```
///
/// # Errors
/// [`WaitTaskError::TimedOut`] if the time was over; [`WaitTaskError::Join`] if the task panicked, or
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
                    Err(JoinError::Cancelled) => Err(WaitTaskError::TimedOut(elapsed)),
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
    TimedOut(Elapsed),
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
            Self::TimedOut(elapsed) => write_with(f, "the task took too long", elapsed),
            Self::Join(error) => write_with(f, "the task has no output", error),
        }
    }
}

impl Error for WaitTaskError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(match self {
            Self::TimedOut(elapsed) => elapsed,
            Self::Join(error) => error,
        })
    }
}
