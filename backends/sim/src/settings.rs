//! What a simulated world is like.

use crate::choice::Schedule;
use std::time::Duration;

/// Limits, faults, and how tasks are scheduled.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// `None`: of the portfolio, by seed.
    pub(crate) schedule: Option<Schedule>,
    pub(crate) max_steps: u64,
    /// Steps without the clock moving, after which it moves, or the run has failed.
    pub(crate) max_steps_at_once: u64,
    pub(crate) max_time: Duration,
    pub(crate) forbid_leaks: bool,
    /// One in so many steps polls a task that nobody woke; 0: never.
    pub(crate) spurious: u32,
    /// One in so many timers is late; 0: never.
    pub(crate) late: u32,
    /// Blocking work has threads, and other threads may wake tasks.
    pub(crate) threads: bool,
    pub(crate) record: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            schedule: None,
            max_steps: 1_000_000,
            max_steps_at_once: 100_000,
            max_time: Duration::from_secs(366 * 24 * 60 * 60),
            forbid_leaks: false,
            spurious: 0,
            late: 0,
            threads: false,
            record: false,
        }
    }
}
