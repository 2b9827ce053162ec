//! In which order items come out.

use super::heap::Heap;
use std::{cmp, collections::VecDeque, fmt, mem};

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
    /// The comparison runs under the queue's lock, so it must not use the queue. Where it panics, the call unwinds,
    /// and neither an item nor anybody's turn is lost: what was to be put is not in, and what was to be taken still
    /// is, for whoever comes next.
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
    Priority(Heap<T>),
}

impl<T> Items<T> {
    pub(super) fn new(order: Order<T>) -> Self {
        match order.0 {
            Kind::Fifo => Self::Fifo(VecDeque::new()),
            Kind::Lifo => Self::Lifo(Vec::new()),
            Kind::Priority(compare) => Self::Priority(Heap::new(compare)),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Fifo(items) => items.len(),
            Self::Lifo(items) => items.len(),
            Self::Priority(heap) => heap.len(),
        }
    }

    /// Takes the item, unless its comparison panics.
    pub(super) fn push(&mut self, item: &mut Option<T>) {
        match self {
            Self::Fifo(items) => items.extend(item.take()),
            Self::Lifo(items) => items.extend(item.take()),
            Self::Priority(heap) => heap.push(item),
        }
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        match self {
            Self::Fifo(items) => items.pop_front(),
            Self::Lifo(items) => items.pop(),
            Self::Priority(heap) => heap.pop(),
        }
    }

    /// Takes all of them out, to be dropped elsewhere.
    pub(super) fn take(&mut self) -> Self {
        match self {
            Self::Fifo(items) => Self::Fifo(mem::take(items)),
            Self::Lifo(items) => Self::Lifo(mem::take(items)),
            Self::Priority(heap) => Self::Priority(heap.take()),
        }
    }
}
