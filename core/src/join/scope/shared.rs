//! What a scope and the handles to it share.

use crate::prim::{Mutex, MutexGuard, lock, wake};
use std::task::Waker;

/// ```text
///            cancel                 the body and all children are finished
///   Open ─────────────▶ Cancelled ─────────────────────────┐
///     │  children are accepted  │  children are refused     ▼
///     └─────────────────────────┴──────────────────────▶ Ended
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    Cancelled,
    Ended,
}

/// `B` is the box that children come in.
pub(super) struct Shared<B>(Mutex<State<B>>);

struct State<B> {
    phase: Phase,
    /// Children that the scope has not seen yet.
    inbox: Vec<B>,
    /// What wakes the scope. Not there while it is polled: it looks again before it waits.
    parent: Option<Waker>,
}

impl<B> Shared<B> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            phase: Phase::Open,
            inbox: Vec::new(),
            parent: None,
        }))
    }

    /// No foreign code runs under this lock.
    fn lock(&self) -> MutexGuard<'_, State<B>> {
        lock(&self.0)
    }

    pub(super) fn phase(&self) -> Phase {
        self.lock().phase
    }

    /// Takes a child, which `pack` puts into a box, unless the scope takes none any more.
    pub(super) fn accept<F>(&self, future: F, pack: impl FnOnce(F) -> B) -> Result<(), F> {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            drop(state);
            return Err(future);
        }
        // Under the lock: once it is in a box it could not be given back.
        state.inbox.push(pack(future));
        let parent = state.parent.take();
        drop(state);
        wake(parent);
        Ok(())
    }

    pub(super) fn cancel(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Cancelled;
        }
        let parent = state.parent.take();
        drop(state);
        wake(parent);
    }

    /// The scope is polled.
    pub(super) fn begin_poll(&self) {
        let parent = self.lock().parent.take();
        drop(parent);
    }

    /// What came since the last time. Where nothing did, whatever comes next wakes `parent`.
    pub(super) fn collect(&self, parent: Option<Waker>) -> Vec<B> {
        let mut state = self.lock();
        if state.inbox.is_empty() {
            let replaced = parent.and_then(|parent| state.parent.replace(parent));
            drop(state);
            drop(replaced);
            return Vec::new();
        }
        std::mem::take(&mut state.inbox)
    }

    /// Ends the scope unless children came in the meantime.
    pub(super) fn try_end(&self) -> bool {
        let mut state = self.lock();
        let ends = state.inbox.is_empty();
        if ends {
            state.phase = Phase::Ended;
        }
        ends
    }

    /// Ends the scope, and gives what is left.
    pub(super) fn end(&self) -> Vec<B> {
        let mut state = self.lock();
        state.phase = Phase::Ended;
        let left = (state.parent.take(), std::mem::take(&mut state.inbox));
        drop(state);
        left.1
    }
}
