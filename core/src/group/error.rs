//! What went wrong in a group: every failure, with the task that it came from.

use super::TaskId;
use crate::{
    Elapsed,
    cancel::CancelReason,
    error::{JoinError, Panic},
};
use std::{borrow::Cow, panic::Location};

/// Every failure of a group, in the order of completion: never empty.
///
/// The first failure ends the others where they stand. Who fails in the same moment, the body included, is a second
/// failure where it came to that before it was dropped, and none where it did not: the first one is what to count on.
///
/// As [all errors](crate::error#errors-with-another-one-inside) it says in `{}` what befell itself, `3 failures in
/// group "ingest"`, and has the first failure as its source. `{:#}` prints them all as a tree, in which a nested group's
/// error is a branch; [`report`](Self::report) shows the sources of each error, too.
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
/// # extern crate anyrt_core as anyrt;
/// use anyrt::group::{GroupError, TaskError};
///
/// fn report(error: GroupError<std::io::Error>) {
///     let (io, rest) = error.split(|failure| failure.error().is_some());
///     for failure in io.iter().flat_map(GroupError::iter) {
///         eprintln!("tolerated: {failure}");
///     }
///     if let Some(rest) = rest {
///         eprintln!("{}", rest.report());
///     }
/// }
/// ```
///
/// # With `Box<dyn Error>` and `anyhow`
/// `E` is `Send + 'static`, and need be no [`Error`](std::error::Error): a group of children that fail with
/// `Box<dyn Error + Send + Sync>` prints its failures by `{:#}` as any other. But neither that box nor `anyhow::Error` is an
/// `Error` itself, so a `GroupError` of them is none either, and `?` cannot convert it. Where one message will
/// do, write it: `.map_err(|error| anyhow!("{error:#}"))`; for the causes of each failure
/// there is [`report_with`](Self::report_with).
#[derive(Debug)]
pub struct GroupError<E> {
    name: Option<Cow<'static, str>>,
    failures: Vec<TaskError<E>>,
}

/// The failure of one task.
#[non_exhaustive]
pub struct TaskError<E> {
    /// Which task; `None` for the body of a group, for the group's own deadline, and for a cancellation
    /// from outside.
    pub id: Option<TaskId>,
    /// The task's name, where it has one. Flattened, it is a path: `outer/inner`.
    pub name: Option<Cow<'static, str>>,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
    /// What happened.
    pub cause: Cause<E>,
}

/// Why a task has no output.
#[derive(Debug)]
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
        self.map_cause(|cause| match cause {
            Cause::Failed(error) => Cause::Failed(map(error)),
            Cause::Panicked(panic) => Cause::Panicked(panic),
            Cause::Cancelled(reason) => Cause::Cancelled(reason),
            Cause::TimedOut(elapsed) => Cause::TimedOut(elapsed),
        })
    }

    /// The same task with another cause: a timeout that was told as an error, say.
    pub fn map_cause<O>(self, map: impl FnOnce(Cause<E>) -> Cause<O>) -> TaskError<O> {
        TaskError {
            id: self.id,
            name: self.name,
            spawned_at: self.spawned_at,
            cause: map(self.cause),
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
