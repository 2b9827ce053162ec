//! What settings may be, in the same words in all rooms.
//!
//! ```
//! # extern crate anyrt_core as anyrt;
//! use anyrt::{ConfigError, error::check};
//!
//! fn workers(count: usize) -> Result<usize, ConfigError> {
//!     check::at_least_one("workers", count)?;
//!     Ok(count)
//! }
//!
//! let error = workers(0).unwrap_err();
//! assert_eq!(error.to_string(), "workers: 0 is not permitted (want: at least 1)");
//! ```

use crate::ConfigError;
use std::{borrow::Cow, fmt, time::Duration};

/// Passes where `holds`.
///
/// # Errors
/// A [`ConfigError`] that says what is permitted.
pub fn that(
    holds: bool,
    field: &'static str,
    value: impl fmt::Display,
    permitted: impl Into<Cow<'static, str>>,
) -> Result<(), ConfigError> {
    match holds {
        true => Ok(()),
        false => Err(ConfigError::new(field, value, permitted)),
    }
}

/// Passes a number, or the length of a list, that is not 0.
///
/// # Errors
/// A [`ConfigError`] for 0.
pub fn at_least_one<N>(field: &'static str, value: N) -> Result<(), ConfigError>
where
    N: Default + PartialEq + fmt::Display,
{
    that(value != N::default(), field, value, "at least 1")
}

/// Passes a number that is not above `most`, and `None`, which is not set.
///
/// # Errors
/// A [`ConfigError`] for more.
pub fn at_most(
    field: &'static str,
    value: impl Into<Option<usize>>,
    most: usize,
) -> Result<(), ConfigError> {
    let value = value.into().unwrap_or(0);
    that(value <= most, field, value, format!("at most {most}"))
}

/// Passes a time that is not zero, and `None`, which is no limit.
///
/// # Errors
/// A [`ConfigError`] for zero.
pub fn more_than_zero(
    field: &'static str,
    value: impl Into<Option<Duration>>,
) -> Result<(), ConfigError> {
    let holds = value.into() != Some(Duration::ZERO);
    // As `Debug` writes it, which other errors tell of their limits by.
    that(holds, field, "0ns", "more than zero")
}

/// Passes a part of a whole.
///
/// # Errors
/// A [`ConfigError`] for what is below 0, above 1, or NaN.
pub fn from_0_to_1(field: &'static str, value: f64) -> Result<(), ConfigError> {
    that((0.0..=1.0).contains(&value), field, value, "from 0 to 1")
}
