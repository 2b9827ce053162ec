//! What becomes of a child once its future has been dropped: judged, then recorded.

use super::{Entry, ONE_ABORT, Outcome, Shared, State, TaskId};
use crate::{
    error::Panic,
    group::{
        error::{Cause, TaskError},
        joiner::{Joiner, Step},
    },
    rt::Runtime,
    task::drop_quietly,
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, atomic::Ordering::Release},
};

/// A child that has ended, and is live until that is recorded.
pub(super) struct Ended<T, E> {
    key: usize,
    output: Option<T>,
    failures: Vec<TaskError<E>>,
}

impl<T, E> Ended<T, E> {
    /// `None` for one that its group cancelled.
    fn outcome(&self) -> Option<Result<&T, &TaskError<E>>> {
        match self.failures.first() {
            Some(failure) => Some(Err(failure)),
            None => self.output.as_ref().map(Ok),
        }
    }
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> Shared<R, T, E> {
    /// A child has ended with its future dropped, and nothing ugly about it.
    #[inline]
    pub(in crate::group) fn finish(self: &Arc<Self>, key: usize, outcome: Outcome<T, E>) {
        let outcome = match outcome {
            Outcome::Output(output) => match self.keep(key, output) {
                None => return,
                Some(output) => Outcome::Output(output),
            },
            failed => failed,
        };
        self.finish_with(key, outcome, None);
    }

    /// Keeps an output that concerns nobody for now, as most do, or gives it back.
    #[inline]
    fn keep(&self, key: usize, output: T) -> Option<T> {
        if self.judged || self.options.discard {
            return Some(output);
        }
        let mut state = self.lock();
        if state.is_awaited() || state.is_last() || state.policy.counts_successes() {
            return Some(output);
        }
        let entry = self.remove(&mut state, key);
        state.outputs.push_back((entry.index(), output));
        drop(state);
        drop(entry);
        None
    }

    /// Takes a child out of those that are live.
    #[inline]
    fn remove(&self, state: &mut State<R, T, E>, key: usize) -> Entry {
        let entry = state.live.remove(key);
        state.running -= usize::from(entry.is_started());
        if entry.is_aborted() {
            self.signal.store(self.signal() - ONE_ABORT, Release);
        }
        if !state.names.is_empty() {
            state.names.remove(&entry.index());
        }
        entry
    }

    /// A child has ended; `late` is what its destructor did after that.
    pub(in crate::group) fn finish_with(
        self: &Arc<Self>,
        key: usize,
        outcome: Outcome<T, E>,
        late: Option<Panic>,
    ) {
        let mut ended = Ended {
            key,
            output: None,
            failures: Vec::new(),
        };
        match outcome {
            Outcome::Output(output) if late.is_none() => ended.output = Some(output),
            // The destructor's panic is what became of the task.
            Outcome::Output(output) => drop_quietly(output),
            Outcome::Failed(cause) => ended.failures.push(self.failure(key, cause)),
            Outcome::Nothing => {}
        }
        if let Some(panic) = late {
            let cause = Cause::Panicked(panic);
            ended.failures.push(self.failure(key, cause));
        }
        if self.judged {
            self.judge(ended);
        } else {
            self.record(ended, None);
        }
    }

    /// Asks the joiner, one completion at a time. Whoever ends while it is being asked leaves that to
    /// who asks: were it a lock, a joiner that spawns where the executor is gone would wait for itself.
    fn judge(self: &Arc<Self>, ended: Ended<T, E>) {
        let mut state = self.lock();
        state.unjudged.push_back(ended);
        let Some(mut joiner) = state.joiner.take() else {
            return;
        };
        let mut panicked = None;
        while let Some(ended) = state.unjudged.pop_front() {
            drop(state);
            // A waker that panics must not take the joiner along.
            let judged = catch_unwind(AssertUnwindSafe(|| self.ask(&mut *joiner, ended)));
            if let Err(payload) = judged {
                panicked.get_or_insert(payload);
            }
            state = self.lock();
        }
        state.joiner = Some(joiner);
        drop(state);
        if let Some(payload) = panicked {
            resume_unwind(payload);
        }
    }

    fn ask(self: &Arc<Self>, joiner: &mut dyn Joiner<T, E>, mut ended: Ended<T, E>) {
        let asked = match ended.outcome() {
            None => Ok(Step::Continue),
            Some(outcome) => catch_unwind(AssertUnwindSafe(|| joiner.completed(outcome))),
        };
        let step = asked.unwrap_or_else(|payload| {
            let cause = Cause::Panicked(Panic::new(payload));
            ended.failures.push(self.failure(ended.key, cause));
            Step::Fail
        });
        if step == Step::Fail && ended.failures.is_empty() {
            let cause = Cause::Cancelled(Some(self.reason("its group's joiner gave up")));
            ended.failures.push(self.failure(ended.key, cause));
        }
        self.record(ended, Some(step));
    }

    fn record(self: &Arc<Self>, mut ended: Ended<T, E>, step: Option<Step>) {
        let succeeded = ended.output.is_some();
        if self.options.discard {
            // Before the group can be over, and a panic in here is the child's.
            let output = ended.output.take();
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(output))) {
                let cause = Cause::Panicked(Panic::new(payload));
                ended.failures.push(self.failure(ended.key, cause));
            }
        }
        let failed = !ended.failures.is_empty();
        let mut state = self.lock();
        let step = match step {
            Some(step) => step,
            None if failed || succeeded => state.policy.completed(!failed),
            None => Step::Continue,
        };
        let entry = self.remove(&mut state, ended.key);
        if let Some(output) = ended.output {
            state.outputs.push_back((entry.index(), output));
        }
        state.cut |= !failed && !succeeded && !entry.is_aborted() && self.is_cancelled();
        if step == Step::Continue && !failed && !state.is_awaited() && !state.is_vacant() {
            // Nobody else's concern.
            drop(state);
            drop(entry);
            return;
        }
        state.failures.append(&mut ended.failures);
        let mut after = self.stop(&mut state, step);
        let consumers = state.consumers.drain(..);
        after.wakers.extend(consumers.map(|(_, waker)| waker));
        state.ended(&mut after);
        after.pump = !state.queue.is_empty();
        drop(state);
        drop(entry);
        self.perform(after);
    }

    fn failure(&self, key: usize, cause: Cause<E>) -> TaskError<E> {
        let state = self.lock();
        let entry = &state.live[key];
        let index = entry.index();
        TaskError {
            id: Some(TaskId { index, key }),
            name: state.names.get(&index).cloned(),
            spawned_at: entry.spawned_at,
            cause,
        }
    }
}
