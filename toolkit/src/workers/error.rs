//! Why a job was not taken in.

use crate::name::{begin, closed};
use std::{error::Error, fmt, sync::Arc};

/// Why a [`TaskPool`](super::TaskPool) did not take a job in. The job [comes back](Self::into_inner), unpolled. Each has
/// the [name](Self::name) of its pool.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubmitError<F> {
    /// The pool was shut down, or its executor is gone.
    Closed {
        /// The pool's name, where it was given one.
        pool: Option<Arc<str>>,
        /// The job.
        job: F,
    },
    /// There is no room, or somebody waits for it already: of [`try_submit`](super::TaskPool::try_submit) alone.
    Full {
        /// The pool's name, where it was given one.
        pool: Option<Arc<str>>,
        /// The job.
        job: F,
    },
}

impl<F> SubmitError<F> {
    /// The pool's name, where it was given one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Closed { pool, .. } | Self::Full { pool, .. } => pool.as_deref(),
        }
    }

    /// The job.
    pub fn into_inner(self) -> F {
        match self {
            Self::Closed { job, .. } | Self::Full { job, .. } => job,
        }
    }

    /// Whether it may be taken in later.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}

impl<F> fmt::Debug for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, pool) = match self {
            Self::Closed { pool, .. } => ("Closed", pool),
            Self::Full { pool, .. } => ("Full", pool),
        };
        let mut text = f.debug_struct(kind);
        text.field("pool", pool).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::Closed { .. } => closed(f, "task pool", name),
            Self::Full { .. } => {
                begin(f, "task pool", name)?;
                f.write_str("no room is left in the queue")
            }
        }
    }
}

impl<F> Error for SubmitError<F> {}
