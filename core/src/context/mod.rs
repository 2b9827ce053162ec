//! What a task inherits from whoever spawned it: a token, a deadline, values.
//!
//! The context belongs to the task, and is swapped into the thread for the time of each poll. The
//! children of a [`TaskGroup`](crate::group::TaskGroup), and of all that is built on it, get their
//! parent's (*TG-23*); a bare `spawn` gets none.
//!
//! | to | write |
//! |---|---|
//! | see the token and the deadline in force | [`Context::current`] |
//! | wait until the task is asked to stop | [`Context::current().cancelled()`](Context::cancelled) |
//! | declare a value that tasks inherit | [`task_local!`](crate::task_local) |
//! | set it for a future | [`NAME.scope(value, future)`](TaskLocal::scope) |
//! | carry a context to elsewhere | [`context.scope(future)`](Context::scope) |
//! | have none around | [`Context::default().sync_scope(work)`](Context::sync_scope) |

mod local;
mod state;

pub use local::TaskLocal;
pub(crate) use state::{TaskState, shielded, within};

use crate::{
    cancel::{CancellationToken, CancelledFuture},
    time::Instant,
};
use local::{Setting, Values};
use pin_project_lite::pin_project;
use state::{Swap, current, limited};
use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::{Arc, Weak},
    task::{self, Poll},
};

/// A token, a deadline and values, as a task sees them. Cheap to clone.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::context::Context;
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
    // One pointer: each child has one, and it is swapped twice a poll.
    scope: Option<Arc<Scope>>,
}

/// What is in force for a part of a task.
#[derive(Clone, Default)]
pub(crate) struct Scope {
    pub(crate) token: Option<CancellationToken>,
    pub(crate) deadline: Option<Instant>,
    /// The group that waits for everything below, also for what it cannot see.
    pub(crate) group: Option<Weak<dyn Occupied>>,
    values: Values,
}

/// A group that is not finished before its children's own groups are.
pub(crate) trait Occupied: Send + Sync {
    fn enter(&self);
    fn leave(self: Arc<Self>);
}

impl Context {
    /// The context of the task that is being polled; an empty one elsewhere.
    pub fn current() -> Self {
        state::context()
    }

    /// The token that the task is asked to stop by, if it has one.
    pub fn token(&self) -> Option<&CancellationToken> {
        self.scope.as_deref()?.token.as_ref()
    }

