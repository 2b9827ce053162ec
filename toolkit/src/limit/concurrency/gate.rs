//! Slots while nobody waits: one atomic word, so that who passes takes no lock.
//!
//! ```text
//!             shut: somebody has the lanes' lock
//!        ┌──────────────────────────────────────▶ shut
//!   open ┤ take, put back: one compare and swap     │ the lanes have the slots
//!        └◀─────────────────────────────────────────┘
//!             open: nobody waits, and no more than the limit are taken
//!
//!   word:  free slots │ shut
//! ```
//!
//! It knows of no lanes: it opens where all callers have the same. A swap that saw it open does not succeed once
//! it is shut: so who joins a line, under the lock, overlooks no slot that comes back meanwhile.

use super::lanes::Lanes;
#[cfg(anyrt_loom)]
use loom::sync::atomic::AtomicUsize;
#[cfg(not(anyrt_loom))]
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

const SHUT: usize = 1;
/// One that is free.
const SLOT: usize = 2;
/// So many can be counted.
pub(super) const MOST: usize = usize::MAX / SLOT;

pub(super) struct Gate(AtomicUsize);

impl Gate {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(SHUT))
    }

    /// Takes a slot. Otherwise the lanes know.
    #[inline]
    pub(super) fn take(&self) -> bool {
        let mut word = self.0.load(Relaxed);
        while word & SHUT == 0 && word >= SLOT {
            let less = word - SLOT;
            match self.0.compare_exchange_weak(word, less, Acquire, Relaxed) {
                Ok(_) => return true,
                Err(other) => word = other,
            }
        }
        false
    }

    /// A slot comes back. Otherwise the lanes want it.
    #[inline]
    pub(super) fn put_back(&self) -> bool {
        let mut word = self.0.load(Relaxed);
        while word & SHUT == 0 {
            let more = word + SLOT;
            match self.0.compare_exchange_weak(word, more, Release, Relaxed) {
                Ok(_) => return true,
                Err(other) => word = other,
            }
        }
        false
    }

    /// The lanes have all slots from now on. Under their lock.
    pub(super) fn shut<K>(&self, lanes: &mut Lanes<K>) {
        let word = self.0.fetch_or(SHUT, Acquire);
        if word & SHUT == 0 {
            lanes.set_free(word / SLOT);
        }
    }

    /// Lets callers pass as the lanes do, if nobody waits. Under their lock, while it is shut.
    pub(super) fn open<K>(&self, lanes: &Lanes<K>) {
        if let Some(free) = lanes.free_for_all() {
            self.0.store(free * SLOT, Release);
        }
    }
}
