//! How failures are printed.

use super::{Cause, GroupError, TaskError};
use crate::error::{JoinError, says, write_with};
use std::{error::Error, fmt};

/// How to get from an error of a task to its source.
type Source<E> = fn(&E) -> Option<&(dyn Error + 'static)>;

/// What a task comes to whose executor is gone.
pub(super) static CANCELLED: JoinError = JoinError::Cancelled;

/// A group's error as a tree, with sources; made by [`GroupError::report`].
pub struct Report<'a, E> {
    error: &'a GroupError<E>,
    source: Source<E>,
}

impl<E: fmt::Display> GroupError<E> {
    /// The tree, with the sources of each error below it.
    pub fn report(&self) -> Report<'_, E>
    where
        E: Error + 'static,
    {
        self.report_with(E::source)
    }

    /// The [report](Self::report) for errors that are no [`Error`] themselves, such as `Box<dyn Error>` or
    /// `anyhow::Error`.
    ///
    /// ```
    /// # extern crate anyrt_core as anyrt;
    /// use anyrt::group::GroupError;
    /// use std::error::Error;
    ///
    /// fn print(error: &GroupError<Box<dyn Error + Send + Sync>>) {
    ///     eprintln!("{}", error.report_with(|error| error.source()));
    /// }
    /// ```
    pub fn report_with(&self, source: Source<E>) -> Report<'_, E> {
        Report {
            error: self,
            source,
        }
    }
}

impl<E: fmt::Display> fmt::Display for Report<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tree(self.error, self.source, f)
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return tree(self, |_| None, f);
        }
        head(self, f)
    }
}

fn head<E>(error: &GroupError<E>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let count = error.len();
    let plural = if count == 1 { "" } else { "s" };
    write!(f, "{count} failure{plural} in ")?;
    match error.name() {
        Some(name) => write!(f, "group \"{name}\""),
        None => f.write_str("a task group"),
    }
}

fn tree<E: fmt::Display>(
    error: &GroupError<E>,
    source: Source<E>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    head(error, f)?;
    let count = error.len();
    for (at, failure) in error.iter().enumerate() {
        let last = at + 1 == count;
        let (fork, mut rail) = if last {
            ("└─ ", String::from("\n   "))
        } else {
            ("├─ ", String::from("\n│  "))
        };
        let text = format!("{failure:#}");
        write!(f, "\n{fork}{}", text.replace('\n', &rail))?;
        // What takes several lines is a group that has printed its own.
        let mut done = text.contains('\n');
        let mut told = text;
        let mut next = failure.error().and_then(source);
        while let (false, Some(error)) = (done, next) {
            next = error.source();
            // A group among the sources prints its own, too.
            let text = format!("{error:#}");
            if says(&told, &text) {
                continue;
            }
            write!(f, "{rail}└─ caused by: ")?;
            rail.push_str("   ");
            f.write_str(&text.replace('\n', &rail))?;
            done = text.contains('\n');
            told = text;
        }
    }
    Ok(())
}

impl<E: fmt::Display> fmt::Display for TaskError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.spawned_at;
        match (&self.name, self.id) {
            (Some(name), Some(id)) => write!(f, "{name} ({id}, {at})")?,
            (None, Some(id)) => write!(f, "{id} ({at})")?,
            (Some(name), None) => write!(f, "{name} ({at})")?,
            (None, None) if matches!(self.cause, Cause::TimedOut(_) | Cause::Cancelled(_)) => {
                write!(f, "the group ({at})")?;
            }
            (None, None) => write!(f, "the body ({at})")?,
        }
        match (&self.cause, f.alternate()) {
            (Cause::Failed(error), true) => write!(f, ": {error:#}"),
            (Cause::TimedOut(elapsed), true) => write!(f, ": {elapsed}"),
            (cause, true) => write!(f, " {cause:#}"),
            (cause, false) => write!(f, " {cause}"),
        }
    }
}

/// What it came to, as said of a task: `failed`, `panicked: index out of bounds`. `{:#}` has what is inside.
impl<E: fmt::Display> fmt::Display for Cause<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write_with(f, "failed", error),
            Self::Panicked(panic) => write!(f, "panicked: {}", panic.message()),
            Self::Cancelled(None) => f.write_str("was cancelled: its executor is gone"),
            Self::Cancelled(Some(reason)) => write_with(f, "was cancelled", reason),
            Self::TimedOut(elapsed) => write_with(f, "took too long", elapsed),
        }
    }
}

impl<E: Error + 'static> Error for Cause<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            Self::TimedOut(elapsed) => Some(elapsed),
            Self::Cancelled(Some(reason)) => Some(reason),
            Self::Cancelled(None) => Some(&CANCELLED),
            Self::Panicked(_) => None,
        }
    }
}

impl<E: Error + 'static> Error for TaskError<E> {
    /// That of its cause.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}

impl<E: Error + 'static> Error for GroupError<E> {
    /// The first failure.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.first())
    }
}

impl<E: fmt::Debug> fmt::Debug for TaskError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskError")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("spawned_at", &format_args!("{}", self.spawned_at))
            .field("cause", &self.cause)
            .finish()
    }
}

impl<E> fmt::Debug for Report<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report").finish_non_exhaustive()
    }
}
