//! What tasks have told in a poll: what they wait for, and that they have panicked.

use super::state::State;
use crate::{
    failure::Failure,
    notes::Note,
    quiet,
    task_report::PanicReport,
    trace::{Event, TaskNo},
};

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
                let place = note.wait.place().map(|place| format!(", at {place}"));
                let text = format!("{}{}", note.wait, place.unwrap_or_default());
                self.trace.add(self.now, Event::Waits(no, text));
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
