//! smol's own task as a join handle, which allocates nothing until it aborts.
//!
//! ```text
//!  Running ── abort ──▶ Aborting ──▶ Aborting, and over: the future is gone
//!     └────── dropped ──▶ detached
//! ```
//!
//! A task of async-task has room for one waker, that of the last poll. To abort is a poll, and so is to ask
//! whether an aborted task is gone; both may meet a joiner that waits. None of them loses its wake-up:
//!
//! - What closes a task that runs is its abort and nothing else, for executors here drop none that has not
//!   ended itself. So the first poll of an abort has woken the joiner before it leaves a waker of its own.
//! - Whoever joins after that leaves its waker here too: a question is asked with it, and wakes it where the
//!   answer is that the task is over.
//!
//! A join has the handle to itself; the lock is between aborts and questions, and not held while they poll.

use crate::guarded::Outcome;
use anyrt_core::{JoinError, rt::JoinHandle};
use async_executor::{FallibleTask, Task};
use std::{
    fmt,
    mem::{self, ManuallyDrop},
    panic::Location,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// The handle of a task on [`Smol`](crate::Smol).
///
/// A task that is aborted before it has ended is [`Cancelled`](JoinError::Cancelled), whatever it still
/// does: the output of a poll that was under way is lost, and of a panic only the panic hook hears.
///
/// A joiner's waker that panics ends the process, as it does with smol's own tasks.
///
/// Of two threads that abort at the same time, the one that comes second may return before the first has
/// reached the task.
#[must_use = "a dropped handle detaches its task; `drop(..)` it to say so"]
pub struct SmolHandle<T> {
    state: Mutex<State<T>>,
    spawned_at: &'static Location<'static>,
}

/// It is the handle that drops what is in here: glue would be a call in each of its drops.
enum State<T> {
    Running(ManuallyDrop<FallibleTask<Outcome<T>>>),
    Aborting(ManuallyDrop<Box<Aborting<T>>>),
    /// While an abort or a question polls what is [aborting](Aborting).
    Away,
}

struct Aborting<T> {
    /// Until it is over.
    cancel: Option<Cancel<T>>,
    joiner: Option<Waker>,
    /// Where the abort came too late.
    outcome: Option<Outcome<T>>,
}

type Cancel<T> = Pin<Box<dyn Future<Output = Option<Outcome<T>>> + Send>>;

impl<T> SmolHandle<T> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(task: Task<Outcome<T>>) -> Self {
        Self {
            state: Mutex::new(State::Running(ManuallyDrop::new(task.fallible()))),
            spawned_at: Location::caller(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Future for SmolHandle<T> {
    type Output = Result<T, JoinError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let state = self.state.get_mut();
        let state = state.unwrap_or_else(PoisonError::into_inner);
        match state {
            State::Running(task) => Pin::new(&mut **task).poll(cx).map(opened),
            State::Aborting(aborting) => aborting.join(cx),
            State::Away => Poll::Ready(Err(JoinError::Cancelled)),
        }
    }
}

/// There is none where the task was closed.
#[inline]
fn opened<T>(outcome: Option<Outcome<T>>) -> Result<T, JoinError> {
    outcome.map_or_else(|| Err(JoinError::Cancelled), Outcome::open)
}

impl<T: Send + 'static> JoinHandle<T> for SmolHandle<T> {
    fn abort(&self) {
        let mut state = self.lock();
        if let State::Running(task) = &*state
            && !task.is_finished()
            && let State::Running(task) = mem::replace(&mut *state, State::Away)
        {
            drop(state);
            let mut aborting = Box::new(Aborting::new(ManuallyDrop::into_inner(task)));
            aborting.poll(Waker::noop());
            *self.lock() = State::Aborting(ManuallyDrop::new(aborting));
        }
    }

    fn is_finished(&self) -> bool {
        let mut state = self.lock();
        match &*state {
            State::Running(task) => return task.is_finished(),
            State::Away => return false,
            // What is over stays, or another thread would not see that it is.
            State::Aborting(aborting) if aborting.is_over() => return true,
            State::Aborting(_) => {}
        }
        let State::Aborting(aborting) = mem::replace(&mut *state, State::Away) else {
            return false;
        };
        drop(state);
        let mut aborting = ManuallyDrop::into_inner(aborting);
        let is_over = aborting.ask();
        // Whoever sees the end takes the task's waker away, and async-task does not wake its own.
        let joiner = aborting.joiner.take_if(|_| is_over);
        *self.lock() = State::Aborting(ManuallyDrop::new(aborting));
        joiner.into_iter().for_each(Waker::wake);
        is_over
    }
}

impl<T> Aborting<T> {
    fn is_over(&self) -> bool {
        self.cancel.is_none()
    }

    fn poll(&mut self, waker: &Waker) {
        if let Some(cancel) = &mut self.cancel
            && let Poll::Ready(outcome) = cancel.as_mut().poll(&mut Context::from_waker(waker))
        {
            self.outcome = outcome;
            self.cancel = None;
        }
    }

    fn join(&mut self, cx: &Context<'_>) -> Poll<Result<T, JoinError>> {
        self.poll(cx.waker());
        if self.is_over() {
            return Poll::Ready(opened(self.outcome.take()));
        }
        self.joiner = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Whether the task is over; if not, the joiner is woken once it is.
    fn ask(&mut self) -> bool {
        let joiner = self.joiner.take();
        self.poll(joiner.as_ref().unwrap_or(Waker::noop()));
        self.joiner = joiner;
        self.is_over()
    }
}

impl<T: Send + 'static> Aborting<T> {
    fn new(task: FallibleTask<Outcome<T>>) -> Self {
        Self {
            cancel: Some(Box::pin(task.cancel())),
            joiner: None,
            outcome: None,
        }
    }
}

impl<T> Drop for SmolHandle<T> {
    #[inline]
    fn drop(&mut self) {
        let state = self.state.get_mut();
        let state = state.unwrap_or_else(PoisonError::into_inner);
        match mem::replace(state, State::Away) {
            State::Running(task) => ManuallyDrop::into_inner(task).detach(),
            State::Aborting(aborting) => ended(ManuallyDrop::into_inner(aborting)),
            State::Away => {}
        }
    }
}

#[cold]
fn ended<T>(aborting: Box<Aborting<T>>) {
    drop(aborting);
}

impl<T> fmt::Debug for SmolHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmolHandle")
            .field("spawned_at", &format_args!("{}", self.spawned_at))
            .finish_non_exhaustive()
    }
}
