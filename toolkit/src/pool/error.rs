//! Why there is no object.

use anyrt_core::{Elapsed, error::write_with};
use std::{error::Error, fmt};

/// Why [`Pool::get`](super::Pool::get) has no object to give.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolError<E> {
    /// The pool is closed.
    Closed,
    /// None came free within [`wait_timeout`](super::PoolBuilder::wait_timeout).
    WaitTimedOut(Elapsed),
    /// None could be made within [`create_timeout`](super::PoolBuilder::create_timeout).
    CreateTimedOut(Elapsed),
    /// The manager could make none.
    Create(E),
}

impl<E: fmt::Display> fmt::Display for PoolError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the pool is closed"),
            Self::WaitTimedOut(elapsed) => write_with(f, "no object came free in time", elapsed),
            Self::CreateTimedOut(elapsed) => write_with(f, "no object was made in time", elapsed),
            Self::Create(error) => write_with(f, "the pool's manager could make no object", error),
        }
    }
}

impl<E: Error + 'static> Error for PoolError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Create(error) => Some(error),
            Self::WaitTimedOut(elapsed) | Self::CreateTimedOut(elapsed) => Some(elapsed),
            Self::Closed => None,
        }
    }
}
