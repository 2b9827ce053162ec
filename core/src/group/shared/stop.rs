//! How a group ends before its time: cancel, fail, abort.

use super::{ABORTING, CANCELLING, FAILED, Queued, Shared, State};
use crate::group::{
    TaskError,
    error::Cause,
    joiner::{Policy, Step},
    reaper::{Inside, reap},
};
use crate::{
    Elapsed, cancel::CancelReason, context::Occupied, prim::FirstPanic, rt::Runtime,
    sync::wake_all, waits,
};
use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
    task::{Wake, Waker},
    time::Duration,
};

/// What has to happen outside the lock.
#[must_use]
#[derive(Default)]
pub(super) struct After {
    pub(super) wakers: Vec<Waker>,
    pub(super) dropped: VecDeque<(usize, Queued)>,
    pub(super) left: Option<Arc<dyn Occupied>>,
    pub(super) reason: Option<CancelReason>,
    pub(super) reap: bool,
    pub(super) pump: bool,
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> Shared<R, T, E> {
    /// A change under the lock, and outside of it what that leads to.
    pub(super) fn change(self: &Arc<Self>, change: impl FnOnce(&mut State<R, T, E>) -> After) {
        let mut state = self.lock();
        let after = change(&mut state);
        drop(state);
        self.perform(after);
    }

    /// The body has failed: with a supervisor, the children go on.
    pub(in crate::group) fn fail_body(self: &Arc<Self>, cause: Cause<E>) {
        self.change(|state| {
            let step = match state.policy {
                Policy::Supervise => Step::Continue,
                Policy::FailFast | Policy::Enough { .. } => Step::Fail,
            };
            self.fail_in(state, cause, step)
        });
    }

    /// The deadline is there; that is a failure unless the group was cancelled, or left, first.
    pub(in crate::group) fn time_out(self: &Arc<Self>, elapsed: Elapsed) {
        self.change(|state| {
            if state.over || self.is_cancelled() {
                return After::default();
            }
            self.fail_in(state, Cause::TimedOut(elapsed), Step::Fail)
        });
    }

    fn fail_in(&self, state: &mut State<R, T, E>, cause: Cause<E>, step: Step) -> After {
        state.failures.push(self.own(cause));
        self.stop(state, step)
    }

    /// A failure that is none of a child's.
    pub(super) fn own(&self, cause: Cause<E>) -> TaskError<E> {
        let name = match cause {
            // The body's.
            Cause::Failed(_) | Cause::Panicked(_) => None,
            Cause::Cancelled(_) | Cause::TimedOut(_) => self.options.name.clone(),
        };
        TaskError {
            id: None,
            name,
            spawned_at: self.options.made_at,
            cause,
        }
    }

    pub(in crate::group) fn cancel(self: &Arc<Self>, reason: CancelReason) {
        self.change(|state| After {
            // Also where somebody else was first, and is only about to: it is cancelled on return.
            reason: Some(reason),
            ..self.begin_cancel(state, 0, "")
        });
    }

    /// Lets the group be cancelled with the token that its children see, whoever cancels that.
    pub(super) fn watch_token(self: &Arc<Self>) {
        let watcher: Waker = Arc::new(Watcher(Arc::downgrade(self))).into();
        if !self.token.notify(&watcher) {
            self.token_cancelled();
        }
    }

    fn token_cancelled(self: &Arc<Self>) {
        let Some(reason) = self.token.reason() else {
            return;
        };
        self.change(|state| {
            // It is the group itself that cancels its token.
            if self.is_cancelled() {
                return After::default();
            }
            state.outside = Some(reason.clone());
            self.begin_cancel(state, 0, "")
        });
    }

    pub(super) fn stop(&self, state: &mut State<R, T, E>, step: Step) -> After {
        match step {
            Step::Fail if state.succeeded => After::default(),
            Step::Continue => After::default(),
            Step::Succeed => {
                state.succeeded |= !self.is_cancelled();
                self.begin_cancel(state, 0, "its group has what it needs")
            }
            Step::Fail => {
                let mut after = self.begin_cancel(state, FAILED, "its group failed");
                after.wakers.extend(state.owner.take());
                after
            }
        }
    }

    fn begin_cancel(&self, state: &mut State<R, T, E>, bits: usize, why: &'static str) -> After {
        let first = !self.is_cancelled();
        self.raise(CANCELLING | bits);
        let mut after = After {
            dropped: std::mem::take(&mut state.queue),
            reason: first.then(|| self.reason(why)),
            ..After::default()
        };
        if self.options.grace.is_zero() {
            self.begin_abort(state, &mut after);
        } else if first {
            after.wakers.extend(state.reaper_waker.take());
            // For ever needs nobody to end it.
            after.reap = !state.reaped && !state.over && self.options.grace < Duration::MAX;
        }
        after
    }

    fn begin_abort(&self, state: &mut State<R, T, E>, after: &mut After) {
        after.wakers.extend(state.owner.take());
        // Once: a thousand failures must not go through a thousand children each.
        if Self::aborts(self.signal()) {
            return;
        }
        self.raise(CANCELLING | ABORTING);
        let entries = state.live.iter_mut();
        after
            .wakers
            .extend(entries.filter_map(|(_, entry)| entry.waker.take()));
    }

    /// The owner is gone.
    pub(in crate::group) fn abandon(self: &Arc<Self>) {
        waits::gave_up(&**self);
        self.change(|state| {
            (state.closed, state.over) = (true, true);
            let mut after = self.abort_in(state);
            after.wakers.extend(state.reaper_waker.take());
            after
        });
    }

    /// The grace is over.
    pub(in crate::group) fn abort_all(self: &Arc<Self>) {
        self.change(|state| self.abort_in(state));
    }

    fn abort_in(&self, state: &mut State<R, T, E>) -> After {
        let mut after = After {
            dropped: std::mem::take(&mut state.queue),
            reason: Some(self.reason("its group was dropped")),
            ..After::default()
        };
        self.begin_abort(state, &mut after);
        after
    }

    /// A waker or a destructor that panics in here does not keep the others waiting.
    pub(super) fn perform(self: &Arc<Self>, after: After) {
        let mut panics = FirstPanic::default();
        panics.catch(|| {
            if let Some(reason) = &after.reason {
                self.token.cancel_for(reason);
            }
        });
        for (_, child) in after.dropped {
            panics.catch(|| drop(child));
        }
        if after.reap {
            self.start_reaper();
        }
        if after.pump {
            self.pump();
        }
        // Last: whoever is woken here may find the group finished.
        panics.catch(|| {
            if let Some(outer) = after.left {
                outer.leave();
            }
        });
        panics.catch(|| wake_all(after.wakers));
        panics.resume();
    }

    pub(in crate::group) fn start_reaper(self: &Arc<Self>) {
        // Two would have one place for their wakers.
        if std::mem::replace(&mut self.lock().reaped, true) {
            return;
        }
        let inside = self.outer.as_ref().and_then(Weak::upgrade);
        let handle = self.rt.spawn(reap(self.clone(), inside.map(Inside::enter)));
        self.lock().reaper = Some(handle);
    }

    pub(super) fn reason(&self, text: &'static str) -> CancelReason {
        CancelReason {
            text: text.into(),
            at: self.options.made_at,
        }
    }
}

/// Passes the token's cancellation on, for as long as there is a group.
struct Watcher<R: Runtime, T, E>(Weak<Shared<R, T, E>>);

impl<R: Runtime, T: Send + 'static, E: Send + 'static> Wake for Watcher<R, T, E> {
    fn wake(self: Arc<Self>) {
        if let Some(group) = self.0.upgrade() {
            group.token_cancelled();
        }
    }
}
