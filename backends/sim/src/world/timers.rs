//! The timers of a world, in the order in which they fire.

use super::World;
use crate::trace::TaskNo;
use anyrt_core::Instant;
use slab::Slab;
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    task::{Poll, Waker},
};

/// When a timer fires; of several at once, the one that was set first; and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimerKey {
    pub(super) fires: u64,
    no: u64,
    slot: usize,
}

/// A heap, from which what was removed is taken out once it is at the top, or once it is the larger part.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<TimerKey>>,
    set: Slab<Timer>,
    made: u64,
}

#[derive(Debug)]
struct Timer {
    key: TimerKey,
    waker: Waker,
    task: Option<TaskNo>,
}

impl Timers {
    pub(super) fn set(&mut self, fires: u64, waker: Waker, task: Option<TaskNo>) -> TimerKey {
        if self.heap.len() > 64 + 2 * self.set.len() {
            let set = &self.set;
            self.heap.retain(|Reverse(key)| is_set(set, key));
        }
        self.made += 1;
        let slot = self.set.vacant_entry();
        let key = TimerKey {
            fires,
            no: self.made,
            slot: slot.key(),
        };
        slot.insert(Timer { key, waker, task });
        self.heap.push(Reverse(key));
        key
    }

    /// Has it wake another one; gives the waker that it had.
    pub(super) fn change(
        &mut self,
        key: TimerKey,
        waker: Waker,
        task: Option<TaskNo>,
    ) -> Option<Waker> {
        let timer = self.set.get_mut(key.slot)?;
        timer.task = task;
        Some(std::mem::replace(&mut timer.waker, waker))
    }

    pub(super) fn remove(&mut self, key: TimerKey) -> Option<Waker> {
        let set = is_set(&self.set, &key);
        set.then(|| self.set.remove(key.slot).waker)
    }

    pub(super) fn next(&mut self) -> Option<u64> {
        loop {
            let Reverse(key) = self.heap.peek()?;
            if is_set(&self.set, key) {
                return Some(key.fires);
            }
            self.heap.pop();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// The wakers of all that fire by now.
    pub(super) fn fire(&mut self, now: u64) -> Vec<Waker> {
        let mut fired = Vec::new();
        while self.next().is_some_and(|fires| fires <= now) {
            let Some(Reverse(key)) = self.heap.pop() else {
                break;
            };
            fired.push(self.set.remove(key.slot).waker);
        }
        fired
    }

    /// When the next timer of a task fires.
    pub(super) fn of(&self, task: TaskNo) -> Option<u64> {
        let mine = self.set.iter().map(|(_, timer)| timer);
        let mine = mine.filter(|timer| timer.task == Some(task));
        mine.map(|timer| timer.key.fires).min()
    }

    pub(super) fn clear(&mut self) -> Vec<Waker> {
        self.heap.clear();
        self.set.drain().map(|timer| timer.waker).collect()
    }
}

/// A slot's next tenant has another number.
fn is_set(set: &Slab<Timer>, key: &TimerKey) -> bool {
    set.get(key.slot).is_some_and(|timer| timer.key == *key)
}

impl World {
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
}
