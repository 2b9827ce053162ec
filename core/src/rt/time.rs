//! Time: a clock, timers, timeouts.

use crate::{
    ConfigError,
    time::{Instant, Limit, TimeoutFuture, seconds},
};
use std::{
    future::Future,
    pin::Pin,
    time::{Duration, SystemTime},
};

/// A runtime's clocks.
///
/// # For backend authors
/// *TM-7*: `now` never goes back, and all clones of a runtime read the same clock.
pub trait Clock {
    /// The runtime's monotonic time.
    fn now(&self) -> Instant;

    /// The time of the day, which may jump: for stamps, not for measuring.
    fn wall_time(&self) -> SystemTime;
}

/// A future that completes at a deadline, and can be moved.
///
/// # For callers
/// It never completes early (*TM-1*), is fused (*TM-4*: polled again after completion it is
/// ready), and wakes only the waker of its last poll (*TM-8*). It has to be pinned: with `pin!`, or
/// as `Pin<Box<R::Timer>>` in a struct.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::rt::{Runtime, Timer};
/// use std::{pin::pin, time::Duration};
///
/// async fn twice<R: Runtime>(rt: &R, period: Duration) {
///     let mut timer = pin!(rt.sleep(period));
///     timer.as_mut().await;
///     timer.as_mut().reset(rt.now() + period);
///     timer.await;
/// }
/// ```
///
/// # Cancel safety
/// Dropping it deregisters it (*TM-5*); nothing else happens.
#[must_use = "a timer does nothing unless it is polled"]
pub trait Timer: Future<Output = ()> + Send + Sync + 'static {
    /// When it completes. [`Instant::MAX`]: never.
    fn deadline(&self) -> Instant;

    /// Whether it has completed.
    fn is_elapsed(&self) -> bool;

    /// Moves the deadline either way, also after completion (*TM-6*). The task that polled
    /// the timer last is woken at the new deadline only if it polls again.
    fn reset(self: Pin<&mut Self>, deadline: Instant);
}

/// Timers.
///
/// # For callers
/// What repeats is a function over this: [`time::interval(&rt, period)`](crate::time::interval()).
///
/// # For backend authors
/// *TM-1* to *TM-8*. [`AlarmTimer`](crate::time::AlarmTimer) keeps them over anything that wakes at a
/// deadline; all but *TM-5*, for which the [`Alarm`](crate::time::Alarm) has to let go of its waker when it
/// is dropped.
pub trait Sleep: Clock + Clone + Send + Sync + 'static {
    /// The future of a sleep.
    type Timer: Timer;

    /// Completes at `deadline`; after exactly one yield where that has passed (*TM-2*), never
    /// where it is [`Instant::MAX`] (*TM-3*).
    ///
    /// Whether it has passed is asked at the first poll.
    #[track_caller]
    fn sleep_until(&self, deadline: Instant) -> Self::Timer;

    /// Completes after `duration`; [`Duration::MAX`] is for ever. The waiting starts now, not with
    /// the first poll.
    ///
    /// # Cancel safety
    /// Safe: drop it to cancel it.
    #[track_caller]
    fn sleep(&self, duration: Duration) -> Self::Timer {
        self.sleep_until(self.now() + duration)
    }

    /// Completes after that many seconds.
    ///
    /// # Errors
    /// A [`ConfigError`] if they are negative, NaN or infinite (*TO-6*).
    #[track_caller]
    fn sleep_secs(&self, secs: f64) -> Result<Self::Timer, ConfigError> {
        seconds(secs).map(|duration| self.sleep(duration))
    }
}

/// Timeouts that lose nothing; every runtime has them.
///
/// # For callers
/// The inner future is polled before the timer, and once more after it fired, so a value that
/// arrived in between comes back as `Ok` (*TO-1*, *TO-2*). It is dropped before the error is
/// returned (*TO-7*).
///
/// The limit counts from the end of the first poll, and so does what the error calls elapsed:
/// a future that is ready then costs no look at the clock. A first poll that blocks is not counted.
///
/// | if | write |
/// |---|---|
/// | a future is to be given up | `rt.timeout(limit, future)`: the cheapest |
/// | the work inside should know how long it has | [`wait_for(&rt, limit, future)`](crate::time::wait_for()) |
/// | a task should end with its limit | [`wait_for_task(&rt, limit, handle)`](crate::time::wait_for_task) |
///
/// A spawned task behind a handle is *not* aborted when waiting for its handle times out:
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// # use anyrt::rt::{JoinHandle, Runtime};
/// # use std::time::Duration;
/// # async fn demo<R: Runtime>(rt: R, limit: Duration) {
/// let mut task = rt.spawn(async { /* … */ });
/// if rt.timeout(limit, &mut task).await.is_err() {
///     task.abort();
/// }
/// # }
/// ```
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{Elapsed, rt::{Runtime, Timeout}};
/// use std::time::Duration;
///
/// async fn answer<R: Runtime>(rt: &R) -> Result<u32, Elapsed> {
///     let work = async { 42 };
///     rt.timeout(Duration::from_secs(1), work).named("answer").await
/// }
/// ```
///
/// # Cancel safety
/// As safe as the inner future.
pub trait Timeout: Sleep {
    /// Limits `future` to `limit`, counted from the end of its first poll. `None` is no limit (*TO-5*), zero
    /// yields once and then expires (*TO-3*), and a limit past the end of time never does (*TO-4*).
    #[track_caller]
    fn timeout<F: Future>(
        &self,
        limit: impl Into<Option<Duration>>,
        future: F,
    ) -> TimeoutFuture<Self, F> {
        let limit = limit.into().map(Limit::After);
        TimeoutFuture::new(self.clone(), limit, future)
    }

    /// Limits `future` to the time until `deadline`.
    #[track_caller]
    fn timeout_at<F: Future>(
        &self,
        deadline: impl Into<Option<Instant>>,
        future: F,
    ) -> TimeoutFuture<Self, F> {
        let limit = deadline.into().map(Limit::At);
        TimeoutFuture::new(self.clone(), limit, future)
    }

    /// Limits `future` to `secs` seconds.
    ///
    /// # Errors
    /// A [`ConfigError`] if they are negative, NaN or infinite (*TO-6*).
    #[track_caller]
    fn timeout_secs<F: Future>(
        &self,
        secs: f64,
        future: F,
    ) -> Result<TimeoutFuture<Self, F>, ConfigError> {
        seconds(secs).map(|limit| self.timeout(limit, future))
    }
}

impl<R: Sleep> Timeout for R {}
