//! A child of a scope, and the handle to it.

use super::shared::{Phase, Shared};
use crate::{
    JoinError,
    task::slot::{Left, Slot},
    waits::{self, Wait},
};
use pin_project_lite::pin_project;
use std::{
    any::Any,
    fmt,
    future::Future,
    mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    thread::panicking,
};

/// How a child ends the scope.
pub(super) enum Failure<E> {
    Error(E),
    Panicked(Box<dyn Any + Send>),
}

/// What the boxes of children give.
pub(super) type Verdict<E> = Result<(), Failure<E>>;

pin_project! {
    /// A child: gives its value to its handle, and its failure to the scope.
    pub(super) struct Member<F: Future, T, E, B> {
        #[pin]
        future: Option<F>,
        sort: fn(F::Output) -> Result<T, E>,
        slot: Arc<Slot<T>>,
        scope: Arc<Shared<B>>,
    }

    impl<F: Future, T, E, B> PinnedDrop for Member<F, T, E, B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // Whoever awaits the handle finds the future dropped, also if its destructor panics.
            let _resolve = Resolve(this.slot);
            let dropped = catch_unwind(AssertUnwindSafe(|| this.future.set(None)));
            // Of several that panic as they are dropped together, the first is told of: a second panic
            // that gets out would end the process.
            match dropped {
                Err(payload) if panicking() => mem::forget(payload),
                Err(payload) => resume_unwind(payload),
                Ok(()) => {}
            }
        }
    }
}

/// Resolves a handle that has no value.
struct Resolve<'a, T>(&'a Slot<T>);

impl<T> Drop for Resolve<'_, T> {
    fn drop(&mut self) {
        self.0.finish(Err(JoinError::Cancelled));
    }
}

impl<F: Future, T, E, B> Member<F, T, E, B> {
    pub(super) fn new(
        future: F,
        sort: fn(F::Output) -> Result<T, E>,
        slot: Arc<Slot<T>>,
        scope: Arc<Shared<B>>,
    ) -> Self {
        let future = Some(future);
        Self {
            future,
            sort,
            slot,
            scope,
        }
    }
}

impl<F: Future, T, E, B> Future for Member<F, T, E, B> {
    type Output = Verdict<E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Verdict<E>> {
        let mut this = self.project();
        // A sibling has cancelled the scope in this round, which will drop this one.
        if this.scope.phase() != Phase::Open {
            return Poll::Pending;
        }
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let future = this.future.as_mut().as_pin_mut();
            let output = ready!(future.expect("it is not finished").poll(cx));
            this.future.set(None);
            Poll::Ready(output)
        }));
        match polled.map(|poll| poll.map(this.sort)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Ok(value))) => {
                this.slot.finish(Ok(value));
                Poll::Ready(Ok(()))
            }
            Ok(Poll::Ready(Err(error))) => Poll::Ready(Err(Failure::Error(error))),
            Err(payload) => Poll::Ready(Err(Failure::Panicked(payload))),
        }
    }
}

/// Awaits the output of a child of a scope.
///
/// It gives [`JoinError::Cancelled`] where the child was dropped before it finished, and never
/// [`JoinError::Panicked`], for a panic ends the scope. Dropping it lets the child run on.
///
/// # Panics
/// When it is polled again after it was ready.
///
/// # Cancel safety
/// Dropping it only loses the output; in a `select` or a timeout, await it by reference.
#[must_use = "a dropped handle lets its child run; `drop(..)` it to say so"]
pub struct ScopedHandle<T> {
    slot: Arc<Slot<T>>,
    /// What this handle has left there.
    left: Left,
}

impl<T> ScopedHandle<T> {
    pub(super) fn new(slot: Arc<Slot<T>>) -> Self {
        Self {
            slot,
            left: Left::NOTHING,
        }
    }

    /// Whether the child is finished, or was dropped.
    pub fn is_finished(&self) -> bool {
        self.slot.is_finished()
    }
}

impl<T> Future for ScopedHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let polled = this.slot.poll_take(&mut this.left, cx);
        if polled.is_pending() {
            waits::pending(&*this.slot, || Wait::new("a child of a scope"));
        }
        polled
    }
}

impl<T> Drop for ScopedHandle<T> {
    fn drop(&mut self) {
        waits::gave_up(&*self.slot);
        self.slot.detach(self.left);
    }
}

impl<T> fmt::Debug for ScopedHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedHandle")
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
