//! Counts of a while, by tenths.

use crate::nanos::nanos;
use anyrt_core::Instant;
use std::time::Duration;

const TENTHS: usize = 10;

#[derive(Debug)]
pub(super) struct Window {
    tenth: u64,
    counts: [Count; TENTHS],
}

/// What ended in one tenth, which has that number since the origin of time.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    number: u64,
    calls: u64,
    failures: u64,
}

impl Window {
    pub(super) fn new(length: Duration) -> Self {
        let nanos = nanos(length);
        Self {
            tenth: nanos.div_ceil(TENTHS as u64),
            counts: Default::default(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.counts = Default::default();
    }

    pub(super) fn record(&mut self, now: Instant, failed: bool) {
        let number = now.as_nanos() / self.tenth;
        let count = &mut self.counts[(number % TENTHS as u64) as usize];
        // The clock that was read before the lock may be behind.
        if count.number > number {
            return;
        }
        if count.number < number {
            *count = Count {
                number,
                ..Count::default()
            };
        }
        count.calls += 1;
        count.failures += u64::from(failed);
    }

    /// The calls, and the failures among them, of the tenth that runs and the nine before.
    pub(super) fn totals(&self, now: Instant) -> (u64, u64) {
        let number = now.as_nanos() / self.tenth;
        let recent = |count: &&Count| count.number + TENTHS as u64 > number;
        let counts = self.counts.iter().filter(recent);
        counts.fold((0, 0), |(calls, failures), count| {
            (calls + count.calls, failures + count.failures)
        })
    }
}
