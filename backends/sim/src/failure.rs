//! How a run can fail, in words that a person can act on.

use crate::trace::TaskNo;
use anyrt_core::Instant;
use std::{fmt, panic::Location, time::Duration};

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The body panicked: an assertion, most often.
    Panicked {
        /// The message, with its place.
        message: String,
    },
    /// A task panicked, and nobody joined it.
    TaskPanicked {
        /// Which.
        task: TaskNo,
        /// The message.
        message: String,
    },
    /// Nothing is ready, no timer is set, and the body has not ended.
    Deadlock {
        /// When.
        at: Instant,
        /// All tasks that are left.
        stuck: Vec<Stuck>,
    },
    /// Tasks are polled on and on, and the clock stands still.
    Livelock {
        /// When.
        at: Instant,
        /// All tasks that are left, those polled most often first.
        stuck: Vec<Stuck>,
    },
    /// More steps than are permitted.
    StepLimit {
        /// How many.
        steps: u64,
        /// All tasks that are left, those polled most often first.
        stuck: Vec<Stuck>,
    },
    /// More virtual time than is permitted.
    TimeLimit {
        /// The limit.
        limit: Duration,
        /// All tasks that are left.
        stuck: Vec<Stuck>,
    },
    /// The body has ended, and these tasks have not.
    Leaked {
        /// They.
        stuck: Vec<Stuck>,
    },
}

/// A task that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stuck {
    /// Which.
    pub task: TaskNo,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
    /// How often it was polled.
    pub polls: u64,
    /// When it was polled last.
    pub last_poll: Instant,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            task,
            spawned_at,
            polls,
            last_poll,
        } = self;
        let last = *last_poll - Instant::ORIGIN;
        write!(
            f,
            "{task} (from {spawned_at}): {polls} polls, the last at {last:?}"
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, stuck: &[Stuck]| {
            stuck.iter().try_for_each(|stuck| write!(f, "\n  {stuck}"))
        };
        match self {
            Self::Panicked { message } => write!(f, "the body panicked: {message}"),
            Self::TaskPanicked { task, message } => {
                write!(f, "{task} panicked, and nobody joined it: {message}")
            }
            Self::Deadlock { at, stuck } => {
                let at = *at - Instant::ORIGIN;
                write!(f, "deadlock at {at:?}: nothing can wake any of")?;
                list(f, stuck)
            }
            Self::Livelock { at, stuck } => {
                let at = *at - Instant::ORIGIN;
                write!(
                    f,
                    "livelock at {at:?}: tasks are polled on and on, the busiest first:"
                )?;
                list(f, stuck)
            }
            Self::StepLimit { steps, stuck } => {
                write!(f, "not done after {steps} steps; the busiest tasks first:")?;
                list(f, stuck)
            }
            Self::TimeLimit { limit, stuck } => {
                write!(f, "not done after {limit:?} of virtual time:")?;
                list(f, stuck)
            }
            Self::Leaked { stuck } => {
                write!(f, "the body has ended, and left behind:")?;
                list(f, stuck)
            }
        }
    }
}

impl std::error::Error for Failure {}
