//! A join handle that detaches when dropped, over one that cancels.

use anyrt_core::{JoinError, error::Panic, rt::JoinHandle};
use async_executor::{FallibleTask, Task};
use std::{
    fmt,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// The handle of a task on [`Smol`](crate::Smol).
///
/// ```text
///  Running ─── abort ──▶ Cancelling ──▶ Resolved, if the task ended in the meantime
///  each of them ─── output, panic or cancellation was seen ──▶ Taken
/// ```
#[must_use = "a dropped handle detaches its task; `drop(..)` it to say so"]
pub struct SmolHandle<T> {
    // Locked by `abort(&self)` and `is_finished(&self)` alone; polling has `&mut self`.
    inner: Mutex<Inner<T>>,
    spawned_at: &'static Location<'static>,
}

struct Inner<T> {
    state: State<T>,
    /// Of the last poll: sending the cancellation replaces the waker that the task knows.
    waker: Option<Waker>,
}

enum State<T> {
    Running(FallibleTask<T>),
    /// Was polled once already, which is what sends the cancellation.
    Cancelling(Pin<Box<dyn Future<Output = Option<T>> + Send>>),
    Resolved(Result<T, JoinError>),
    Taken,
}

// Nothing in it is ever pinned but what `Cancelling` boxes.
impl<T> Unpin for SmolHandle<T> {}

impl<T> SmolHandle<T> {
    #[track_caller]
    pub(crate) fn new(task: Task<T>) -> Self {
        let state = State::Running(task.fallible());
        Self {
            inner: Mutex::new(Inner { state, waker: None }),
            spawned_at: Location::caller(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Polls what unwinds with a task's panic.
fn poll_task<T>(
    task: Pin<&mut (impl Future<Output = Option<T>> + ?Sized)>,
    cx: &mut Context<'_>,
) -> Poll<Result<T, JoinError>> {
    match catch_unwind(AssertUnwindSafe(|| task.poll(cx))) {
        Ok(polled) => polled.map(|output| output.ok_or(JoinError::Cancelled)),
        Err(payload) => Poll::Ready(Err(JoinError::Panicked(Panic::new(payload)))),
    }
}

impl<T: Send + 'static> Future for SmolHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        let polled = match &mut inner.state {
            State::Running(task) => poll_task(Pin::new(task), cx),
            State::Cancelling(task) => poll_task(task.as_mut(), cx),
            State::Resolved(_) | State::Taken => {
                match std::mem::replace(&mut inner.state, State::Taken) {
                    State::Resolved(outcome) => return Poll::Ready(outcome),
                    _ => panic!("a join handle was polled again after it was ready"),
                }
            }
        };
        if polled.is_ready() {
            inner.state = State::Taken;
        } else if !inner
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            inner.waker = Some(cx.waker().clone());
        }
        polled
    }
}

impl<T: Send + 'static> JoinHandle<T> for SmolHandle<T> {
    fn abort(&self) {
        let mut inner = self.lock();
        if !matches!(inner.state, State::Running(_)) {
            return;
        }
        let State::Running(task) = std::mem::replace(&mut inner.state, State::Taken) else {
            return;
        };
        let mut cancelling = Box::pin(task.cancel());
        let waker = inner.waker.clone();
        let mut cx = Context::from_waker(waker.as_ref().unwrap_or(Waker::noop()));
        inner.state = match poll_task(cancelling.as_mut(), &mut cx) {
            Poll::Pending => State::Cancelling(cancelling),
            Poll::Ready(outcome) => State::Resolved(outcome),
        };
        let resolved = matches!(inner.state, State::Resolved(_));
        drop(inner);
        if resolved {
            // Nobody else tells whoever polled before the abort.
            waker.into_iter().for_each(Waker::wake);
        }
    }

    fn is_finished(&self) -> bool {
        let mut inner = self.lock();
        let Inner { state, waker } = &mut *inner;
        match state {
            State::Running(task) => task.is_finished(),
            State::Resolved(_) | State::Taken => true,
            State::Cancelling(cancelling) => {
                let mut cx = Context::from_waker(waker.as_ref().unwrap_or(Waker::noop()));
                let Poll::Ready(outcome) = poll_task(cancelling.as_mut(), &mut cx) else {
                    return false;
                };
                *state = State::Resolved(outcome);
                true
            }
        }
    }
}

impl<T> Drop for SmolHandle<T> {
    fn drop(&mut self) {
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut inner.state, State::Taken) {
            State::Running(task) => task.detach(),
            // The cancellation was sent; nothing has to wait for it.
            State::Cancelling(_) | State::Resolved(_) | State::Taken => {}
        }
    }
}

impl<T> fmt::Debug for SmolHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmolHandle")
            .field("spawned_at", &format_args!("{}", self.spawned_at))
            .finish_non_exhaustive()
    }
}
