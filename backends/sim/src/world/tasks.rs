//! The tasks of a world: where they begin, and who hears of their panics.

use super::{BoxedTask, TaskWaker, World, state::Task};
use crate::{
    failure::Failure,
    trace::{Event, TaskNo},
};
use std::{
    panic::Location,
    sync::{Arc, atomic::AtomicBool},
};

impl World {
    /// What is left, once the body has ended.
    pub(crate) fn check_leaks(&self) -> Result<(), Failure> {
        let state = self.lock();
        if state.settings.forbid_leaks && !state.tasks.is_empty() {
            let tasks = state.reports();
            return Err(Failure::Leaked { tasks });
        }
        Ok(())
    }

    /// A task panicked. It is a failure unless somebody joins the task.
    pub(crate) fn note_panic(&self, key: usize, no: TaskNo, message: String) {
        let mut state = self.lock();
        if state.settings.threads {
            return;
        }
        let task = state.tasks.get(key).filter(|task| task.no == no);
        if task.is_some_and(|task| task.detached) {
            state.fail_unheard(no, message);
        } else {
            state.unheard.insert(no, message);
        }
    }

    /// Whoever joined the task knows of its panic.
    pub(crate) fn heard(&self, no: TaskNo) {
        self.lock().unheard.remove(&no);
    }

    /// Nobody will join the task.
    pub(crate) fn detach(&self, key: usize, no: TaskNo) {
        let mut state = self.lock();
        if let Some(message) = state.unheard.remove(&no) {
            state.fail_unheard(no, message);
        } else if let Some(task) = state.tasks.get_mut(key).filter(|task| task.no == no) {
            task.detached = true;
        }
    }

    /// Room for a task: `None` once the world is closed.
    pub(crate) fn reserve(
        self: &Arc<Self>,
        spawned_at: &'static Location<'static>,
    ) -> Option<(usize, TaskNo)> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let no = TaskNo(state.next_no);
        state.next_no += 1;
        if state.closed {
            return None;
        }
        let parent = state.current.map(|(_, no)| no);
        let slot = state.tasks.vacant_entry();
        let key = slot.key();
        slot.insert(Task {
            future: None,
            waker: Arc::new(TaskWaker {
                world: Arc::downgrade(self),
                key,
                no,
                swaps: 0,
                queued: AtomicBool::new(true),
            }),
            spare: None,
            no,
            parent,
            name: None,
            spawned_at,
            polls: 0,
            last_poll: 0,
            polls_now: 0,
            priority: state.ready.priority(),
            detached: false,
            interrupted: 0,
            passes: 0,
            waits: Vec::new(),
            notes: Vec::new(),
        });
        let spawned = Event::Spawned {
            task: no,
            by: parent,
            place: spawned_at,
        };
        state.trace.add(state.now, spawned);
        Some((key, no))
    }

    /// Names the task that is being polled.
    pub(crate) fn name_task(&self, name: &str) {
        let mut guard = self.lock();
        let state = &mut *guard;
        if let Some((key, no)) = state.current
            && let Some(task) = state.tasks.get_mut(key)
        {
            task.name = Some(Box::from(name));
            if state.trace.is_kept() {
                state
                    .trace
                    .add(state.now, Event::Named(no, name.to_owned()));
            }
        }
    }

    /// Lets the task of a reserved place begin.
    pub(crate) fn begin(&self, (key, no): (usize, TaskNo), future: Option<BoxedTask>) {
        let mut state = self.lock();
        if state.closed {
            drop(state);
            return drop(future);
        }
        state.tasks[key].future = future;
        state.ready.push((key, no));
        self.unlock_changed(state);
    }
}
