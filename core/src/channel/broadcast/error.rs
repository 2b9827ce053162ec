//! Why a receiver has no value.

use std::{error::Error, fmt};

/// Why [`Receiver::recv`](super::Receiver::recv) gave no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "too late or too slow: there is no third"
)]
pub enum RecvError {
    /// The receiver was too slow: this many values are lost, and it goes on with the oldest that is left.
    Lagged(u64),
    /// All senders are gone, and all values are out.
    Closed,
}

/// Why [`Receiver::try_recv`](super::Receiver::try_recv) gave no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the same, or too early")]
pub enum TryRecvError {
    /// Nothing is there now; something may come.
    Empty,
    /// The receiver was too slow: this many values are lost, and it goes on with the oldest that is left.
    Lagged(u64),
    /// All senders are gone, and all values are out.
    Closed,
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lagged(missed) => write!(f, "the receiver was too slow for {missed} values"),
            Self::Closed => f.write_str("the channel is closed and drained"),
        }
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => f.write_str("the channel is empty"),
            Self::Lagged(missed) => RecvError::Lagged(missed).fmt(f),
            Self::Closed => RecvError::Closed.fmt(f),
        }
    }
}

impl Error for RecvError {}
impl Error for TryRecvError {}
