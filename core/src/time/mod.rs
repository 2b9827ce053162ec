//! Time without a clock: [`Instant`], the portable [`Timer`](AlarmTimer), the lossless timeout, ticks.

mod alarm;
mod instant;
mod interval;
mod timeout;
mod wait_for;
mod wait_for_task;

pub use alarm::{Alarm, AlarmTimer};
pub use instant::Instant;
pub use interval::{Interval, MissedTicks, Tick, interval, interval_at};
pub(crate) use timeout::Limit;
pub use timeout::TimeoutFuture;
pub use wait_for::{WaitFor, wait_for, wait_until};
pub use wait_for_task::{WaitTaskError, wait_for_task};

use crate::ConfigError;
use std::time::Duration;

/// Seconds as a float, checked; what is too large for a [`Duration`] becomes `Duration::MAX`.
///
/// # Errors
/// A [`ConfigError`] if `seconds` is negative, NaN or infinite. Never panics.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::time::seconds;
/// use std::time::Duration;
///
/// assert_eq!(seconds(0.25), Ok(Duration::from_millis(250)));
/// assert_eq!(seconds(1e300), Ok(Duration::MAX));
/// assert!(seconds(-1.0).is_err() && seconds(f64::INFINITY).is_err());
/// ```
pub fn seconds(seconds: f64) -> Result<Duration, ConfigError> {
    if seconds.is_finite() && seconds >= 0.0 {
        Ok(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    } else {
        Err(ConfigError::new(
            "seconds",
            seconds,
            "finite and not negative",
        ))
    }
}
