//! What tasks have told in a poll: what they wait for, and that they have panicked.

use super::{World, state::State};
use crate::{
    failure::Failure,
    notes::Note,
    quiet,
    task_report::PanicReport,
    trace::{Event, TaskNo},
};
use anyrt_core::waits::Wait;

impl World {
    /// [`interrupts`](Self::interrupts), for a future that is no part of the simulator.
    #[cold]
    pub(super) fn interrupts_portable(&self, wait: &dyn Fn() -> Wait) -> bool {
        let interrupted = {
            let mut state = self.lock();
            state.interrupts_portable().then(|| state.trace.is_kept())
        };
        if interrupted == Some(true) {
            // Made under no lock: it is code of somebody else's.
            let what = text(&wait());
            self.lock().tell(|task| Event::Yields(task, what));
        }
        interrupted.is_some()
    }
}

/// With its place, as a timeline has it.
fn text(wait: &Wait) -> String {
    let place = wait.place().map(|place| format!(", at {place}"));
    format!("{wait}{}", place.unwrap_or_default())
}

impl State {
    pub(super) fn fail_unheard(&mut self, task: TaskNo, message: String) {
        let failure = Failure::TaskPanicked {
            task,
            message,
            tasks: self.reports(),
        };
        self.failed.get_or_insert(failure);
    }

    /// What the task that was just polled has told, in return for what it told before.
    #[inline]
    pub(super) fn polled(&mut self, notes: &mut Vec<Note>) {
        self.note_panics();
        let Some((key, no)) = self.current else {
            return;
        };
        let task = self.tasks.get(key).filter(|task| task.no == no);
        // Mostly there are none, and there were none.
        if task.is_some_and(|task| !(notes.is_empty() && task.notes.is_empty())) {
            self.swap_notes(key, no, notes);
        }
    }

    fn swap_notes(&mut self, key: usize, no: TaskNo, notes: &mut Vec<Note>) {
        let task = &mut self.tasks[key];
        for note in &mut *notes {
            let before = task.notes.iter().find(|before| before.is_of(note));
            note.since = before.map_or(self.now, |before| before.since);
            if before.is_none() && self.trace.is_kept() && !note.wait.is_for_abort() {
                self.trace.add(self.now, Event::Waits(no, text(&note.wait)));
            }
        }
        std::mem::swap(&mut task.notes, notes);
    }

    /// Panics that were caught within the poll that is over now.
    #[inline]
    pub(super) fn note_panics(&mut self) {
        if quiet::any() {
            self.take_panics();
        }
    }

    #[cold]
    fn take_panics(&mut self) {
        let messages = quiet::take_all();
        let Some((key, no)) = self.current else {
            return;
        };
        for message in messages {
            if self.trace.is_kept() {
                let event = Event::Noted(no, format!("panicked: {message}"));
                self.trace.add(self.now, event);
            }
            let Some(task) = self.tasks.get(key) else {
                return;
            };
            self.panics.push(PanicReport {
                task: no,
                name: task.name.as_deref().map(str::to_owned),
                spawned_at: task.spawned_at,
                message,
            });
        }
    }
}
