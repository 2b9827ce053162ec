//! Where an outcome waits for whoever joins.

use crate::JoinError;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// The outcome of one task, written once and taken once.
#[derive(Debug)]
pub(super) struct Slot<T>(Mutex<State<T>>);

#[derive(Debug)]
enum State<T> {
    Running { joiner: Option<Waker> },
    Done(Result<T, JoinError>),
    Taken,
}

impl<T> Slot<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(State::Running { joiner: None }))
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_finished(&self) -> bool {
        !matches!(*self.lock(), State::Running { .. })
    }

    /// Writes the outcome. The first one stays: completion beats a later abort.
    pub(super) fn finish(&self, outcome: Result<T, JoinError>) {
        let mut state = self.lock();
        if let State::Running { joiner } = &mut *state {
            let joiner = joiner.take();
            *state = State::Done(outcome);
            drop(state);
            joiner.into_iter().for_each(Waker::wake);
        }
    }

    /// # Panics
    /// Once the outcome was taken.
    pub(super) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
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
        match std::mem::replace(&mut *state, State::Taken) {
            State::Done(outcome) => Poll::Ready(outcome),
            _ => {
                drop(state);
                panic!("a join handle was polled again after it was ready")
            }
        }
    }
}
