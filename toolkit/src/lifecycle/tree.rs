//! The subsystems of an application.
//!
//! ```text
//!   spawn ──▶ running ──▶ asked to stop ──▶ ended
//!                │        once those below    ▲ ▲
//!                │        have ended          │ │
//!                ├── by itself, or failed ────┘ │
//!                └── grace over, or 2nd request: aborted
//! ```

use super::{
    handle::SubsystemHandle,
    node::Node,
    report::{StopReason, SubsystemError},
};
use crate::{
    resource::{AsyncClose, Entered, Exits},
    {
        lock::lock,
        unwind::{catch, quietly},
    },
};
use anyrt_core::{
    Instant,
    cancel::CancellationToken,
    channel::oneshot,
    context::Context,
    error::BoxError,
    group::{Cause, Spawner},
    rt::Runtime,
    sync::Notify,
};
use std::{
    borrow::Cow,
    convert::Infallible,
    error::Error,
    fmt,
    future::Future,
    sync::{Arc, Mutex},
};

/// What all subsystems share.
pub(super) struct Shared<R: Runtime> {
    pub(super) rt: R,
    pub(super) exits: Exits<R>,
    pub(super) tasks: Spawner<R, (), Infallible>,
    /// It is time to stop.
    pub(super) stop: CancellationToken,
    /// All have ended. The tokens of subsystems are below it: one of a subsystem that has gone may still be held, and
    /// is cancelled with this one, for nobody else has it any more.
    pub(super) gone: CancellationToken,
    /// A request has come, or a subsystem has ended.
    pub(super) changed: Notify,
    pub(super) state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) requests: u32,
    pub(super) stopped_for: Option<StopReason>,
    /// When the grace began.
    pub(super) stopped_at: Option<Instant>,
    pub(super) failures: Vec<SubsystemError>,
    /// Subsystems that have not ended.
    pub(super) live: usize,
    /// No further subsystem is begun.
    closed: bool,
}

impl<R: Runtime> Shared<R> {
    /// The first reason is kept. The panic of a waker that is woken here is not the asker's.
    pub(super) fn stop_for(&self, reason: StopReason) {
        let (text, now) = (reason.to_string(), self.rt.now());
        {
            let mut state = lock(&self.state);
            state.stopped_for.get_or_insert(reason);
            state.stopped_at.get_or_insert(now);
        }
        quietly(|| self.stop.cancel_with(text));
        quietly(|| self.changed.notify_waiters());
    }

    pub(super) fn request(&self, reason: Cow<'static, str>) {
        lock(&self.state).requests += 1;
        self.stop_for(StopReason::Requested(reason));
    }
}

/// A part of an [`App`](super::App): the application itself, or a named subsystem. Clones are the same part.
pub struct Subsystem<R: Runtime> {
    pub(super) shared: Arc<Shared<R>>,
    pub(super) node: Arc<Node>,
}

/// The application stops: no further subsystem is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopping;

impl fmt::Display for Stopping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the application stops: no further subsystem is begun")
    }
}

impl Error for Stopping {}

impl<R: Runtime> Subsystem<R> {
    /// Starts a subsystem below this one, in a task of its own. It is asked to stop before this one is.
    ///
    /// Its own [`token`](Self::token) is the one of its [context](Context), too. Where it returns an error, or
    /// panics, the whole application stops; where it returns `Ok`, it has ended, and the handle gives what that is.
    ///
    /// # Errors
    /// [`Stopping`], once the application stops. A start-up may go on then: it and what it has begun hear this only
    /// after it has ended.
    pub fn spawn<F, Fut, T, E>(
        &self,
        name: impl Into<Cow<'static, str>>,
        run: F,
    ) -> Result<SubsystemHandle<R, T>, Stopping>
    where
        F: FnOnce(Self) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let name = name.into();
        let path = match &*self.node.path {
            "" => name,
            around => format!("{around}/{name}").into(),
        };
        let node = {
            let mut state = lock(&self.shared.state);
            if state.closed {
                return Err(Stopping);
            }
            state.live += 1;
            self.node.begin(path, self.shared.gone.child())
        };
        let below = Self {
            shared: self.shared.clone(),
            node: node.clone(),
        };
        // Now: a task that is never polled has ended, too.
        let ended = Ended(below.clone());
        let inside = below.clone();
        let (sender, output) = oneshot::channel();
        let context = Context::current().with_token(node.token.clone());
        let task = async move {
            let below = ended.0.clone();
            let outcome = catch(context.scope(async move { run(inside).await })).await;
            let output = match outcome {
                Ok(Ok(output)) => Ok(output),
                Ok(Err(error)) => Err(Cause::Failed(error.into())),
                Err(panic) => Err(Cause::Panicked(panic)),
            };
            let output = output.map_err(|cause| below.failed(cause));
            drop(ended);
            // Nobody may want it.
            output.map(|output| drop(sender.send(output))).ok();
            Ok(())
        };
        let path = node.path.clone();
        self.shared.tasks.spawn_named(path, task).ok();
        Ok(SubsystemHandle::new(below, output))
    }

    fn failed(&self, cause: Cause<BoxError>) {
        let path = self.node.path.clone();
        let failure = SubsystemError {
            path: path.clone(),
            cause,
        };
        lock(&self.shared.state).failures.push(failure);
        self.shared.stop_for(StopReason::Failed(path));
    }

    /// Asks the whole application to stop. Asked a second time, it aborts what has not stopped yet, the start-up
    /// included (*LC-2*).
    pub fn request_shutdown(&self, reason: impl Into<Cow<'static, str>>) {
        self.shared.request(reason.into());
    }

    /// Cancelled when it is time for this part to stop: once all below it have. The application's own: as
    /// soon as it stops.
    pub fn token(&self) -> &CancellationToken {
        &self.node.token
    }

    /// Its name, after those of the subsystems around it; empty for the application itself.
    pub fn path(&self) -> &str {
        &self.node.path
    }

    /// Has a resource closed in the clean-up, before all that were entered before it.
    #[track_caller]
    pub fn enter<T: AsyncClose>(
        &self,
        name: impl Into<Cow<'static, str>>,
        resource: T,
    ) -> Entered<T> {
        self.shared.exits.enter_named(name, resource)
    }

    /// Has a future run in the clean-up, in its turn.
    #[track_caller]
    pub fn defer<F, Fut, E>(&self, name: impl Into<Cow<'static, str>>, cleanup: F)
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.shared.exits.defer(name, cleanup);
    }

    /// No further subsystem is begun.
    pub(super) fn close(&self) {
        lock(&self.shared.state).closed = true;
    }
}

impl<R: Runtime> Clone for Subsystem<R> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            node: self.node.clone(),
        }
    }
}

impl<R: Runtime> fmt::Debug for Subsystem<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subsystem")
            .field("path", &self.path())
            .field("stops", &self.token().is_cancelled())
            .finish_non_exhaustive()
    }
}

/// Tells of the end of a subsystem, whichever.
struct Ended<R: Runtime>(Subsystem<R>);

impl<R: Runtime> Drop for Ended<R> {
    fn drop(&mut self) {
        lock(&self.0.shared.state).live -= 1;
        quietly(|| self.0.node.ended.set());
        quietly(|| self.0.shared.changed.notify_waiters());
    }
}
