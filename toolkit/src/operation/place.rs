//! Where an operation begins, as tasks inherit it.

use super::{
    trace::Trace,
    tracker::{OperationId, Tracker},
};
use anyrt_core::task_local;

task_local! {
    /// The tracker in force.
    pub(super) static TRACKER: Tracker;
    /// The operation around, as far as somebody watches it.
    pub(super) static AROUND: Around;
}

#[derive(Clone)]
pub(super) struct Around {
    pub(super) tracked: Option<(Tracker, OperationId)>,
    pub(super) trace: Trace,
}

impl Around {
    /// Its number, where it is one of that tracker's.
    pub(super) fn id_in(&self, tracker: &Tracker) -> Option<OperationId> {
        let (its, id) = self.tracked.as_ref()?;
        its.is_same(tracker).then_some(*id)
    }
}
