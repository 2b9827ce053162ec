//! How a run can fail, in words that a person can act on.

use crate::trace::TaskNo;
use anyrt_core::Instant;
use std::{collections::BTreeMap, fmt, panic::Location, time::Duration};

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
        /// What happened in both runs last, and what then happened in either, if it was recorded.
        difference: String,
    },
    /// A `sometimes!` that never came true.
    Never {
        /// Its text and place.
        what: String,
    },
    /// A thread that is not the world's woke a task: when it does so, no seed decides.
    ForeignThread {
        /// It.
        task: TaskNo,
    },
}

/// A task, as reports show it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskReport {
    /// Which.
    pub task: TaskNo,
    /// The task that spawned it.
    pub parent: Option<TaskNo>,
    /// Its name, where it was spawned with one.
    pub name: Option<String>,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
    /// How often it was polled.
    pub polls: u64,
    /// When it was polled last.
    pub last_poll: Instant,
    /// What it waits for, of what the simulator knows.
    pub waits: Vec<WaitReport>,
    /// When its next timer fires.
    pub timer: Option<Instant>,
    /// How many clones of its waker there are: where there is none, nobody can ever wake it.
    pub wakers: usize,
}

/// A panic on the way, whoever caught it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PanicReport {
    /// The task in which it was.
    pub task: TaskNo,
    /// That task's name, where it was spawned with one.
    pub name: Option<String>,
    /// Where that task was spawned.
    pub spawned_at: &'static Location<'static>,
    /// The message, with its place.
    pub message: String,
}

/// What a task waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaitReport {
    /// What it is.
    pub what: String,
    /// Where it is waited for, if that is known.
    pub place: Option<&'static Location<'static>>,
    /// Since when.
    pub since: Instant,
    /// The task that is waited for, or that took last what is waited for.
    pub task: Option<TaskNo>,
    /// Where that was.
    pub taken_at: Option<&'static Location<'static>>,
}

impl fmt::Display for WaitReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.since - Instant::ORIGIN;
        write!(f, "waits since {since:?}")?;
        if let Some(place) = self.place {
            write!(f, " at {place}")?;
        }
        write!(f, " for {}", self.what)?;
        if let (Some(task), Some(place)) = (self.task, self.taken_at) {
            write!(f, ", last taken by {task} at {place}")?;
        }
        Ok(())
    }
}

impl fmt::Display for PanicReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        title(f, self.task, self.name.as_deref(), self.spawned_at)?;
        write!(f, " panicked: {}", self.message)
    }
}

/// As many waits of a task are shown.
const WAITS: usize = 8;

/// Which task it is.
fn title(
    f: &mut fmt::Formatter<'_>,
    task: TaskNo,
    name: Option<&str>,
    spawned_at: &Location<'_>,
) -> fmt::Result {
    write!(f, "{task}")?;
    if let Some(name) = name {
        write!(f, " {name:?}")?;
    }
    match task {
        TaskNo(0) => Ok(()),
        _ => write!(f, " (spawned at {spawned_at})"),
    }
}

impl fmt::Display for TaskReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        title(f, self.task, self.name.as_deref(), self.spawned_at)?;
        let last = self.last_poll - Instant::ORIGIN;
        match self.polls {
            0 => f.write_str(": never polled")?,
            1 => write!(f, ": polled once, at {last:?}")?,
            polls => write!(f, ": polled {polls} times, last at {last:?}")?,
        }
        // The last one holds the others.
        let (last, others) = match self.waits.split_last() {
            Some((last, others)) => (Some(last), others),
            None => (None, &[][..]),
        };
        let shown = &others[..others.len().min(WAITS - 1)];
        for wait in shown.iter().chain(last) {
            write!(f, "\n      {wait}")?;
        }
        match others.len() - shown.len() {
            0 => {}
            more => write!(f, "\n      … and for {more} more")?,
        }
        if let Some(at) = self.timer {
            write!(f, "\n      sleeps until {:?}", at - Instant::ORIGIN)?;
        }
        Ok(())
    }
}

const UNSEEN: &str =
    "by something that the simulator does not see: a future of your own, a thread, another runtime";

/// A task that nothing wakes, and why.
struct Stuck<'a>(&'a TaskReport);

impl fmt::Display for Stuck<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = self.0;
        write!(f, "{task}")?;
        if task.polls == 0 || task.timer.is_some() || !task.waits.is_empty() {
            return Ok(());
        }
        match task.wakers {
            0 => f.write_str("\n      nobody holds its waker, so nothing can wake it"),
            1 => write!(f, "\n      its waker is held {UNSEEN}"),
            n => write!(f, "\n      {n} clones of its waker are held {UNSEEN}"),
        }
    }
}

/// The tasks under those that spawned them.
struct Tree<'a>(&'a [TaskReport]);

impl Tree<'_> {
    fn branch(&self, f: &mut fmt::Formatter<'_>, report: &TaskReport, depth: usize) -> fmt::Result {
        let text = format!("{report}").replace('\n', &format!("\n{:1$}", "", depth * 2));
        write!(f, "\n  {:1$}{text}", "", depth * 2)?;
        let children = self
            .0
            .iter()
            .filter(|child| child.parent == Some(report.task));
        for child in children {
            self.branch(f, child, depth + 1)?;
        }
        Ok(())
    }
}

impl fmt::Display for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let here = |task| self.0.iter().any(|report| Some(report.task) == task);
        let mut roots = self.0.iter().filter(|report| !here(report.parent));
        roots.try_for_each(|root| self.branch(f, root, 0))
    }
}

/// A circle of tasks that wait for each other.
fn circle(tasks: &[TaskReport]) -> Option<Vec<TaskNo>> {
    let edges: BTreeMap<TaskNo, Vec<TaskNo>> = tasks
        .iter()
        .map(|task| {
            (
                task.task,
                task.waits.iter().filter_map(|wait| wait.task).collect(),
            )
        })
        .collect();
    edges.keys().find_map(|start| {
        let mut path = vec![*start];
        // One that waits for several at once is in a circle if any of them is.
        while let Some(next) = edges.get(path.last()?)?.first() {
            if let Some(from) = path.iter().position(|task| task == next) {
                return Some(path.split_off(from));
            }
            path.push(*next);
        }
        None
    })
}

fn list(f: &mut fmt::Formatter<'_>, tasks: &[TaskReport]) -> fmt::Result {
    let mut tasks = tasks.iter().map(Stuck);
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
                let at = *at - Instant::ORIGIN;
                write!(f, "deadlock at {at:?}: nothing can wake any of")?;
                list(f, tasks)?;
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
                let at = *at - Instant::ORIGIN;
                write!(
                    f,
                    "livelock at {at:?}: tasks are polled on and on, the busiest first:"
                )?;
                list(f, tasks)
            }
            Self::StepLimit { steps, tasks } => {
                write!(f, "not done after {steps} steps; the busiest tasks first:")?;
                list(f, tasks)
            }
            Self::TimeLimit { limit, tasks } => {
                write!(f, "not done after {limit:?} of virtual time:")?;
                list(f, tasks)
            }
            Self::Leaked { tasks } => {
                write!(f, "the body has ended, and left behind:{}", Tree(tasks))
            }
            Self::Diverged { difference } => {
                write!(f, "two runs of one seed differ: {difference}")
            }
            Self::Never { what } => write!(f, "this never happened: {what}"),
            Self::ForeignThread { task } => write!(
                f,
                "another thread woke {task}: a run that waits for threads cannot be replayed; \
                 spawn with the runtime, also what blocks"
            ),
        }
    }
}

impl std::error::Error for Failure {}
