//! How much, and how often.

use crate::name::refused;
use anyrt_core::{ConfigError, error::check};
use std::time::Duration;

/// How often: a count per period, and how many of them at once.
///
/// ```
/// use anyrt::limit::Quota;
/// use std::time::Duration;
///
/// let calls = Quota::per_second(100).burst(20);
/// let bytes = Quota::new(10_000_000, Duration::from_secs(1)).burst(64 * 1024);
/// # let _ = (calls, bytes);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "it takes a limiter to keep it"]
pub struct Quota {
    pub(super) count: u32,
    pub(super) period: Duration,
    pub(super) burst: u32,
}

impl Quota {
    /// So many in each period, and unless [set](Self::burst) otherwise as many at once.
    pub const fn new(count: u32, period: Duration) -> Self {
        Self {
            count,
            period,
            burst: count,
        }
    }

    /// So many a second.
    pub const fn per_second(count: u32) -> Self {
        Self::new(count, Duration::from_secs(1))
    }

    /// So many a minute.
    pub const fn per_minute(count: u32) -> Self {
        Self::new(count, Duration::from_secs(60))
    }

    /// So many an hour.
    pub const fn per_hour(count: u32) -> Self {
        Self::new(count, Duration::from_secs(60 * 60))
    }

    /// The most that may come at once; 1 spaces them out evenly.
    pub const fn burst(mut self, burst: u32) -> Self {
        self.burst = burst;
        self
    }

    pub(super) fn check(self) -> Result<Self, ConfigError> {
        check::at_least_one("rate", self.count)?;
        check::more_than_zero("period", self.period)?;
        check::at_least_one("burst", self.burst)?;
        Ok(self)
    }

    /// For a limiter that may have a name.
    pub(super) fn check_for(self, limiter: Option<&str>) -> Result<Self, ConfigError> {
        self.check()
            .map_err(|error| refused(error, "rate limiter", limiter))
    }
}
