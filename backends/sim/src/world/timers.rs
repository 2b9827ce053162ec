//! The timers of a world, in the order in which they fire.
//!
//! They lie in a radix heap (Ahuja, Mehlhorn, Orlin, Tarjan, *Faster Algorithms for the Shortest Path Problem*, 1990),
//! for virtual time only grows: a timer's bucket is the highest bit in which it differs from the time of the last
//! jump. Those of one time share their bucket, from the first to the last, so they stay in the order in which
//! they were set.

use super::World;
use crate::trace::TaskNo;
use anyrt_core::Instant;
use slab::Slab;
use std::{
    sync::atomic::Ordering::Acquire,
    task::{Poll, Waker},
};

/// When a timer fires, its place, and its number, which the place's next tenant does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimerKey {
    fires: u64,
    no: u64,
    slot: usize,
}

/// What was removed stays in its bucket until that is looked at, or until such are the larger part.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// As many as were needed so far.
    buckets: Vec<Vec<TimerKey>>,
    /// Which have something in them: bit by bit.
    filled: u128,
    /// How many keys there are in all of them.
    keys: usize,
    /// The time of the last jump.
    now: u64,
    set: Slab<Timer>,
    made: u64,
}

#[derive(Debug)]
struct Timer {
    key: TimerKey,
    sleeper: Sleeper,
    task: Option<TaskNo>,
}

/// Who is woken.
#[derive(Debug)]
pub(super) enum Sleeper {
    /// A task that polled the timer itself, as most do: no waker has to be cloned, woken and dropped for it.
    Task(Tenant),
    Other(Waker),
}

/// A task in its place, and how often it had been given a new waker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tenant {
    pub(super) key: usize,
    pub(super) no: TaskNo,
    pub(super) swaps: u32,
}

impl Timers {
    fn set(&mut self, fires: u64, sleeper: Sleeper, task: Option<TaskNo>) -> TimerKey {
        if self.keys > 64 + 2 * self.set.len() {
            self.sweep();
        }
        self.made += 1;
        let slot = self.set.vacant_entry();
        let key = TimerKey {
            fires,
            no: self.made,
            slot: slot.key(),
        };
        slot.insert(Timer { key, sleeper, task });
        self.push(key);
        key
    }

    fn push(&mut self, key: TimerKey) {
        let bucket = (u64::BITS - (key.fires ^ self.now).leading_zeros()) as usize;
        if bucket >= self.buckets.len() {
            self.buckets.resize_with(bucket + 1, Vec::new);
        }
        self.buckets[bucket].push(key);
        self.filled |= 1 << bucket;
        self.keys += 1;
    }

    /// Takes out what was removed.
    fn sweep(&mut self) {
        let set = &self.set;
        for bucket in &mut self.buckets {
            bucket.retain(|key| is_set(set, key));
        }
        self.keys = self.buckets.iter().map(Vec::len).sum();
    }

    /// Has it wake another one; gives what it had.
    fn change(&mut self, key: TimerKey, sleeper: Sleeper, task: Option<TaskNo>) -> Option<Sleeper> {
        let timer = self.set.get_mut(key.slot)?;
        timer.task = task;
        Some(std::mem::replace(&mut timer.sleeper, sleeper))
    }

    fn remove(&mut self, key: TimerKey) -> Option<Sleeper> {
        let set = is_set(&self.set, &key);
        set.then(|| self.set.remove(key.slot).sleeper)
    }

    /// When the next one fires. Those that fire first are all in the lowest bucket that is not empty.
    pub(super) fn next(&mut self) -> Option<u64> {
        while self.filled != 0 {
            let bucket = &mut self.buckets[self.filled.trailing_zeros() as usize];
            let (set, before) = (&self.set, bucket.len());
            let live = bucket.iter().filter(|key| is_set(set, key));
            if let Some(next) = live.map(|key| key.fires).min() {
                return Some(next);
            }
            bucket.clear();
            self.keys -= before;
            self.filled &= self.filled - 1;
        }
        None
    }

    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Jumps to the [next](Self::next) time; takes out all that fire then.
    pub(super) fn fire(&mut self, now: u64, mut wake: impl FnMut(Sleeper)) {
        if self.filled == 0 {
            return;
        }
        self.now = now;
        let lowest = self.filled.trailing_zeros() as usize;
        self.filled &= self.filled - 1;
        let mut bucket = std::mem::take(&mut self.buckets[lowest]);
        self.keys -= bucket.len();
        for key in bucket.drain(..) {
            match is_set(&self.set, &key) {
                true if key.fires == now => wake(self.set.remove(key.slot).sleeper),
                true => self.push(key),
                false => {}
            }
        }
        self.buckets[lowest] = bucket;
    }

    /// When the next timer of a task fires.
    pub(super) fn of(&self, task: TaskNo) -> Option<u64> {
        let mine = self.set.iter().map(|(_, timer)| timer);
        let mine = mine.filter(|timer| timer.task == Some(task));
        mine.map(|timer| timer.key.fires).min()
    }

    /// How many wake the task without a waker of their own.
    pub(super) fn that_wake(&self, tenant: Tenant) -> usize {
        let sleepers = self.set.iter().map(|(_, timer)| &timer.sleeper);
        let mine = sleepers.filter(|one| matches!(one, Sleeper::Task(other) if *other == tenant));
        mine.count()
    }

    pub(super) fn clear(&mut self) -> Vec<Sleeper> {
        self.buckets.clear();
        (self.filled, self.keys) = (0, 0);
        self.set.drain().map(|timer| timer.sleeper).collect()
    }
}

fn is_set(set: &Slab<Timer>, key: &TimerKey) -> bool {
    set.get(key.slot)
        .is_some_and(|timer| timer.key.no == key.no)
}

impl World {
    /// Whether a timer has fired; if not, it is set.
    pub(crate) fn poll_timer(
        &self,
        deadline: Instant,
        kept: &mut Option<TimerKey>,
        waker: &Waker,
    ) -> Poll<()> {
        if deadline == Instant::MAX {
            // It never fires; one that was set would have a world that is stuck wait for it.
            return Poll::Pending;
        }
        let fires = kept.map_or(deadline.as_nanos(), |key| key.fires);
        // The clock shows it once all that fire by then are taken out.
        if self.now.load(Acquire) >= fires {
            *kept = None;
            return Poll::Ready(());
        }
        let mut guard = self.lock();
        let mut sleeper = guard.tenant_of(waker).map(Sleeper::Task);
        if sleeper.is_none() {
            drop(guard);
            // Wakers of others may run anything when they are cloned.
            sleeper = Some(Sleeper::Other(waker.clone()));
            guard = self.lock();
        }
        let state = &mut *guard;
        let Some(sleeper) = sleeper.take_if(|_| state.now < fires) else {
            drop(guard);
            *kept = None;
            return Poll::Ready(());
        };
        let task = state.current.map(|(_, no)| no);
        let replaced = match *kept {
            Some(key) => state.timers.change(key, sleeper, task),
            None => {
                let late = state.choices.strikes(state.settings.late);
                let fires = fires.saturating_add(u64::from(late) * 1_000_000);
                *kept = Some(state.timers.set(fires, sleeper, task));
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
}

#[cfg(test)]
mod tests;
