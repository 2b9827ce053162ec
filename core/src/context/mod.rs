//! What a task inherits from whoever spawned it: a token, a deadline, values.
//!
//! The context belongs to the task, and is swapped into the thread for the time of each poll. The
//! children of a [`TaskGroup`](crate::group::TaskGroup), and of all that is built on it, get their
//! parent's (*TG-23*); a bare `spawn` gets none.
//!
//! | to | write |
//! |---|---|
//! | see the token and the deadline in force | [`Context::current`] |
//! | declare a value that tasks inherit | [`task_local!`](crate::task_local) |
//! | set it for a future | [`NAME.scope(value, future)`](TaskLocal::scope) |
//! | carry a context to elsewhere | [`context.scope(future)`](Context::scope) |

mod local;

pub use local::TaskLocal;

use crate::{cancel::CancellationToken, time::Instant};
use local::Values;
use pin_project_lite::pin_project;
use std::{
    cell::RefCell,
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{self, Poll},
};

/// A token, a deadline and values, as a task sees them. Cheap to clone.
///
/// ```
/// use anyrt_core::context::Context;
///
/// # fn next_step() -> bool { false }
/// /// Computes for long, and stops where its task is asked to.
/// fn compute() -> Option<u64> {
///     let context = Context::current();
///     let mut steps = 0;
///     while next_step() {
///         steps += 1;
///         if context.is_cancelled() {
///             return None;
///         }
///     }
///     Some(steps)
/// }
/// ```
#[derive(Clone, Default)]
pub struct Context {
    pub(crate) scope: Option<Arc<Scope>>,
    pub(crate) values: Option<Arc<Values>>,
}

/// What is in force for a part of a task.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) token: CancellationToken,
    pub(crate) deadline: Option<Instant>,
    /// The group that waits for everything below, also for what it cannot see.
    pub(crate) group: Option<Weak<dyn Occupied>>,
}

/// A group that is not finished before its children's own groups are.
pub(crate) trait Occupied: Send + Sync {
    fn enter(&self);
    fn leave(&self);
}

impl Context {
    /// The context of the task that is being polled; an empty one elsewhere.
    pub fn current() -> Self {
        current(|state| state.context.clone())
    }

    /// The token that the task is asked to stop by, if it has one.
    pub fn token(&self) -> Option<&CancellationToken> {
        self.scope.as_deref().map(|scope| &scope.token)
    }

    /// Whether the task is asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.token().is_some_and(CancellationToken::is_cancelled)
    }

    /// The effective deadline: the earliest that is in force, up to the nearest
    /// [shield](crate::cancel::shield()) (*TG-15*), on the clock of the runtime that set it.
    pub fn deadline(&self) -> Option<Instant> {
        self.scope.as_deref().and_then(|scope| scope.deadline)
    }

    /// This context with another token.
    pub fn with_token(&self, token: CancellationToken) -> Self {
        let scope = self.scope.as_deref();
        let (deadline, group) =
            scope.map_or((None, None), |scope| (scope.deadline, scope.group.clone()));
        self.with_scope(Scope {
            token,
            deadline,
            group,
        })
    }

    /// This context with a deadline, unless an earlier one is in force.
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        let mut scope = self.scope.as_deref().cloned().unwrap_or_else(|| Scope {
            token: CancellationToken::new(),
            deadline: None,
            group: None,
        });
        scope.deadline = Some(scope.deadline.map_or(deadline, |set| set.min(deadline)));
        self.with_scope(scope)
    }

    pub(crate) fn with_scope(&self, scope: Scope) -> Self {
        Self {
            scope: Some(Arc::new(scope)),
            values: self.values.clone(),
        }
    }

    /// Runs `future` in this context.
    ///
    /// # Cancel safety
    /// As safe as `future`.
    pub fn scope<F: Future>(self, future: F) -> InContext<F> {
        InContext {
            inner: future,
            context: self,
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("token", &self.token())
            .field("deadline", &self.deadline())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`Context::scope`].
    #[must_use = "futures do nothing unless they are polled"]
    #[derive(Debug)]
    pub struct InContext<F> {
        #[pin]
        inner: F,
        context: Context,
    }
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let swap = Swap::context(this.context);
        let polled = this.inner.poll(cx);
        drop(swap);
        polled
    }
}

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
        RefCell::new(TaskState::new(Context { scope: None, values: None }))
    };
}

/// Looks at the state of the task that is being polled. While the thread ends, there is none.
fn current<O: Default>(look: impl FnOnce(&mut TaskState) -> O) -> O {
    CURRENT
        .try_with(|state| look(&mut state.borrow_mut()))
        .unwrap_or_default()
}

/// The values of the task that is being polled.
pub(crate) fn values() -> Option<Arc<Values>> {
    current(|state| state.context.values.clone())
}

/// Runs `poll` with `state` as the task's.
pub(crate) fn within<O>(state: &mut TaskState, poll: impl FnOnce() -> O) -> O {
    let _swap = Swap::state(state);
    poll()
}

/// The state inside of a new shield, and its task's count of shields.
pub(crate) fn shielded() -> (TaskState, Arc<Shields>) {
    let (context, shields) = current(|state| {
        let shields = state.shields.get_or_insert_default().clone();
        (state.context.clone(), shields)
    });
    let group = context
        .scope
        .as_deref()
        .and_then(|scope| scope.group.clone());
    let context = context.with_scope(Scope {
        token: CancellationToken::new(),
        deadline: None,
        group,
    });
    let state = TaskState {
        context,
        shields: Some(shields.clone()),
    };
    (state, shields)
}

/// Swaps something into the thread, and back when dropped, also by a panic.
struct Swap<'a, T> {
    ours: &'a mut T,
    swap: fn(&mut TaskState, &mut T),
}

impl<'a, T> Swap<'a, T> {
    fn new(ours: &'a mut T, swap: fn(&mut TaskState, &mut T)) -> Self {
        current(|state| swap(state, ours));
        Self { ours, swap }
    }
}

impl<'a> Swap<'a, TaskState> {
    fn state(ours: &'a mut TaskState) -> Self {
        Self::new(ours, mem::swap)
    }
}

impl<'a> Swap<'a, Context> {
    fn context(ours: &'a mut Context) -> Self {
        Self::new(ours, |state, ours| mem::swap(&mut state.context, ours))
    }
}

impl<T> Drop for Swap<'_, T> {
    fn drop(&mut self) {
        current(|state| (self.swap)(state, self.ours));
    }
}
