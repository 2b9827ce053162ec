//! How the family starts its children.

use crate::{group::Spawner, rt::Runtime, task::drop_quietly};
use std::{
    any::Any,
    future::Future,
    panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind},
};

/// Starts a child. Where the group is cancelled already the future is dropped, and since there is a
/// failure to tell then, no panic of its destructor takes its place.
#[track_caller]
pub(super) fn start<R, F, T, E>(
    group: &Spawner<R, T, E>,
    called_at: &'static Location<'static>,
    future: F,
) where
    R: Runtime,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    drop_quietly(group.spawn_at(None, called_at, future));
}

/// Starts what `make` returns; a panic of it is the child's failure. To let it unwind the caller
/// would leave the siblings behind, aborted but not joined.
#[track_caller]
pub(super) fn start_made<R, F, T, E>(
    group: &Spawner<R, T, E>,
    called_at: &'static Location<'static>,
    make: impl FnOnce() -> F,
) where
    R: Runtime,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    match catch_unwind(AssertUnwindSafe(make)) {
        Ok(future) => start(group, called_at, future),
        Err(payload) => start_raised(group, called_at, payload),
    }
}

/// Starts a child that does nothing but panic.
#[track_caller]
pub(super) fn start_raised<R, T, E>(
    group: &Spawner<R, T, E>,
    called_at: &'static Location<'static>,
    payload: Box<dyn Any + Send>,
) where
    R: Runtime,
    T: Send + 'static,
    E: Send + 'static,
{
    start(group, called_at, async { resume_unwind(payload) });
}
