//! The tasks that wait on an executor, to end each of them before it goes.
//!
//! An executor that is dropped wakes its tasks, and drops those that come to its queue by then. A
//! waker elsewhere may have marked a task as woken, and not have put it there yet: that one would
//! be lost, its future kept and its handle pending for ever. So tasks end by themselves, while
//! there is still a thread to run them.
//!
//! An executor's tasks are polled and dropped on its own threads, and end once there is but one of these. So
//! it is the thread that knows what they wait on and whether they are to end, and no task has to.

use slab::Slab;
use std::{
    cell::{Cell, RefCell},
    mem,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
};

thread_local! {
    static OVER: Cell<bool> = const { Cell::new(false) };
    static HERE: RefCell<Option<Arc<Waiting>>> = const { RefCell::new(None) };
}

/// The wakers of an executor's tasks that wait, or have waited.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Mutex<Slab<Waker>>);

impl Waiting {
    /// From here on, tasks that wait on this thread wait on this executor.
    pub(crate) fn is_here(self: Arc<Self>) {
        HERE.set(Some(self));
    }

    /// Has each task end with its next poll, which is on this thread.
    pub(crate) fn end(&self) {
        OVER.set(true);
        let waiting = mem::take(&mut *self.lock());
        waiting.into_iter().for_each(|(_, waker)| waker.wake());
    }

    fn lock(&self) -> MutexGuard<'_, Slab<Waker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether tasks on this thread are to end.
#[inline]
pub(crate) fn is_over() -> bool {
    OVER.get()
}

/// Where a task's waker lies, counted from 1. The executor has one waker for a task, so that the first is as
/// good as the last.
#[derive(Debug)]
pub(crate) struct Place(NonZeroUsize);

/// A place for a task that waits, where its executor ever goes.
///
/// Not before it waits: until then it is in the executor's queue, where nobody loses it.
pub(crate) fn enter(waker: &Waker) -> Option<Place> {
    HERE.with_borrow(|here| {
        let key = here.as_ref()?.lock().insert(waker.clone());
        NonZeroUsize::new(key + 1).map(Place)
    })
}

impl Place {
    pub(crate) fn leave(self) {
        let waker = HERE.with_borrow(|here| here.as_ref()?.lock().try_remove(self.0.get() - 1));
        drop(waker);
    }
}
