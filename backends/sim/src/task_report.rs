//! What reports say of tasks: where they come from, how far they are, what they wait for.

use crate::{span::Span, trace::TaskNo};
use anyrt_core::Instant;
use std::{collections::BTreeMap, fmt, panic::Location};

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
    /// Whether it is to be polled: it was woken, or has not been polled yet.
    pub ready: bool,
    /// How many clones of its waker there are, besides those that its handle and the simulator keep. Where there is
    /// none, and it is not [ready](Self::ready), nobody can ever wake it.
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
        write!(f, "waits since {}", Span::until(self.since))?;
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
        let last = Span::until(self.last_poll);
        match self.polls {
            0 => f.write_str(": never polled")?,
            1 => write!(f, ": polled once, at {last}")?,
            polls => write!(f, ": polled {polls} times, last at {last}")?,
        }
        if self.ready && self.polls > 0 {
            f.write_str("\n      is ready to be polled")?;
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
            write!(f, "\n      sleeps until {}", Span::until(at))?;
        }
        Ok(())
    }
}

const UNSEEN: &str =
    "by something that the simulator does not see: a future of your own, a thread, another runtime";

/// A task, and who could wake it where it does not say itself what it waits for.
pub(crate) struct Idle<'a> {
    pub(crate) task: &'a TaskReport,
    /// Only then does nobody to wake it mean that it never goes on: faults poll what nobody woke.
    pub(crate) in_deadlock: bool,
}

impl fmt::Display for Idle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = self.task;
        write!(f, "{task}")?;
        if task.ready || task.polls == 0 || task.timer.is_some() || !task.waits.is_empty() {
            return Ok(());
        }
        match task.wakers {
            0 if self.in_deadlock => {
                f.write_str("\n      nobody holds its waker, so nothing can wake it")
            }
            0 => f.write_str("\n      nobody holds its waker"),
            1 => write!(f, "\n      its waker is held {UNSEEN}"),
            n => write!(f, "\n      {n} clones of its waker are held {UNSEEN}"),
        }
    }
}

/// The tasks under those that spawned them.
pub(crate) struct Tree<'a>(pub(crate) &'a [TaskReport]);

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
pub(crate) fn circle(tasks: &[TaskReport]) -> Option<Vec<TaskNo>> {
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
