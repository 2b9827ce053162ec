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
    task::{Context, Poll},
};

type Payload = Box<dyn Any + Send>;

pin_project! {
    /// A task's future, which is dropped before its outcome is there.
    pub(crate) struct Guarded<F> {
        #[pin]
        future: Option<F>,
        place: Option<Place>,
    }

    impl<F> PinnedDrop for Guarded<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if this.future.is_some() {
                forget(end(this.future));
            }
            if let Some(place) = this.place.take() {
                place.leave();
            }
        }
    }
}

impl<F> Guarded<F> {
    #[inline]
    pub(crate) fn new(future: F) -> Self {
        Self {
            future: Some(future),
            place: None,
        }
    }
}

/// Drops the future, in the task as far as that can tell.
#[cold]
fn end<F>(mut future: Pin<&mut Option<F>>) -> Result<(), Payload> {
    catch_unwind(AssertUnwindSafe(|| within_task(|| future.set(None))))
}

impl<F: Future> Future for Guarded<F> {
    type Output = Outcome<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut future = this.future;
        if waiting::is_over() {
            let error = end(future).map_or_else(panicked, |()| JoinError::Cancelled);
            return Poll::Ready(Outcome::new(Err(error)));
        }
        let mut output = None;
        let polled = catch_unwind(AssertUnwindSafe(|| {
            within_task(|| {
                if let Some(running) = future.as_mut().as_pin_mut()
                    && let Poll::Ready(ended) = running.poll(cx)
                {
                    output = Some(ended);
                    future.set(None);
                }
            });
        }));
        match (polled, output) {
            (Ok(()), None) => {
                if this.place.is_none() {
                    *this.place = waiting::enter(cx.waker());
                }
                Poll::Pending
            }
            (Ok(()), Some(output)) => Poll::Ready(Outcome::new(Ok(output))),
            (Err(payload), output) => {
                // The first panic is the one that is told.
                quietly(output);
                forget(end(future));
                Poll::Ready(Outcome::new(Err(panicked(payload))))
            }
        }
    }
}

#[cold]
fn panicked(payload: Payload) -> JoinError {
    JoinError::Panicked(Panic::new(payload))
}

/// What became of a task, until it is opened. Its destructor does not panic.
pub(crate) struct Outcome<T>(Option<Result<T, JoinError>>);

impl<T> Outcome<T> {
    #[inline]
    fn new(outcome: Result<T, JoinError>) -> Self {
        Self(Some(outcome))
    }

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
