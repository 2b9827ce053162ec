//! Periodic work, for whoever has begun it.

use super::runs::Counts;
use anyrt_core::cancel::CancellationToken;
use std::sync::{Arc, atomic::Ordering::Relaxed};

/// What is known of periodic work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PeriodicStats {
    /// Runs that were begun.
    pub runs: u64,
    /// Runs that are in hand.
    pub running: u64,
    /// Runs that failed or panicked.
    pub failures: u64,
    /// Ticks that came while there was no room for a run, and were left out.
    pub skipped: u64,
}

/// Periodic work that was begun. Dropped, it goes on.
#[derive(Debug, Clone)]
pub struct Periodic {
    pub(super) stop: CancellationToken,
    pub(super) counts: Arc<Counts>,
}

impl Periodic {
    /// Begins no further run; one in hand goes on.
    pub fn stop(&self) {
        self.stop.cancel_with("it was stopped");
    }

    /// Whether no further run will begin: it was stopped, has failed too often, or its
    /// [`Background`](crate::lifecycle::Background) is shut down or was dropped.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// How it is doing.
    pub fn stats(&self) -> PeriodicStats {
        PeriodicStats {
            running: self.counts.running(),
            runs: self.counts.begun.load(Relaxed),
            failures: self.counts.failures.load(Relaxed),
            skipped: self.counts.skipped.load(Relaxed),
        }
    }
}
