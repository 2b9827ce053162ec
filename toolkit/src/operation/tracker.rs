//! What operations were, and are.

use super::{
    outcome::Outcome,
    place::TRACKER,
    stats::{Counts, Durations},
};
use crate::lock::lock;
use anyrt_core::{
    Instant,
    context::{Context, InContext},
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
    fmt,
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

/// The number of an operation: unique in its [`Tracker`], and larger than those that began before.
///
/// Each tracker counts for itself, so that a simulated run has the same numbers each time (*OP-6*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(u64);

impl OperationId {
    /// The number, from 1.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An operation that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Running {
    /// Its number.
    pub id: OperationId,
    /// The operation in which it began, if that has the same tracker.
    pub parent: Option<OperationId>,
    /// Its name.
    pub name: Cow<'static, str>,
    /// What else was said of it.
    pub fields: Vec<(&'static str, String)>,
    /// Its first poll, on the runtime's clock.
    pub started: Instant,
}

/// An operation that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finished {
    /// Its number.
    pub id: OperationId,
    /// The operation in which it began, if that has the same tracker.
    pub parent: Option<OperationId>,
    /// Its name.
    pub name: Cow<'static, str>,
    /// What else was said of it.
    pub fields: Vec<(&'static str, String)>,
    /// Its first poll, on the runtime's clock.
    pub started: Instant,
    /// From its first poll until its future was gone.
    pub duration: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

/// Remembers operations: the last that ended, counts of all, and what is under way.
///
/// There is none that is everybody's: it watches the operations of a [scope](Self::scope), and
/// those that are [given it](super::Operation::tracker). Clones are the same tracker. The
/// [room's](super) page has an example.
///
/// It keeps as many operations as it was told to (*OP-7*), and a count for each name it has seen: a name is to say of
/// which kind an operation is, and what differs from one to the next is a field.
#[derive(Clone)]
pub struct Tracker {
    state: Arc<Mutex<State>>,
}

struct State {
    capacity: usize,
    last: u64,
    running: BTreeMap<OperationId, Running>,
    finished: VecDeque<Finished>,
    counts: BTreeMap<Cow<'static, str>, Counts>,
}

impl Tracker {
    /// One that remembers the last `capacity` operations that ended. With 0 it counts, and no more.
    pub fn new(capacity: usize) -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                capacity,
                last: 0,
                running: BTreeMap::new(),
                finished: VecDeque::new(),
                counts: BTreeMap::new(),
            })),
        }
    }

    /// Watches all operations that begin inside `future`, the children of its task groups included, in
    /// place of the tracker around it. A [`Context::scope`](anyrt_core::context::Context::scope) within, of a context
    /// that was not taken there, has no tracker.
    ///
    /// # Cancel safety
    /// As safe as `future`.
    pub fn scope<F: Future>(&self, future: F) -> InContext<F> {
        TRACKER.scope(self.clone(), future)
    }

    /// `context` with this tracker in force.
    pub fn set_in(&self, context: &Context) -> Context {
        TRACKER.set_in(context, self.clone())
    }

    /// The tracker in force for the task that is being polled, if there is one.
    pub fn current() -> Option<Self> {
        TRACKER.get()
    }

    /// The last operations that ended, in that order.
    pub fn finished(&self) -> Vec<Finished> {
        lock(&self.state).finished.iter().cloned().collect()
    }

    /// Those of [`finished`](Self::finished) that have this name.
    pub fn finished_named(&self, name: &str) -> Vec<Finished> {
        let state = lock(&self.state);
        let named = state.finished.iter().filter(|one| one.name == name);
        named.cloned().collect()
    }

    /// What is under way, in the order of its beginning. What is leaked stays so.
    pub fn running(&self) -> Vec<Running> {
        lock(&self.state).running.values().cloned().collect()
    }

    /// The names of all operations that ended, in order.
    pub fn names(&self) -> Vec<Cow<'static, str>> {
        lock(&self.state).counts.keys().cloned().collect()
    }

    /// How often an operation of this name ended, and how; of all, not only of those that are remembered.
    pub fn counts(&self, name: &str) -> Counts {
        let state = lock(&self.state);
        state.counts.get(name).copied().unwrap_or_default()
    }

    /// How long the operations of this name took that are [remembered](Self::finished), whatever their
    /// outcome; `None` where there are none.
    pub fn durations(&self, name: &str) -> Option<Durations> {
        let all: Vec<Duration> = {
            let state = lock(&self.state);
            let named = state.finished.iter().filter(|one| one.name == name);
            named.map(|one| one.duration).collect()
        };
        Durations::of(all)
    }

    /// Forgets what ended, and all counts. Numbers go on.
    pub fn clear(&self) {
        let (finished, counts) = {
            let mut state = lock(&self.state);
            let state = &mut *state;
            (
                std::mem::take(&mut state.finished),
                std::mem::take(&mut state.counts),
            )
        };
        drop((finished, counts));
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.state, &other.state)
    }

    pub(super) fn begin(
        &self,
        parent: Option<OperationId>,
        name: Cow<'static, str>,
        fields: Vec<(&'static str, String)>,
        started: Instant,
    ) -> OperationId {
        let mut state = lock(&self.state);
        state.last += 1;
        let id = OperationId(state.last);
        let running = Running {
            id,
            parent,
            name,
            fields,
            started,
        };
        state.running.insert(id, running);
        id
    }

    pub(super) fn end(&self, id: OperationId, duration: Duration, outcome: Outcome) {
        let forgotten = {
            let mut state = lock(&self.state);
            let Some(running) = state.running.remove(&id) else {
                return;
            };
            let finished = Finished {
                id,
                parent: running.parent,
                name: running.name,
                fields: running.fields,
                started: running.started,
                duration,
                outcome,
            };
            state.count(&finished);
            state.remember(finished)
        };
        drop(forgotten);
    }
}

impl State {
    fn count(&mut self, finished: &Finished) {
        match self.counts.get_mut(&*finished.name) {
            Some(counts) => counts.add(&finished.outcome),
            None => {
                let mut counts = Counts::default();
                counts.add(&finished.outcome);
                self.counts.insert(finished.name.clone(), counts);
            }
        }
    }

    /// What has to go for it.
    fn remember(&mut self, finished: Finished) -> Option<Finished> {
        if self.capacity == 0 {
            return Some(finished);
        }
        let full = self.finished.len() == self.capacity;
        let oldest = full.then(|| self.finished.pop_front()).flatten();
        self.finished.push_back(finished);
        oldest
    }
}

impl fmt::Debug for Tracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (running, finished) = {
            let state = lock(&self.state);
            (state.running.len(), state.finished.len())
        };
        f.debug_struct("Tracker")
            .field("running", &running)
            .field("finished", &finished)
            .finish_non_exhaustive()
    }
}
