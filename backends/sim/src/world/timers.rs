//! The timers of a world, in the order in which they fire.

use crate::trace::TaskNo;
use std::{collections::BTreeMap, task::Waker};

/// When a timer fires; of several at once, the one that was set first.
pub(crate) type TimerKey = (u64, u64);

#[derive(Debug, Default)]
pub(super) struct Timers {
    set: BTreeMap<TimerKey, (Waker, Option<TaskNo>)>,
    made: u64,
}

impl Timers {
    /// A place for a timer that was not set before.
    pub(super) fn key(&mut self, fires: u64) -> TimerKey {
        self.made += 1;
        (fires, self.made)
    }

    pub(super) fn set(
        &mut self,
        key: TimerKey,
        waker: Waker,
        task: Option<TaskNo>,
    ) -> Option<Waker> {
        self.set.insert(key, (waker, task)).map(|(waker, _)| waker)
    }

    pub(super) fn remove(&mut self, key: TimerKey) -> Option<Waker> {
        self.set.remove(&key).map(|(waker, _)| waker)
    }

    pub(super) fn next(&self) -> Option<u64> {
        self.set.first_key_value().map(|((fires, _), _)| *fires)
    }

    /// The wakers of all that fire by now.
    pub(super) fn fire(&mut self, now: u64) -> Vec<Waker> {
        let mut fired = Vec::new();
        while let Some(first) = self.set.first_entry() {
            if first.key().0 > now {
                break;
            }
            fired.push(first.remove().0);
        }
        fired
    }

    /// When the next timer of a task fires.
    pub(super) fn of(&self, task: TaskNo) -> Option<u64> {
        let mut set = self.set.iter();
        let first = set.find(|(_, (_, set_by))| *set_by == Some(task));
        first.map(|((fires, _), _)| *fires)
    }

    pub(super) fn clear(&mut self) -> Vec<Waker> {
        let set = std::mem::take(&mut self.set);
        set.into_values().map(|(waker, _)| waker).collect()
    }
}
