//! What tasks wait for, where the simulator can know it: its own locks, permits, channels, handles.

use super::{World, instant, state::State};
use crate::{
    task_report::WaitReport,
    trace::{Event, TaskNo},
};
use std::{
    fmt,
    panic::Location,
    sync::{Arc, Mutex, PoisonError},
};

/// A lock, a semaphore or a channel of a world, as reports name it.
#[derive(Debug)]
pub(crate) struct Thing {
    no: u32,
    kind: &'static str,
    of: &'static str,
    made_at: &'static Location<'static>,
    taken: Mutex<Option<(TaskNo, &'static Location<'static>)>>,
}

impl Thing {
    /// Notes that the task that is being polled has it now, or `part` of it. Says whether somebody will read that,
    /// and so wants to know of its [release](Self::released), too.
    #[inline]
    pub(crate) fn taken(
        &self,
        world: &World,
        part: &'static str,
        place: &'static Location<'static>,
    ) -> bool {
        let (current, is_kept) = {
            let state = world.lock();
            (state.current, state.trace.is_kept())
        };
        let taken = current.map(|(_, task)| (task, place));
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = taken;
        if is_kept {
            self.tell_taken(world, part, place);
        }
        is_kept
    }

    /// Apart, for it is seldom.
    #[cold]
    fn tell_taken(&self, world: &World, part: &str, place: &Location<'_>) {
        world.lock().tell(|task| {
            let what = format!("{part}{} {}, at {place}", self.kind, self.no);
            Event::Takes(task, what)
        });
    }

    /// Notes that the task that is being polled gives it back, or `part` of it.
    #[cold]
    pub(crate) fn released(&self, world: &World, part: &str) {
        world.lock().tell(|task| {
            let what = format!("{part}{} {}", self.kind, self.no);
            Event::Releases(task, what)
        });
    }
}

impl State {
    /// Of the task that is being polled, if there is one.
    pub(super) fn tell(&mut self, event: impl FnOnce(TaskNo) -> Event) {
        if let Some((_, task)) = self.current {
            self.trace.add(self.now, event(task));
        }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            no, kind, made_at, ..
        } = self;
        write!(f, "{kind} {no}")?;
        if !self.of.is_empty() {
            write!(f, " of `{}`", self.of)?;
        }
        write!(f, " (made at {made_at})")
    }
}

/// What somebody waits for.
#[derive(Debug, Clone)]
pub(crate) enum Waited {
    /// What it is, and what it is waited for with: `a permit of`, `room in`.
    Thing(&'static str, Arc<Thing>),
    Task(TaskNo),
}

impl fmt::Display for Waited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thing(part, thing) => write!(f, "{part}{thing}"),
            Self::Task(task) => write!(f, "the end of {task}"),
        }
    }
}

/// A wait that is under way.
#[derive(Debug)]
pub(super) struct Wait {
    id: u64,
    what: Waited,
    place: &'static Location<'static>,
    since: u64,
}

impl Wait {
    pub(super) fn report(&self) -> WaitReport {
        let (task, holder) = match &self.what {
            Waited::Task(task) => (Some(*task), None),
            Waited::Thing(_, thing) => {
                let taken = *thing.taken.lock().unwrap_or_else(PoisonError::into_inner);
                (taken.map(|(task, _)| task), taken.map(|(_, place)| place))
            }
        };
        WaitReport {
            what: self.what.to_string(),
            place: Some(self.place),
            since: instant(self.since),
            task,
            taken_at: holder,
        }
    }
}

/// Where a wait is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WaitKey {
    task: usize,
    no: TaskNo,
    id: u64,
}

impl World {
    /// Notes that the task that is being polled lets others go first, before it asks for that.
    #[cold]
    pub(crate) fn yields(&self, before: &Waited, place: &Location<'_>) {
        let mut state = self.lock();
        if state.trace.is_kept() {
            state.tell(|task| Event::Yields(task, format!("{before}, at {place}")));
        }
    }

    pub(crate) fn new_thing(
        &self,
        kind: &'static str,
        of: &'static str,
        made_at: &'static Location<'static>,
    ) -> Arc<Thing> {
        let mut state = self.lock();
        state.next_thing += 1;
        Arc::new(Thing {
            no: state.next_thing,
            kind,
            of,
            made_at,
            taken: Mutex::new(None),
        })
    }

    /// The task that is being polled waits; `kept` is where it was noted before, if it was.
    pub(crate) fn begin_wait(
        &self,
        kept: Option<WaitKey>,
        what: &Waited,
        place: &'static Location<'static>,
    ) -> Option<WaitKey> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let (task, no) = state.current?;
        if kept.is_some_and(|kept| (kept.task, kept.no) == (task, no)) {
            return kept;
        }
        state.next_wait += 1;
        let id = state.next_wait;
        if state.trace.is_kept() {
            let event = Event::Waits(no, format!("{what}, at {place}"));
            state.trace.add(state.now, event);
        }
        let since = state.now;
        let what = what.clone();
        let waits = &mut state.tasks.get_mut(task)?.waits;
        waits.push(Wait {
            id,
            what,
            place,
            since,
        });
        Some(WaitKey { task, no, id })
    }

    pub(crate) fn end_wait(&self, key: WaitKey) {
        let mut state = self.lock();
        if let Some(task) = state.tasks.get_mut(key.task)
            && let Some(at) = task.waits.iter().position(|wait| wait.id == key.id)
        {
            task.waits.swap_remove(at);
        }
    }
}
