//! What belongs to a task, and how it gets into the thread for the time of a poll.

use super::Context;
use crate::{
    cancel::CancellationToken,
    prim::{Mutex, lock},
    sync::wake_all,
    time::Instant,
};
use std::{cell::RefCell, mem, sync::Arc, task::Waker};

/// All that belongs to a task, or to a part of one: the body of a group, a shield.
#[derive(Debug, Default)]
pub(crate) struct TaskState {
    pub(crate) context: Context,
    /// A task's are made by its first shield.
    shields: Option<Arc<Shields>>,
}

impl TaskState {
    /// For a task of its own.
    pub(crate) const fn new(context: Context) -> Self {
        Self {
            context,
            shields: None,
        }
    }

    /// For a part of whatever [polls it](Self::follow).
    pub(crate) fn part(context: Context) -> Self {
        Self {
            context,
            shields: Some(Arc::default()),
        }
    }

    /// A part belongs to the task that polls it, and to the part of it: what was begun by one task may be
    /// handed to another.
    pub(crate) fn follow(&self) {
        let around = current(|state| Some(state.shields.get_or_insert_default().clone()));
        if let Some(shields) = &self.shields {
            shields.move_into(around);
        }
    }

    /// Whose address stands for it in reports.
    pub(crate) fn shields(&self) -> &impl Sized {
        &**self.shields.as_ref().expect("a part has them")
    }

    /// Begins a shield.
    pub(crate) fn enter(&self) {
        if let Some(shields) = &self.shields {
            shields.enter();
        }
    }

    /// Ends one.
    pub(crate) fn leave(&self) {
        if let Some(shields) = &self.shields {
            shields.leave();
        }
    }

    /// Whether an abort has to wait. If so, `waker` is woken once it need not any more: the last shield may
    /// be in the hands of another task by then.
    pub(crate) fn holds_off(&self, waker: &Waker) -> bool {
        let shields = self.shields.as_deref();
        shields.is_some_and(|shields| shields.hold_off(waker.clone()))
    }
}

/// How many shields something is in, those of its parts included: each part that is in any counts as one.
///
/// Who enters, or moves, is being polled; who leaves may be dropped anywhere, at the same time.
#[derive(Debug, Default)]
struct Shields(Mutex<Count>);

#[derive(Debug, Default)]
struct Count {
    count: usize,
    /// What this is a part of: it is shielded, too.
    around: Option<Arc<Shields>>,
    /// Of an abort that waits.
    aborts: Option<Waker>,
}

impl Shields {
    fn enter(&self) {
        let mut state = lock(&self.0);
        state.count += 1;
        let around = (state.count == 1).then(|| state.around.clone());
        drop(state);
        if let Some(around) = around.flatten() {
            around.enter();
        }
    }

    fn leave(&self) {
        let mut wakers = Vec::new();
        self.leave_to(&mut wakers);
        wake_all(wakers);
    }

    fn leave_to(&self, wakers: &mut Vec<Waker>) {
        let mut state = lock(&self.0);
        let count = state.count.checked_sub(1);
        state.count = count.expect("who leaves has entered");
        if state.count > 0 {
            return;
        }
        wakers.extend(state.aborts.take());
        let around = state.around.clone();
        drop(state);
        if let Some(around) = around {
            around.leave_to(wakers);
        }
    }

    fn move_into(&self, around: Option<Arc<Self>>) {
        let mut state = lock(&self.0);
        if state.around.as_ref().map(Arc::as_ptr) == around.as_ref().map(Arc::as_ptr) {
            return;
        }
        let counts = state.count > 0;
        if counts && let Some(around) = &around {
            // Under the lock: who leaves at the same time must not be there before. Locks are taken from
            // the inside outwards.
            around.enter();
        }
        let left = mem::replace(&mut state.around, around);
        drop(state);
        if counts && let Some(left) = left {
            left.leave();
        }
    }

    fn hold_off(&self, waker: Waker) -> bool {
        let mut state = lock(&self.0);
        let shielded = state.count > 0;
        let unused = match shielded {
            true => state.aborts.replace(waker),
            false => Some(waker),
        };
        drop(state);
        drop(unused);
        shielded
    }
}

