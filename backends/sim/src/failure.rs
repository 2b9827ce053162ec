//! How a run can fail, in words that a person can act on.

use crate::{
    span::Span,
    task_report::{Idle, TaskReport, Tree, circle},
    trace::TaskNo,
};
use anyrt_core::Instant;
use std::{fmt, time::Duration};

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The body panicked: an assertion, most often.
    Panicked {
        /// The message, with its place.
        message: String,
        /// The tasks that were there.
        tasks: Vec<TaskReport>,
    },
    /// A task panicked, and nobody joined it.
    TaskPanicked {
        /// Which.
        task: TaskNo,
        /// The message, with its place.
        message: String,
        /// The tasks that were there.
        tasks: Vec<TaskReport>,
    },
    /// Nothing is ready, no timer is set, and the body has not ended.
    Deadlock {
        /// When.
        at: Instant,
        /// All tasks that are left.
        tasks: Vec<TaskReport>,
        /// Tasks that have panicked, with the message, and that nobody has joined yet.
        panicked: Vec<(TaskNo, String)>,
    },
    /// Tasks are polled on and on, and the clock stands still.
    Livelock {
        /// When.
        at: Instant,
        /// All tasks that are left, those polled most often first.
        tasks: Vec<TaskReport>,
    },
    /// More steps than are permitted.
    StepLimit {
        /// How many.
        steps: u64,
        /// All tasks that are left, those polled most often first.
        tasks: Vec<TaskReport>,
    },
    /// More virtual time than is permitted.
    TimeLimit {
        /// The limit.
        limit: Duration,
        /// All tasks that are left.
        tasks: Vec<TaskReport>,
    },
    /// The body has ended, and these tasks have not.
    Leaked {
        /// They.
        tasks: Vec<TaskReport>,
    },
    /// The same seed gave two different runs: the body depends on something that is not the
    /// simulator's, such as a clock, a thread, an address, or the order of a `HashMap`.
    Diverged {
        /// What happened in both runs last, and what then happened in either, if it was recorded: to be read after
        /// a colon.
        difference: String,
    },
    /// Those `sometimes!` that never came true.
    Never {
        /// The text and place of each.
        what: Vec<String>,
    },
    /// A thread that is not the world's woke a task: when it does so, no seed decides.
    ForeignThread {
        /// It.
        task: TaskNo,
    },
}

fn list(f: &mut fmt::Formatter<'_>, tasks: &[TaskReport], in_deadlock: bool) -> fmt::Result {
    let mut tasks = tasks.iter().map(|task| Idle { task, in_deadlock });
    tasks.try_for_each(|task| write!(f, "\n  {task}"))
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked { message, tasks } => {
                write!(
                    f,
                    "the body panicked: {message}\nthe tasks then:{}",
                    Tree(tasks)
                )
            }
            Self::TaskPanicked {
                task,
                message,
                tasks,
            } => write!(
                f,
                "{task} panicked, and nobody joined it: {message}\nthe tasks then:{}",
                Tree(tasks)
            ),
            Self::Deadlock {
                at,
                tasks,
                panicked,
            } => {
                let at = Span::until(*at);
                write!(f, "deadlock at {at}: nothing can wake any of")?;
                list(f, tasks, true)?;
                if let Some(circle) = circle(tasks) {
                    f.write_str("\n  a circle: ")?;
                    for task in &circle {
                        write!(f, "{task} waits for ")?;
                    }
                    write!(f, "{}", circle[0])?;
                }
                let mut panicked = panicked.iter();
                panicked.try_for_each(|(task, message)| {
                    write!(
                        f,
                        "\n  {task} has panicked, and nobody has joined it yet: {message}"
                    )
                })
            }
            Self::Livelock { at, tasks } => {
                let at = Span::until(*at);
                write!(
                    f,
                    "livelock at {at}: tasks are polled on and on, the busiest first:"
                )?;
                list(f, tasks, false)
            }
            Self::StepLimit { steps, tasks } => {
                write!(f, "not done after {steps} steps; the busiest tasks first:")?;
                list(f, tasks, false)
            }
            Self::TimeLimit { limit, tasks } => {
                write!(f, "not done after {} of virtual time:", Span(*limit))?;
                list(f, tasks, false)
            }
            Self::Leaked { tasks } => {
                write!(f, "the body has ended, and left behind:{}", Tree(tasks))
            }
            Self::Diverged { difference } => {
                write!(f, "two runs of one seed differ:{difference}")
            }
            Self::Never { what } => match &what[..] {
                [one] => write!(f, "this never happened: {one}"),
                all => {
                    f.write_str("these never happened:")?;
                    all.iter().try_for_each(|one| write!(f, "\n  {one}"))
                }
            },
            Self::ForeignThread { task } => write!(
                f,
                "another thread woke {task}: a run that waits for threads cannot be replayed; \
                 spawn with the runtime, also what blocks"
            ),
        }
    }
}

impl std::error::Error for Failure {}
