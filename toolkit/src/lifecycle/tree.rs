//! The subsystems of an application.
//!
//! ```text
//!   spawn ──▶ running ──▶ asked to stop ──▶ ended
//!                │        once those below    ▲ ▲
//!                │        have ended          │ │
//!                ├── by itself, or failed ────┘ │
//!                └── grace over, 2nd signal, or an abort: aborted
//! ```

use super::{handle::SubsystemHandle, node::Node, report::StopReason, shared::Shared};
use crate::{
    resource::{AsyncClose, Entered},
    {
        lock::lock,
        unwind::{catch, quietly},
    },
};
use anyrt_core::{
    cancel::CancellationToken, channel::oneshot, context::Context, error::BoxError, group::Cause,
    rt::Runtime,
};
use std::{borrow::Cow, error::Error, fmt, future::Future, slice, sync::Arc};

/// A part of an [`App`](super::App): the application itself, or a named subsystem. Clones are the same part.
pub struct Subsystem<R: Runtime> {
    pub(super) shared: Arc<Shared<R>>,
    pub(super) node: Arc<Node>,
}

/// The application stops: no further subsystem is begun.
///
/// To return it, by `?`, is to stop as asked: it makes no subsystem one that [failed](Subsystem::spawn).
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
    /// Names are for people: they may be the same twice, and the report has the same path twice then; where one is
    /// empty, so is its part of the path (`http/`, and nothing at all below the application itself).
    ///
    /// Its own [`token`](Self::token) is the one of its [context](Context), too. Where it returns an error, or
    /// panics, the whole application stops; where it returns `Ok`, it has ended, and the handle gives what that is.
    ///
    /// Once the application stops, two errors are none of that, for who returns them has ended as it was asked to: a
    /// [`Stopping`], and what [stands for a cancellation](anyrt_core::error::is_cancellation), also where they are only
    /// among the sources (*LC-1*). The report does not have them, and the handle gives nothing.
    ///
    /// # Errors
    /// [`Stopping`], from the stop on: who has [asked](Self::request_shutdown) for it begins nothing more. Where others
    /// are below this one, that is the first it hears of the stop, for its token is cancelled once they have ended. A
    /// start-up may go on then: it and what it has begun hear this only after it has ended.
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
        let (node, stops) = {
            let mut state = lock(&self.shared.state);
            if self.shared.is_closed(&state) {
                return Err(Stopping);
            }
            state.live += 1;
            self.node.begin(path, self.shared.gone.child())
        };
        if stops {
            self.shared.ask(slice::from_ref(&node));
        }
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
            // The conversion is the user's, too.
            let running = async move { run(inside).await.map_err(Into::into) };
            let outcome = catch(context.scope(running)).await;
            let (output, failure) = match outcome {
                Ok(Ok(output)) => (Some(output), None),
                Ok(Err(error)) => (None, below.shared.failure(error)),
                Err(panic) => (None, Some(Cause::Panicked(panic))),
            };
            if let Some(cause) = failure {
                below.failed(cause);
            }
            drop(ended);
            if let Some(output) = output
                && let Err(unwanted) = sender.send(output)
                && let Err(panic) = catch(async move { drop(unwanted) }).await
            {
                below.failed(Cause::Panicked(panic));
            }
            Ok(())
        };
        let path = node.path.clone();
        self.shared.tasks.spawn_named(path, task).ok();
        Ok(SubsystemHandle::new(below, output))
    }

    fn failed(&self, cause: Cause<BoxError>) {
        self.shared.failed(self.node.path.clone(), cause);
    }

    /// Asks the whole application to stop, within its grace. The first one who asks counts: further requests add
    /// nothing, so that those who ask politely cost nobody the grace.
    #[track_caller]
    pub fn request_shutdown(&self, reason: impl Into<Cow<'static, str>>) {
        let reason = StopReason::Requested(reason.into());
        self.shared.stop_for(reason);
    }

    /// Asks the whole application to stop at once, as a second signal does: it ends the grace, so that what has
    /// not stopped yet is aborted, the start-up included, and the clean-up follows. During the clean-up it ends
    /// that (*LC-2*).
    #[track_caller]
    pub fn abort(&self, reason: impl Into<Cow<'static, str>>) {
        self.shared.abort(reason.into());
    }

    /// Cancelled when it is time for this part to stop: once all below it have. The application's own: as
    /// soon as it stops; to cancel that one is a request. The reason is that of the stop.
    pub fn token(&self) -> &CancellationToken {
        &self.node.token
    }

    /// The runtime that it runs on.
    pub fn rt(&self) -> &R {
        &self.shared.rt
    }

    /// Its name, after those of the subsystems around it; empty for the application itself.
    pub fn path(&self) -> &str {
        &self.node.path
    }

    /// Has a resource closed in the clean-up, before all that were entered before it. What is entered after the report
    /// is closed once the last [`Subsystem`] is gone, and [`on_close_error`](super::App::on_close_error) hears of errors.
    #[track_caller]
    pub fn enter<T: AsyncClose>(&self, resource: T) -> Entered<T> {
        self.shared.exits.enter(resource)
    }

    /// [Enters](Self::enter) a resource with a name, for the report.
    #[track_caller]
    pub fn enter_named<T: AsyncClose>(
        &self,
        name: impl Into<Cow<'static, str>>,
        resource: T,
    ) -> Entered<T> {
        self.shared.exits.enter_named(name, resource)
    }

    /// Has a future run in the clean-up, in its turn; after the report, as what is [entered](Self::enter) then.
    #[track_caller]
    pub fn defer<F, Fut, E>(&self, name: impl Into<Cow<'static, str>>, cleanup: F)
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.shared.exits.defer(name, cleanup);
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
        let Self(Subsystem { shared, node }) = self;
        let next = {
            let mut state = lock(&shared.state);
            state.live -= 1;
            node.end()
        };
        shared.ask(&next);
        quietly(|| shared.changed.notify_waiters());
    }
}
