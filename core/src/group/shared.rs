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
//! `signal` is what children look at in each poll; it is only written under the lock.

use super::{
    TaskError, TaskId,
    builder::Options,
    error::Cause,
    joiner::{Joiner, Policy, Step},
};
use crate::{
    cancel::CancelReason,
    context::{Occupied, Scope},
    error::Panic,
    rt::Runtime,
    sync::wake_all,
};
use slab::Slab;
use std::{
    borrow::Cow,
    collections::VecDeque,
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{
            AtomicUsize,
            Ordering::{Acquire, Release},
        },
    },
    task::{Context, Poll, Waker},
};

const CANCELLING: usize = 1;
const ABORTING: usize = 2;
/// The group failed: the body goes with the children.
const FAILED: usize = 4;
/// Counts the children that were aborted one by one.
const ONE_ABORT: usize = 8;

pub(super) struct Shared<R: Runtime, T, E> {
    pub(super) rt: R,
    pub(super) options: Options,
    /// What the children see.
    pub(super) scope: Arc<Scope>,
    /// The group around this one, which waits for this one's children.
    outer: Option<Weak<dyn Occupied>>,
    signal: AtomicUsize,
    joiner: Option<Mutex<Box<dyn Joiner<T, E>>>>,
    state: Mutex<State<R, T, E>>,
}

pub(super) type Queued = Pin<Box<dyn Future<Output = ()> + Send>>;

struct State<R: Runtime, T, E> {
    policy: Policy,
    live: Slab<Entry>,
    /// Groups of children, and of theirs, that have live children.
    inner: usize,
    running: usize,
    queue: VecDeque<(usize, Queued)>,
    /// Somebody is starting what is queued.
    starting: bool,
    next_id: u64,
    outputs: VecDeque<(TaskId, T)>,
    failures: Vec<TaskError<E>>,
    succeeded: bool,
    /// No spawn from now on.
    closed: bool,
    /// Joined, or dropped.
    over: bool,
    /// Held while somebody is live.
    entered: Option<Arc<dyn Occupied>>,
    owner: Option<Waker>,
    consumers: Vec<(u64, Waker)>,
    next_consumer: u64,
    reaper: Option<R::JoinHandle<()>>,
    reaper_waker: Option<Waker>,
}

struct Entry {
    id: TaskId,
    name: Option<Cow<'static, str>>,
    spawned_at: &'static Location<'static>,
    started: bool,
    aborted: bool,
    waker: Option<Waker>,
}

/// How a child ended.
pub(super) enum Outcome<T, E> {
    Output(T),
    Failed(Cause<E>),
    /// Cancelled by its group, or nothing that concerns it.
    Nothing,
}

