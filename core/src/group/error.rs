//! What went wrong in a group: every failure, with the task that it came from.

use super::TaskId;
use crate::{
    Elapsed,
    cancel::CancelReason,
    error::{JoinError, Panic},
};
use std::{borrow::Cow, error::Error, fmt, panic::Location};

/// Every failure of a group, in the order of completion: never empty.
///
/// It is printed as a tree, with the sources of each error below it; a nested group's error is a
/// branch.
///
/// ```text
/// 3 failures in group "ingest"
/// ├─ parse (task 4, src/main.rs:31:15): bad header
/// │  └─ caused by: invalid digit found in string
/// ├─ task 7 (src/main.rs:40:15) panicked: index out of bounds
/// └─ the body (src/main.rs:28:10): disk full
/// ```
///
/// ```
/// use anyrt_core::group::{GroupError, TaskError};
///
/// fn report(error: GroupError<std::io::Error>) {
///     let (io, rest) = error.split(|failure| failure.error().is_some());
///     for failure in io.iter().flat_map(GroupError::iter) {
///         eprintln!("tolerated: {failure}");
///     }
///     if let Some(rest) = rest {
///         eprintln!("{rest}");
///     }
/// }
/// ```
pub struct GroupError<E> {
    name: Option<Cow<'static, str>>,
    failures: Vec<TaskError<E>>,
}

/// The failure of one task.
#[non_exhaustive]
pub struct TaskError<E> {
    /// Which task; `None` for the body of a group, and for the group's own deadline.
    pub id: Option<TaskId>,
    /// The task's name, where it has one. Flattened, it is a path: `outer/inner`.
    pub name: Option<Cow<'static, str>>,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
    /// What happened.
    pub cause: Cause<E>,
}

/// Why a task has no output.
#[non_exhaustive]
pub enum Cause<E> {
    /// It returned an error.
    Failed(E),
    /// It panicked, or a destructor of it did.
    Panicked(Panic),
    /// It was cancelled, and not by its group: its executor is gone.
    Cancelled(Option<CancelReason>),
    /// Its time was over.
    TimedOut(Elapsed),
}

impl<E> TaskError<E> {
    /// The error that the task returned, if that is what happened.
    pub fn error(&self) -> Option<&E> {
        match &self.cause {
            Cause::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.cause, Cause::Panicked(_))
    }

    /// The error that the task returned. A panic goes on unwinding.
    ///
    /// # Errors
    /// Itself, where the task was cancelled or timed out.
    pub fn into_error(self) -> Result<E, Self> {
        match self.cause {
            Cause::Failed(error) => Ok(error),
            Cause::Panicked(panic) => std::panic::resume_unwind(panic.into_payload()),
            cause => Err(Self { cause, ..self }),
        }
    }

    /// The same failure with another error.
    pub fn map<O>(self, map: impl FnOnce(E) -> O) -> TaskError<O> {
        TaskError {
            id: self.id,
            name: self.name,
            spawned_at: self.spawned_at,
            cause: match self.cause {
                Cause::Failed(error) => Cause::Failed(map(error)),
                Cause::Panicked(panic) => Cause::Panicked(panic),
                Cause::Cancelled(reason) => Cause::Cancelled(reason),
                Cause::TimedOut(elapsed) => Cause::TimedOut(elapsed),
            },
        }
    }
}

impl<E> From<TaskError<E>> for GroupError<E> {
    fn from(failure: TaskError<E>) -> Self {
        Self {
            name: None,
            failures: vec![failure],
        }
    }
}

impl<E> From<JoinError> for Cause<E> {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::Cancelled => Self::Cancelled(None),
            JoinError::Panicked(panic) => Self::Panicked(panic),
        }
    }
}

impl<E> GroupError<E> {
    /// `None` where there is no failure.
    pub fn new(
        name: Option<Cow<'static, str>>,
        failures: impl IntoIterator<Item = TaskError<E>>,
    ) -> Option<Self> {
        let failures: Vec<_> = failures.into_iter().collect();
        (!failures.is_empty()).then_some(Self { name, failures })
    }

    /// The group's name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The failure that came first, and that the others were cancelled for.
    pub fn first(&self) -> &TaskError<E> {
        &self.failures[0]
    }

    /// The failure that came first.
    pub fn into_first(mut self) -> TaskError<E> {
        self.failures.swap_remove(0)
    }

