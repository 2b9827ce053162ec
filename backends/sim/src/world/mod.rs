//! A simulated world, and the loop that drives it.
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

mod report;
mod signals;
mod state;
mod thread;
mod timers;
mod waits;

pub(crate) use thread::{Drives, Ending};
pub(crate) use timers::TimerKey;
pub(crate) use waits::{Thing, WaitKey, Waited};

use crate::{
    choice::{Choice, Script},
    failure::Failure,
    notes::{self, Note},
    schedule::Schedule,
    sim::Settings,
    trace::{Event, Record, TaskNo},
};
use anyrt_core::{Instant, join::with_drawn_turns};
use state::{State, Task};
use std::{
    future::Future,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering::AcqRel},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};
use thread::Polls;

pub(crate) type BoxedTask = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Debug)]
pub(crate) struct World {
    state: Mutex<State>,
    /// Something came from another thread.
    changed: Condvar,
}

/// Wakes a task, unless it was replaced by a fresh one since.
pub(crate) struct TaskWaker {
    world: Weak<World>,
    key: usize,
    no: TaskNo,
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
            changed: Condvar::new(),
        })
    }

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
        instant(self.lock().now)
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
                queued: AtomicBool::new(true),
            }),
            no,
            parent,
            name: None,
            spawned_at,
            polls: 0,
            last_poll: 0,
            polls_now: 0,
            priority: state.ready.priority(),
            detached: false,
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

    /// Whether a timer has fired; if not, it is set.
    pub(crate) fn poll_timer(
        &self,
        deadline: Instant,
        kept: &mut Option<TimerKey>,
        waker: &Waker,
    ) -> Poll<()> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let fires = kept.map_or(deadline.as_nanos(), |key| key.fires);
        if state.now >= fires {
            let removed = kept.take().and_then(|key| state.timers.remove(key));
            drop(guard);
            drop(removed);
            return Poll::Ready(());
        }
        let task = state.current.map(|(_, no)| no);
        // The simulator's own wakers run nothing when they are cloned.
        let waker = waker.clone();
        let replaced = match *kept {
            Some(key) => state.timers.change(key, waker, task),
            None => {
                let late = state.choices.strikes(state.settings.late);
                let fires = fires.saturating_add(u64::from(late) * 1_000_000);
                *kept = Some(state.timers.set(fires, waker, task));
                None
            }
        };
        drop(guard);
        drop(replaced);
        Poll::Pending
    }

    pub(crate) fn clear_timer(&self, key: TimerKey) {
        let removed = self.lock().timers.remove(key);
        drop(removed);
    }

    /// Runs `body` and all that it spawns, until it is ready.
    pub(crate) fn drive<F: Future>(
        self: &Arc<Self>,
        body: Pin<&mut F>,
        place: &'static Location<'static>,
    ) -> Result<F::Output, Failure> {
        {
            let mut state = self.lock();
            assert!(
                !state.driven,
                "`block_on` inside a simulation that runs already would never return: `.await` instead"
            );
            state.driven = true;
        }
        notes::begin();
        let _driven = (Driven(self), Drives::begin(), Polls::begin(self));
        let Some(entry) = self.reserve(place) else {
            panic!("a simulation that has ended runs nothing any more");
        };
        self.begin(entry, None);
        with_drawn_turns(thread::turn, || self.poll_all(entry.0, body))
    }

    /// Polls what is ready, one after the other, until the body is.
    fn poll_all<F: Future>(
        &self,
        body_key: usize,
        mut body: Pin<&mut F>,
    ) -> Result<F::Output, Failure> {
        let mut left: Option<(usize, BoxedTask)> = None;
        let mut notes = Vec::new();
        loop {
            let (key, future, waker) = self.next(left.take(), &mut notes)?;
            let mut cx = Context::from_waker(&waker);
            if key == body_key {
                let polled = notes::collect(&mut notes, || body.as_mut().poll(&mut cx));
                if let Poll::Ready(output) = polled {
                    self.end(key, Ending::Ready);
                    return Ok(output);
                }
                continue;
            }
            let Some(mut future) = future else { continue };
            Ending::Aborted.note();
            match notes::collect(&mut notes, || future.as_mut().poll(&mut cx)) {
                Poll::Pending => left = Some((key, future)),
                Poll::Ready(()) => {
                    let ending = Ending::noted();
                    drop(future);
                    self.end(key, ending);
                }
            }
        }
    }

    /// Puts back the task that was polled, with its notes, and gives the next one. Where nothing is ready, the clock
    /// jumps.
    fn next(
        &self,
        left: Option<(usize, BoxedTask)>,
        notes: &mut Vec<Note>,
    ) -> Result<(usize, Option<BoxedTask>, Waker), Failure> {
        let mut state = self.lock();
        if let Some((key, future)) = left {
            state.tasks[key].future = Some(future);
        }
        state.polled(notes);
        state.current = None;
        loop {
            if let Some(failure) = state.failed.take() {
                return Err(failure);
            }
            let busy = state.check_limits()?;
            if state.ready.is_empty() && state.outside > 0 {
                state.waits = true;
                let waited = self.changed.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
                state.waits = false;
            } else if busy || state.ready.is_empty() {
                let wakers = state.jump()?;
                drop(state);
                wakers.into_iter().for_each(Waker::wake);
                state = self.lock();
            } else if let Some(next) = state.pick() {
                return Ok(next);
            }
        }
    }

    fn end(&self, key: usize, ending: Ending) {
        let mut state = self.lock();
        state.note_panics();
        let task = state.tasks.remove(key);
        let now = state.now;
        let event = match ending {
            Ending::Ready => Event::Ended(task.no),
            Ending::Panicked => Event::Panicked(task.no),
            Ending::Aborted => Event::Aborted(task.no),
        };
        state.trace.add(now, event);
        state.current = None;
        drop(state);
        drop(task);
    }

    /// What is left, once the body has ended.
    pub(crate) fn check_leaks(&self) -> Result<(), Failure> {
        let state = self.lock();
        if state.settings.forbid_leaks && !state.tasks.is_empty() {
            let tasks = state.reports();
            return Err(Failure::Leaked { tasks });
        }
        Ok(())
    }

    /// Drops all that is left. Destructors may spawn: that is dropped, too.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        loop {
            let mut state = self.lock();
            let tasks = std::mem::take(&mut state.tasks);
            let timers = state.timers.clear();
            state.ready.clear();
            drop(state);
            if tasks.is_empty() && timers.is_empty() {
                return;
            }
            for (_, task) in tasks {
                // A destructor that panics is the task's own affair, as on any runtime.
                let dropped = catch_unwind(AssertUnwindSafe(|| drop(task)));
                dropped.unwrap_or_else(std::mem::forget);
            }
        }
    }
}

/// The world is driven, until dropped.
struct Driven<'a>(&'a World);

impl Drop for Driven<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.note_panics();
        if let Some((key, _)) = state.current
            && let Some(task) = state.tasks.get_mut(key)
        {
            // It panicked, so it waits no more.
            task.notes.clear();
        }
        state.driven = false;
        state.current = None;
    }
}

fn instant(nanos: u64) -> Instant {
    Instant::ORIGIN + Duration::from_nanos(nanos)
}
