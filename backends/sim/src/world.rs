//! The state of a simulated world, and the loop that drives it.
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
//! One thread drives it. All of it is under one mutex, which is there so that handles can be `Send`;
//! futures are polled, dropped and woken outside.

use crate::{
    choice::{Choices, Rng, Schedule},
    failure::{Failure, Stuck},
    settings::Settings,
    trace::{Event, Record, TaskNo, Trace},
};
use anyrt_core::Instant;
use slab::Slab;
use std::{
    collections::{BTreeMap, VecDeque},
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

pub(crate) type BoxedTask = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Debug)]
pub(crate) struct World {
    state: Mutex<State>,
    /// Something came from another thread.
    changed: Condvar,
}

struct State {
    settings: Settings,
    schedule: Schedule,
    choices: Choices,
    trace: Trace,
    now: u64,
    steps: u64,
    /// Work on other threads.
    outside: usize,
    /// Steps since the clock last moved.
    steps_now: u64,
    tasks: Slab<Task>,
    /// What is ready, in the order of the wakes. A task may have ended since.
    ready: VecDeque<(usize, TaskNo)>,
    next_no: u32,
    timers: BTreeMap<TimerKey, Waker>,
    next_timer: u64,
    /// Steps at which the running task's priority falls below all others.
    change_points: Vec<u64>,
    lowest: u64,
    /// The task that was polled last.
    polled: Option<TaskNo>,
    driven: bool,
    /// Nothing runs any more: what is spawned now is dropped.
    closed: bool,
    panicked: Option<Failure>,
}

/// When a timer fires; of several at once, the one that was set first.
pub(crate) type TimerKey = (u64, u64);

struct Task {
    /// `None` while it is polled; the body is polled from its own place.
    future: Option<BoxedTask>,
    waker: Arc<TaskWaker>,
    no: TaskNo,
    spawned_at: &'static Location<'static>,
    polls: u64,
    last_poll: u64,
    priority: u64,
}

struct TaskWaker {
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
            world.lock().enqueue(self);
            world.changed.notify_one();
        }
    }
}

