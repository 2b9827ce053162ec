//! What happened in a run, in order: hashed always, kept where somebody wants to read it.

use anyrt_core::Instant;
use std::{fmt, panic::Location};

/// A task of a run: its number in the order of spawning; the body is task 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskNo(pub u32);

impl fmt::Display for TaskNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("the body"),
            n => write!(f, "task {n}"),
        }
    }
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A task was spawned there.
    Spawned(TaskNo, &'static Location<'static>),
    /// A task is polled.
    Polled(TaskNo),
    /// A task was woken, and is ready now.
    Woken(TaskNo),
    /// A task has ended, or was dropped.
    Ended(TaskNo),
    /// Nothing was ready: the clock jumped to the next timer.
    Jumped,
}

/// Something that happened, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The virtual time.
    pub at: Instant,
    /// What.
    pub event: Event,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at - Instant::ORIGIN;
        match self.event {
            Event::Spawned(task, place) => write!(f, "{at:>12?}  {task} spawned at {place}"),
            Event::Polled(task) => write!(f, "{at:>12?}  {task} polled"),
            Event::Woken(task) => write!(f, "{at:>12?}  {task} woken"),
            Event::Ended(task) => write!(f, "{at:>12?}  {task} ended"),
            Event::Jumped => write!(f, "{at:>12?}  the clock jumped here"),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    kept: Option<Vec<Record>>,
}

impl Trace {
    pub(crate) fn new(keep: bool) -> Self {
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            kept: keep.then(Vec::new),
        }
    }

    #[inline]
    pub(crate) fn add(&mut self, now: u64, event: Event) {
        let (kind, task): (u64, _) = match event {
            // The place is left out: it is an address.
            Event::Spawned(task, _) => (1, task.0),
            Event::Polled(task) => (2, task.0),
            Event::Woken(task) => (3, task.0),
            Event::Ended(task) => (4, task.0),
            Event::Jumped => (5, 0),
        };
        for word in [now, kind << 32 | u64::from(task)] {
            // FNV-1a, a word at a time.
            self.hash = (self.hash ^ word)
                .wrapping_mul(0x0100_0000_01b3)
                .rotate_left(23);
        }
        if let Some(kept) = &mut self.kept {
            kept.push(Record {
                at: Instant::ORIGIN + std::time::Duration::from_nanos(now),
                event,
            });
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn take(&mut self) -> Vec<Record> {
        self.kept.take().unwrap_or_default()
    }
}
