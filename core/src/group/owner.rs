//! The group itself, and how it is left.

use super::{
    TaskId,
    builder::GroupBuilder,
    error::{Cause, GroupError, TaskError},
    shared::Shared,
    spawner::Spawner,
};
use crate::rt::Runtime;
use std::{
    fmt,
    future::{Future, poll_fn},
    ops::Deref,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// Tasks with an owner: it starts them, waits for them, and aborts them when it is dropped.
///
/// It is a [`Spawner`] with the right to end the group. The [room's page](super) has examples, and a
/// table of the family.
///
/// # Cancel safety
/// Dropping it, or any future that it was moved into, aborts every child (*TG-12*). Nobody
/// waits for them then, but for a group around this one: that one does (*TG-1*).
#[must_use = "dropped at once, it aborts its children at once"]
pub struct TaskGroup<R: Runtime, T: Send + 'static, E: Send + 'static> {
    spawner: Spawner<R, T, E>,
    reaper: Option<R::JoinHandle<()>>,
    over: bool,
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> TaskGroup<R, T, E> {
    /// A group in which the first failure cancels the rest.
    #[track_caller]
    pub fn new(rt: &R) -> Self {
        Self::builder(rt).build_at(Location::caller())
    }

    /// Settings for a group.
    pub fn builder(rt: &R) -> GroupBuilder<R, T, E> {
        GroupBuilder::new(rt)
    }

    pub(super) fn over(shared: Arc<Shared<R, T, E>>) -> Self {
        if shared.options.deadline.is_some() {
            shared.start_reaper();
        }
        Self {
            spawner: Spawner { shared },
            reaper: None,
            over: false,
        }
    }

    /// A spawner that can be given away.
    pub fn spawner(&self) -> Spawner<R, T, E> {
        self.spawner.clone()
    }

    /// Waits until no child is left, those included that children spawn meanwhile. Outputs that
    /// nobody took with [`next`](Spawner::next) are dropped.
    ///
    /// # Errors
    /// A [`GroupError`] with every failure. To be [cancelled](Spawner::cancel) is none (*TG-7*), unless
    /// it came [from outside](GroupBuilder::token).
    ///
    /// # Cancel safety
    /// Dropping it aborts every child.
    pub fn join(mut self) -> impl Future<Output = Result<(), GroupError<E>>> + Send {
        async move {
            self.ended().await;
            self.outcome(|_| ())
        }
    }

    /// Waits as [`join`](Self::join), and returns the outputs in the order of spawning (*TG-17*): of
    /// those children that had one, where the group was [cancelled](Spawner::cancel).
    ///
    /// # Errors
    /// A [`GroupError`] with every failure.
    ///
    /// # Cancel safety
    /// Dropping it aborts every child.
    pub fn collect(mut self) -> impl Future<Output = Result<Vec<T>, GroupError<E>>> + Send {
        async move {
            self.ended().await;
            self.outcome(|outputs| outputs.into_iter().map(|(_, output)| output).collect())
        }
    }

    /// [Cancels](Spawner::cancel), then [waits](Self::join).
    ///
    /// # Errors
    /// A [`GroupError`] with every failure; the cancellation is none.
    ///
    /// # Cancel safety
    /// Dropping it aborts every child.
    #[track_caller]
    pub fn shutdown(self) -> impl Future<Output = Result<(), GroupError<E>>> + Send {
        self.cancel_with("its group was shut down");
        self.join()
    }

    pub(crate) fn ended(&mut self) -> impl Future<Output = ()> + Send {
        poll_fn(|cx| self.poll_ended(cx))
    }

    /// Ready once nobody is left.
    pub(crate) fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.reaper.is_none() {
            match ready!(self.spawner.shared.poll_end(cx)) {
                None => {
                    self.over = true;
                    return Poll::Ready(());
                }
                reaper => self.reaper = reaper,
            }
        }
        if let Some(reaper) = &mut self.reaper {
            // It has no output, and nobody aborts it.
            let _ = ready!(Pin::new(reaper).poll(cx));
        }
        self.over = true;
        Poll::Ready(())
    }

    /// What there is once nobody is left: outputs with their children's numbers, in the order of spawning.
    pub(crate) fn outcome<O>(
        &self,
        output: impl FnOnce(Vec<(u64, T)>) -> O,
    ) -> Result<O, GroupError<E>> {
        let (outputs, failures) = self.settled();
        match GroupError::new(self.spawner.shared.options.name.clone(), failures) {
            Some(error) => Err(error),
            None => Ok(output(outputs)),
        }
    }

    /// What is said of a child without outcome, or of all: the group was cancelled.
    pub(crate) fn cancelled(&self, index: Option<usize>) -> TaskError<E> {
        TaskError {
            id: index.map(|index| TaskId::gone(index as u64)),
            name: self.spawner.shared.options.name.clone(),
            spawned_at: self.spawner.shared.options.made_at,
            cause: Cause::Cancelled(self.token().reason().cloned()),
        }
    }

    /// The outputs and the failures, unless those are tolerated.
    pub(crate) fn settled(&self) -> (Vec<(u64, T)>, Vec<TaskError<E>>) {
        self.spawner.shared.take()
    }
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> Deref for TaskGroup<R, T, E> {
    type Target = Spawner<R, T, E>;

    fn deref(&self) -> &Spawner<R, T, E> {
        &self.spawner
    }
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> Drop for TaskGroup<R, T, E> {
    fn drop(&mut self) {
        if !self.over {
            self.spawner.shared.abandon();
        }
    }
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> fmt::Debug for TaskGroup<R, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spawner.shared.debug("TaskGroup", f)
    }
}
