//! Why there is no object.

use crate::name::begin;
use anyrt_core::{Elapsed, error::write_with};
use std::{error::Error, fmt, sync::Arc};

/// Why [`Pool::get`](super::Pool::get) has no object to give. Each has the [name](Self::name) of its pool.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolError<E> {
    /// The pool is closed.
    Closed {
        /// The pool's name, where it was given one.
        pool: Option<Arc<str>>,
    },
    /// None came free within [`wait_timeout`](super::PoolBuilder::wait_timeout).
    WaitTimedOut {
        /// The pool's name, where it was given one.
        pool: Option<Arc<str>>,
        /// The limit, and the time that had passed.
        elapsed: Box<Elapsed>,
    },
    /// None could be made within [`create_timeout`](super::PoolBuilder::create_timeout).
    CreateTimedOut {
        /// The pool's name, where it was given one.
        pool: Option<Arc<str>>,
        /// The limit, and the time that had passed.
        elapsed: Box<Elapsed>,
    },
    /// The manager could make none.
    CreateFailed {
        /// The pool's name, where it was given one.
        pool: Option<Arc<str>>,
        /// The manager's error.
        error: E,
    },
}

impl<E> PoolError<E> {
    /// The manager's own error, if it is that.
    pub fn error(&self) -> Option<&E> {
        match self {
            Self::CreateFailed { error, .. } => Some(error),
            _ => None,
        }
    }

    /// The pool's name, where it was given one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Closed { pool }
            | Self::WaitTimedOut { pool, .. }
            | Self::CreateTimedOut { pool, .. }
            | Self::CreateFailed { pool, .. } => pool.as_deref(),
        }
    }
}

impl<E: fmt::Display> fmt::Display for PoolError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        begin(f, "pool", name)?;
        // Without a name in front the text has to say what it is of.
        let of = |named, nameless| if name.is_some() { named } else { nameless };
        match self {
            Self::Closed { .. } => f.write_str(of("closed", "the pool is closed")),
            Self::WaitTimedOut { elapsed, .. } => {
                let nameless = "no object of the pool came free in time";
                write_with(f, of("no object came free in time", nameless), elapsed)
            }
            Self::CreateTimedOut { elapsed, .. } => {
                let nameless = "the pool made no object in time";
                write_with(f, of("no object was made in time", nameless), elapsed)
            }
            Self::CreateFailed { error, .. } => {
                let nameless = "the pool's manager could make no object";
                write_with(f, of("the manager could make no object", nameless), error)
            }
        }
    }
}

impl<E: Error + 'static> Error for PoolError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::CreateFailed { error, .. } => Some(error),
            Self::WaitTimedOut { elapsed, .. } | Self::CreateTimedOut { elapsed, .. } => {
                Some(&**elapsed)
            }
            Self::Closed { .. } => None,
        }
    }
}