    /// Whether the task is asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.token().is_some_and(CancellationToken::is_cancelled)
    }

    /// Waits until the task is asked to stop, and says why: for ever, where it has no token.
    ///
    /// # Cancel safety
    /// Safe: drop it to cancel it.
    #[track_caller]
    pub fn cancelled(&self) -> CancelledFuture<CancellationToken> {
        self.token().cloned().unwrap_or_default().cancelled_owned()
    }

    /// The effective deadline: the earliest that is in force, up to the nearest
    /// [shield](crate::cancel::shield()) (*TG-15*), on the clock of the runtime that set it.
    ///
    /// It informs: only what set it enforces it. [`wait_for`](crate::time::wait_for())
    /// and a group do so for the limits that they were given; [`with_deadline`](Self::with_deadline) alone
    /// does not. It is there to plan by, for a request's own limit or for not beginning at all; that it is
    /// time to stop is told by the [token](Self::token), which can come at any moment.
    pub fn deadline(&self) -> Option<Instant> {
        self.scope.as_deref()?.deadline
    }

    /// The group that waits for everything below.
    pub(crate) fn group(&self) -> Option<&Weak<dyn Occupied>> {
        self.scope.as_deref()?.group.as_ref()
    }

    /// This context, but for the values: they are the caller's.
    #[inline]
    pub(crate) fn with_current_values(&self) -> Self {
        // Nearly always: a body that spawns has the values that its group was made with.
        if current(|state| self.values().is_same(state.context.values())) {
            return self.clone();
        }
        let values = current(|state| state.context.values().clone());
        self.with(|scope| scope.values = values)
    }

    #[inline]
    fn values(&self) -> &Values {
        const NONE: &Values = &Values::NONE;
        self.scope.as_deref().map_or(NONE, |scope| &scope.values)
    }

    /// This context with another token.
    pub fn with_token(&self, token: CancellationToken) -> Self {
        self.with(|scope| scope.token = Some(token))
    }

    /// This context with a deadline, unless an earlier one is in force. It tells those inside, and ends
    /// nothing: for that there is [`wait_until`](crate::time::wait_until).
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        self.with(|scope| {
            scope.deadline = Some(scope.deadline.map_or(deadline, |set| set.min(deadline)));
        })
    }

    pub(crate) fn with(&self, change: impl FnOnce(&mut Scope)) -> Self {
        let mut scope = self.scope.as_deref().cloned().unwrap_or_default();
        change(&mut scope);
        Self {
            scope: Some(Arc::new(scope)),
        }
    }

    /// Runs `work` in this context. In an empty one, what it makes and spawns is nobody's: it goes on when the
    /// task around is cancelled, and no group waits for it.
    ///
    /// ```
    /// # extern crate anyrt_core as anyrt;
    /// use anyrt::{context::Context, group::TaskGroup, rt::Runtime};
    /// use std::convert::Infallible;
    ///
    /// /// A group that may outlive the call that makes it: whoever has it ends it.
    /// fn shared<R: Runtime>(rt: &R) -> TaskGroup<R, (), Infallible> {
    ///     Context::default().sync_scope(|| TaskGroup::new(rt))
    /// }
    /// ```
    pub fn sync_scope<T>(mut self, work: impl FnOnce() -> T) -> T {
        let mut none = None;
        let _swap = Swap::new(&mut self, &mut none);
        work()
    }

    /// Runs `future`, its destructors included, in this context, in place of the one around: a value that is not in it
    /// is not there, of a [`task_local!`](crate::task_local) or of whoever keeps something in one, such as the
    /// toolkit's `Tracker`. To change a part of the context around, take [`current`](Self::current) in the call
    /// that makes the future, and change that; to replace all of it, do so outermost.
    ///
    /// # Cancel safety
    /// As safe as `future`.
    pub fn scope<F: Future>(self, future: F) -> InContext<F> {
        InContext {
            inner: Some(future),
            context: self,
            limit: None,
            entry: Entry::Made,
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
    /// The future of [`Context::scope`] and [`TaskLocal::scope`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct InContext<F> {
        #[pin]
        inner: Option<F>,
        context: Context,
        // Not in the context until somebody looks there.
        limit: Option<Instant>,
        entry: Entry,
    }

    impl<F> PinnedDrop for InContext<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.inner.is_some() {
                this.entry.make(this.context, this.limit);
                let _swap = Swap::new(this.context, this.limit);
                this.inner.set(None);
            }
        }
    }
}

/// How the context is made at the first poll: from what is in force there.
enum Entry {
    Made,
    Value(Setting),
    Around,
}

impl Entry {
    #[inline]
    fn make(&mut self, context: &mut Context, limit: &mut Option<Instant>) {
        match mem::replace(self, Self::Made) {
            Self::Made => {}
            Self::Value(setting) => *context = setting.added_to(&Context::current()),
            Self::Around => (*context, *limit) = limited(*limit),
        }
    }
}

impl<F> InContext<F> {
    /// Runs `future` in the context that is in force at its first poll, with `setting` added.
    fn with(setting: Setting, future: F) -> Self {
        Self::at(Entry::Value(setting), future)
    }

    /// Runs `future` in the context that is in force at its first poll.
    #[inline]
    pub(crate) fn around(future: F) -> Self {
        Self::at(Entry::Around, future)
    }

    /// Adds a deadline to that, before that poll.
    #[inline]
    pub(crate) fn until(self: Pin<&mut Self>, deadline: Instant) {
        *self.project().limit = Some(deadline);
    }

    #[inline]
    fn at(entry: Entry, future: F) -> Self {
        Self {
            inner: Some(future),
            context: Context::default(),
            limit: None,
            entry,
        }
    }
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    /// # Panics
    /// Like any future, when polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        this.entry.make(this.context, this.limit);
        let _swap = Swap::new(this.context, this.limit);
        let inner = this.inner.as_mut().as_pin_mut();
        let inner = inner.expect("a future in a context was polled again after it was ready");
        let polled = inner.poll(cx);
        if polled.is_ready() {
            this.inner.set(None);
        }
        polled
    }
}

impl<F> fmt::Debug for InContext<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InContext")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}
