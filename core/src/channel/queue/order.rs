//! In which order items come out.

use std::{
    cmp,
    collections::{BinaryHeap, VecDeque},
    fmt,
};

/// In which order the items of a [`Queue`](super::Queue) come out. A value, so that it can be a setting.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::channel::queue::{Order, Queue};
/// use std::cmp::Reverse;
///
/// let queue = Queue::unbounded(Order::priority());
/// for item in [Reverse(3), Reverse(1), Reverse(2)] {
///     queue.try_put(item).ok();
/// }
/// assert_eq!(*queue.try_get().unwrap(), Reverse(1));
/// ```
pub struct Order<T>(Kind<T>);

enum Kind<T> {
    Fifo,
    Lifo,
    /// The comparison is kept as a pointer: only who asks for this order needs `T: Ord`.
    Priority(fn(&T, &T) -> cmp::Ordering),
}

impl<T> Order<T> {
    /// The oldest first.
    pub const fn fifo() -> Self {
        Self(Kind::Fifo)
    }

    /// The newest first.
    pub const fn lifo() -> Self {
        Self(Kind::Lifo)
    }

    /// The greatest first, and of equals the oldest. [`Reverse`](cmp::Reverse) turns it round.
    ///
    /// The comparison runs under the queue's lock, so it must neither use the queue nor
    /// panic.
    pub const fn priority() -> Self
    where
        T: Ord,
    {
        Self(Kind::Priority(T::cmp))
    }
}

impl<T> Clone for Order<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Order<T> {}

impl<T> Clone for Kind<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Kind<T> {}

impl<T> fmt::Debug for Order<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Fifo => "Fifo",
            Kind::Lifo => "Lifo",
            Kind::Priority(_) => "Priority",
        })
    }
}

/// The items that wait in a queue.
pub(super) enum Items<T> {
    Fifo(VecDeque<T>),
    Lifo(Vec<T>),
    Priority {
        heap: BinaryHeap<Entry<T>>,
        compare: fn(&T, &T) -> cmp::Ordering,
        /// How many were put so far.
        count: u64,
    },
}

impl<T> Items<T> {
    pub(super) fn new(order: Order<T>) -> Self {
        match order.0 {
            Kind::Fifo => Self::Fifo(VecDeque::new()),
            Kind::Lifo => Self::Lifo(Vec::new()),
            Kind::Priority(compare) => Self::Priority {
                heap: BinaryHeap::new(),
                compare,
                count: 0,
            },
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Fifo(items) => items.len(),
            Self::Lifo(items) => items.len(),
            Self::Priority { heap, .. } => heap.len(),
        }
    }

    pub(super) fn push(&mut self, item: T) {
        match self {
            Self::Fifo(items) => items.push_back(item),
            Self::Lifo(items) => items.push(item),
            Self::Priority {
                heap,
                compare,
                count,
            } => {
                *count += 1;
                heap.push(Entry {
                    item,
                    number: *count,
                    compare: *compare,
                });
            }
        }
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        match self {
            Self::Fifo(items) => items.pop_front(),
            Self::Lifo(items) => items.pop(),
            Self::Priority { heap, .. } => heap.pop().map(|entry| entry.item),
        }
    }

    /// Takes all of them out, to be dropped elsewhere.
    pub(super) fn take(&mut self) -> Self {
        match self {
            Self::Fifo(items) => Self::Fifo(std::mem::take(items)),
            Self::Lifo(items) => Self::Lifo(std::mem::take(items)),
            Self::Priority {
                heap,
                compare,
                count,
            } => Self::Priority {
                heap: std::mem::take(heap),
                compare: *compare,
                count: *count,
            },
        }
    }
}

/// An item of a priority queue, and when it came.
pub(super) struct Entry<T> {
    item: T,
    number: u64,
    compare: fn(&T, &T) -> cmp::Ordering,
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> cmp::Ordering {
        (self.compare)(&self.item, &other.item).then(other.number.cmp(&self.number))
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Entry<T> {}
