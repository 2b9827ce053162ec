//! How a group ends before its time: cancel, fail, abort.

use super::{ABORTING, CANCELLING, FAILED, Queued, Shared, State};
use crate::group::{
    TaskError,
    error::Cause,
    joiner::{Policy, Step},
    reaper::{Inside, reap},
};
use crate::{cancel::CancelReason, context::Occupied, rt::Runtime, sync::wake_all};
use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
    task::Waker,
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
    /// The body has failed: with a supervisor, the children go on.
    pub(in crate::group) fn fail_body(self: &Arc<Self>, cause: Cause<E>) {
        let step = match self.lock().policy {
            Policy::Supervise => Step::Continue,
            Policy::FailFast | Policy::Enough { .. } => Step::Fail,
        };
        self.fail(cause, step);
    }

    /// A failure that is none of a child's.
    pub(in crate::group) fn fail(self: &Arc<Self>, cause: Cause<E>, step: Step) {
        let mut state = self.lock();
        state.failures.push(TaskError {
            id: None,
            name: None,
            spawned_at: self.options.made_at,
            cause,
        });
        let after = self.stop(&mut state, step);
        drop(state);
        self.perform(after);
    }

    pub(in crate::group) fn cancel(self: &Arc<Self>, reason: CancelReason) {
        let mut state = self.lock();
        let mut after = self.begin_cancel(&mut state, 0);
        after.reason = Some(reason);
        drop(state);
        self.perform(after);
    }

    pub(super) fn stop(&self, state: &mut State<R, T, E>, step: Step) -> After {
        match step {
            Step::Continue => After::default(),
            Step::Succeed => {
                state.succeeded |= !self.is_cancelled();
                let mut after = self.begin_cancel(state, 0);
                after.reason = Some(self.reason("its group has what it needs"));
                after
            }
            Step::Fail => {
                let mut after = self.begin_cancel(state, FAILED);
                after.reason = Some(self.reason("its group failed"));
                after.wakers.extend(state.owner.take());
                after
            }
        }
    }

    fn begin_cancel(&self, state: &mut State<R, T, E>, bits: usize) -> After {
        let first = !self.is_cancelled();
        self.raise(CANCELLING | bits);
        let mut after = After {
            dropped: std::mem::take(&mut state.queue),
            ..After::default()
        };
        if self.options.grace.is_zero() {
            self.begin_abort(state, &mut after);
        } else if first {
            after.wakers.extend(state.reaper_waker.take());
            after.reap = state.reaper.is_none();
        }
        after
    }

    fn begin_abort(&self, state: &mut State<R, T, E>, after: &mut After) {
        self.raise(CANCELLING | ABORTING);
        let entries = state.live.iter_mut();
        after
            .wakers
            .extend(entries.filter_map(|(_, entry)| entry.waker.take()));
        after.wakers.extend(state.owner.take());
    }

    /// The owner is gone.
    pub(in crate::group) fn abandon(self: &Arc<Self>) {
        let mut state = self.lock();
        (state.closed, state.over) = (true, true);
        let reaper = state.reaper_waker.take();
        drop(state);
        self.abort_all();
        reaper.into_iter().for_each(Waker::wake);
    }

    /// The grace is over.
    pub(in crate::group) fn abort_all(self: &Arc<Self>) {
        let mut state = self.lock();
        let mut after = After {
            dropped: std::mem::take(&mut state.queue),
            ..After::default()
        };
        self.begin_abort(&mut state, &mut after);
        after.reason = Some(self.reason("its group was dropped"));
        drop(state);
        self.perform(after);
    }

    pub(super) fn perform(self: &Arc<Self>, after: After) {
        if let Some(reason) = &after.reason {
            self.scope.token.cancel_for(reason);
        }
        drop(after.dropped);
        if after.reap {
            self.start_reaper();
        }
        if after.pump {
            self.pump();
        }
        // Last: whoever is woken here may find the group finished.
        if let Some(outer) = after.left {
            outer.leave();
        }
        wake_all(after.wakers);
    }

    pub(in crate::group) fn start_reaper(self: &Arc<Self>) {
        if self.lock().reaper.is_some() {
            return;
        }
        let inside = self
            .outer
            .as_ref()
            .and_then(Weak::upgrade)
            .map(Inside::enter);
        let handle = self.rt.spawn(reap(self.clone(), inside));
        // Only one is ever needed; of two that were started at once, one is detached.
        let spare = self.lock().reaper.replace(handle);
        drop(spare);
    }

    pub(super) fn reason(&self, text: &'static str) -> CancelReason {
        CancelReason {
            text: text.into(),
            at: self.options.made_at,
        }
    }
}
