//! Who closes it all.

use super::{
    AsyncClose, CloseError, Entered, ExitError, Exits,
    closer::{Closer, OnCloseError},
    exits::Owner,
};
use crate::unwind::catch;
use anyrt_core::{cancel::shield, group::Cause, rt::Runtime};
use std::{
    convert::Infallible, fmt, future::Future, ops::Deref, panic::Location, sync::Arc,
    time::Duration,
};

/// How long a close may take, unless [`close_timeout`](ExitStack::close_timeout) says otherwise.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// Closes what was entered, the last first (*LC-5*).
///
/// It does so when its [`run`](Self::run) ends, by an output, an error or a panic, and in
/// [`close`](Self::close). All of that is [shielded](shield()): neither a cancelled token nor the abort of a group's
/// child cuts it short. Each close has a [limit](Self::close_timeout); whatever becomes of one, the next
/// follows.
///
/// Where it is dropped, since its future was, nobody can wait: a task of its own goes on with what is
/// left, the close in hand included. A [`TaskGroup`](anyrt_core::group::TaskGroup) around it waits for that
/// task, too.
#[must_use = "dropped at once, it closes at once, and nobody hears of errors"]
pub struct ExitStack<R: Runtime> {
    exits: Exits<R>,
}

impl<R: Runtime> ExitStack<R> {
    /// One with nothing in it.
    pub fn new(rt: &R) -> Self {
        let owner = Arc::new(Owner(Closer::new(rt.clone(), CLOSE_LIMIT)));
        Self {
            exits: Exits { owner },
        }
    }

    /// How long each close may take: 10 seconds unless set. One that takes longer is dropped. Zero: so is one that
    /// has to wait for anything.
    ///
    /// # Panics
    /// If somebody has its [`exits`](Self::exits) by then: settings come first.
    pub fn close_timeout(self, limit: Duration) -> Self {
        self.set(|closer| closer.limit = limit)
    }

    /// What to do about a close that fails in the background, where nobody waits for it, and about those that had
    /// failed when who waited was dropped. A panic of it is ignored.
    ///
    /// # Panics
    /// As [`close_timeout`](Self::close_timeout) does.
    pub fn on_close_error(self, hook: impl Fn(CloseError) + Send + Sync + 'static) -> Self {
        let hook: Arc<OnCloseError> = Arc::new(hook);
        self.set(|closer| closer.on_close_error = Some(hook))
    }

    fn set(mut self, change: impl FnOnce(&mut Closer<R>)) -> Self {
        let owner = Arc::get_mut(&mut self.exits.owner);
        let Owner(closer) = owner.expect("settings come before its exits are given away");
        change(closer);
        self
    }

    /// What can be entered by, given away.
    pub fn exits(&self) -> Exits<R> {
        self.exits.clone()
    }

