//! An operation that somebody watches.

use super::{
    Operation,
    fields::{Fields, rendered},
    outcome::Outcome,
    place::{AROUND, Around, TRACKER},
    trace::{self, Trace},
};
use anyrt_core::{Instant, context::Context, rt::Clock};
use std::fmt;

pub(super) struct Watch<R> {
    rt: R,
    started: Instant,
    around: Around,
    /// That of the operation's inside.
    context: Context,
}

impl<R: Clock> Watch<R> {
    /// `None` where nobody listens: then no clock is read, and nothing allocated.
    #[inline]
    pub(super) fn begin<L: Fields>(rt: R, operation: Operation<L>) -> Option<Self> {
        let explicit = operation.tracker.is_some();
        if !explicit && !trace::is_on() && TRACKER.shared().is_none() {
            return None;
        }
        Some(Self::listened(rt, operation))
    }

    #[cold]
    fn listened<L: Fields>(rt: R, operation: Operation<L>) -> Self {
        let Operation {
            name,
            fields,
            tracker,
        } = operation;
        let mut context = Context::current();
        if let Some(tracker) = &tracker {
            context = tracker.set_in(&context);
        }
        let outer = AROUND.shared();
        let started = rt.now();
        let trace = Trace::begin(&name, &fields, outer.as_ref().map(|outer| &outer.trace));
        let tracked = tracker.or_else(|| TRACKER.get()).map(|tracker| {
            let parent = outer.and_then(|outer| outer.id_in(&tracker));
            let id = tracker.begin(parent, name, rendered(&fields), started);
            (tracker, id)
        });
        let around = Around { tracked, trace };
        let context = AROUND.set_in(&context, around.clone());
        Self {
            rt,
            started,
            around,
            context,
        }
    }

    /// Runs a poll, or a destructor, in the operation.
    pub(super) fn within<O>(&self, act: impl FnOnce() -> O) -> O {
        self.around
            .trace
            .within(|| self.context.clone().sync_scope(act))
    }

    pub(super) fn end(self, outcome: Outcome) {
        let duration = self.rt.now() - self.started;
        let Around { tracked, trace } = &self.around;
        trace.end(duration, &outcome);
        if let Some((tracker, id)) = tracked {
            tracker.end(*id, duration, outcome);
        }
    }
}

impl<R> fmt::Debug for Watch<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
