//! What all parts of an application share: what it was asked, and how far it is.

use super::{
    node::Node,
    report::{StopReason, SubsystemError},
    tree::Stopping,
    until::until,
};
use crate::{lock::lock, resource::Exits, unwind::quietly};
use anyrt_core::{
    Instant,
    cancel::{CancelReason, CancellationToken},
    error::{BoxError, Panic, is_cancellation},
    group::{Cause, Spawner},
    rt::Runtime,
    sync::Notify,
};
use std::{
    borrow::Cow,
    convert::Infallible,
    error::Error,
    io, iter, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::Duration,
};

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
    /// A signal has come: a further one is an abort.
    signalled: bool,
    /// How often somebody insisted.
    pub(super) aborts: u32,
    /// Who did so first.
    pub(super) aborted_by: Option<Cow<'static, str>>,
    pub(super) stopped_for: Option<StopReason>,
    /// The same, for tokens; there from the stop on.
    pub(super) reason: Option<CancelReason>,
    /// When the grace began.
    pub(super) stopped_at: Option<Instant>,
    pub(super) failures: Vec<SubsystemError>,
    /// Subsystems that have not ended.
    pub(super) live: usize,
    /// The start-up is over: from the stop on no further subsystem is begun.
    pub(super) started: bool,
}

impl<R: Runtime> Shared<R> {
    /// Stops it, unless it stops already.
    #[track_caller]
    pub(super) fn stop_for(&self, reason: StopReason) {
        // One of its own: the place is to be the asker's.
        let asked = CancellationToken::new();
        asked.cancel_with(reason.to_string());
        if let Some(told) = asked.reason() {
            self.stop(reason, told);
        }
    }

    /// The first reason is kept. The panic of a waker that is woken here is not the asker's.
    pub(super) fn stop(&self, reason: StopReason, told: &CancelReason) {
        let now = self.rt.now();
        {
            let mut state = lock(&self.state);
            if state.stopped_at.is_none() {
                state.stopped_for = Some(reason);
                state.reason = Some(told.clone());
                state.stopped_at = Some(now);
            }
        }
        quietly(|| self.stop.cancel_for(told));
        quietly(|| self.changed.notify_waiters());
    }

    /// Asks it to stop at once.
    #[track_caller]
    pub(super) fn abort(&self, reason: Cow<'static, str>) {
        {
            let mut state = lock(&self.state);
            state.aborts += 1;
            state.aborted_by.get_or_insert_with(|| reason.clone());
        }
        self.stop_for(StopReason::Requested(reason));
    }

    /// Who sends a second signal insists. Who asks in code does not: it does not know of the others who do.
    pub(super) fn signalled(&self, signal: Cow<'static, str>) {
        let again = mem::replace(&mut lock(&self.state).signalled, true);
        match again {
            true => self.abort(signal),
            false => self.stop_for(StopReason::Requested(signal)),
        }
    }

    pub(super) fn failed(&self, path: Cow<'static, str>, cause: Cause<BoxError>) {
        let failure = SubsystemError {
            path: path.clone(),
            cause,
        };
        lock(&self.state).failures.push(failure);
        self.stop_for(StopReason::Failed(path));
    }

    /// What an error of a part is to the report: nothing, where the application stops and the part has done so, too.
    pub(super) fn failure(&self, error: BoxError) -> Option<Cause<BoxError>> {
        let stops = self.stops(&lock(&self.state));
        if !stops {
            return Some(Cause::Failed(error));
        }
        // The error's code is its maker's, the destructor included.
        let judged = catch_unwind(AssertUnwindSafe(|| {
            let obeys = is_cancellation(&*error) || is_refusal(&*error);
            (!obeys).then_some(error)
        }));
        match judged {
            Ok(error) => error.map(Cause::Failed),
            Err(payload) => Some(Cause::Panicked(Panic::new(payload))),
        }
    }

    /// Stops all that is below: those now that have nothing below them, and the others in their turn.
    pub(super) fn stop_below(&self, node: &Node) {
        let leaves = {
            let _state = lock(&self.state);
            node.stop_below()
        };
        self.ask(&leaves);
    }

    /// Tells them that it is their turn to stop. The panic of a waker is that of who waits for the token.
    pub(super) fn ask(&self, nodes: &[Arc<Node>]) {
        if nodes.is_empty() {
            return;
        }
        let reason = lock(&self.state).reason.clone();
        for node in nodes {
            quietly(|| match &reason {
                Some(reason) => node.token.cancel_for(reason),
                None => node.token.cancel(),
            });
        }
    }

    /// Whether no further subsystem is begun.
    pub(super) fn is_closed(&self, state: &State) -> bool {
        state.started && self.stops(state)
    }

    fn stops(&self, state: &State) -> bool {
        // A user may have cancelled the token, which nobody has heard yet.
        state.stopped_at.is_some() || self.stop.is_cancelled()
    }

    /// Cancels the tokens of all that have been: nothing of it is left.
    pub(super) fn gone(&self) {
        match self.stop.reason() {
            Some(reason) => quietly(|| self.gone.cancel_for(reason)),
            None => quietly(|| self.gone.cancel()),
        };
    }
}

/// Whether it is a [`Stopping`], or has one among its sources.
fn is_refusal(error: &(dyn Error + 'static)) -> bool {
    // `io::Error` gives the source of what it was made of, and not that itself.
    let inside = |error: &(dyn Error + 'static)| {
        let made_of = error.downcast_ref::<io::Error>()?.get_ref()?;
        Some(made_of.is::<Stopping>())
    };
    iter::successors(Some(error), |&error| error.source())
        .any(|error| error.is::<Stopping>() || inside(error) == Some(true))
}

/// What is waited for.
impl<R: Runtime> Shared<R> {
    /// Ready when the grace is over, which begins with the stop, or once somebody insists.
    pub(super) async fn late(&self, grace: Duration) {
        let stopped = self.stopped().await;
        let over = self.rt.sleep_until(stopped + grace);
        until(self.aborts_beyond(0), over).await.ok();
    }

    pub(super) async fn aborts_beyond(&self, aborts: u32) {
        self.when(|state| (state.aborts > aborts).then_some(()))
            .await;
    }

    pub(super) fn aborted_by(&self) -> Option<Cow<'static, str>> {
        lock(&self.state).aborted_by.clone()
    }

    pub(super) async fn none_left(&self) {
        self.when(|state| (state.live == 0).then_some(())).await;
    }

    /// Since when it stops.
    pub(super) async fn stopped(&self) -> Instant {
        self.when(|state| state.stopped_at).await
    }

    /// Until it is time to stop.
    pub(super) async fn running(&self) {
        self.when(|state| (state.stopped_at.is_some() || state.live == 0).then_some(()))
            .await;
        let finished = lock(&self.state).stopped_at.is_none();
        if finished {
            self.stop_for(StopReason::Finished);
        }
    }

    /// What there is to be found, as soon as there is.
    async fn when<T>(&self, find: impl Fn(&State) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            let found = find(&lock(&self.state));
            if let Some(found) = found {
                return found;
            }
            changed.await;
        }
    }
}
