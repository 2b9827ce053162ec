//! A simulated world.
//!
//! ```text
//!        ┌───────────────┐  chosen   ┌────────┐ Pending, waits for a wake
//!  wake ─▶ ready (a list) ──────────▶ polled ├──────────────▶ idle
//!        └───────▲───────┘           └───┬────┘
//!                │ its timers fire        └ Ready ──▶ ended
//!        ┌───────┴───────┐
//!        │ nothing ready │──▶ no timer either ──▶ deadlock
//!        └───────────────┘
//! ```
//!
//! One thread drives it. All of its state is under one mutex, which is there so that handles can be
//! `Send`; futures are polled, dropped and woken outside.

mod drive;
mod report;
mod signals;
mod state;
mod step;
mod tasks;
mod thread;
mod timers;
mod told;
mod waits;

pub(crate) use thread::{Drives, Ending, interrupts};
pub(crate) use timers::TimerKey;
pub(crate) use waits::{Thing, WaitKey, Waited};

use crate::{
    choice::{Choice, Script},
    failure::Failure,
    schedule::Schedule,
    sim::Settings,
    trace::{Record, TaskNo},
};
use anyrt_core::Instant;
use state::State;
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{AcqRel, Acquire},
        },
    },
    task::Wake,
    time::Duration,
};

pub(crate) type BoxedTask = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Debug)]
pub(crate) struct World {
    state: Mutex<State>,
    /// What the clock shows: the state's, to be read without the lock.
    now: AtomicU64,
    /// Something came from another thread.
    changed: Condvar,
}

/// Wakes a task, unless it was replaced by a fresh one since.
pub(crate) struct TaskWaker {
    world: Weak<World>,
    key: usize,
    no: TaskNo,
    /// How many wakers its task had before.
    swaps: u32,
    queued: AtomicBool,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, AcqRel)
            && let Some(world) = self.world.upgrade()
        {
            let mut state = world.lock();
            state.enqueue(self, thread::drives());
            world.unlock_changed(state);
        }
    }
}

impl World {
    pub(crate) fn new(seed: u64, settings: Settings, script: Script) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State::new(seed, settings, script)),
            now: AtomicU64::new(0),
            changed: Condvar::new(),
        })
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the world's thread where it waits for others. That is a call of the operating system, even if nobody
    /// waits, and a step must not cost one.
    fn unlock_changed(&self, state: MutexGuard<'_, State>) {
        let waits = state.waits;
        drop(state);
        if waits {
            self.changed.notify_one();
        }
    }

    pub(crate) fn now(&self) -> Instant {
        instant(self.now.load(Acquire))
    }

    /// What the wall clock showed when the run began.
    pub(crate) fn wall_origin(&self) -> Duration {
        self.lock().wall_origin
    }

    pub(crate) fn random(&self) -> u64 {
        let mut state = self.lock();
        let drawn = state.choices.random();
        state.trace.mix(drawn);
        drawn
    }

    /// For what is decided before a run begins, and has to be replayed with it.
    pub(crate) fn choose(&self, options: usize) -> usize {
        self.lock()
            .choices
            .choose(options, |rng| rng.below(options))
    }

    /// How much further than by itself a join begins its round of polls.
    fn turn(&self, places: usize) -> usize {
        let mut state = self.lock();
        match state.ready.schedule() {
            Schedule::Fifo => 0,
            _ => state.choices.choose(places, |rng| rng.below(places)),
        }
    }

    /// A fault: the task that is being polled has to let others go first. It is ready already.
    pub(crate) fn interrupts(&self) -> bool {
        self.lock().interrupts()
    }

    pub(crate) fn hash(&self) -> u64 {
        self.lock().trace.hash()
    }

    pub(crate) fn take_trace(&self) -> Vec<Record> {
        self.lock().trace.take()
    }

    pub(crate) fn take_choices(&self) -> Vec<Choice> {
        self.lock().choices.take_log()
    }

    pub(crate) fn steps(&self) -> u64 {
        self.lock().steps
    }

    pub(crate) fn has_threads(&self) -> bool {
        self.lock().settings.threads
    }

    pub(crate) fn go_outside(&self) {
        self.lock().outside += 1;
    }

    pub(crate) fn come_back(&self) {
        let mut state = self.lock();
        state.outside -= 1;
        self.unlock_changed(state);
    }

    pub(crate) fn take_unheard(&self) -> Option<Failure> {
        self.lock().failed.take()
    }
}

fn instant(nanos: u64) -> Instant {
    Instant::ORIGIN + Duration::from_nanos(nanos)
}