impl World {
    pub(crate) fn new(seed: u64, settings: Settings, replay: Option<Vec<u32>>) -> Arc<Self> {
        let mut plan = Rng::new(seed.rotate_left(32));
        let schedule = settings.schedule.unwrap_or_else(|| Schedule::of_seed(seed));
        let points = match schedule {
            Schedule::Pct { depth } => depth.saturating_sub(1),
            _ => 0,
        };
        // Bugs lie early: the points are spread over runs of many lengths.
        let change_points = (0..points).map(|_| {
            let magnitude = 3 + plan.below(10);
            plan.below(1 << magnitude) as u64
        });
        let state = State {
            schedule,
            change_points: change_points.collect(),
            choices: match replay {
                Some(log) => Choices::replaying(seed, log),
                None => Choices::seeded(seed),
            },
            trace: Trace::new(settings.record),
            settings,
            now: 0,
            steps: 0,
            steps_now: 0,
            outside: 0,
            tasks: Slab::new(),
            ready: VecDeque::new(),
            next_no: 0,
            timers: BTreeMap::new(),
            next_timer: 0,
            lowest: 1 << 32,
            polled: None,
            driven: false,
            closed: false,
            panicked: None,
        };
        Arc::new(Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Instant {
        instant(self.lock().now)
    }

    pub(crate) fn random(&self) -> u64 {
        self.lock().choices.random()
    }

    pub(crate) fn trace_hash(&self) -> u64 {
        self.lock().trace.hash()
    }

    pub(crate) fn take_trace(&self) -> Vec<Record> {
        self.lock().trace.take()
    }

    pub(crate) fn choices(&self) -> Vec<u32> {
        self.lock().choices.log().to_vec()
    }

    pub(crate) fn time(&self) -> u64 {
        self.lock().now
    }

    pub(crate) fn has_threads(&self) -> bool {
        self.lock().settings.threads
    }

    pub(crate) fn go_outside(&self) {
        self.lock().outside += 1;
    }

    pub(crate) fn come_back(&self) {
        self.lock().outside -= 1;
        self.changed.notify_one();
    }

    pub(crate) fn take_panic(&self) -> Option<Failure> {
        self.lock().panicked.take()
    }

    /// A task panicked, and its handle is gone.
    pub(crate) fn note_panic(&self, task: TaskNo, message: String) {
        let failure = Failure::TaskPanicked { task, message };
        self.lock().panicked.get_or_insert(failure);
    }

    /// Adds a task, which is ready; `None` is the body.
    pub(crate) fn spawn(
        self: &Arc<Self>,
        future: Option<BoxedTask>,
        spawned_at: &'static Location<'static>,
    ) -> (usize, TaskNo) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let no = TaskNo(state.next_no);
        state.next_no += 1;
        if state.closed {
            drop(guard);
            drop(future);
            return (usize::MAX, no);
        }
        let priority = match state.schedule {
            // Above 2³², for those whose priority fell are below.
            Schedule::Pct { .. } => {
                let drawn = state.choices.choose(1 << 20, |rng| rng.below(1 << 20));
                (2 << 32) + drawn as u64
            }
            _ => 0,
        };
        let slot = state.tasks.vacant_entry();
        let key = slot.key();
        let waker = Arc::new(TaskWaker {
            world: Arc::downgrade(self),
            key,
            no,
            queued: AtomicBool::new(true),
        });
        slot.insert(Task {
            future,
            waker,
            no,
            spawned_at,
            polls: 0,
            last_poll: 0,
            priority,
        });
        state.trace.add(state.now, Event::Spawned(no, spawned_at));
        state.ready.push_back((key, no));
        (key, no)
    }

    pub(crate) fn set_timer(
        &self,
        deadline: u64,
        kept: Option<TimerKey>,
        waker: &Waker,
    ) -> TimerKey {
        let waker = waker.clone();
        let mut state = self.lock();
        let key = kept.unwrap_or_else(|| {
            state.next_timer += 1;
            let late = if state.settings.late > 0 {
                let one_in = state.settings.late;
                u64::from(state.choices.strikes(one_in)) * 1_000_000
            } else {
                0
            };
            (deadline.saturating_add(late), state.next_timer)
        });
        let replaced = state.timers.insert(key, waker);
        drop(state);
        drop(replaced);
        key
    }

    pub(crate) fn clear_timer(&self, key: TimerKey) {
        let waker = self.lock().timers.remove(&key);
        drop(waker);
    }

    /// Runs `body` and all that it spawns, until it is ready.
    pub(crate) fn drive<F: Future>(
        self: &Arc<Self>,
        mut body: Pin<&mut F>,
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
        let _driven = Driven(self);
        let (body_key, _) = self.spawn(None, place);
        loop {
            let (key, future, waker) = self.next()?;
            let mut cx = Context::from_waker(&waker);
            if key == body_key {
                if let Poll::Ready(output) = body.as_mut().poll(&mut cx) {
                    self.end(key);
                    return Ok(output);
                }
                continue;
            }
            let Some(mut future) = future else { continue };
            match future.as_mut().poll(&mut cx) {
                Poll::Pending => self.lock().tasks[key].future = Some(future),
                Poll::Ready(()) => {
                    drop(future);
                    self.end(key);
                }
            }
            if let Some(failure) = self.lock().panicked.take() {
                return Err(failure);
            }
        }
    }

    /// The next task to poll. Where nothing is ready, the clock jumps.
    fn next(&self) -> Result<(usize, Option<BoxedTask>, Waker), Failure> {
        loop {
            let mut state = self.lock();
            let busy = state.check_limits()?;
            if state.ready.is_empty() && state.outside > 0 {
                let waited = self.changed.wait(state);
                drop(waited.unwrap_or_else(PoisonError::into_inner));
                continue;
            }
            if busy || state.ready.is_empty() {
                let wakers = state.jump()?;
                drop(state);
                wakers.into_iter().for_each(Waker::wake);
                continue;
            }
            if let Some(next) = state.pick() {
                return Ok(next);
            }
        }
    }

    fn end(&self, key: usize) {
        let mut state = self.lock();
        let task = state.tasks.remove(key);
        let now = state.now;
        state.trace.add(now, Event::Ended(task.no));
        drop(state);
        drop(task);
    }

    /// What is left, once the body has ended.
    pub(crate) fn check_leaks(&self) -> Result<(), Failure> {
        let state = self.lock();
        if state.settings.forbid_leaks && !state.tasks.is_empty() {
            return Err(Failure::Leaked {
                stuck: state.stuck(),
            });
        }
        Ok(())
    }

    /// Drops all that is left. Destructors may spawn: that is dropped, too.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        loop {
            let mut state = self.lock();
            let tasks = std::mem::take(&mut state.tasks);
            let timers = std::mem::take(&mut state.timers);
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

impl State {
    fn enqueue(&mut self, waker: &Arc<TaskWaker>) {
        let task = self.tasks.get_mut(waker.key);
        let Some(task) = task.filter(|task| task.no == waker.no) else {
            return;
        };
        if self.polled == Some(waker.no) {
            // It yields: were it to keep its priority, those it waits for would never run.
            self.lowest -= 1;
            task.priority = self.lowest;
        }
        self.trace.add(self.now, Event::Woken(waker.no));
        self.ready.push_back((waker.key, waker.no));
    }

    fn pick(&mut self) -> Option<(usize, Option<BoxedTask>, Waker)> {
        self.steps += 1;
        self.steps_now += 1;
        let spurious = self.settings.spurious;
        if self.choices.strikes(spurious) {
            self.wake_somebody();
        }
        let count = self.ready.len();
        let chosen = match self.schedule {
            Schedule::Fifo => 0,
            Schedule::Random => self.choices.choose(count, |rng| rng.below(count)),
            Schedule::Pct { .. } => {
                let highest = self.highest_priority();
                self.choices.choose(count, |_| highest)
            }
        };
        let (key, no) = self.ready.remove(chosen)?;
        let step = self.steps;
        let task = self.tasks.get_mut(key).filter(|task| task.no == no)?;
        if self.change_points.contains(&step) {
            self.lowest -= 1;
            task.priority = self.lowest;
        }
        // A swap: it has to see what was written before the wake that it takes back.
        task.waker.queued.swap(false, AcqRel);
        self.polled = Some(no);
        task.polls += 1;
        task.last_poll = self.now;
        self.trace.add(self.now, Event::Polled(no));
        Some((key, task.future.take(), Waker::from(task.waker.clone())))
    }

    fn highest_priority(&self) -> usize {
        let priority =
            |(key, _): &(usize, TaskNo)| self.tasks.get(*key).map_or(0, |task| task.priority);
        let ready = self.ready.iter().enumerate();
        // Of equals, the first.
        let highest = ready.rev().max_by_key(|(_, entry)| priority(entry));
        highest.map_or(0, |(at, _)| at)
    }

    /// A fault: a task is polled that nobody woke.
    fn wake_somebody(&mut self) {
        let count = self.tasks.len();
        let chosen = self.choices.choose(count, |rng| rng.below(count));
        if let Some((key, task)) = self.tasks.iter().nth(chosen)
            && !task.waker.queued.swap(true, AcqRel)
        {
            let no = task.no;
            self.ready.push_back((key, no));
        }
    }

    /// Moves the clock to the next timer; gives the wakers of those that fire.
    fn jump(&mut self) -> Result<Vec<Waker>, Failure> {
        let Some((&(deadline, _), _)) = self.timers.first_key_value() else {
            return Err(Failure::Deadlock {
                at: instant(self.now),
                stuck: self.stuck(),
            });
        };
        if u128::from(deadline) > self.settings.max_time.as_nanos() {
            return Err(Failure::TimeLimit {
                limit: self.settings.max_time,
                stuck: self.stuck(),
            });
        }
        self.steps_now = 0;
        if deadline > self.now {
            self.now = deadline;
            self.trace.add(deadline, Event::Jumped);
        }
        let mut fired = Vec::new();
        while let Some(first) = self.timers.first_entry() {
            if first.key().0 > self.now {
                break;
            }
            fired.push(first.remove());
        }
        Ok(fired)
    }

    /// Whether tasks have been busy for so long that time has to go on: what never waits takes time,
    /// too.
    fn check_limits(&self) -> Result<bool, Failure> {
        if self.steps > self.settings.max_steps {
            return Err(Failure::StepLimit {
                steps: self.steps,
                stuck: self.busiest(),
            });
        }
        let busy = self.steps_now > self.settings.max_steps_at_once;
        if busy && self.timers.is_empty() {
            return Err(Failure::Livelock {
                at: instant(self.now),
                stuck: self.busiest(),
            });
        }
        Ok(busy)
    }

    fn stuck(&self) -> Vec<Stuck> {
        let stuck = self.tasks.iter().map(|(_, task)| Stuck {
            task: task.no,
            spawned_at: task.spawned_at,
            polls: task.polls,
            last_poll: instant(task.last_poll),
        });
        let mut stuck: Vec<_> = stuck.collect();
        stuck.sort_by_key(|stuck| stuck.task);
        stuck
    }

    fn busiest(&self) -> Vec<Stuck> {
        let mut stuck = self.stuck();
        stuck.sort_by_key(|stuck| std::cmp::Reverse(stuck.polls));
        stuck
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("now", &self.now)
            .field("tasks", &self.tasks.len())
            .finish_non_exhaustive()
    }
}

/// The world is driven, until dropped.
struct Driven<'a>(&'a World);

impl Drop for Driven<'_> {
    fn drop(&mut self) {
        self.0.lock().driven = false;
    }
}

fn instant(nanos: u64) -> Instant {
    Instant::ORIGIN + Duration::from_nanos(nanos)
}
