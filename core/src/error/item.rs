//! Errors that give an item back.

use super::Elapsed;
use std::{error::Error, fmt};

/// Nobody can receive it any more: the receiver is gone or closed, or the queue was shut down. The item
/// comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

impl<T> SendError<T> {
    /// The item that was not sent.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// Why an item could not be sent at once; it comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "never, or not yet")]
pub enum TrySendError<T> {
    /// No slot is free, or somebody waits for one already.
    Full(T),
    /// The receiver is gone or closed.
    Closed(T),
}

impl<T> TrySendError<T> {
    /// The item that was not sent.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(item) | Self::Closed(item) => item,
        }
    }
}

/// Why an item could not be sent in time; it comes back.
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "what is waited for ends, or the wait does"
)]
pub enum SendTimeoutError<T> {
    /// No slot came free within the limit.
    TimedOut(T, Elapsed),
    /// The receiver is gone or closed.
    Closed(T),
}

impl<T> SendTimeoutError<T> {
    /// The item that was not sent.
    pub fn into_inner(self) -> T {
        match self {
            Self::TimedOut(item, _) | Self::Closed(item) => item,
        }
    }
}

/// Implements `Debug`, `Display` and `Error` for errors that carry an item of any type.
macro_rules! item_errors {
    ($($name:ident { $($pattern:pat => $kind:literal, $text:literal;)+ })+) => {$(
        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($pattern => $kind,)+ })
            }
        }
        impl<T> fmt::Display for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($pattern => $text,)+ })
            }
        }
        impl<T> Error for $name<T> {}
    )+};
}

item_errors! {
    SendError {
        Self(_) => "SendError(..)", "closed: nobody can receive the item";
    }
    TrySendError {
        Self::Full(_) => "Full(..)", "full: no slot is free";
        Self::Closed(_) => "Closed(..)", "closed: nobody can receive the item";
    }
}

impl<T> fmt::Debug for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(_, elapsed) => write!(f, "TimedOut(.., {elapsed:?})"),
            Self::Closed(_) => f.write_str("Closed(..)"),
        }
    }
}

impl<T> fmt::Display for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut(..) => "no slot came free in time",
            Self::Closed(_) => "closed: nobody can receive the item",
        })
    }
}

impl<T> Error for SendTimeoutError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::TimedOut(_, elapsed) => Some(elapsed),
            Self::Closed(_) => None,
        }
    }
}
