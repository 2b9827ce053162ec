//! Why a key has no value.

use crate::name::{begin, closed};
use anyrt_core::error::{Panic, write_with};
use std::{error::Error, fmt, sync::Arc};

/// Why [`Batcher::load`](super::Batcher::load) has no value: what befell its whole batch. Cheap to clone. Each has the
/// [name](Self::name) of its batcher.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchError<E> {
    /// The load returned an error.
    Failed {
        /// The batcher's name, where it was given one.
        batcher: Option<Arc<str>>,
        /// The load's error.
        error: Arc<E>,
    },
    /// The load panicked.
    Panicked {
        /// The batcher's name, where it was given one.
        batcher: Option<Arc<str>>,
        /// Its panic.
        panic: Arc<Panic>,
    },
    /// The load returned more or fewer values than there were keys, so nobody knows which is whose.
    WrongLength {
        /// The batcher's name, where it was given one.
        batcher: Option<Arc<str>>,
        /// How many keys there were.
        keys: usize,
        /// How many values came.
        values: usize,
    },
    /// The batcher is closed.
    Closed {
        /// The batcher's name, where it was given one.
        batcher: Option<Arc<str>>,
    },
    /// The load was aborted, with the batcher or its executor.
    Aborted {
        /// The batcher's name, where it was given one.
        batcher: Option<Arc<str>>,
    },
}

impl<E> BatchError<E> {
    /// The load's own error, if it is that.
    pub fn error(&self) -> Option<&E> {
        match self {
            Self::Failed { error, .. } => Some(error),
            _ => None,
        }
    }

    /// The batcher's name, where it was given one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Failed { batcher, .. }
            | Self::Panicked { batcher, .. }
            | Self::WrongLength { batcher, .. }
            | Self::Closed { batcher }
            | Self::Aborted { batcher } => batcher.as_deref(),
        }
    }
}

impl<E> Clone for BatchError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Failed { batcher, error } => Self::Failed {
                batcher: batcher.clone(),
                error: error.clone(),
            },
            Self::Panicked { batcher, panic } => Self::Panicked {
                batcher: batcher.clone(),
                panic: panic.clone(),
            },
            Self::WrongLength {
                batcher,
                keys,
                values,
            } => Self::WrongLength {
                batcher: batcher.clone(),
                keys: *keys,
                values: *values,
            },
            Self::Closed { batcher } => Self::Closed {
                batcher: batcher.clone(),
            },
            Self::Aborted { batcher } => Self::Aborted {
                batcher: batcher.clone(),
            },
        }
    }
}

impl<E: fmt::Display> fmt::Display for BatchError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        if let Self::Closed { .. } = self {
            return closed(f, "batcher", name);
        }
        begin(f, "batcher", name)?;
        match self {
            Self::Failed { error, .. } => write_with(f, "the load of a batch failed", error),
            Self::Panicked { panic, .. } => {
                write!(f, "the load of a batch panicked: {}", panic.message())
            }
            Self::WrongLength { keys, values, .. } => {
                let s = |count: &usize| if *count == 1 { "" } else { "s" };
                let (key, value) = (s(keys), s(values));
                write!(
                    f,
                    "the load of {keys} key{key} returned {values} value{value}"
                )
            }
            Self::Closed { .. } => Ok(()),
            Self::Aborted { .. } => f.write_str("the load of a batch was aborted"),
        }
    }
}

impl<E: Error + 'static> Error for BatchError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed { error, .. } => Some(&**error),
            _ => None,
        }
    }
}
