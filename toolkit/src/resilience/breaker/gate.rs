//! The state, and a word that tells of it: a closed breaker takes no lock for what succeeds.
//!
//! ```text
//!   word:  epoch, 62 bits │ calm: closed, and a success changes nothing │ closed
//! ```
//!
//! The word is written under the lock, so that of two who change the state at once, the later leaves its word. Who
//! only reads it does so at one moment, as if under the lock then: a call begins, or ends, before or after a change.

use super::{
    BreakerState,
    state::{Outcome, State},
};
#[cfg(anyrt_loom)]
use loom::sync::{Mutex, MutexGuard, atomic::AtomicU64};
#[cfg(not(anyrt_loom))]
use std::sync::{Mutex, MutexGuard, atomic::AtomicU64};
use std::sync::{
    PoisonError,
    atomic::Ordering::{Acquire, Release},
};

const CLOSED: u64 = 1;
const CALM: u64 = 2;
/// The epoch lies above the other bits.
const EPOCH: u32 = 2;

pub(super) struct Gate {
    word: AtomicU64,
    state: Mutex<State>,
}

/// What a breaker was, and what it is.
pub(super) struct Changed {
    pub(super) before: BreakerState,
    pub(super) after: BreakerState,
}

impl Gate {
    pub(super) fn new(state: State) -> Self {
        Self {
            word: AtomicU64::new(word(&state)),
            state: Mutex::new(state),
        }
    }

    /// The epoch, if it is closed: then it lets each call through, whatever the time.
    #[inline]
    pub(super) fn closed(&self) -> Option<u64> {
        let word = self.word.load(Acquire);
        (word & CLOSED != 0).then_some(word >> EPOCH)
    }

    /// Whether it is the same afterwards when a call ends like this: one of this epoch, and so any other.
    #[inline]
    pub(super) fn ignores(&self, outcome: Outcome) -> bool {
        let same = match outcome {
            Outcome::Success => CALM,
            Outcome::Failure => return false,
            Outcome::Unknown => CLOSED,
        };
        self.word.load(Acquire) & same != 0
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> (T, Changed) {
        let mut state = self.lock();
        let before = state.kind();
        let output = change(&mut state);
        self.word.store(word(&state), Release);
        let after = state.kind();
        (output, Changed { before, after })
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn word(state: &State) -> u64 {
    let bit = |is: bool, bit| if is { bit } else { 0 };
    let closed = state.kind() == BreakerState::Closed;
    state.epoch() << EPOCH | bit(closed && state.is_calm(), CALM) | bit(closed, CLOSED)
}
