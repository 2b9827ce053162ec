//! What a world tells of its tasks.

use super::{
    instant,
    state::{State, Task},
    waits::Wait,
};
use crate::{
    cancel::Stage,
    notes::Note,
    task_report::{PanicReport, TaskReport, WaitReport},
    trace::{Event, TaskNo},
};
use std::{
    cmp::Reverse,
    sync::{Arc, atomic::Ordering::Acquire},
};

impl State {
    /// All tasks, in the order in which they were spawned.
    pub(super) fn reports(&self) -> Vec<TaskReport> {
        let mut reports: Vec<_> = self
            .tasks
            .iter()
            .map(|(key, task)| self.report(key, task))
            .collect();
        reports.sort_by_key(|report| report.task);
        reports
    }

    /// All tasks, those polled most often first.
    pub(super) fn busiest(&self) -> Vec<TaskReport> {
        let mut reports = self.reports();
        reports.sort_by_key(|report| Reverse(report.polls));
        reports
    }

    fn report(&self, key: usize, task: &Task) -> TaskReport {
        // The task's own, the one that it is polled with, and the one that a handle keeps for an abort.
        let polled = self.current.is_some_and(|(_, no)| no == task.no);
        let kept = task.no != TaskNo(0) && task.polls > 0 && !task.detached;
        let own = 1 + usize::from(polled || task.spare.is_some()) + usize::from(kept && !polled);
        // While it is polled, they are those of the poll before.
        let notes: &[Note] = if polled { &[] } else { &task.notes };
        let (aborts, notes): (Vec<_>, Vec<_>) =
            notes.iter().partition(|note| note.wait.is_for_abort());
        let own = own + aborts.len();
        let notes = notes.into_iter().map(Note::report);
        let timers = self.timers.that_wake(task.tenant(key));
        TaskReport {
            task: task.no,
            parent: task.parent,
            name: task.name.as_deref().map(str::to_owned),
            spawned_at: task.spawned_at,
            polls: task.polls,
            last_poll: instant(task.last_poll),
            waits: task.waits.iter().map(Wait::report).chain(notes).collect(),
            timer: self.timers.of(task.no).map(instant),
            ready: !polled && task.waker.queued.load(Acquire),
            wakers: (Arc::strong_count(&task.waker) + timers).saturating_sub(own),
        }
    }
}

impl Note {
    fn report(&self) -> WaitReport {
        WaitReport {
            what: self.wait.to_string(),
            place: self.wait.place(),
            since: instant(self.since),
            task: None,
            taken_at: None,
        }
    }
}

impl super::World {
    /// The panics of this run so far, whoever has caught them.
    pub(crate) fn panics(&self) -> Vec<PanicReport> {
        self.lock().panics.clone()
    }

    /// What `check_cancel` is about.
    pub(crate) fn enter_stage(&self, stage: Stage) {
        let mut state = self.lock();
        state.stage = Some(stage);
        if state.trace.is_kept() {
            let (now, event) = (state.now, Event::Noted(TaskNo(0), stage.event()));
            state.trace.add(now, event);
        }
    }

    pub(crate) fn stage(&self) -> Option<Stage> {
        self.lock().stage
    }

    pub(crate) fn reports(&self) -> Vec<TaskReport> {
        self.lock().reports()
    }
}
