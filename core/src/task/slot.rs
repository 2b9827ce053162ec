//! Where an outcome waits for whoever joins.

use crate::{
    JoinError,
    prim::{Mutex, MutexGuard, lock},
};
use std::{
    fmt, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::{
        PoisonError,
        atomic::{
            AtomicU8,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    task::{Context, Poll, Waker},
};

/// The outcome of one task, written once and taken once, and the wakers of both its ends.
///
/// ```text
///  RUNNING ── finish ──▶ FINISHED: the outcome is there, until it is taken
///     └────── detach ──▶ DETACHED: nobody will join, so that an outcome is dropped at once
/// ```
///
/// The lock is taken where something changes: what an end has left here, it remembers as [`Left`].
pub(crate) struct Slot<T> {
    /// Written under the lock.
    phase: AtomicU8,
    cells: Mutex<Cells<T>>,
}

const RUNNING: u8 = 0;
const FINISHED: u8 = 1;
const DETACHED: u8 = 2;

struct Cells<T> {
    outcome: Option<Result<T, JoinError>>,
    joiner: Option<Waker>,
    /// For an abort to wake.
    task: Option<Waker>,
}

/// Which waker an end has left in the slot, or a child in its group, to be compared without a lock.
///
/// It is the clone's address, which may be another than that of the waker it was made of: an
/// executor can lend one waker after another at the same place. While the slot holds the clone, what
/// has its address wakes the same. Once it does not, there is nothing to wait for either: the
/// outcome is there, the owner gone, or the abort under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    data: usize,
    vtable: usize,
}

impl Left {
    pub(crate) const NOTHING: Self = Self { data: 0, vtable: 0 };
    /// The owner has the outcome.
    const TAKEN: Self = Self { data: 1, vtable: 0 };

    #[inline]
    pub(crate) fn of(waker: &Waker) -> Self {
        Self {
            data: waker.data().addr(),
            vtable: ptr::from_ref(waker.vtable()).addr(),
        }
    }
}

const POLLED_AGAIN: &str = "a join handle was polled again after it was ready";

impl<T> Slot<T> {
    #[inline]
    pub(crate) fn new() -> Self {
        Self {
            phase: AtomicU8::new(RUNNING),
            cells: Mutex::new(Cells {
                outcome: None,
                joiner: None,
                task: None,
            }),
        }
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, Cells<T>> {
        lock(&self.cells)
    }

    #[inline]
    pub(crate) fn is_finished(&self) -> bool {
        self.phase.load(Acquire) == FINISHED
    }

    /// Writes the outcome. The first one stays: completion beats a later abort. It never panics,
    /// whatever the wakers do.
    #[inline]
    pub(crate) fn finish(&self, outcome: Result<T, JoinError>) {
        let mut cells = self.lock();
        if self.phase.load(Relaxed) != RUNNING {
            drop(cells);
            return drop_quietly(outcome);
        }
        cells.outcome = Some(outcome);
        let (joiner, task) = (cells.joiner.take(), cells.task.take());
        self.phase.store(FINISHED, Release);
        drop(cells);
        // The task's own waker must not outlive it in here, where a handle keeps it.
        if let Some(task) = task {
            drop_quietly(task);
        }
        if let Some(joiner) = joiner {
            quietly(|| joiner.wake());
        }
    }

    /// Keeps the waker of a task that waits, for [`task_waker`](Self::task_waker). Whether it is
    /// another one than before.
    #[inline]
    pub(crate) fn watch(&self, left: &mut Left, waker: &Waker) -> bool {
        if *left == Left::of(waker) {
            return false;
        }
        let waker = waker.clone();
        *left = Left::of(&waker);
        let mut waker = Some(waker);
        let mut cells = self.lock();
        if self.phase.load(Relaxed) == RUNNING {
            mem::swap(&mut cells.task, &mut waker);
        }
        drop(cells);
        drop(waker);
        true
    }

    /// Takes the task's waker, to wake it.
    pub(crate) fn task_waker(&self) -> Option<Waker> {
        self.lock().task.take()
    }

    /// The owner goes: its waker goes with it, and so does an outcome that it has not seen.
    #[inline]
    pub(crate) fn detach(&self, left: Left) {
        if left == Left::TAKEN {
            return;
        }
        let mut cells = self.lock();
        if self.phase.load(Relaxed) == RUNNING {
            self.phase.store(DETACHED, Relaxed);
        }
        let left = (cells.outcome.take(), cells.joiner.take(), cells.task.take());
        drop(cells);
        drop(left);
    }

    /// # Panics
    /// Once the outcome was taken.
    #[inline]
    pub(crate) fn poll_take(
        &self,
        left: &mut Left,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, JoinError>> {
        if !self.is_finished() && !self.join(left, cx.waker()) {
            return Poll::Pending;
        }
        *left = Left::TAKEN;
        let outcome = self.lock().outcome.take();
        Poll::Ready(outcome.expect(POLLED_AGAIN))
    }

    /// As [`poll_take`](Self::poll_take), for one who is alone with it, once it is finished.
    ///
    /// # Panics
    /// Once the outcome was taken.
    #[inline]
    pub(crate) fn take(&mut self, left: &mut Left) -> Result<T, JoinError> {
        *left = Left::TAKEN;
        let cells = self.cells.get_mut().unwrap_or_else(PoisonError::into_inner);
        cells.outcome.take().expect(POLLED_AGAIN)
    }

    /// Whether the outcome came meanwhile; if not, it wakes `waker`.
    #[inline]
    fn join(&self, left: &mut Left, waker: &Waker) -> bool {
        if *left == Left::of(waker) {
            return false;
        }
        let waker = waker.clone();
        let now = Left::of(&waker);
        let mut waker = Some(waker);
        let mut cells = self.lock();
        let finished = self.phase.load(Relaxed) == FINISHED;
        if !finished {
            mem::swap(&mut cells.joiner, &mut waker);
            *left = now;
        }
        drop(cells);
        drop(waker);
        finished
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let finished = self.is_finished();
        f.debug_struct("Slot")
            .field("finished", &finished)
            .finish_non_exhaustive()
    }
}

/// Drops what nobody will see on the executor's thread, which a panicking destructor must not end.
pub(crate) fn drop_quietly<T>(value: T) {
    quietly(|| drop(value));
}

/// Calls code of others on the executor's thread, which its panic must not end.
pub(crate) fn quietly(call: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
        // A payload whose own destructor panics would start over.
        mem::forget(payload);
    }
}
