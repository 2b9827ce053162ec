//! Why a key has no value.

use anyrt_core::error::{Panic, write_with};
use std::{error::Error, fmt, sync::Arc};

/// Why [`Batcher::load`](super::Batcher::load) has no value: what befell its whole batch. Cheap to clone.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchError<E> {
    /// The load returned an error.
    Failed(Arc<E>),
    /// The load panicked.
    Panicked(Arc<Panic>),
    /// The load returned more or fewer values than there were keys, so nobody knows which is whose.
    WrongLength {
        /// How many keys there were.
        keys: usize,
        /// How many values came.
        values: usize,
    },
    /// The batcher is closed.
    Closed,
    /// The load was aborted, with the batcher or its executor.
    Aborted,
}

impl<E> Clone for BatchError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(error.clone()),
            Self::Panicked(panic) => Self::Panicked(panic.clone()),
            Self::WrongLength { keys, values } => Self::WrongLength {
                keys: *keys,
                values: *values,
            },
            Self::Closed => Self::Closed,
            Self::Aborted => Self::Aborted,
        }
    }
}

impl<E: fmt::Display> fmt::Display for BatchError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write_with(f, "the load of a batch failed", error),
            Self::Panicked(panic) => write!(f, "the load of a batch panicked: {}", panic.message()),
            Self::WrongLength { keys, values } => {
                write!(f, "the load of {keys} keys returned {values} values")
            }
            Self::Closed => f.write_str("the batcher is closed"),
            Self::Aborted => f.write_str("the load of a batch was aborted"),
        }
    }
}

impl<E: Error + 'static> Error for BatchError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(&**error),
            _ => None,
        }
    }
}
