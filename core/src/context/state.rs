//! What belongs to a task, and how it gets into the thread for the time of a poll.

use super::Context;
use crate::cancel::CancellationToken;
use std::{
    cell::RefCell,
    mem,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

/// All that belongs to a task, or to the body of a group.
#[derive(Debug, Default)]
pub(crate) struct TaskState {
    pub(crate) context: Context,
    /// Made by the first shield.
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

    /// For a part of the task that is being polled, that can be aborted by itself.
    pub(crate) fn part(context: Context) -> Self {
        let around = current(|state| Some(state.shields.get_or_insert_default().clone()));
        Self {
            context,
            shields: Some(Arc::new(Shields {
                count: AtomicUsize::new(0),
                around,
            })),
        }
    }

    /// Whether an abort has to wait.
    pub(crate) fn is_shielded(&self) -> bool {
        let shields = self.shields.as_deref();
        shields.is_some_and(|shields| shields.count.load(Relaxed) > 0)
    }
}

/// How many shields something is in. Only ever looked at by its task's own polls and drops, one
/// after the other.
#[derive(Debug, Default)]
pub(crate) struct Shields {
    count: AtomicUsize,
    /// What this is a part of: it is shielded, too.
    around: Option<Arc<Shields>>,
}

impl Shields {
    pub(crate) fn enter(&self) {
        self.count.fetch_add(1, Relaxed);
        if let Some(around) = &self.around {
            around.enter();
        }
    }

    pub(crate) fn leave(&self) {
        self.count.fetch_sub(1, Relaxed);
        if let Some(around) = &self.around {
            around.leave();
        }
    }
}

thread_local! {
    static CURRENT: RefCell<TaskState> = const {
        RefCell::new(TaskState::new(Context { scope: None }))
    };
}

/// Looks at the state of the task that is being polled. While the thread ends, there is none.
#[inline]
pub(super) fn current<O: Default>(look: impl FnOnce(&mut TaskState) -> O) -> O {
    CURRENT
        .try_with(|state| look(&mut state.borrow_mut()))
        .unwrap_or_default()
}

/// Runs `poll` with `state` as the task's.
#[inline]
pub(crate) fn within<O>(state: &mut TaskState, poll: impl FnOnce() -> O) -> O {
    let _swap = Swap::new(state);
    poll()
}

/// The state inside of a new shield, and its task's count of shields.
pub(crate) fn shielded() -> (TaskState, Arc<Shields>) {
    let (context, shields) = current(|state| {
        let shields = state.shields.get_or_insert_default().clone();
        (state.context.clone(), shields)
    });
    let context = context.with(|scope| {
        scope.token = Some(CancellationToken::new());
        scope.deadline = None;
    });
    let state = TaskState {
        context,
        shields: Some(shields.clone()),
    };
    (state, shields)
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

/// Swaps something into the thread, and back when dropped, also by a panic.
pub(super) struct Swap<'a, T: Part>(&'a mut T);

impl<'a, T: Part> Swap<'a, T> {
    #[inline]
    pub(super) fn new(ours: &'a mut T) -> Self {
        current(|state| mem::swap(T::of(state), ours));
        Self(ours)
    }
}

impl<T: Part> Drop for Swap<'_, T> {
    #[inline]
    fn drop(&mut self) {
        current(|state| mem::swap(T::of(state), self.0));
    }
}
