//! What a group's body and its children do with it.

use super::{
    TaskId,
    child::Child,
    shared::{Outcome, Shared},
};
use crate::{
    cancel::{CancelReason, CancellationToken},
    rt::Runtime,
};
use std::{
    borrow::Cow,
    error::Error,
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// Spawns children of a group; a clone of it may go into the children themselves (*TG-11*).
///
/// It does not keep the group open: once the group is joined, or cancelled, `spawn` is refused.
pub struct Spawner<R: Runtime, T, E> {
    pub(super) shared: Arc<Shared<R, T, E>>,
}

impl<R: Runtime, T, E> Clone for Spawner<R, T, E> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> Spawner<R, T, E> {
    /// Starts a child, or queues it where [`max_concurrent`](super::GroupBuilder::max_concurrent)
    /// are running. It never waits. The child inherits the group's token and deadline, and the
    /// caller's values (*TG-23*).
    ///
    /// # Errors
    /// A [`SpawnError`], which hands the future back unpolled, if the group is closed or
    /// cancelled (*TG-10*). A body can ignore it with `.ok()`: a group that takes no more children has
    /// failed, or was cancelled, and whoever joins it hears of that. With `?` it would have to become an
    /// error of the body, which a value with the future in it mostly cannot.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Result<TaskId, SpawnError<F>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.spawn_at(None, Location::caller(), future)
    }

    /// [Spawns](Self::spawn) a child with a name, for errors.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    #[track_caller]
    pub fn spawn_named<F>(
        &self,
        name: impl Into<Cow<'static, str>>,
        future: F,
    ) -> Result<TaskId, SpawnError<F>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.spawn_at(Some(name.into()), Location::caller(), future)
    }

    #[track_caller]
    pub(crate) fn spawn_at<F>(
        &self,
        name: Option<Cow<'static, str>>,
        at: &'static Location<'static>,
        future: F,
    ) -> Result<TaskId, SpawnError<F>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let shown = name.clone();
        match (self.shared.admit(name, at), shown) {
            (Some(admitted), None) => Ok(self.begin(admitted, future)),
            (Some(admitted), Some(name)) => {
                let rt = self.shared.rt.clone();
                let named = async move {
                    rt.name_task(&name);
                    future.await
                };
                Ok(self.begin(admitted, named))
            }
            (None, _) => Err(SpawnError {
                future,
                group: self.shared.options.name.clone(),
                reason: self.token().reason().cloned(),
            }),
        }
    }

    /// Spawns what says itself how it ended.
    #[track_caller]
    pub(super) fn spawn_outcome<F>(
        &self,
        name: Option<Cow<'static, str>>,
        at: &'static Location<'static>,
        future: F,
    ) -> Option<TaskId>
    where
        F: Future<Output = Outcome<T, E>> + Send + 'static,
    {
        let admitted = self.shared.admit(name, at)?;
        Some(self.begin(admitted, future))
    }

    #[track_caller]
    fn begin<F>(&self, (id, starts): (TaskId, bool), future: F) -> TaskId
    where
        F: Future + Send + 'static,
        F::Output: Into<Outcome<T, E>>,
    {
        let child = Child::new(self.shared.clone(), id.key, future);
        if starts {
            // A child records its own outcome.
            self.shared.rt.spawn_detached(child);
        } else {
            self.shared.enqueue(id.key, Box::pin(child));
        }
        id
    }

    /// Waits for an output, in the order of completion (*TG-17*). `None` once no child is left: then
    /// the failures, if any, are told by whoever joins the group.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub fn next(&self) -> Next<'_, R, T, E> {
        Next {
            shared: &self.shared,
            place: None,
        }
    }

    /// As [`next`](Self::next), with the child's number; `place` is the caller's among those
    /// who wait, and has to be given back with [`leave`](Self::leave).
    pub(crate) fn poll_next(
        &self,
        cx: &mut Context<'_>,
        place: &mut Option<u64>,
    ) -> Poll<Option<(u64, T)>> {
        self.shared.poll_next(cx, place)
    }

    /// Lets `waker` be woken when the group fails or ends.
    pub(crate) fn watch(&self, waker: &Waker) {
        self.shared.watch(waker);
    }

    pub(crate) fn leave(&self, place: Option<u64>) {
        self.shared.forget_consumer(place);
    }

    /// Cancels the children, which is no error (*TG-7*): their token first; after the grace they are
    /// aborted. What is queued is dropped unpolled. Idempotent.
    #[track_caller]
    pub fn cancel(&self) {
        self.cancel_with("its group was cancelled");
    }

    /// [Cancels](Self::cancel), and says why.
    #[track_caller]
    pub fn cancel_with(&self, reason: impl Into<Cow<'static, str>>) {
        self.shared.cancel(CancelReason {
            text: reason.into(),
            at: Location::caller(),
        });
    }

    /// Aborts one child, which is no error, and says whether it was still live.
    pub fn abort(&self, id: TaskId) -> bool {
        self.shared.abort(id)
    }

    /// Refuses any further spawn.
    pub fn close(&self) {
        self.shared.close();
    }

    /// The token that the children are asked to stop by.
    pub fn token(&self) -> &CancellationToken {
        &self.shared.token
    }

    /// Whether the group has been cancelled, has failed, or has what it needs.
    pub fn is_cancelled(&self) -> bool {
        self.shared.is_cancelled()
    }

    /// How many children are live, queued ones included.
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether no child is live.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> fmt::Debug for Spawner<R, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.debug("Spawner", f)
    }
}

/// The future of [`Spawner::next`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Next<'a, R: Runtime, T: Send + 'static, E: Send + 'static> {
    shared: &'a Shared<R, T, E>,
    place: Option<u64>,
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> Future for Next<'_, R, T, E> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.shared
            .poll_next(cx, &mut self.place)
            .map(|output| output.map(|(_, output)| output))
    }
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> Drop for Next<'_, R, T, E> {
    fn drop(&mut self) {
        if self.place.is_some() {
            self.shared.forget_consumer(self.place);
        }
    }
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> fmt::Debug for Next<'_, R, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}

/// The group is closed or cancelled; the future comes back unpolled.
#[non_exhaustive]
pub struct SpawnError<F> {
    /// What was to be spawned.
    pub future: F,
    /// The group's name.
    pub group: Option<Cow<'static, str>>,
    /// Why the group was cancelled; `None` where it was closed, or joined.
    pub reason: Option<CancelReason>,
}

impl<F> fmt::Debug for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnError")
            .field("group", &self.group)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl<F> fmt::Display for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.group {
            Some(name) => write!(f, "group \"{name}\" takes no more children: ")?,
            None => f.write_str("the task group takes no more children: ")?,
        }
        match &self.reason {
            Some(reason) => write!(f, "cancelled: {reason}"),
            None => f.write_str("closed"),
        }
    }
}

impl<F> Error for SpawnError<F> {}
