//! The state of a group, and how it changes.
//!
//! ```text
//!            spawn ↺
//!             │
//!  ┌──────▶ Open ───────────────────────── nobody left, owner joins ──────────▶ closed
//!  │          │                                                                   ▲
//!  │          │ cancel(), a failure, a success that is enough, the deadline       │
//!  │          ▼                                                                   │
//!  │      Cancelling: token cancelled, queue dropped, spawn refused ──────────────┤
//!  │          │ grace over (at once, unless one was set); owner dropped           │
//!  │          ▼                                                                   │
//!  │      Aborting: each child is dropped at its next poll, out of shields ───────┘
//!  │
//!  child: queued ─▶ running ─▶ its future dropped ─▶ recorded
//! ```
//!
//! A child is a task of the runtime that nobody holds a handle of: it records its own outcome here,
//! as the last thing that it does, whether it is polled to the end or dropped by its executor. So
//! *no child is live* is the same as *each child's future has been dropped* (*TG-1*).
//!
//! `signal` is what children look at in each poll: nothing there, nothing to do. It is only written
//! under the lock.

mod entry;
mod finish;
mod stop;
mod wait;

use self::{finish::Ended, stop::After};
use super::{
    TaskError, TaskId,
    builder::Options,
    error::Cause,
    joiner::{Joiner, Policy},
};
use crate::{
    cancel::{CancelReason, CancellationToken},
    context::{Context, Occupied},
    prim::wake,
    rt::Runtime,
};
use entry::Entry;
use slab::Slab;
use std::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{
            AtomicUsize,
            Ordering::{Acquire, Release},
        },
    },
    task::Waker,
};

const CANCELLING: usize = 1;
const ABORTING: usize = 2;
/// The group failed: the body goes with the children.
const FAILED: usize = 4;
/// Counts the children that were aborted one by one, and have not ended yet.
const ONE_ABORT: usize = 8;

pub(super) struct Shared<R: Runtime, T, E> {
    pub(super) rt: R,
    pub(super) options: Options,
    /// What the children are asked to stop by.
    pub(super) token: CancellationToken,
    /// What the children see.
    pub(super) context: Context,
    /// The group around this one, which waits for this one's children.
    outer: Option<Weak<dyn Occupied>>,
    signal: AtomicUsize,
    /// Whether there is a joiner.
    judged: bool,
    state: Mutex<State<R, T, E>>,
}

pub(super) type Queued = Pin<Box<dyn Future<Output = ()> + Send>>;

struct State<R: Runtime, T, E> {
    policy: Policy,
    /// Away while it is asked.
    joiner: Option<Box<dyn Joiner<T, E>>>,
    /// Those that ended meanwhile.
    unjudged: VecDeque<Ended<T, E>>,
    live: Slab<Entry>,
    /// By number, of those live ones that have one: few do.
    names: BTreeMap<u64, Cow<'static, str>>,
    /// Groups of children, and of theirs, that have live children.
    inner: usize,
    running: usize,
    queue: VecDeque<(usize, Queued)>,
    /// Somebody is starting what is queued.
    starting: bool,
    next_index: u64,
    /// With the children's numbers, in the order of completion.
    outputs: VecDeque<(u64, T)>,
    failures: Vec<TaskError<E>>,
    succeeded: bool,
    /// A child was cancelled, or refused, with the group.
    cut: bool,
    /// Why the group was cancelled from outside.
    outside: Option<CancelReason>,
    /// No spawn from now on.
    closed: bool,
    /// Joined, or dropped.
    over: bool,
    /// Held while somebody is live.
    entered: Option<Arc<dyn Occupied>>,
    owner: Option<Waker>,
    consumers: Vec<(u64, Waker)>,
    next_consumer: u64,
    /// There is a reaper, or somebody is about to start it.
    reaped: bool,
    reaper: Option<R::JoinHandle<()>>,
    reaper_waker: Option<Waker>,
}

/// How a child ended.
pub(super) enum Outcome<T, E> {
    Output(T),
    Failed(Cause<E>),
    /// Cancelled by its group, or nothing that concerns it.
    Nothing,
}

impl<T, E> From<Result<T, E>> for Outcome<T, E> {
    fn from(result: Result<T, E>) -> Self {
        result.map_err(Cause::Failed).into()
    }
}

impl<T, E> From<Result<T, Cause<E>>> for Outcome<T, E> {
    fn from(result: Result<T, Cause<E>>) -> Self {
        match result {
            Ok(output) => Self::Output(output),
            Err(cause) => Self::Failed(cause),
        }
    }
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> Shared<R, T, E> {
    pub(super) fn new(
        rt: R,
        options: Options,
        policy: Policy,
        joiner: Option<Box<dyn Joiner<T, E>>>,
        token: CancellationToken,
        inside: impl FnOnce(Weak<dyn Occupied>, CancellationToken) -> Context,
        outer: Option<Weak<dyn Occupied>>,
    ) -> Arc<Self> {
        let judged = joiner.is_some();
        let state = State {
            policy,
            joiner,
            unjudged: VecDeque::new(),
            live: Slab::new(),
            names: BTreeMap::new(),
            inner: 0,
            running: 0,
            queue: VecDeque::new(),
            starting: false,
            next_index: 0,
            outputs: VecDeque::new(),
            failures: Vec::new(),
            succeeded: false,
            cut: false,
            outside: None,
            closed: false,
            over: false,
            entered: None,
            owner: None,
            consumers: Vec::new(),
            next_consumer: 0,
            reaped: false,
            reaper: None,
            reaper_waker: None,
        };
        let shared = Arc::new_cyclic(|weak: &Weak<Self>| Self {
            rt,
            options,
            context: inside(weak.clone(), token.clone()),
            token,
            outer,
            signal: AtomicUsize::new(0),
            judged,
            state: Mutex::new(state),
        });
        shared.watch_token();
        shared
    }

    fn lock(&self) -> MutexGuard<'_, State<R, T, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    pub(super) fn signal(&self) -> usize {
        self.signal.load(Acquire)
    }

