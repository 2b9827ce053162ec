//! Why there is no output.

use anyrt_core::{Instant, error::write_with};
use std::{error::Error, fmt, sync::Arc};

/// The breaker is open, and the call was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Open {
    /// The breaker's name, where it was given one.
    pub breaker: Option<Arc<str>>,
    /// When a call may be let through again, on the runtime's clock; earlier if a trial ends before.
    pub retry_at: Instant,
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.breaker {
            Some(name) => write!(f, "the circuit breaker \"{name}\" is open"),
            None => f.write_str("the circuit breaker is open"),
        }
    }
}

impl Error for Open {}

/// Why a call through a breaker has no output.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a call was made, or not")]
pub enum BreakerError<E> {
    /// It was not made.
    Open(Open),
    /// It failed.
    Failed(E),
}

impl<E> BreakerError<E> {
    /// Whether the call was not made.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }
}

impl<E: fmt::Display> fmt::Display for BreakerError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(open) => write_with(f, "the call was not made", open),
            Self::Failed(error) => write_with(f, "the call failed", error),
        }
    }
}

impl<E: Error + 'static> Error for BreakerError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Open(open) => Some(open),
            Self::Failed(error) => Some(error),
        }
    }
}
