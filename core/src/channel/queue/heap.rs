//! A heap that compares first and moves afterwards: a comparison that panics has changed nothing.
//!
//! `BinaryHeap` moves while it compares. Should that panic in a `pop`, it has lost an item, and dropped it under the
//! queue's lock.

use std::{cmp::Ordering, mem};

pub(super) struct Heap<T> {
    entries: Vec<Entry<T>>,
    compare: fn(&T, &T) -> Ordering,
    /// How many were put so far.
    count: u64,
}

/// An item, and when it came.
struct Entry<T> {
    item: T,
    number: u64,
}

impl<T> Heap<T> {
    pub(super) fn new(compare: fn(&T, &T) -> Ordering) -> Self {
        Self {
            entries: Vec::new(),
            compare,
            count: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The item stays where it is in case of a panic.
    pub(super) fn push(&mut self, item: &mut Option<T>) {
        let Some(new) = item else { return };
        let mut at = self.entries.len();
        let mut place = at;
        // Equals are older, and stay above.
        while place > 0 && (self.compare)(new, &self.entries[above(place)].item).is_gt() {
            place = above(place);
        }
        self.count += 1;
        let number = self.count;
        self.entries
            .extend(item.take().map(|item| Entry { item, number }));
        while at > place {
            self.entries.swap(at, above(at));
            at = above(at);
        }
    }

    /// The greatest, and of equals the oldest.
    pub(super) fn pop(&mut self) -> Option<T> {
        let last = self.entries.len().checked_sub(1)?;
        // The last one takes a place on the way down along the greater ones. It is mostly at the bottom, so it is
        // looked for from there.
        let mut place = self.bottom(last);
        while place > 0 && self.is_before(last, place) {
            place = above(place);
        }
        let mut entry = self.entries.pop()?;
        // Those above it move up, each to the place of the next, and the first one out.
        while let Some(moved) = self.entries.get_mut(place) {
            mem::swap(moved, &mut entry);
            if place == 0 {
                break;
            }
            place = above(place);
        }
        Some(entry.item)
    }

    /// Where the way from the top along the greater ones ends, of the first `len`.
    fn bottom(&self, len: usize) -> usize {
        let mut place = 0;
        loop {
            let (left, right) = (place * 2 + 1, place * 2 + 2);
            if left >= len {
                return place;
            }
            place = match right < len && self.is_before(right, left) {
                true => right,
                false => left,
            };
        }
    }

    fn is_before(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.entries[one], &self.entries[other]);
        let order = (self.compare)(&one.item, &other.item);
        order.then(other.number.cmp(&one.number)).is_gt()
    }

    /// Takes all of them out.
    pub(super) fn take(&mut self) -> Self {
        Self {
            entries: mem::take(&mut self.entries),
            ..*self
        }
    }
}

fn above(place: usize) -> usize {
    (place - 1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        cell::Cell,
        panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    };

    thread_local! {
        /// The comparison after so many panics.
        static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
    }

    /// A rank that counts in comparisons, and a number that does not.
    type Item = (u64, u64);

    fn compare(one: &Item, other: &Item) -> Ordering {
        let left = LEFT.get();
        if left == 0 {
            // Silently, for there are thousands.
            resume_unwind(Box::new(()));
        }
        LEFT.set(left - 1);
        one.0.cmp(&other.0)
    }

    /// Tries it again with one comparison more each time, until none panics.
    fn at_each_comparison<O>(heap: &mut Heap<Item>, act: impl Fn(&mut Heap<Item>) -> O) -> O {
        for left in 0.. {
            let before: Vec<_> = heap.entries.iter().map(|entry| entry.item).collect();
            LEFT.set(left);
            let done = catch_unwind(AssertUnwindSafe(|| act(heap)));
            LEFT.set(usize::MAX);
            if let Ok(output) = done {
                return output;
            }
            let after: Vec<_> = heap.entries.iter().map(|entry| entry.item).collect();
            assert_eq!(before, after);
        }
        unreachable!("no call compares for ever")
    }

    #[test]
    fn it_gives_what_a_naive_one_does_though_each_comparison_panics_once() {
        let mut random = 1_u64;
        let mut draw = |end: u64| {
            random = random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            (random >> 33) % end
        };
        let mut heap = Heap::new(compare);
        let mut naive: Vec<Item> = Vec::new();
        for number in 0..2000 {
            // It fills, and empties again.
            if draw(100) < if number < 800 { 70 } else { 40 } {
                let item = (draw(20), number);
                let slot = Cell::new(Some(item));
                at_each_comparison(&mut heap, |heap| {
                    let mut item = slot.get();
                    heap.push(&mut item);
                    assert_eq!(item, None, "it is in");
                });
                naive.push(item);
            } else {
                let first = naive.iter().enumerate();
                let first = first.max_by_key(|(_, (rank, number))| (*rank, u64::MAX - number));
                let first = first.map(|(at, _)| at).map(|at| naive.remove(at));
                assert_eq!(at_each_comparison(&mut heap, Heap::pop), first);
            }
            assert_eq!(heap.len(), naive.len());
        }
    }
}
