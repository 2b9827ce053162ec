//! `!Send` tasks on the thread that blocks, on any backend: a scope that does not wait for its children.

use super::{PortableHandle, portable};
use crate::{
    join::{LocalScope, scope_local},
    rt::{BlockOn, SpawnLocal},
};
use std::{fmt, future::Future};

/// Runs `body` on the calling thread, with a spawner of `!Send` tasks that run beside it (*LO-1*).
///
/// Tasks that are left when `body` returns are dropped; their handles give
/// [`JoinError::Cancelled`](crate::JoinError::Cancelled).
///
/// # Panics
/// As [`BlockOn::block_on`].
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{rt::{BlockOn, SpawnLocal}, task::run_local};
/// use std::{cell::Cell, rc::Rc};
///
/// fn count<R: BlockOn>(rt: &R) -> u32 {
///     run_local(rt, |local| async move {
///         let count = Rc::new(Cell::new(0));
///         let task = local.spawn_local({
///             let count = count.clone();
///             async move { count.set(count.get() + 1) }
///         });
///         task.await.unwrap();
///         count.get()
///     })
/// }
/// ```
#[track_caller]
pub fn run_local<R, F, Fut>(rt: &R, body: F) -> Fut::Output
where
    R: BlockOn + ?Sized,
    F: FnOnce(LocalSpawner) -> Fut,
    Fut: Future,
{
    rt.block_on(scope_local(|scope| async move {
        let spawner = LocalSpawner {
            scope: scope.clone(),
        };
        let output = body(spawner).await;
        scope.cancel();
        output
    }))
}

/// Spawns `!Send` tasks within [`run_local`].
#[derive(Clone)]
pub struct LocalSpawner {
    scope: LocalScope<'static>,
}

impl SpawnLocal for LocalSpawner {
    type LocalHandle<T: 'static> = PortableHandle<T>;

    /// After [`run_local`] has returned, the task is dropped unpolled.
    fn spawn_local<F>(&self, future: F) -> PortableHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        // Portable: a panic of a scope's child would end the scope, a task's is for its handle to tell.
        let (task, handle) = portable(future);
        drop(self.scope.try_spawn(task));
        handle
    }
}

impl fmt::Debug for LocalSpawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSpawner").finish_non_exhaustive()
    }
}
