//! How a pool is doing.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A look at a [`Pool`](super::Pool): how many objects there are, and what became of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PoolStats {
    /// The most objects that there may be.
    pub max_size: usize,
    /// Objects that are idle, in use, being checked or being made.
    pub live: usize,
    /// Those of them that are idle.
    pub idle: usize,
    /// Callers that wait.
    pub waiting: usize,
    /// Objects that were made.
    pub created: u64,
    /// Attempts to make one that failed, panicked or took too long.
    pub create_failures: u64,
    /// Objects that were dropped because they were too old, or idle for too long.
    pub expired: u64,
    /// Objects that were dropped because the manager did not want them any more, or took too long to say, or because
    /// it panicked over them, or was not let finish: nobody knows what state they are in.
    pub unfit: u64,
    /// Callers that had to wait.
    pub waits: u64,
    /// Callers that gave up waiting at the limit.
    pub wait_timeouts: u64,
}

/// Counted where it is rare: an idle object that is good is handed out without a look at these.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) created: Count,
    pub(super) create_failures: Count,
    pub(super) expired: Count,
    pub(super) unfit: Count,
    pub(super) waits: Count,
    pub(super) wait_timeouts: Count,
}

#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