    /// Runs `body`, and then closes what it has entered. The body runs in the caller's task, and is dropped
    /// before the first close.
    ///
    /// # Errors
    /// An [`ExitError`], with what happened to the body and which closes failed.
    ///
    /// # Cancel safety
    /// Dropped, it drops the body; what was entered is closed in the background.
    pub fn run<T, E, F, Fut>(
        self,
        body: F,
    ) -> impl Future<Output = Result<T, ExitError<E>>> + use<R, T, E, F, Fut>
    where
        F: FnOnce(Exits<R>) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        async move {
            let exits = self.exits();
            let ended = catch(async move { body(exits).await }).await;
            let closes = self.close_all().await;
            let (output, failure) = match ended {
                Ok(Ok(output)) => (Some(output), None),
                Ok(Err(error)) => (None, Some(Cause::Failed(error))),
                Err(panic) => (None, Some(Cause::Panicked(panic))),
            };
            match (output, ExitError::new(failure, closes)) {
                (_, Some(error)) => Err(error),
                (Some(output), None) => Ok(output),
                (None, None) => unreachable!("a body without output has failed"),
            }
        }
    }

    /// Closes what was entered.
    ///
    /// # Errors
    /// An [`ExitError`], with the closes that failed.
    ///
    /// # Cancel safety
    /// Dropped, it goes on in the background.
    pub fn close(self) -> impl Future<Output = Result<(), ExitError<Infallible>>> + Send + use<R> {
        async move {
            let closes = self.close_all().await;
            ExitError::new(None, closes).map_or(Ok(()), Err)
        }
    }

    fn closer(&self) -> &Closer<R> {
        &self.exits.owner.0
    }

    /// Closes in the background what there is once `before` is over: for who cannot wait any more.
    pub(crate) fn close_after(&self, before: impl Future<Output = ()> + Send + 'static) {
        self.closer().close_after(before);
    }

    /// Tells the hook of closes that failed, and that nobody else hears of.
    pub(crate) fn tell(&self, failed: Vec<CloseError>) {
        self.closer().tell(failed);
    }

    /// Drops what is left, unclosed, and says what had failed by then, and how many are left.
    pub(crate) fn abandon(&self) -> (Vec<CloseError>, usize) {
        self.closer().abandon()
    }

    pub(crate) async fn close_all(&self) -> Vec<CloseError> {
        shield(self.closer().close_all()).await
    }
}

impl<R: Runtime> Deref for ExitStack<R> {
    type Target = Exits<R>;

    fn deref(&self) -> &Exits<R> {
        &self.exits
    }
}

impl<R: Runtime> Drop for ExitStack<R> {
    fn drop(&mut self) {
        self.closer().close_in_background();
    }
}

impl<R: Runtime> fmt::Debug for ExitStack<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExitStack").field(&self.exits).finish()
    }
}

/// Runs `body` with a stack of what is to be closed after it: [`ExitStack::run`], with the usual limit.
///
/// # Errors
/// An [`ExitError`], with what happened to the body and which closes failed.
///
/// # Cancel safety
/// Dropped, it drops the body; what was entered is closed in the background.
pub fn exit_stack<R, T, E, F, Fut>(
    rt: &R,
    body: F,
) -> impl Future<Output = Result<T, ExitError<E>>> + use<R, T, E, F, Fut>
where
    R: Runtime,
    F: FnOnce(Exits<R>) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    ExitStack::new(rt).run(body)
}

/// Opens a resource, runs `body` with it, and closes it.
///
/// # Errors
/// An [`ExitError`]; that it could not be opened is one of the body's.
///
/// # Cancel safety
/// Dropped, it gives up what it is doing; a resource that is open is closed in the background.
#[track_caller]
pub fn with_resource<R, S, T, E, F, Fut>(
    rt: &R,
    opening: impl Future<Output = Result<S, E>>,
    body: F,
) -> impl Future<Output = Result<T, ExitError<E>>>
where
    R: Runtime,
    S: AsyncClose,
    F: FnOnce(Entered<S>) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let at = Location::caller();
    exit_stack(rt, move |exits| async move {
        let resource = opening.await?;
        body(exits.enter_at(None, at, resource)).await
    })
}

/// Opens resources at the same time, runs `body` with them, and closes them in the reverse of their order.
///
/// # Errors
/// An [`ExitError`]; that one could not be opened is one of the body's, and those that were open by then
/// have been closed.
///
/// # Cancel safety
/// Dropped, it gives up what it is doing; what is open is closed in the background.
#[track_caller]
pub fn with_resources<R, I, O, S, T, E, F, Fut>(
    rt: &R,
    opening: I,
    body: F,
) -> impl Future<Output = Result<T, ExitError<E>>> + use<R, I, O, S, T, E, F, Fut>
where
    R: Runtime,
    I: IntoIterator<Item = O>,
    O: Future<Output = Result<S, E>>,
    S: AsyncClose,
    F: FnOnce(Vec<Entered<S>>) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let stack = ExitStack::new(rt);
    let entering = stack.enter_all(opening);
    stack.run(move |_| async move { body(entering.await?).await })
}
