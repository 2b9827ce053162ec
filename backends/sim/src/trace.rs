//! What happened in a run, in order: hashed always, kept where somebody wants to read it.

use crate::span::Span;
use anyrt_core::{Instant, rt::Signal};
use std::{fmt, panic::Location, time::Duration};

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
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A task was spawned.
    Spawned {
        /// It.
        task: TaskNo,
        /// The task that spawned it.
        by: Option<TaskNo>,
        /// Where.
        place: &'static Location<'static>,
    },
    /// A task is polled.
    Polled(TaskNo),
    /// A task begins to wait for something that the simulator knows.
    Waits(TaskNo, String),
    /// A task has told its name.
    Named(TaskNo, String),
    /// Something that is worth a remark: a panic, a stage of a check.
    Noted(TaskNo, String),
    /// A task was woken, and is ready now.
    Woken {
        /// It.
        task: TaskNo,
        /// The task that woke it; none where it was a timer, or another thread.
        by: Option<TaskNo>,
    },
    /// A fault: a task that nobody woke is ready now.
    Disturbed(TaskNo),
    /// A fault: a task that could go on lets others go first, before what it was about to wait for.
    Yields(TaskNo, String),
    /// A task has a lock or a permit now.
    Takes(TaskNo, String),
    /// A task gives a lock or a permit back.
    Releases(TaskNo, String),
    /// A task has come to its end.
    Ended(TaskNo),
    /// A task was aborted: its future has been dropped.
    Aborted(TaskNo),
    /// A task has panicked.
    Panicked(TaskNo),
    /// A signal was raised.
    Raised(Signal),
    /// Nothing was ready: the clock jumped to the next timer.
    Jumped,
}

impl Event {
    /// The task that it happened to.
    pub(crate) fn task(&self) -> Option<TaskNo> {
        match *self {
            Self::Spawned { task, .. } | Self::Woken { task, .. } => Some(task),
            Self::Polled(task) | Self::Ended(task) | Self::Aborted(task) | Self::Panicked(task) => {
                Some(task)
            }
            Self::Disturbed(task) => Some(task),
            Self::Waits(task, _) | Self::Named(task, _) | Self::Noted(task, _) => Some(task),
            Self::Yields(task, _) | Self::Takes(task, _) | Self::Releases(task, _) => Some(task),
            Self::Raised(_) | Self::Jumped => None,
        }
    }
}

/// Something that happened, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The virtual time.
    pub at: Instant,
    /// What.
    pub event: Event,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spawned { task, by, place } => {
                let by = by.map(|by| format!(" by {by}")).unwrap_or_default();
                write!(f, "{task} spawned{by} at {place}")
            }
            Self::Polled(task) => write!(f, "{task} polled"),
            Self::Named(task, name) => write!(f, "{task} is {name:?}"),
            Self::Noted(task, what) => write!(f, "{task}: {what}"),
            Self::Waits(task, what) => write!(f, "{task} waits for {what}"),
            Self::Yields(task, what) => write!(f, "{task} lets others go first, before {what}"),
            Self::Takes(task, what) => write!(f, "{task} takes {what}"),
            Self::Releases(task, what) => write!(f, "{task} releases {what}"),
            Self::Woken { task, by: None } => write!(f, "{task} woken"),
            Self::Woken { task, by: Some(by) } => write!(f, "{task} woken by {by}"),
            Self::Disturbed(task) => write!(f, "{task} woken by a fault"),
            Self::Ended(task) => write!(f, "{task} ended"),
            Self::Aborted(task) => write!(f, "{task} aborted"),
            Self::Panicked(task) => write!(f, "{task} panicked"),
            Self::Raised(signal) => write!(f, "{signal} raised"),
            Self::Jumped => f.write_str("the clock jumps to the next timer"),
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = Span::until(self.at).to_string();
        write!(f, "{at:>12}  {}", self.event)
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

    /// Whether somebody will read it, so that details are worth their price.
    pub(crate) fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, now: u64, event: Event) {
        let (kind, task): (u64, _) = match event {
            // The place is left out: it is an address.
            Event::Spawned { task, .. } => (1, task.0),
            Event::Polled(task) => (2, task.0),
            Event::Woken { task, .. } | Event::Disturbed(task) => (3, task.0),
            Event::Ended(task) | Event::Aborted(task) | Event::Panicked(task) => (4, task.0),
            Event::Jumped => (5, 0),
            Event::Raised(signal) => (7, signal as u32),
            Event::Waits(task, _) | Event::Named(task, _) | Event::Noted(task, _) => (6, task.0),
            Event::Yields(task, _) | Event::Takes(task, _) | Event::Releases(task, _) => {
                (6, task.0)
            }
        };
        // What only a trace that is read has must not change the hash.
        if kind != 6 {
            self.mix(now);
            self.mix(kind << 32 | u64::from(task));
        }
        if self.is_kept() {
            self.keep(now, event);
        }
    }

    /// Apart, for it is seldom.
    #[cold]
    fn keep(&mut self, now: u64, event: Event) {
        let at = Instant::ORIGIN + Duration::from_nanos(now);
        self.kept.get_or_insert_default().push(Record { at, event });
    }

    /// Something that the program itself did, such as a draw of entropy.
    #[inline]
    pub(crate) fn mix(&mut self, word: u64) {
        // FNV-1a, a word at a time.
        self.hash = (self.hash ^ word)
            .wrapping_mul(0x0100_0000_01b3)
            .rotate_left(23);
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn take(&mut self) -> Vec<Record> {
        self.kept.take().unwrap_or_default()
    }
}
