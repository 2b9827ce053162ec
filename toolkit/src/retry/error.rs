//! What is left when there is no further attempt.

use anyrt_core::{Elapsed, cancel::CancelReason, error::write_with};
use std::{borrow::Cow, error::Error, fmt, ops::Deref, time::Duration};

/// No attempt succeeded, and there is none left (*RE-6*). Its source is how the last attempt failed, or, where it was
/// cancelled, the [reason](CancelReason) for that.
///
/// What it knows is a [`RetryFailure`], behind a pointer: a call that succeeds has no room to make for it.
#[derive(Clone, PartialEq, Eq)]
pub struct RetryError<E>(Box<RetryFailure<E>>);

/// What a [`RetryError`] knows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryFailure<E> {
    /// The operation's name, where it was given one.
    pub operation: Option<Cow<'static, str>>,
    /// Why there was no further attempt.
    pub gave_up: GaveUp,
    /// How many attempts were made.
    pub attempts: u32,
    /// The time of all attempts and waits, from the end of the first poll; under a limit of time, from
    /// its beginning.
    pub elapsed: Duration,
    /// How the last attempt failed.
    pub last: AttemptError<E>,
}

impl<E> RetryError<E> {
    #[cold]
    pub(super) fn new(failure: RetryFailure<E>) -> Self {
        Self(Box::new(failure))
    }

    /// What it knows, to be taken apart.
    pub fn into_inner(self) -> RetryFailure<E> {
        *self.0
    }

    /// The last attempt's own error, if it was not its limit that ended it.
    pub fn last(&self) -> Option<&E> {
        match &self.last {
            AttemptError::Failed(error) => Some(error),
            AttemptError::TimedOut(_) => None,
        }
    }

    /// The last attempt's own error, if it was not its limit that ended it.
    pub fn into_last(self) -> Option<E> {
        match self.0.last {
            AttemptError::Failed(error) => Some(error),
            AttemptError::TimedOut(_) => None,
        }
    }
}

impl<E> Deref for RetryError<E> {
    type Target = RetryFailure<E>;

    fn deref(&self) -> &RetryFailure<E> {
        &self.0
    }
}

impl<E: fmt::Debug> fmt::Debug for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why there was no further attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GaveUp {
    /// There was no attempt left.
    Attempts,
    /// The error is not retryable, said [`when`](super::RetryBuilder::when).
    Refused,
    /// [`max_elapsed`](super::RetryBuilder::max_elapsed) had passed, or would have before the next attempt.
    MaxElapsed,
    /// The next attempt would have begun past the context's deadline, or past the end of time.
    Deadline,
    /// The [budget](super::RetryBudget) was spent.
    Budget,
    /// The context's token was cancelled, for that reason. (In a box, for errors are moved about.)
    Cancelled(Box<CancelReason>),
}

/// How an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "what is waited for ends, or the wait does"
)]
pub enum AttemptError<E> {
    /// With an error of its own.
    Failed(E),
    /// Its limit passed: that of [an attempt](super::RetryBuilder::attempt_timeout), as it was set; or, where that was
    /// less, what was left of [that of all](super::RetryBuilder::max_elapsed) as the attempt began.
    TimedOut(Elapsed),
}

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attempts => "no attempt is left",
            Self::Refused => "the error is not retryable",
            Self::MaxElapsed => "no time is left for another attempt",
            Self::Deadline => "the deadline is too near",
            Self::Budget => "the retry budget is spent",
            Self::Cancelled(reason) => return write_with(f, "cancelled", reason),
        })
    }
}

impl<E: fmt::Display> fmt::Display for AttemptError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write_with(f, "the attempt failed", error),
            Self::TimedOut(elapsed) => write_with(f, "the attempt took too long", elapsed),
        }
    }
}

impl<E: Error + 'static> Error for AttemptError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            Self::TimedOut(elapsed) => Some(elapsed),
        }
    }
}

impl<E: fmt::Display> fmt::Display for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = self.operation.as_deref().unwrap_or("operation");
        let RetryFailure {
            gave_up,
            attempts,
            elapsed,
            last,
            ..
        } = &**self;
        let plural = if *attempts == 1 { "" } else { "s" };
        write!(
            f,
            "{operation} failed after {attempts} attempt{plural} in {elapsed:?} "
        )?;
        match f.alternate() {
            true => write!(f, "({gave_up:#})")?,
            false => return write!(f, "({gave_up})"),
        }
        match last {
            AttemptError::Failed(error) => write!(f, ": {error:#}"),
            AttemptError::TimedOut(elapsed) => write!(f, ": {elapsed}"),
        }
    }
}

impl<E: Error + 'static> Error for RetryError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.gave_up {
            GaveUp::Cancelled(reason) => Some(&**reason),
            _ => self.last.source(),
        }
    }
}
