//! What a group knows of a live child.

use std::{panic::Location, task::Waker};

/// A live child. Each has one beside its task, so it is kept small.
pub(super) struct Entry {
    /// The number, above two flags that would take 8 bytes by themselves.
    tag: u64,
    pub(super) spawned_at: &'static Location<'static>,
    /// For an abort, once the child has waited.
    pub(super) waker: Option<Waker>,
}

const STARTED: u64 = 1;
const ABORTED: u64 = 2;
const FLAGS: u32 = 2;

// The slab's own mark fits into it.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Option<Entry>>() <= 32);

impl Entry {
    #[inline]
    pub(super) fn new(index: u64, spawned_at: &'static Location<'static>, started: bool) -> Self {
        Self {
            tag: index << FLAGS | u64::from(started),
            spawned_at,
            waker: None,
        }
    }

    #[inline]
    pub(super) fn index(&self) -> u64 {
        self.tag >> FLAGS
    }

    pub(super) fn start(&mut self) {
        self.tag |= STARTED;
    }

    pub(super) fn is_started(&self) -> bool {
        self.tag & STARTED != 0
    }

    /// Whether it was not aborted before.
    pub(super) fn abort(&mut self) -> bool {
        let first = !self.is_aborted();
        self.tag |= ABORTED;
        first
    }

    #[inline]
    pub(super) fn is_aborted(&self) -> bool {
        self.tag & ABORTED != 0
    }
}