    /// Whether children are to be dropped at their next poll.
    #[inline]
    pub(super) fn aborts(signal: usize) -> bool {
        signal & ABORTING != 0
    }

    /// Whether the body is, too.
    pub(super) fn aborts_body(&self) -> bool {
        let signal = self.signal();
        Self::aborts(signal) && signal & FAILED != 0
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.signal() & (CANCELLING | ABORTING) != 0
    }

    fn raise(&self, bits: usize) {
        // Written under the lock only, so load and store are enough.
        self.signal.store(self.signal() | bits, Release);
    }

    pub(super) fn debug(&self, title: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let [live, named, outputs, failures] = [
            state.live.len(),
            state.names.len(),
            state.outputs.len(),
            state.failures.len(),
        ];
        drop(state);
        f.debug_struct(title)
            .field("name", &self.options.name)
            .field("live", &live)
            .field("named", &named)
            .field("outputs", &outputs)
            .field("failures", &failures)
            .field("cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }

    pub(super) fn len(&self) -> usize {
        self.lock().live.len()
    }

    /// Makes room for a child: its id, and whether it starts at once.
    #[inline]
    pub(super) fn admit(
        &self,
        name: Option<Cow<'static, str>>,
        spawned_at: &'static Location<'static>,
    ) -> Option<(TaskId, bool)> {
        let mut state = self.lock();
        if state.closed || self.is_cancelled() {
            // What is closed was not cut short.
            state.cut |= self.is_cancelled();
            return None;
        }
        self.occupy(&mut state);
        let started = state.running < self.options.max_concurrent && state.queue.is_empty();
        let index = state.next_index;
        state.next_index += 1;
        state.running += usize::from(started);
        if let Some(name) = name {
            state.names.insert(index, name);
        }
        let key = state.live.insert(Entry::new(index, spawned_at, started));
        Some((TaskId { index, key }, started))
    }

    /// Somebody is about to come in: the group around is told of the first. Its lock is taken under
    /// this one, which is younger, and never the other way round.
    fn occupy(&self, state: &mut State<R, T, E>) {
        if state.is_vacant() {
            state.entered = self.outer.as_ref().and_then(Weak::upgrade);
            if let Some(outer) = &state.entered {
                outer.enter();
            }
        }
    }

    /// Keeps a child until there is room.
    pub(super) fn enqueue(self: &Arc<Self>, key: usize, child: Queued) {
        let mut state = self.lock();
        if self.is_cancelled() {
            drop(state);
            return drop(child);
        }
        state.queue.push_back((key, child));
        drop(state);
        self.pump();
    }

    /// Starts what there is room for. One at a time: where the executor is gone, a child ends as
    /// soon as it is started, and comes back here.
    fn pump(self: &Arc<Self>) {
        loop {
            let mut state = self.lock();
            if state.starting || state.running >= self.options.max_concurrent {
                return;
            }
            let Some((key, child)) = state.queue.pop_front() else {
                return;
            };
            state.starting = true;
            state.running += 1;
            state.live[key].start();
            drop(state);
            self.rt.spawn_detached(child);
            self.lock().starting = false;
        }
    }

    /// Keeps a child's waker, for an abort.
    pub(super) fn register(&self, key: usize, waker: Waker) {
        let replaced = self.lock().live[key].waker.replace(waker);
        drop(replaced);
    }

    /// Whether `signal` is meant for this child, whose future is to be dropped then.
    pub(super) fn aborts_child(&self, signal: usize, key: usize) -> bool {
        Self::aborts(signal) || signal >= ONE_ABORT && self.lock().live[key].is_aborted()
    }

    /// Aborts one child; whether it was still live.
    pub(super) fn abort(&self, id: TaskId) -> bool {
        let mut state = self.lock();
        let entry = state.live.get_mut(id.key);
        let Some(entry) = entry.filter(|entry| entry.index() == id.index) else {
            return false;
        };
        if entry.abort() {
            self.signal.store(self.signal() + ONE_ABORT, Release);
        }
        let waker = entry.waker.take();
        let queued = state.queue.iter().position(|(queued, _)| *queued == id.key);
        let queued = queued.and_then(|at| state.queue.remove(at));
        drop(state);
        drop(queued);
        wake(waker);
        true
    }
}

impl<R: Runtime, T, E> State<R, T, E> {
    fn is_vacant(&self) -> bool {
        self.live.is_empty() && self.inner == 0
    }

    /// Whether it is vacant once a child has gone.
    #[inline]
    fn is_last(&self) -> bool {
        self.live.len() + self.inner == 1
    }

    /// Whether a child's end lets somebody go on.
    #[inline]
    fn is_awaited(&self) -> bool {
        !self.consumers.is_empty() || !self.queue.is_empty()
    }

    /// Somebody has gone: tells whom it may concern if that was the last.
    fn ended(&mut self, after: &mut After) {
        if self.is_vacant() {
            after.left = self.entered.take();
            after.wakers.extend(self.owner.take());
        }
    }

    fn forget_consumer(&mut self, key: Option<u64>) -> Option<Waker> {
        let at = self
            .consumers
            .iter()
            .position(|(place, _)| Some(*place) == key)?;
        Some(self.consumers.swap_remove(at).1)
    }
}
