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
    /// One of a portfolio, by seed: no strategy is the best for all bugs. Of ten seeds, five are random,
    /// four are PCT of depth 1, 2, 3 and 3, and one is FIFO.
    pub fn of_seed(seed: u64) -> Self {
        match seed % 10 {
            1 => Self::Pct { depth: 1 },
            2 => Self::Pct { depth: 2 },
            3 | 7 => Self::Pct { depth: 3 },
            4 => Self::Fifo,
            _ => Self::Random,
        }
    }
}

/// A task that is ready: its place, and its number, which the place's next tenant does not have.
pub(crate) type Entry = (usize, TaskNo);

/// Most runs are small, and begin with room for what they need.
pub(crate) const FEW: usize = 8;

/// After so many steps without a wait for time the favourite loses its priority.
const FAIR: u64 = 1_000;

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
        // How long the run will be is not known, and most are short: points are drawn for runs of
        // 8, 16, … 128 steps.
        let change_points = (0..points).map(|_| {
            let magnitude = 3 + plan.below(5);
            plan.below(1 << magnitude) as u64
        });
        Self {
            schedule,
            change_points: change_points.collect(),
            priorities: plan,
            entries: VecDeque::with_capacity(FEW),
            lowest: 1 << 32,
        }
    }

    pub(crate) fn schedule(&self) -> Schedule {
        self.schedule
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

    /// Whether who would run now has to fall behind the others first.
    pub(crate) fn is_change_point(&self, step: u64, steps_now: u64) -> bool {
        // Two that keep each other busy must not starve a third for ever.
        self.change_points.contains(&step) || steps_now.is_multiple_of(FAIR)
    }

    /// Under PCT, who would run now.
    pub(crate) fn favourite(&self, priority: impl Fn(&Entry) -> u64) -> Option<Entry> {
        match self.schedule {
            Schedule::Pct { .. } => self.entries.get(highest(&self.entries, priority)).copied(),
            _ => None,
        }
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
        match chosen {
            0 => self.entries.pop_front(),
            _ => self.entries.remove(chosen),
        }
    }
}

/// Of equals, the first.
fn highest(entries: &VecDeque<Entry>, priority: impl Fn(&Entry) -> u64) -> usize {
    let entries = entries.iter().enumerate().rev();
    let highest = entries.max_by_key(|(_, entry)| priority(entry));
    highest.map_or(0, |(at, _)| at)
}