/// What has to happen outside the lock.
#[must_use]
#[derive(Default)]
struct After {
    wakers: Vec<Waker>,
    dropped: VecDeque<(usize, Queued)>,
    left: Option<Arc<dyn Occupied>>,
    reason: Option<CancelReason>,
    reap: bool,
    pump: bool,
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> Shared<R, T, E> {
    pub(super) fn new(
        rt: R,
        options: Options,
        policy: Policy,
        joiner: Option<Box<dyn Joiner<T, E>>>,
        scope: impl FnOnce(Weak<dyn Occupied>) -> Scope,
        outer: Option<Weak<dyn Occupied>>,
    ) -> Arc<Self> {
        let state = State {
            policy,
            live: Slab::new(),
            inner: 0,
            running: 0,
            queue: VecDeque::new(),
            starting: false,
            next_id: 0,
            outputs: VecDeque::new(),
            failures: Vec::new(),
            succeeded: false,
            closed: false,
            over: false,
            entered: None,
            owner: None,
            consumers: Vec::new(),
            next_consumer: 0,
            reaper: None,
            reaper_waker: None,
        };
        Arc::new_cyclic(|weak: &Weak<Self>| Self {
            rt,
            options,
            scope: Arc::new(scope(weak.clone())),
            outer,
            signal: AtomicUsize::new(0),
            joiner: joiner.map(Mutex::new),
            state: Mutex::new(state),
        })
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
        f.debug_struct(title)
            .field("name", &self.options.name)
            .field("live", &self.len())
            .field("cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }

    pub(super) fn len(&self) -> usize {
        self.lock().live.len()
    }

    /// Makes room for a child: its key and id, and whether it starts at once.
    pub(super) fn admit(
        &self,
        name: Option<Cow<'static, str>>,
        spawned_at: &'static Location<'static>,
    ) -> Option<(usize, TaskId, bool)> {
        let mut state = self.lock();
        if state.closed || self.is_cancelled() {
            return None;
        }
        if state.is_vacant() {
            state.entered = self.outer.as_ref().and_then(Weak::upgrade);
            if let Some(outer) = &state.entered {
                outer.enter();
            }
        }
        let started = state.running < self.options.max_concurrent && state.queue.is_empty();
        let id = TaskId(state.next_id);
        state.next_id += 1;
        state.running += usize::from(started);
        let key = state.live.insert(Entry {
            id,
            name,
            spawned_at,
            started,
            aborted: false,
            waker: None,
        });
        Some((key, id, started))
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
            state.live[key].started = true;
            drop(state);
            drop(self.rt.spawn(child));
            self.lock().starting = false;
        }
    }

    /// Keeps a child's waker, for an abort; whether it is to be aborted now.
    pub(super) fn register(&self, key: usize, waker: &Waker) -> bool {
        let waker = waker.clone();
        let mut state = self.lock();
        let entry = &mut state.live[key];
        let aborted = entry.aborted;
        let replaced = entry.waker.replace(waker);
        drop(state);
        drop(replaced);
        aborted || Self::aborts(self.signal())
    }

    pub(super) fn is_aborted(&self, key: usize) -> bool {
        self.lock().live[key].aborted
    }

    /// Aborts one child; whether it was still live.
    pub(super) fn abort(&self, id: TaskId) -> bool {
        let mut state = self.lock();
        let found = state.live.iter_mut().find(|(_, entry)| entry.id == id);
        let Some((key, entry)) = found else {
            return false;
        };
        entry.aborted = true;
        let waker = entry.waker.take();
        let queued = state.queue.iter().position(|(queued, _)| *queued == key);
        let queued = queued.and_then(|at| state.queue.remove(at));
        self.signal.store(self.signal() + ONE_ABORT, Release);
        drop(state);
        drop(queued);
        waker.into_iter().for_each(Waker::wake);
        true
    }

    /// A child has ended, and its future has been dropped.
    pub(super) fn finish(
        self: &Arc<Self>,
        key: usize,
        outcome: Outcome<T, E>,
        late: Option<Panic>,
    ) {
        let (output, mut failures) = match outcome {
            Outcome::Output(output) => (Some(output), Vec::new()),
            Outcome::Failed(cause) => (None, vec![self.failure(key, cause)]),
            Outcome::Nothing => (None, Vec::new()),
        };
        if let Some(panic) = late {
            failures.push(self.failure(key, Cause::Panicked(panic)));
        }
        let outcome = match (&output, failures.first()) {
            (_, Some(failure)) => Some(Err(failure)),
            (Some(output), None) => Some(Ok(output)),
            (None, None) => None,
        };
        let mut joiner = None;
        let mut step = None;
        let mut raised = None;
        if let (Some(custom), Some(outcome)) = (&self.joiner, outcome) {
            // Held until the outcome is recorded, so that the order is the one that it sees.
            let custom = joiner.insert(custom.lock().unwrap_or_else(PoisonError::into_inner));
            match catch_unwind(AssertUnwindSafe(|| custom.completed(outcome))) {
                Ok(decided) => step = Some(decided),
                Err(payload) => {
                    step = Some(Step::Fail);
                    raised = Some(self.failure(key, Cause::Panicked(Panic::new(payload))));
                }
            }
        }
        let mut state = self.lock();
        let step = match (step, outcome) {
            (Some(step), _) => step,
            (None, Some(outcome)) => state.policy.completed(outcome.is_ok()),
            (None, None) => Step::Continue,
        };
        failures.extend(raised);
        if step == Step::Fail && failures.is_empty() {
            let entry = &state.live[key];
            let reason = self.reason("its group's joiner gave up");
            failures.push(entry.failure(Cause::Cancelled(Some(reason))));
        }
        let entry = state.live.remove(key);
        state.running -= usize::from(entry.started);
        state.failures.append(&mut failures);
        let mut after = self.stop(&mut state, step);
        let discarded = match output {
            Some(output) if !self.options.discard => {
                state.outputs.push_back((entry.id, output));
                None
            }
            output => output,
        };
        after
            .wakers
            .extend(state.consumers.drain(..).map(|(_, waker)| waker));
        state.ended(&mut after);
        after.pump = !state.queue.is_empty();
        drop(state);
        drop(joiner);
        drop((discarded, entry));
        self.perform(after);
    }

    fn reason(&self, text: &'static str) -> CancelReason {
        CancelReason {
            text: text.into(),
            at: self.options.made_at,
        }
    }

    fn failure(&self, key: usize, cause: Cause<E>) -> TaskError<E> {
        self.lock().live[key].failure(cause)
    }

    /// The body has failed: with a supervisor, the children go on.
    pub(super) fn fail_body(self: &Arc<Self>, cause: Cause<E>) {
        let step = match self.lock().policy {
            Policy::Supervise => Step::Continue,
            Policy::FailFast | Policy::Enough { .. } => Step::Fail,
        };
        self.fail(cause, step);
    }

    /// A failure that is none of a child's.
    pub(super) fn fail(self: &Arc<Self>, cause: Cause<E>, step: Step) {
        let mut state = self.lock();
        state.failures.push(TaskError {
            id: None,
            name: None,
            spawned_at: self.options.made_at,
            cause,
        });
        let after = self.stop(&mut state, step);
        drop(state);
        self.perform(after);
    }

    pub(super) fn cancel(self: &Arc<Self>, reason: CancelReason) {
        let mut state = self.lock();
        let mut after = self.begin_cancel(&mut state, 0);
        after.reason = Some(reason);
        drop(state);
        self.perform(after);
    }

    fn stop(&self, state: &mut State<R, T, E>, step: Step) -> After {
        match step {
            Step::Fail if state.succeeded => After::default(),
            Step::Continue => After::default(),
            Step::Succeed => {
                state.succeeded |= !self.is_cancelled();
                let mut after = self.begin_cancel(state, 0);
                after.reason = Some(self.reason("its group has what it needs"));
                after
            }
            Step::Fail => {
                let mut after = self.begin_cancel(state, FAILED);
                after.reason = Some(self.reason("its group failed"));
                after.wakers.extend(state.owner.take());
                after
            }
        }
    }

    fn begin_cancel(&self, state: &mut State<R, T, E>, bits: usize) -> After {
        let first = !self.is_cancelled();
        self.raise(CANCELLING | bits);
        let mut after = After {
            dropped: std::mem::take(&mut state.queue),
            ..After::default()
        };
        if self.options.grace.is_zero() {
            self.begin_abort(state, &mut after);
        } else if first {
            after.wakers.extend(state.reaper_waker.take());
            after.reap = state.reaper.is_none();
        }
        after
    }

    fn begin_abort(&self, state: &mut State<R, T, E>, after: &mut After) {
        self.raise(CANCELLING | ABORTING);
        let entries = state.live.iter_mut();
        after
            .wakers
            .extend(entries.filter_map(|(_, entry)| entry.waker.take()));
        after.wakers.extend(state.owner.take());
    }

    /// The owner is gone.
    pub(super) fn abandon(self: &Arc<Self>) {
        let mut state = self.lock();
        (state.closed, state.over) = (true, true);
        let reaper = state.reaper_waker.take();
        drop(state);
        self.abort_all();
        reaper.into_iter().for_each(Waker::wake);
    }

    /// The grace is over.
    pub(super) fn abort_all(self: &Arc<Self>) {
        let mut state = self.lock();
        let mut after = After {
            dropped: std::mem::take(&mut state.queue),
            ..After::default()
        };
        self.begin_abort(&mut state, &mut after);
        after.reason = Some(self.reason("its group was dropped"));
        drop(state);
        self.perform(after);
    }

    fn perform(self: &Arc<Self>, after: After) {
        if let Some(reason) = &after.reason {
            self.scope.token.cancel_for(reason);
        }
        drop(after.dropped);
        if after.reap {
            self.start_reaper();
        }
        if after.pump {
            self.pump();
        }
        // Last: whoever is woken here may find the group finished.
        if let Some(outer) = after.left {
            outer.leave();
        }
        wake_all(after.wakers);
    }

    pub(super) fn start_reaper(self: &Arc<Self>) {
        if self.lock().reaper.is_some() {
            return;
        }
        let handle = self.rt.spawn(super::reaper::reap(self.clone()));
        // Only one is ever needed; of two that were started at once, one is detached.
        let spare = self.lock().reaper.replace(handle);
        drop(spare);
    }

    /// For the reaper: waits until `until` says so of (*cancelled*, *nobody is left*).
    pub(super) fn poll_reaper(
        &self,
        cx: &mut Context<'_>,
        until: impl FnOnce(bool, bool) -> bool,
    ) -> Poll<()> {
        let waker = cx.waker().clone();
        let mut state = self.lock();
        let nobody_left = state.over || self.is_cancelled() && state.live.is_empty();
        if until(self.is_cancelled(), nobody_left) {
            return Poll::Ready(());
        }
        let replaced = state.reaper_waker.replace(waker);
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    /// Ready once nobody is left; the group is closed then.
    pub(super) fn poll_end(&self, cx: &mut Context<'_>) -> Poll<Option<R::JoinHandle<()>>> {
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if !state.is_vacant() {
            let replaced = state.owner.replace(waker);
            drop(state);
            drop(replaced);
            return Poll::Pending;
        }
        (state.closed, state.over) = (true, true);
        let reaper = state.reaper.take();
        let waker = state.reaper_waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
        Poll::Ready(reaper)
    }

    /// Lets the owner be woken when the group fails or ends.
    pub(super) fn watch(&self, waker: &Waker) {
        let waker = waker.clone();
        let replaced = self.lock().owner.replace(waker);
        drop(replaced);
    }

    /// No spawn from now on.
    pub(super) fn close(&self) {
        self.lock().closed = true;
    }

    pub(super) fn poll_next(&self, cx: &mut Context<'_>, key: &mut Option<u64>) -> Poll<Option<T>> {
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if let Some((_, output)) = state.outputs.pop_front() {
            return Poll::Ready(Some(output));
        }
        if state.live.is_empty() {
            return Poll::Ready(None);
        }
        let replaced = state.forget_consumer(*key);
        let place = state.next_consumer;
        state.next_consumer += 1;
        state.consumers.push((place, waker));
        *key = Some(place);
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    pub(super) fn forget_consumer(&self, key: Option<u64>) {
        let _dropped_outside_the_lock = self.lock().forget_consumer(key);
    }

    /// The outputs in the order of spawning, and the failures unless they are tolerated.
    pub(super) fn take(&self) -> (Vec<(TaskId, T)>, Vec<TaskError<E>>) {
        let mut state = self.lock();
        let outputs = std::mem::take(&mut state.outputs);
        let failures = std::mem::take(&mut state.failures);
        let succeeded = state.succeeded;
        drop(state);
        let mut outputs: Vec<_> = outputs.into();
        outputs.sort_by_key(|(id, _)| *id);
        (outputs, if succeeded { Vec::new() } else { failures })
    }
}

impl<R: Runtime, T, E> State<R, T, E> {
    fn is_vacant(&self) -> bool {
        self.live.is_empty() && self.inner == 0
    }

    /// Somebody has gone: tells whom it may concern if that was the last.
    fn ended(&mut self, after: &mut After) {
        if self.is_vacant() {
            after.left = self.entered.take();
            after.wakers.extend(self.owner.take());
            after.wakers.extend(self.reaper_waker.take());
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

impl Entry {
    fn failure<E>(&self, cause: Cause<E>) -> TaskError<E> {
        TaskError {
            id: Some(self.id),
            name: self.name.clone(),
            spawned_at: self.spawned_at,
            cause,
        }
    }
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> Occupied for Shared<R, T, E> {
    fn enter(&self) {
        self.lock().inner += 1;
    }

    fn leave(&self) {
        let mut state = self.lock();
        state.inner -= 1;
        let mut after = After::default();
        state.ended(&mut after);
        drop(state);
        if let Some(outer) = after.left {
            outer.leave();
        }
        wake_all(after.wakers);
    }
}