/// What is being polled.
struct Polled {
    task: TaskState,
    /// A deadline that is not in the task's context yet: most of what has one never asks.
    limit: Option<Instant>,
}

thread_local! {
    static CURRENT: RefCell<Polled> = const {
        RefCell::new(Polled {
            task: TaskState::new(Context { scope: None }),
            limit: None,
        })
    };
}

#[inline]
fn polled<O: Default>(look: impl FnOnce(&mut Polled) -> O) -> O {
    CURRENT
        .try_with(|polled| look(&mut polled.borrow_mut()))
        .unwrap_or_default()
}

/// Looks at the state of the task that is being polled, but for the context as a whole. While the thread ends,
/// there is none.
#[inline]
pub(super) fn current<O: Default>(look: impl FnOnce(&mut TaskState) -> O) -> O {
    polled(|polled| look(&mut polled.task))
}

/// The context in force, with all that is in it.
#[inline]
pub(super) fn context() -> Context {
    polled(|polled| {
        if let Some(limit) = polled.limit.take() {
            polled.task.context = polled.task.context.with_deadline(limit);
        }
        polled.task.context.clone()
    })
}

/// The context in force, and a deadline that it is to have besides: the earlier one of its own and `limit`.
#[inline]
pub(super) fn limited(limit: Option<Instant>) -> (Context, Option<Instant>) {
    polled(|polled| {
        let limits = [polled.limit, limit].into_iter().flatten();
        (polled.task.context.clone(), limits.min())
    })
}

/// Runs `poll` with `state` as the task's.
#[inline]
pub(crate) fn within<O>(state: &mut TaskState, poll: impl FnOnce() -> O) -> O {
    let mut none = None;
    let _swap = Swap::new(state, &mut none);
    poll()
}

/// The state inside of a new shield.
pub(crate) fn shielded() -> TaskState {
    let context = context();
    TaskState::part(context.with(|scope| {
        scope.token = Some(CancellationToken::new());
        scope.deadline = None;
    }))
}

/// The task's state, or a part of it.
pub(super) trait Part {
    fn of(state: &mut TaskState) -> &mut Self;
}

impl Part for TaskState {
    #[inline]
    fn of(state: &mut TaskState) -> &mut Self {
        state
    }
}

impl Part for Context {
    #[inline]
    fn of(state: &mut TaskState) -> &mut Self {
        &mut state.context
    }
}

/// Swaps something into the thread, and back when dropped, also by a panic; and a deadline with it.
pub(super) struct Swap<'a, T: Part> {
    ours: &'a mut T,
    limit: &'a mut Option<Instant>,
}

impl<'a, T: Part> Swap<'a, T> {
    #[inline]
    pub(super) fn new(ours: &'a mut T, limit: &'a mut Option<Instant>) -> Self {
        let mut swap = Self { ours, limit };
        swap.swap();
        swap
    }

    #[inline]
    fn swap(&mut self) {
        polled(|polled| {
            mem::swap(T::of(&mut polled.task), self.ours);
            mem::swap(&mut polled.limit, self.limit);
        });
    }
}

impl<T: Part> Drop for Swap<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.swap();
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::{model, thread};

    #[test]
    fn loom_a_part_that_moves_while_its_shield_is_dropped_counts_nowhere() {
        model(|| {
            let [part, old, new] = [(); 3].map(|()| Arc::new(Shields::default()));
            part.move_into(Some(old.clone()));
            part.enter();
            let dropped = thread::spawn({
                let part = part.clone();
                move || part.leave()
            });
            part.move_into(Some(new.clone()));
            dropped.join().unwrap();
            let counts = [part, old, new].map(|shields| lock(&shields.0).count);
            assert_eq!(counts, [0; 3]);
        });
    }

    #[test]
    fn loom_an_abort_that_is_held_off_is_woken() {
        model(|| {
            let [part, task] = [(); 2].map(|()| Arc::new(Shields::default()));
            part.move_into(Some(task.clone()));
            part.enter();
            let dropped = thread::spawn(move || part.leave());
            loom::future::block_on(std::future::poll_fn(|cx| {
                match task.hold_off(cx.waker().clone()) {
                    true => std::task::Poll::Pending,
                    false => std::task::Poll::Ready(()),
                }
            }));
            dropped.join().unwrap();
        });
    }
}
