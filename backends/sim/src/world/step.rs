//! What changes in one step: who is woken, who is polled next, what time it is.

use super::{
    BoxedTask, TaskWaker, instant,
    state::{State, Task},
    timers::{Sleeper, Tenant},
};
use crate::{failure::Failure, schedule::Entry, trace::Event};
use slab::Slab;
use std::{
    mem, ptr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::AcqRel},
    },
    task::Waker,
};

/// In a world of its own, time goes by for a task that was polled more often without a wait for it.
const SPINS: u64 = 1_000;

impl State {
    /// Makes a woken task ready.
    pub(super) fn enqueue(&mut self, waker: &Arc<TaskWaker>, by_world: bool) {
        let task = self.tasks.get_mut(waker.key);
        // A stale waker wakes nobody: its task has ended, or was given another one.
        let Some(task) = task.filter(|task| Arc::ptr_eq(&task.waker, waker)) else {
            return;
        };
        if !(by_world || self.settings.threads) {
            let task = waker.no;
            self.failed.get_or_insert(Failure::ForeignThread { task });
        }
        let by = self.current.map(|(_, no)| no);
        if by == Some(waker.no) {
            // It yields: were it to keep its priority, those it waits for would never run.
            task.priority = self.ready.fallen();
        }
        let woken = Event::Woken { task: waker.no, by };
        self.trace.add(self.now, woken);
        self.ready.push((waker.key, waker.no));
    }

    /// Takes one of the tasks that are ready; `None` where it has ended meanwhile.
    pub(super) fn pick(&mut self) -> Option<(usize, Option<BoxedTask>, Waker)> {
        self.steps += 1;
        self.steps_now += 1;
        if self.choices.strikes(self.settings.spurious) {
            self.wake_somebody();
        }
        if self.ready.is_change_point(self.steps, self.steps_now) {
            let tasks = &self.tasks;
            let priority = |(key, _): &Entry| tasks.get(*key).map_or(0, |task| task.priority);
            let favourite = self.ready.favourite(priority);
            if let Some(task) = favourite.and_then(|(key, _)| self.tasks.get_mut(key)) {
                task.priority = self.ready.fallen();
            }
        }
        let tasks = &self.tasks;
        let priority = |(key, _): &Entry| tasks.get(*key).map_or(0, |task| task.priority);
        let (key, no) = self.ready.take(&mut self.choices, priority)?;
        let task = self.tasks.get_mut(key).filter(|task| task.no == no)?;
        if self.choices.strikes(self.settings.swaps) {
            task.spare = None;
            task.waker = Arc::new(TaskWaker {
                world: task.waker.world.clone(),
                key,
                no,
                swaps: task.waker.swaps + 1,
                queued: AtomicBool::new(false),
            });
        } else {
            // A swap: it has to see what was written before the wake that it takes back.
            task.waker.queued.swap(false, AcqRel);
        }
        self.current = Some((key, no));
        task.polls += 1;
        task.polls_now = if task.last_poll == self.now {
            task.polls_now + 1
        } else {
            1
        };
        task.last_poll = self.now;
        task.passes = mem::take(&mut task.interrupted);
        self.spins = self.spins.max(task.polls_now);
        let spare = task.spare.take();
        let waker = spare.unwrap_or_else(|| Waker::from(task.waker.clone()));
        self.trace.add(self.now, Event::Polled(no));
        Some((key, task.future.take(), waker))
    }

    /// A fault: what could go on lets others go first. It keeps its priority, for it is not its will.
    pub(super) fn interrupts(&mut self) -> bool {
        let Some((key, no)) = self.current else {
            return false;
        };
        if !self.choices.strikes(self.settings.yields) {
            return false;
        }
        if !self.tasks[key].waker.queued.swap(true, AcqRel) {
            self.ready.push((key, no));
        }
        true
    }

