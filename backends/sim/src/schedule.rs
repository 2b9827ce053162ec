//! Who is ready, and who of them runs next.

use crate::{
    choice::{Choices, Rng},
    trace::TaskNo,
};
use std::collections::VecDeque;

/// How the next task is chosen among those that are ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Schedule {
    /// In the order in which they became ready.
    Fifo,
    /// Any, with equal chances.
    Random,
    /// By priorities drawn at spawn, which change at `depth - 1` points of the run: finds each bug
    /// that needs `depth` steps in a certain order with a chance that is known (Burckhardt et al.,
    /// *A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs*, ASPLOS 2010).
    Pct {
        /// How many ordering constraints the bug has: 1 to 3 find nearly all.
        depth: u32,
    },
}

impl Schedule {
    /// One of a portfolio, by seed: no strategy is the best for all bugs. Of ten seeds, one is FIFO,
    /// three are random, and two each are PCT of depth 1, 2 and 3.
    pub fn of_seed(seed: u64) -> Self {
        match seed % 10 {
            4 => Self::Fifo,
            0 | 5 | 9 => Self::Random,
            1 | 6 => Self::Pct { depth: 1 },
            2 | 7 => Self::Pct { depth: 2 },
            _ => Self::Pct { depth: 3 },
        }
    }
}

/// A task that is ready: its place, and its number, which the place's next tenant does not have.
pub(crate) type Entry = (usize, TaskNo);

/// What is ready, in the order of the wakes. A task may have ended since.
#[derive(Debug)]
pub(crate) struct Ready {
    schedule: Schedule,
    entries: VecDeque<Entry>,
    /// Priorities are no choices: what they lead to is.
    priorities: Rng,
    /// Steps at which the running task's priority falls below all others.
    change_points: Vec<u64>,
    lowest: u64,
}

impl Ready {
    pub(crate) fn new(schedule: Schedule, seed: u64) -> Self {
        let mut plan = Rng::new(seed.rotate_left(32));
        let points = match schedule {
            Schedule::Pct { depth } => depth.saturating_sub(1),
            _ => 0,
        };
        // How long the run will be is not known: points are drawn for runs of many lengths.
        let change_points = (0..points).map(|_| {
            let magnitude = 3 + plan.below(10);
            plan.below(1 << magnitude) as u64
        });
        Self {
            schedule,
            change_points: change_points.collect(),
            priorities: plan,
            entries: VecDeque::new(),
            lowest: 1 << 32,
        }
    }

    /// The priority of a new task: above 2³², for those that fell are below.
    pub(crate) fn priority(&mut self) -> u64 {
        match self.schedule {
            Schedule::Pct { .. } => (2 << 32) + (self.priorities.next() >> 32),
            _ => 0,
        }
    }

    /// A priority below all others.
    pub(crate) fn fallen(&mut self) -> u64 {
        self.lowest -= 1;
        self.lowest
    }

    pub(crate) fn is_change_point(&self, step: u64) -> bool {
        self.change_points.contains(&step)
    }

    #[inline]
    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    #[inline]
    pub(crate) fn take(
        &mut self,
        choices: &mut Choices,
        priority: impl Fn(&Entry) -> u64,
    ) -> Option<Entry> {
        let count = self.entries.len();
        let chosen = match self.schedule {
            _ if count <= 1 => 0,
            Schedule::Fifo => 0,
            Schedule::Random => choices.choose(count, |rng| rng.below(count)),
            Schedule::Pct { .. } => {
                let entries = &self.entries;
                choices.choose(count, |_| highest(entries, priority))
            }
        };
        self.entries.remove(chosen)
    }
}

/// Of equals, the first.
fn highest(entries: &VecDeque<Entry>, priority: impl Fn(&Entry) -> u64) -> usize {
    let entries = entries.iter().enumerate().rev();
    let highest = entries.max_by_key(|(_, entry)| priority(entry));
    highest.map_or(0, |(at, _)| at)
}
