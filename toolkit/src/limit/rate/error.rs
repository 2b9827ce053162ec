//! Why something may not begin.

use anyrt_core::{Instant, cancel::CancelReason, error::write_with};
use std::{error::Error, fmt};

/// Why something may not begin. Nothing was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateLimitError {
    /// It weighs more than the burst, so that it could never begin.
    TooHeavy {
        /// What it weighs.
        weight: u32,
        /// The most that can begin at once.
        burst: u32,
    },
    /// `try_acquire`: there are not enough tokens now. `acquire`: its turn would come at or after the
    /// deadline of the context, from the beginning or by another quota.
    NotYet {
        /// When the turn of somebody who begins to wait now would come, on the runtime's clock;
        /// [`Instant::MAX`] is never.
        ready_at: Instant,
    },
    /// The context's token was cancelled.
    Cancelled(CancelReason),
}

impl fmt::Display for RateLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooHeavy { weight, burst } => {
                write!(f, "a weight of {weight} is more than the burst of {burst}")
            }
            Self::NotYet { .. } => f.write_str("the rate limit is reached"),
            Self::Cancelled(reason) => write_with(f, "cancelled before its turn", reason),
        }
    }
}

impl Error for RateLimitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Cancelled(reason) => Some(reason),
            Self::TooHeavy { .. } | Self::NotYet { .. } => None,
        }
    }
}
