//! How the family starts its children, and counts them.

use crate::{
    group::{GroupBuilder, Spawner, Step, TaskError},
    rt::Runtime,
    task::drop_quietly,
};
use std::{
    any::Any,
    borrow::Cow,
    future::Future,
    panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind},
};

/// The name of a child, where it is known by more than its number.
type Name = Option<Cow<'static, str>>;

/// Starts a child. Where the group is cancelled already the future is dropped, and since there is a
/// failure to tell then, no panic of its destructor takes its place.
#[track_caller]
pub(super) fn start<R, F, T, E>(
    group: &Spawner<R, T, E>,
    name: Name,
    called_at: &'static Location<'static>,
    future: F,
) where
    R: Runtime,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    drop_quietly(group.spawn_at(name, called_at, future));
}

/// Starts what `make` returns; a panic of it is the child's failure. To let it unwind the caller
/// would leave the siblings behind, aborted but not joined.
#[track_caller]
pub(super) fn start_made<R, F, T, E>(
    group: &Spawner<R, T, E>,
    name: Name,
    called_at: &'static Location<'static>,
    make: impl FnOnce() -> F,
) where
    R: Runtime,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    match catch_unwind(AssertUnwindSafe(make)) {
        Ok(future) => start(group, name, called_at, future),
        Err(payload) => start_raised(group, name, called_at, payload),
    }
}

/// Starts a child that does nothing but panic.
#[track_caller]
pub(super) fn start_raised<R, T, E>(
    group: &Spawner<R, T, E>,
    name: Name,
    called_at: &'static Location<'static>,
    payload: Box<dyn Any + Send>,
) where
    R: Runtime,
    T: Send + 'static,
    E: Send + 'static,
{
    start(group, name, called_at, async { resume_unwind(payload) });
}

/// Gets how many are done.
pub(super) type Progress = Box<dyn FnMut(usize) + Send>;

/// A group that calls `report`, if there is one, once a completion. There, `on_failure` follows a
/// failure.
pub(super) fn reporting<R, T, E>(
    group: GroupBuilder<R, T, E>,
    report: Option<Progress>,
    on_failure: Step,
) -> GroupBuilder<R, T, E>
where
    R: Runtime,
    T: Send + 'static,
    E: Send + 'static,
{
    let Some(mut report) = report else {
        return group;
    };
    let mut done = 0;
    group.joiner(move |outcome: Result<&T, &TaskError<E>>| {
        done += 1;
        report(done);
        match outcome {
            Ok(_) => Step::Continue,
            Err(_) => on_failure,
        }
    })
}