    /// All failures, in the order of completion.
    pub fn iter(&self) -> std::slice::Iter<'_, TaskError<E>> {
        self.failures.iter()
    }

    /// How many there are: at least 1.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.failures.len()
    }

    /// Those that `wanted` holds for, and the rest: what `except*` is in Python.
    pub fn split(self, wanted: impl FnMut(&TaskError<E>) -> bool) -> (Option<Self>, Option<Self>) {
        let (left, right): (Vec<_>, Vec<_>) = self.failures.into_iter().partition(wanted);
        (
            Self::new(self.name.clone(), left),
            Self::new(self.name, right),
        )
    }

    /// The same failures with other errors.
    pub fn map<O>(self, mut map: impl FnMut(E) -> O) -> GroupError<O> {
        let failures = self.failures.into_iter();
        GroupError {
            name: self.name,
            failures: failures.map(|failure| failure.map(&mut map)).collect(),
        }
    }

    /// The errors that the tasks returned; panics and the like are left out.
    pub fn into_errors(self) -> impl Iterator<Item = E> {
        self.failures
            .into_iter()
            .filter_map(|failure| match failure.cause {
                Cause::Failed(error) => Some(error),
                _ => None,
            })
    }
}

impl<E> GroupError<GroupError<E>> {
    /// The failures of the groups inside and of this one, in one list. Names become paths.
    pub fn flatten(self) -> GroupError<E> {
        let mut failures = Vec::with_capacity(self.failures.len());
        for outer in self.failures {
            let TaskError {
                id,
                name,
                spawned_at,
                cause,
            } = outer;
            let cause = match cause {
                Cause::Failed(inner) => {
                    let group = name.or_else(|| inner.name.clone());
                    failures.extend(inner.failures.into_iter().map(|failure| TaskError {
                        name: path(group.as_deref(), failure.name),
                        ..failure
                    }));
                    continue;
                }
                Cause::Panicked(panic) => Cause::Panicked(panic),
                Cause::Cancelled(reason) => Cause::Cancelled(reason),
                Cause::TimedOut(elapsed) => Cause::TimedOut(elapsed),
            };
            failures.push(TaskError {
                id,
                name,
                spawned_at,
                cause,
            });
        }
        GroupError {
            name: self.name,
            failures,
        }
    }
}

fn path(group: Option<&str>, name: Option<Cow<'static, str>>) -> Option<Cow<'static, str>> {
    match (group, name) {
        (Some(group), Some(name)) => Some(format!("{group}/{name}").into()),
        (Some(group), None) => Some(group.to_owned().into()),
        (None, name) => name,
    }
}

impl<E> IntoIterator for GroupError<E> {
    type Item = TaskError<E>;
    type IntoIter = std::vec::IntoIter<TaskError<E>>;

    fn into_iter(self) -> Self::IntoIter {
        self.failures.into_iter()
    }
}

impl<'a, E> IntoIterator for &'a GroupError<E> {
    type Item = &'a TaskError<E>;
    type IntoIter = std::slice::Iter<'a, TaskError<E>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<E: fmt::Display> fmt::Display for TaskError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.spawned_at;
        match (&self.name, self.id) {
            (Some(name), Some(id)) => write!(f, "{name} ({id}, {at})")?,
            (None, Some(id)) => write!(f, "{id} ({at})")?,
            (Some(name), None) => write!(f, "{name} ({at})")?,
            (None, None) if matches!(self.cause, Cause::TimedOut(_)) => {
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

impl<E: Error + 'static> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.failures.len();
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "{count} failure{plural} in ")?;
        match &self.name {
            Some(name) => write!(f, "group \"{name}\"")?,
            None => f.write_str("a task group")?,
        }
        for (at, failure) in self.failures.iter().enumerate() {
            let last = at + 1 == count;
            let (fork, mut rail) = if last {
                ("└─ ", String::from("\n   "))
            } else {
                ("├─ ", String::from("\n│  "))
            };
            let text = failure.to_string();
            write!(f, "\n{fork}{}", text.replace('\n', &rail))?;
            // What takes several lines is a group that has printed its own sources.
            let mut done = text.contains('\n');
            let mut source = failure.error().and_then(Error::source);
            while let (false, Some(error)) = (done, source) {
                let text = error.to_string();
                write!(f, "{rail}└─ caused by: ")?;
                rail.push_str("   ");
                f.write_str(&text.replace('\n', &rail))?;
                done = text.contains('\n');
                source = error.source();
            }
        }
        Ok(())
    }
}

impl<E: Error + 'static> Error for TaskError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Failed(error) => error.source(),
            Cause::TimedOut(elapsed) => Some(elapsed),
            Cause::Panicked(_) | Cause::Cancelled(_) => None,
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

impl<E: fmt::Debug> fmt::Debug for Cause<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
            Self::Panicked(panic) => f.debug_tuple("Panicked").field(panic).finish(),
            Self::Cancelled(reason) => f.debug_tuple("Cancelled").field(reason).finish(),
            Self::TimedOut(elapsed) => f.debug_tuple("TimedOut").field(elapsed).finish(),
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupError")
            .field("name", &self.name)
            .field("failures", &self.failures)
            .finish()
    }
}
