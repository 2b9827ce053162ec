//! A child: the task that polls its future, and records what became of it.

use super::{
    error::Cause,
    shared::{Outcome, Shared},
};
use crate::{
    context::{self, TaskState},
    error::Panic,
    rt::Runtime,
    task::slot::Left,
    waits::{self, Wait},
};
use pin_project_lite::pin_project;
use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

pin_project! {
    /// A child's task. Its future is dropped before anybody can see the outcome.
    pub(super) struct Child<R, F, T, E>
    where
        R: Runtime,
        F: Future,
        F::Output: Into<Outcome<T, E>>,
        T: Send,
        T: 'static,
        E: Send,
        E: 'static,
    {
        #[pin]
        future: Option<F>,
        task: TaskState,
        group: Arc<Shared<R, T, E>>,
        key: usize,
        // In the group, where a clone of its own would cost more.
        left: Left,
    }

    impl<R, F, T, E> PinnedDrop for Child<R, F, T, E>
    where
        R: Runtime,
        F: Future,
        F::Output: Into<Outcome<T, E>>,
        T: Send,
        T: 'static,
        E: Send,
        E: 'static,
    {
        fn drop(this: Pin<&mut Self>) {
            if this.future.is_some() {
                this.end(None);
            }
        }
    }
}

impl<R, F, T, E> Child<R, F, T, E>
where
    R: Runtime,
    F: Future,
    F::Output: Into<Outcome<T, E>>,
    T: Send + 'static,
    E: Send + 'static,
{
    pub(super) fn new(group: Arc<Shared<R, T, E>>, key: usize, future: F) -> Self {
        Self {
            future: Some(future),
            task: TaskState::new(group.context.with_current_values()),
            group,
            key,
            left: Left::NOTHING,
        }
    }

    /// Whether the future has to be dropped now. A shield puts that off, and wakes `waker` then.
    #[inline]
    fn must_end(&self, waker: &Waker) -> bool {
        match self.group.signal() {
            0 => false,
            signal => {
                self.future.is_some()
                    && self.group.aborts_child(signal, self.key)
                    && !self.task.holds_off(waker)
            }
        }
    }

    /// Drops the future, then records the outcome; `None` where it was dropped before it had one.
    fn end(self: Pin<&mut Self>, outcome: Option<Outcome<T, E>>) {
        let this = self.project();
        let mut future = this.future;
        let dropped = context::within(this.task, || {
            catch_unwind(AssertUnwindSafe(|| future.set(None)))
        });
        let late = dropped.err().map(Panic::new);
        let outcome = outcome.unwrap_or_else(|| {
            let signal = this.group.signal();
            if this.group.is_cancelled() || this.group.aborts_child(signal, *this.key) {
                Outcome::Nothing
            } else {
                Outcome::Failed(Cause::Cancelled(None))
            }
        });
        this.group.finish_with(*this.key, outcome, late);
    }
}

impl<R, F, T, E> Future for Child<R, F, T, E>
where
    R: Runtime,
    F: Future,
    F::Output: Into<Outcome<T, E>>,
    T: Send + 'static,
    E: Send + 'static,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.must_end(cx.waker()) {
            self.end(None);
            return Poll::Ready(());
        }
        let mut this = self.as_mut().project();
        if this.future.is_none() {
            return Poll::Ready(());
        }
        let mut outcome = None;
        let polled = context::within(this.task, || {
            catch_unwind(AssertUnwindSafe(|| {
                if let Some(future) = this.future.as_mut().as_pin_mut()
                    && let Poll::Ready(ended) = future.poll(cx)
                {
                    outcome = Some(ended.into());
                    this.future.set(None);
                }
            }))
        });
        match (polled, outcome) {
            (Ok(()), None) => {
                if *this.left != Left::of(cx.waker()) {
                    let waker = cx.waker().clone();
                    *this.left = Left::of(&waker);
                    this.group.register(*this.key, waker);
                }
                // Once more: an abort that came during the poll found no waker, or a shield.
                if !self.must_end(cx.waker()) {
                    waits::pending(&*self.group, Wait::for_abort);
                    return Poll::Pending;
                }
                self.end(None);
            }
            (Ok(()), Some(outcome)) => this.group.finish(*this.key, outcome),
            // It panicked as it was dropped, or as it was polled.
            (Err(payload), Some(outcome)) => {
                let late = Some(Panic::new(payload));
                this.group.finish_with(*this.key, outcome, late);
            }
            (Err(payload), None) => {
                let cause = Cause::Panicked(Panic::new(payload));
                self.end(Some(Outcome::Failed(cause)));
            }
        }
        Poll::Ready(())
    }
}
