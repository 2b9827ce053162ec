//! Where an outcome waits for whoever joins.

use crate::JoinError;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// The outcome of one task, written once and taken once.
#[derive(Debug)]
pub(crate) struct Slot<T>(Mutex<State<T>>);

#[derive(Debug)]
enum State<T> {
    Running {
        joiner: Option<Waker>,
    },
    Done(Result<T, JoinError>),
    Taken,
    /// Nobody will join: the outcome is dropped as soon as it is there.
    Detached,
}

impl<T> Slot<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(State::Running { joiner: None }))
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_finished(&self) -> bool {
        !matches!(*self.lock(), State::Running { .. })
    }

    /// Writes the outcome. The first one stays: completion beats a later abort.
    pub(crate) fn finish(&self, outcome: Result<T, JoinError>) {
        let mut state = self.lock();
        if let State::Running { joiner } = &mut *state {
            let joiner = joiner.take();
            *state = State::Done(outcome);
            drop(state);
            joiner.into_iter().for_each(Waker::wake);
        } else {
            drop(state);
            drop_quietly(outcome);
        }
    }

    /// The owner goes: its waker goes with it, and so does an outcome that it has not seen.
    pub(crate) fn detach(&self) {
        let mut state = self.lock();
        let left = std::mem::replace(&mut *state, State::Detached);
        drop(state);
        drop(left);
    }

    /// # Panics
    /// Once the outcome was taken.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        let mut state = self.lock();
        if let State::Running { joiner } = &mut *state {
            if !joiner
                .as_ref()
                .is_some_and(|joiner| joiner.will_wake(cx.waker()))
            {
                let replaced = joiner.replace(cx.waker().clone());
                drop(state);
                drop(replaced);
            }
            return Poll::Pending;
        }
        let left = std::mem::replace(&mut *state, State::Taken);
        match left {
            State::Done(outcome) => Poll::Ready(outcome),
            _ => {
                drop(state);
                panic!("a join handle was polled again after it was ready")
            }
        }
    }
}

/// Drops what nobody will see on the executor's thread, which a panicking destructor must not end.
pub(crate) fn drop_quietly<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        // A payload whose own destructor panics would start over.
        std::mem::forget(payload);
    }
}
