//! Why something may not begin.

use crate::name::{Name, begin};
use anyrt_core::{Instant, cancel::CancelReason, error::write_with};
use std::{error::Error, fmt, sync::Arc};

/// Why something may not begin. Nothing was taken. Each has the [name](Self::name) of its limiter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateLimitError {
    /// It weighs more than the burst, so that it could never begin.
    TooHeavy {
        /// The limiter's name, where it was given one.
        limiter: Option<Arc<str>>,
        /// What it weighs.
        weight: u32,
        /// The most that can begin at once.
        burst: u32,
    },
    /// Of `try_acquire`: there are not enough tokens now, or others wait for them.
    NotYet {
        /// The limiter's name, where it was given one.
        limiter: Option<Arc<str>>,
        /// When the turn of somebody who begins to wait now would come, on the runtime's clock;
        /// [`Instant::MAX`] is never.
        retry_at: Instant,
    },
    /// Of `acquire`: its turn would come at or after the deadline of the context, from the beginning or by another quota;
    /// or never.
    TooLate {
        /// The limiter's name, where it was given one.
        limiter: Option<Arc<str>>,
        /// When the turn of somebody who begins to wait now would come, as that of [`NotYet`](Self::NotYet).
        retry_at: Instant,
    },
    /// The context's token was cancelled.
    Cancelled {
        /// The limiter's name, where it was given one.
        limiter: Option<Arc<str>>,
        /// Why, and where.
        reason: CancelReason,
    },
}

impl RateLimitError {
    /// The limiter's name, where it was given one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::TooHeavy { limiter, .. }
            | Self::NotYet { limiter, .. }
            | Self::TooLate { limiter, .. }
            | Self::Cancelled { limiter, .. } => limiter.as_deref(),
        }
    }
}

impl fmt::Display for RateLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        begin(f, "rate limiter", self.name())?;
        match self {
            Self::TooHeavy { weight, burst, .. } => {
                write!(f, "a weight of {weight} is more than the burst of {burst}")
            }
            Self::NotYet { .. } => f.write_str("the rate limit is reached"),
            Self::TooLate { retry_at, .. } => f.write_str(match *retry_at {
                Instant::MAX => "its turn would never come",
                _ => "its turn would come after the deadline",
            }),
            Self::Cancelled { reason, .. } => write_with(f, "cancelled before its turn", reason),
        }
    }
}

impl Error for RateLimitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Cancelled { reason, .. } => Some(reason),
            Self::TooHeavy { .. } | Self::NotYet { .. } | Self::TooLate { .. } => None,
        }
    }
}

/// What the line says, which knows no name: whoever waits after all has no use for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    TooHeavy { weight: u32, burst: u32 },
    NotYet { retry_at: Instant },
    TooLate { retry_at: Instant },
}

impl Refused {
    pub(super) fn by(self, limiter: Name) -> RateLimitError {
        match self {
            Self::TooHeavy { weight, burst } => RateLimitError::TooHeavy {
                limiter,
                weight,
                burst,
            },
            Self::NotYet { retry_at } => RateLimitError::NotYet { limiter, retry_at },
            Self::TooLate { retry_at } => RateLimitError::TooLate { limiter, retry_at },
        }
    }
}
