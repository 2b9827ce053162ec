//! A point in a runtime's time.

use std::{
    fmt,
    ops::{Add, AddAssign, Sub},
    time::Duration,
};

/// A point in a runtime's time: nanoseconds since that runtime's origin.
///
/// Where the origin lies is the backend's choice (tokio's `now` begins at a day), so what is worth
/// printing is a difference: `tick - start`. A count rather than a `std::time::Instant`, so that a simulator can start at 0 and
/// two runs print the same trace. Arithmetic saturates: what lies beyond the end of time is
/// [`Instant::MAX`], which as a deadline never comes. Instants of different runtimes
/// have nothing to do with one another.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::Instant;
/// use std::time::Duration;
///
/// let start = Instant::from_nanos(500);
/// let later = start + Duration::from_secs(1);
/// assert_eq!(later - start, Duration::from_secs(1));
/// assert_eq!(start - later, Duration::ZERO);
/// assert_eq!(start - Duration::from_secs(1), Instant::ORIGIN);
/// assert_eq!(start + Duration::MAX, Instant::MAX);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The runtime's origin.
    pub const ORIGIN: Self = Self(0);
    /// The end of time, about 584 years after the origin. As a deadline: never.
    pub const MAX: Self = Self(u64::MAX);

    /// The point `nanos` nanoseconds after the origin.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time since `earlier`, zero if that lies ahead.
    #[doc(alias = "duration_since")]
    #[doc(alias = "saturating_duration_since")]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// The point `after` later, or [`Instant::MAX`] if there is none.
    fn add(self, after: Duration) -> Self {
        let nanos = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, after: Duration) {
        *self = *self + after;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    /// The point `before` earlier, or the origin if there is none.
    fn sub(self, before: Duration) -> Self {
        let nanos = u64::try_from(before.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(nanos))
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// The time since `earlier`, zero if that lies ahead.
    fn sub(self, earlier: Self) -> Duration {
        self.saturating_since(earlier)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instant({:?})", Duration::from_nanos(self.0))
    }
}
