//! What a world consists of. All of it under the world's lock.

use super::{
    BoxedTask, TaskWaker,
    signals::Listener,
    timers::{Tenant, Timers},
    waits::Wait,
};
use crate::{
    cancel::Stage,
    choice::{Choices, Rng, Script},
    failure::Failure,
    notes::Note,
    schedule::{Entry, FEW, Ready, Schedule},
    sim::Settings,
    task_report::PanicReport,
    trace::{TaskNo, Trace},
};
use slab::Slab;
use std::{collections::BTreeMap, fmt, panic::Location, sync::Arc, task::Waker, time::Duration};

pub(crate) struct State {
    pub(super) settings: Settings,
    pub(super) choices: Choices,
    pub(super) trace: Trace,
    pub(super) now: u64,
    pub(super) wall_origin: Duration,
    pub(super) steps: u64,
    /// Steps since the clock last moved.
    pub(super) steps_now: u64,
    /// How often a task was polled since then: the one that was polled most often.
    pub(super) spins: u64,
    pub(super) tasks: Slab<Task>,
    pub(super) ready: Ready,
    pub(super) next_no: u32,
    pub(super) timers: Timers,
    pub(super) listeners: Slab<Listener>,
    pub(super) next_wait: u64,
    pub(super) next_thing: u32,
    /// The task that is being polled.
    pub(super) current: Option<Entry>,
    /// Work on other threads.
    pub(super) outside: usize,
    /// The world's thread waits for others.
    pub(super) waits: bool,
    pub(super) driven: bool,
    /// Nothing runs any more: what is spawned now is dropped.
    pub(super) closed: bool,
    /// Panics that nobody has joined yet.
    pub(super) unheard: BTreeMap<TaskNo, String>,
    pub(super) failed: Option<Failure>,
    /// All of them, whoever has caught them.
    pub(super) panics: Vec<PanicReport>,
    /// Where a `check_cancel` is.
    pub(super) stage: Option<Stage>,
}

pub(crate) struct Task {
    /// `None` while it is polled; the body is polled from its own place.
    pub(super) future: Option<BoxedTask>,
    pub(super) waker: Arc<TaskWaker>,
    /// The same, as it is polled with: `None` while it is polled, and before.
    pub(super) spare: Option<Waker>,
    pub(super) no: TaskNo,
    pub(super) parent: Option<TaskNo>,
    pub(super) name: Option<Box<str>>,
    pub(super) spawned_at: &'static Location<'static>,
    pub(super) polls: u64,
    pub(super) last_poll: u64,
    /// How often at that time.
    pub(super) polls_now: u64,
    pub(super) priority: u64,
    pub(super) detached: bool,
    /// How often it has let others go first in this poll, of its own futures.
    pub(super) interrupted: u32,
    /// How many of these go on in this poll.
    pub(super) passes: u32,
    pub(super) waits: Vec<Wait>,
    /// What it waited for in its last poll, of what others have told.
    pub(super) notes: Vec<Note>,
}

impl State {
    pub(super) fn new(seed: u64, settings: Settings, script: Script) -> Self {
        let schedule = settings.schedule.unwrap_or_else(|| Schedule::of_seed(seed));
        // From 2020 on, over 15 years: code that cannot bear some dates is found.
        let days = Rng::new(seed ^ 0x5EED).below(15 * 365) as u64;
        Self {
            choices: Choices::new(seed, script),
            trace: Trace::new(settings.record),
            now: 0,
            wall_origin: Duration::from_secs(1_577_836_800 + days * 86_400),
            steps: 0,
            steps_now: 0,
            spins: 0,
            tasks: Slab::with_capacity(FEW),
            ready: Ready::new(schedule, seed),
            next_no: 0,
            timers: Timers::default(),
            listeners: Slab::new(),
            next_wait: 0,
            next_thing: 0,
            current: None,
            outside: 0,
            waits: false,
            driven: false,
            closed: false,
            unheard: BTreeMap::new(),
            failed: None,
            panics: Vec::new(),
            stage: None,
            settings,
        }
    }
}

impl Task {
    pub(super) fn tenant(&self, key: usize) -> Tenant {
        Tenant {
            key,
            no: self.no,
            swaps: self.waker.swaps,
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("now", &self.now)
            .field("tasks", &self.tasks.len())
            .finish_non_exhaustive()
    }
}
