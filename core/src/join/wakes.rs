//! Which children were woken: a waker per child, and a queue that they push to.
//!
//! A child is polled with a waker of its *leaf*, whose word says which child it stands for:
//!
//! ```text
//!            bind(key)               wake                     bind(key)
//!  ┌──────┐ ──────────▶ ┌─────┐ ─────────────▶ ┌────────────┐ ──────────▶ …
//!  │SILENT│             │ key │  pushes key    │ key|SILENT │   the child is polled
//!  └──────┘ ◀────────── └─────┘                └────────────┘
//!            silence: the child is finished
//! ```
//!
//! A leaf that nobody has cloned after a poll serves the next child. So a child that is ready at
//! its first poll, or that wakes itself by reference, costs no allocation.

use crate::prim::{AtomicU64, Mutex, fence, lock};
use std::{
    collections::VecDeque,
    ops::Range,
    sync::{
        Arc,
        atomic::Ordering::{AcqRel, Acquire, Relaxed},
    },
    task::{Wake, Waker},
};

/// A slot's index below, the slot's generation above, [`SILENT`] in the highest bit: on a leaf. In a
/// queue that bit is [`FRESH`].
pub(super) type Key = u64;

/// A wake has nothing to do: the child is in the queue, or finished.
const SILENT: u64 = 1 << 63;
/// The child has not been polled yet.
pub(super) const FRESH: u64 = 1 << 63;

#[derive(Debug, Default)]
struct Woken {
    queue: Vec<Key>,
    parent: Option<Waker>,
    closed: bool,
}

/// What leaves push to.
#[derive(Debug, Default)]
struct Ready(Mutex<Woken>);

impl Ready {
    fn with<T>(&self, act: impl FnOnce(&mut Woken) -> T) -> T {
        act(&mut lock(&self.0))
    }

    fn push(&self, key: Key) {
        let parent = self.with(|woken| {
            if !woken.closed {
                woken.queue.push(key);
            }
            woken.parent.take()
        });
        if let Some(parent) = parent {
            parent.wake();
        }
    }

    /// Moves what was pushed to `local`; what is pushed from now on wakes `parent`.
    fn drain(&self, parent: &Waker, local: &mut VecDeque<Key>) {
        let registered = self.with(|woken| {
            let registered = woken.parent.as_ref().is_some_and(|p| p.will_wake(parent));
            if registered {
                local.extend(woken.queue.drain(..));
            }
            registered
        });
        if !registered {
            let parent = parent.clone();
            let replaced = self.with(|woken| {
                local.extend(woken.queue.drain(..));
                woken.parent.replace(parent)
            });
            drop(replaced);
        }
    }

    fn close(&self) {
        let left = self.with(|woken| {
            let closed = Woken {
                closed: true,
                ..Woken::default()
            };
            std::mem::replace(woken, closed)
        });
        drop(left);
    }
}

/// What a child's waker wakes.
struct Leaf {
    word: AtomicU64,
    ready: Arc<Ready>,
}

impl Wake for Leaf {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let word = self.word.fetch_or(SILENT, AcqRel);
        if word & SILENT == 0 {
            self.ready.push(word);
        }
    }
}

/// A leaf and a waker of it.
struct Bound {
    leaf: Arc<Leaf>,
    waker: Waker,
}

impl Bound {
    fn new(ready: &Arc<Ready>) -> Self {
        let leaf = Arc::new(Leaf {
            word: AtomicU64::new(SILENT),
            ready: Arc::clone(ready),
        });
        let waker = Waker::from(Arc::clone(&leaf));
        Self { leaf, waker }
    }

    /// Whether a clone of the waker is out. If none is, none can be made but through `self`.
    fn is_cloned(&self) -> bool {
        if Arc::strong_count(&self.leaf) > 2 {
            return true;
        }
        // A clone that is gone may have woken on another thread: that is to be over before the
        // leaf is bound to another child.
        fence(Acquire);
        false
    }
}

/// One of these a slot that was needed.
#[derive(Default)]
struct Entry {
    generation: u32,
    bound: Option<Bound>,
}

/// The wakers of all children of one engine.
pub(super) struct Wakes {
    ready: Arc<Ready>,
    /// Children that were there from the beginning and have not been polled.
    first: Range<u64>,
    /// Those to poll, in the order in which they came or were woken.
    queue: VecDeque<Key>,
    entries: Vec<Entry>,
    /// Serves all children that do not clone it.
    spare: Option<Bound>,
}

impl Wakes {
    /// Wakers for the children in the slots below `children`, none of which was polled.
    pub(super) fn new(children: usize) -> Self {
        Self {
            ready: Arc::default(),
            first: 0..children as u64,
            queue: VecDeque::new(),
            entries: Vec::new(),
            spare: None,
        }
    }

    /// A child has come into a slot.
    pub(super) fn enter(&mut self, index: usize) {
        let entry = self.entry(index);
        entry.generation = (entry.generation + 1) & (u32::MAX >> 1);
        let key = u64::from(entry.generation) << 32 | index as u64;
        self.queue.push_back(key | FRESH);
    }

    fn entry(&mut self, index: usize) -> &mut Entry {
        if index >= self.entries.len() {
            self.entries.resize_with(index + 1, Entry::default);
        }
        &mut self.entries[index]
    }

    /// Queues those who were woken; later ones wake `parent`.
    pub(super) fn drain(&mut self, parent: &Waker) {
        self.ready.drain(parent, &mut self.queue);
    }

    /// Whether nobody is to be polled.
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_empty() && self.queue.is_empty()
    }

    /// The next to poll.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Key> {
        match self.first.next() {
            Some(index) => Some(index | FRESH),
            None => self.queue.pop_front(),
        }
    }

    /// Calls `poll` with a slot's index and its child's waker, unless `key` is of an earlier child.
    ///
    /// What `poll` returns says whether the child goes on.
    #[inline]
    pub(super) fn poll(&mut self, key: Key, poll: impl FnOnce(usize, &Waker) -> bool) {
        let key = key & !FRESH;
        let (index, generation) = ((key & u64::from(u32::MAX)) as usize, (key >> 32) as u32);
        let mut own = None;
        if let Some(entry) = self.entries.get_mut(index) {
            if entry.generation != generation {
                return;
            }
            own = entry.bound.take();
        }
        let Some(own) = own else {
            let spare = self.spare.get_or_insert_with(|| Bound::new(&self.ready));
            // No other thread has it, so nothing is ordered by this.
            spare.leaf.word.store(key, Relaxed);
            let goes_on = poll(index, &spare.waker);
            if spare.is_cloned()
                && let Some(bound) = self.spare.take()
            {
                self.settle(index, bound, goes_on);
            }
            return;
        };
        // Read and write: what happened before the wake is to be seen by the poll.
        own.leaf.word.swap(key, AcqRel);
        let goes_on = poll(index, &own.waker);
        if own.is_cloned() {
            self.settle(index, own, goes_on);
        } else {
            self.spare.get_or_insert(own);
        }
    }

    /// Keeps a leaf whose waker is out for its child, or silences it.
    fn settle(&mut self, index: usize, bound: Bound, goes_on: bool) {
        if goes_on {
            self.entry(index).bound = Some(bound);
        } else {
            bound.leaf.word.fetch_or(SILENT, AcqRel);
        }
    }
}

impl Drop for Wakes {
    /// Wakers that are still out hold no parent back, and wake nobody.
    fn drop(&mut self) {
        self.ready.close();
    }
}
