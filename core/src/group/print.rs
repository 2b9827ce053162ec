//! How failures are printed.

use super::{Cause, GroupError, TaskError};
use std::{error::Error, fmt};

/// How to get from an error of a task to its source.
type Source<E> = fn(&E) -> Option<&(dyn Error + 'static)>;

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
        tree(self, |_| None, f)
    }
}

fn tree<E: fmt::Display>(
    error: &GroupError<E>,
    source: Source<E>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let count = error.len();
    let plural = if count == 1 { "" } else { "s" };
    write!(f, "{count} failure{plural} in ")?;
    match error.name() {
        Some(name) => write!(f, "group \"{name}\"")?,
        None => f.write_str("a task group")?,
    }
    for (at, failure) in error.iter().enumerate() {
        let last = at + 1 == count;
        let (fork, mut rail) = if last {
            ("└─ ", String::from("\n   "))
        } else {
            ("├─ ", String::from("\n│  "))
        };
        let text = failure.to_string();
        write!(f, "\n{fork}{}", text.replace('\n', &rail))?;
        // What takes several lines is a group that has printed its own.
        let mut done = text.contains('\n');
        let mut next = failure.error().and_then(source);
        while let (false, Some(error)) = (done, next) {
            let text = error.to_string();
            write!(f, "{rail}└─ caused by: ")?;
            rail.push_str("   ");
            f.write_str(&text.replace('\n', &rail))?;
            done = text.contains('\n');
            next = error.source();
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
        match &self.cause {
            Cause::Failed(error) => write!(f, ": {error}"),
            Cause::Panicked(panic) => write!(f, " panicked: {}", panic.message()),
            Cause::Cancelled(None) => f.write_str(" was cancelled: its executor is gone"),
            Cause::Cancelled(Some(reason)) => write!(f, " was cancelled: {reason}"),
            Cause::TimedOut(elapsed) => write!(f, ": {elapsed}"),
        }
    }
}

impl<E: Error + 'static> Error for TaskError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Failed(error) => error.source(),
            Cause::TimedOut(_) | Cause::Panicked(_) | Cause::Cancelled(_) => None,
        }
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
