//! What the executor runs: a future none of whose panics reaches it, and what it leaves for its handle.
//!
//! async-task ends the process where a cancelled task's future, or an output that nobody takes,
//! panics as it is dropped. So both lie behind destructors that do not (*SP-15*).

use crate::waiting::{self, Place};
use anyrt_async_io::within_task;
use anyrt_core::{JoinError, error::Panic};
use pin_project_lite::pin_project;
use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, Waker},
};

type Payload = Box<dyn Any + Send>;

/// Whose threads a task runs on, and what has to be done there for each task.
pub(crate) trait Ground {
    /// Whether the task is to end with this poll.
    fn is_over() -> bool;

    /// Runs a part of the task, with `block_on` refused inside.
    fn run<O>(part: impl FnOnce() -> O) -> O;

    /// After a poll that was pending.
    fn wait(&mut self, waker: &Waker);

    /// As the task goes.
    fn leave(&mut self);
}

/// Threads of this crate's, which are marked for their whole life.
#[derive(Default)]
pub(crate) struct Ours(Option<Place>);

impl Ground for Ours {
    #[inline]
    fn is_over() -> bool {
        waiting::is_over()
    }

    #[inline]
    fn run<O>(part: impl FnOnce() -> O) -> O {
        part()
    }

    #[inline]
    fn wait(&mut self, waker: &Waker) {
        if self.0.is_none() {
            self.0 = waiting::enter(waker);
        }
    }

    #[inline]
    fn leave(&mut self) {
        if let Some(place) = self.0.take() {
            place.leave();
        }
    }
}

/// smol's own threads, which run other tasks, too, and never go.
#[derive(Default)]
pub(crate) struct Smols;

impl Ground for Smols {
    #[inline]
    fn is_over() -> bool {
        false
    }

    #[inline]
    fn run<O>(part: impl FnOnce() -> O) -> O {
        within_task(part)
    }

    #[inline]
    fn wait(&mut self, _waker: &Waker) {}

    #[inline]
    fn leave(&mut self) {}
}

pin_project! {
    /// A task's future, which is dropped before its outcome is there.
    pub(crate) struct Guarded<F, G: Ground> {
        #[pin]
        future: Option<F>,
        ground: G,
    }

    impl<F, G: Ground> PinnedDrop for Guarded<F, G> {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if this.future.is_some() {
                forget(end::<F, G>(this.future));
            }
            this.ground.leave();
        }
    }
}

impl<F, G: Ground + Default> Guarded<F, G> {
    #[inline]
    pub(crate) fn new(future: F) -> Self {
        Self {
            future: Some(future),
            ground: G::default(),
        }
    }
}

/// Drops the future, in the task as far as that can tell.
#[cold]
fn end<F, G: Ground>(mut future: Pin<&mut Option<F>>) -> Result<(), Payload> {
    catch_unwind(AssertUnwindSafe(|| G::run(|| future.set(None))))
}

impl<F: Future, G: Ground> Future for Guarded<F, G> {
    type Output = Outcome<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut future = this.future;
        if G::is_over() {
            return Poll::Ready(cut_off::<F, G>(future));
        }
        // Out here, where a destructor that panics does not take it along.
        let mut outcome = Outcome(None);
        let polled = catch_unwind(AssertUnwindSafe(|| {
            G::run(|| {
                if let Some(running) = future.as_mut().as_pin_mut()
                    && let Poll::Ready(output) = running.poll(cx)
                {
                    outcome.0 = Some(Ok(output));
                    future.set(None);
                }
            });
        }));
        if let Err(payload) = polled {
            return Poll::Ready(failed::<F, G>(payload, outcome, future));
        }
        if outcome.0.is_none() {
            this.ground.wait(cx.waker());
            return Poll::Pending;
        }
        Poll::Ready(outcome)
    }
}

#[cold]
fn cut_off<F: Future, G: Ground>(future: Pin<&mut Option<F>>) -> Outcome<F::Output> {
    let error = end::<F, G>(future).map_or_else(panicked, |()| JoinError::Cancelled);
    Outcome(Some(Err(error)))
}

/// The first panic is the one that is told.
#[cold]
fn failed<F: Future, G: Ground>(
    payload: Payload,
    unseen: Outcome<F::Output>,
    future: Pin<&mut Option<F>>,
) -> Outcome<F::Output> {
    drop(unseen);
    forget(end::<F, G>(future));
    Outcome(Some(Err(panicked(payload))))
}

fn panicked(payload: Payload) -> JoinError {
    JoinError::Panicked(Panic::new(payload))
}

/// What became of a task, until it is opened. Its destructor does not panic.
pub(crate) struct Outcome<T>(Option<Result<T, JoinError>>);

impl<T> Outcome<T> {
    #[inline]
    pub(crate) fn open(mut self) -> Result<T, JoinError> {
        self.0.take().unwrap_or_else(|| Err(JoinError::Cancelled))
    }
}

impl<T> Drop for Outcome<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(unseen) = self.0.take() {
            quietly(unseen);
        }
    }
}

#[cold]
fn quietly<T>(unseen: T) {
    forget(catch_unwind(AssertUnwindSafe(|| drop(unseen))));
}

/// A payload whose own destructor panics would start over.
fn forget(caught: Result<(), Payload>) {
    if let Err(payload) = caught {
        mem::forget(payload);
    }
}
