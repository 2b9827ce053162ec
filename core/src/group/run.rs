//! A group around a body.

use super::{
    error::{Cause, GroupError},
    owner::TaskGroup,
    spawner::Spawner,
};
use crate::{
    context::{self, TaskState},
    error::Panic,
    rt::Runtime,
};
use pin_project_lite::pin_project;
use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Runs `body` in a group, in which the first failure, of a child or of the body, cancels the rest,
/// and returns the body's output once no child is left.
///
/// The same as [`TaskGroup::new(rt).run(body)`](TaskGroup::run). Where the compiler cannot tell the
/// children's types, say them at the closure: `|group: Spawner<_, u64, MyError>| …`.
///
/// # Errors
/// A [`GroupError`] with every failure, also where it is one (*TG-5*).
///
/// # Cancel safety
/// Dropping it drops the body and aborts every child.
#[track_caller]
pub fn task_group<R, T, E, B, F, Fut>(
    rt: &R,
    body: F,
) -> impl Future<Output = Result<B, GroupError<E>>> + use<R, T, E, B, F, Fut>
where
    R: Runtime,
    T: Send + 'static,
    E: Send + 'static,
    F: FnOnce(Spawner<R, T, E>) -> Fut,
    Fut: Future<Output = Result<B, E>>,
{
    TaskGroup::new(rt).run(body)
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> TaskGroup<R, T, E> {
    /// Runs `body` in this group, and returns its output once no child is left.
    ///
    /// The body runs in the caller's task, may borrow, and need not be `Send`. It sees the group's
    /// token and deadline as its [context's](crate::context::Context). Where the group fails it is
    /// dropped when the children are; an error or panic of its own is a failure of the group
    /// (*TG-3*). Merely cancelling the group does not stop it.
    ///
    /// # Errors
    /// A [`GroupError`] with every failure, also where it is one (*TG-5*).
    ///
    /// # Cancel safety
    /// Dropping it drops the body and aborts every child.
    pub fn run<B, F, Fut>(
        self,
        body: F,
    ) -> impl Future<Output = Result<B, GroupError<E>>> + use<R, T, E, B, F, Fut>
    where
        F: FnOnce(Spawner<R, T, E>) -> Fut,
        Fut: Future<Output = Result<B, E>>,
    {
        let spawner = self.spawner();
        // Async, so that `body` is called in the first poll.
        let body = async move { body(spawner).await };
        Run {
            body: Some(body),
            task: None,
            output: None,
            group: self,
        }
    }
}

pin_project! {
    struct Run<R, T, E, B, Fut>
    where
        R: Runtime,
        T: Send,
        T: 'static,
        E: Send,
        E: 'static,
    {
        // Before the group: dropped first, it still sees it.
        #[pin]
        body: Option<Fut>,
        task: Option<TaskState>,
        output: Option<B>,
        group: TaskGroup<R, T, E>,
    }

    impl<R, T, E, B, Fut> PinnedDrop for Run<R, T, E, B, Fut>
    where
        R: Runtime,
        T: Send,
        T: 'static,
        E: Send,
        E: 'static,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.body.is_some() {
                let task = begun(this.task, this.group);
                context::within(task, || this.body.set(None));
            }
        }
    }
}

/// The body's state, which is made at the first poll, when the caller's values are known.
fn begun<'a, R, T, E>(
    task: &'a mut Option<TaskState>,
    group: &Spawner<R, T, E>,
) -> &'a mut TaskState
where
    R: Runtime,
    T: Send + 'static,
    E: Send + 'static,
{
    task.get_or_insert_with(|| TaskState::part(group.shared.context.with_current_values()))
}

impl<R, T, E, B, Fut> Future for Run<R, T, E, B, Fut>
where
    R: Runtime,
    T: Send + 'static,
    E: Send + 'static,
    Fut: Future<Output = Result<B, E>>,
{
    type Output = Result<B, GroupError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let shared = this.group.spawner().shared;
        let task = begun(this.task, this.group);
        if let Some(body) = this.body.as_mut().as_pin_mut() {
            // Before the body is polled: what it causes must not be missed.
            shared.watch(cx.waker());
            task.follow();
            let mut ended = shared.aborts_body() && !task.holds_off(cx.waker());
            if !ended {
                let polled =
                    context::within(task, || catch_unwind(AssertUnwindSafe(|| body.poll(cx))));
                let failure = match polled {
                    Ok(Poll::Pending) => {
                        ended = shared.aborts_body() && !task.holds_off(cx.waker());
                        if !ended {
                            return Poll::Pending;
                        }
                        None
                    }
                    Ok(Poll::Ready(Ok(output))) => {
                        *this.output = Some(output);
                        None
                    }
                    Ok(Poll::Ready(Err(error))) => Some(Cause::Failed(error)),
                    Err(payload) => Some(Cause::Panicked(Panic::new(payload))),
                };
                if let Some(cause) = failure {
                    shared.fail_body(cause);
                }
            }
            let mut body = this.body;
            let dropped =
                context::within(task, || catch_unwind(AssertUnwindSafe(|| body.set(None))));
            if let Err(payload) = dropped {
                shared.fail_body(Cause::Panicked(Panic::new(payload)));
            }
        }
        ready!(this.group.poll_ended(cx));
        let output = this.output.take();
        let outcome = this.group.outcome(|_| output);
        Poll::Ready(outcome.map(|output| output.expect("a body that was dropped is a failure")))
    }
}