    /// The same, where the future cannot tell that it was asked before: as many as were pending in the last poll for
    /// that pass in this one. Which of them it is makes no difference, as all were woken.
    pub(super) fn interrupts_portable(&mut self) -> bool {
        let task = self.current.and_then(|(key, _)| self.tasks.get_mut(key));
        let Some(task) = task else {
            return false;
        };
        if task.passes > 0 {
            task.passes -= 1;
            return false;
        }
        if !self.interrupts() {
            return false;
        }
        if let Some((key, _)) = self.current {
            self.tasks[key].interrupted += 1;
        }
        true
    }

    /// A fault: a task is polled that nobody woke.
    fn wake_somebody(&mut self) {
        let count = self.tasks.len();
        let chosen = self.choices.choose(count, |rng| rng.below(count));
        if let Some((key, task)) = self.tasks.iter().nth(chosen)
            && !task.waker.queued.swap(true, AcqRel)
        {
            let no = task.no;
            self.trace.add(self.now, Event::Disturbed(no));
            self.ready.push((key, no));
        }
    }

    /// The task that is being polled, if that is what it wakes.
    pub(super) fn tenant_of(&self, waker: &Waker) -> Option<Tenant> {
        let (key, no) = self.current?;
        let task = self.tasks.get(key).filter(|task| task.no == no)?;
        // As long as the task has it, nothing else is at its address.
        let same = ptr::eq(waker.data(), Arc::as_ptr(&task.waker).cast());
        same.then(|| task.tenant(key))
    }

    /// Moves the clock to the next timer; wakes those whose timers fire, and gives what has to be woken under no lock.
    pub(super) fn jump(&mut self) -> Result<Vec<Sleeper>, Failure> {
        let Some(next) = self.timers.next() else {
            return Err(Failure::Deadlock {
                at: instant(self.now),
                tasks: self.reports(),
                panicked: std::mem::take(&mut self.unheard).into_iter().collect(),
            });
        };
        if u128::from(next) > self.settings.max_time.as_nanos() {
            return Err(Failure::TimeLimit {
                limit: self.settings.max_time,
                tasks: self.reports(),
            });
        }
        self.steps_now = 0;
        self.spins = 0;
        if next > self.now {
            self.now = next;
            self.trace.add(next, Event::Jumped);
        }
        let (mut others, now) = (Vec::new(), self.now);
        let Self {
            timers,
            tasks,
            ready,
            trace,
            ..
        } = self;
        timers.fire(now, |sleeper| match sleeper {
            // In the order in which they were set, also where another's waker comes first.
            Sleeper::Task(tenant) if others.is_empty() => {
                if let Some(entry) = woken(tasks, tenant) {
                    let task = entry.1;
                    trace.add(now, Event::Woken { task, by: None });
                    ready.push(entry);
                }
            }
            sleeper => others.push(sleeper),
        });
        Ok(others)
    }

    /// Wakes one whose timer has fired.
    pub(super) fn wake(&mut self, tenant: Tenant) {
        if let Some(entry) = woken(&self.tasks, tenant) {
            let by = self.current.map(|(_, no)| no);
            let task = entry.1;
            self.trace.add(self.now, Event::Woken { task, by });
            self.ready.push(entry);
        }
    }

    /// Whether tasks have been busy for so long that time has to go on: what never waits takes time,
    /// too.
    pub(super) fn check_limits(&self) -> Result<bool, Failure> {
        if self.steps > self.settings.max_steps {
            return Err(Failure::StepLimit {
                steps: self.steps,
                tasks: self.busiest(),
            });
        }
        let limit = self.settings.max_steps_at_once;
        if !self.timers.is_empty() {
            let spins = self.settings.threads && self.spins > SPINS;
            return Ok(spins || self.steps_now > limit);
        }
        if self.steps_now > limit.saturating_mul(10) {
            return Err(Failure::Livelock {
                at: instant(self.now),
                tasks: self.busiest(),
            });
        }
        Ok(false)
    }
}

/// Marks a task as woken; `None` where it was already, has ended, or has another waker by now.
fn woken(tasks: &Slab<Task>, tenant: Tenant) -> Option<Entry> {
    let task = tasks.get(tenant.key)?;
    let is_it = task.tenant(tenant.key) == tenant;
    (is_it && !task.waker.queued.swap(true, AcqRel)).then_some((tenant.key, tenant.no))
}
