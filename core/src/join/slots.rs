//! Where children live: pinned slots, in one allocation or in a few that double.

use super::pinned::element;
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

pin_project! {
    /// A place for a child, and for its output once it is finished.
    #[project = SlotProjection]
    #[project_replace = SlotOwned]
    pub(super) enum Slot<F: Future> {
        Vacant,
        Running { #[pin] future: F },
        Done { output: F::Output },
    }
}

impl<F: Future> Slot<F> {
    /// Polls the child, if there is one that runs.
    #[inline]
    pub(super) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project() {
            SlotProjection::Running { future } => future.poll(cx),
            _ => Poll::Pending,
        }
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }

    /// The output that was kept here.
    ///
    /// # Panics
    /// Where there is none.
    #[inline]
    pub(super) fn take(self: Pin<&mut Self>) -> F::Output {
        match self.project_replace(Self::Vacant) {
            SlotOwned::Done { output } => output,
            _ => panic!("polled again after it was ready, or after a child panicked"),
        }
    }
}

/// Slots by index.
pub(super) trait Slots {
    type Child: Future;

    /// # Panics
    /// Where there is no such slot.
    fn slot(&mut self, index: usize) -> Pin<&mut Slot<Self::Child>>;

    /// Drops the child of a slot. The slot is vacant also if the child's destructor panics.
    fn vacate(&mut self, index: usize) {
        self.slot(index).set(Slot::Vacant);
    }
}

/// As many slots as there were children at first.
pub(super) struct Fixed<F: Future>(Pin<Box<[Slot<F>]>>);

impl<F: Future> Fixed<F> {
    pub(super) fn new(children: impl IntoIterator<Item = F>) -> Self {
        let running = children
            .into_iter()
            .map(|future| Slot::Running { future })
            .collect::<Box<[_]>>();
        Self(Box::into_pin(running))
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What was kept in all the slots.
    #[inline]
    pub(super) fn take_all(&mut self) -> impl ExactSizeIterator<Item = F::Output> {
        let mut slots = self.0.as_mut();
        (0..slots.len()).map(move |index| element(slots.as_mut(), index).take())
    }
}

impl<F: Future> Slots for Fixed<F> {
    type Child = F;

    #[inline]
    fn slot(&mut self, index: usize) -> Pin<&mut Slot<F>> {
        element(self.0.as_mut(), index)
    }
}

/// Slots that are used again, and grow in number: each chunk has as many as all before it, for
/// children cannot be moved to a larger one.
pub(super) struct Growing<F: Future> {
    chunks: Vec<Pin<Box<[Slot<F>]>>>,
    vacant: Vec<usize>,
}

/// The slots of the first chunk.
const FIRST: usize = 8;

impl<F: Future> Growing<F> {
    pub(super) const fn new() -> Self {
        Self {
            chunks: Vec::new(),
            vacant: Vec::new(),
        }
    }

    pub(super) fn insert(&mut self, future: F) -> usize {
        let index = self.vacant.pop().unwrap_or_else(|| self.grow());
        self.slot(index).set(Slot::Running { future });
        index
    }

    /// Adds a chunk, and returns the first of its slots.
    fn grow(&mut self) -> usize {
        let count = match self.chunks.len() {
            0 => FIRST,
            chunks => FIRST << (chunks - 1),
        };
        let first = if self.chunks.is_empty() { 0 } else { count };
        let chunk: Box<[_]> = (0..count).map(|_| Slot::Vacant).collect();
        self.chunks.push(Box::into_pin(chunk));
        // As a stack: the lowest is used first.
        self.vacant.extend((first + 1..first + count).rev());
        first
    }
}

impl<F: Future> Slots for Growing<F> {
    type Child = F;

    #[inline]
    fn slot(&mut self, index: usize) -> Pin<&mut Slot<F>> {
        // Chunk n > 0 has the slots from FIRST * 2^(n - 1) on.
        let chunk = (index / FIRST).checked_ilog2().map_or(0, |log| log + 1) as usize;
        let first = if chunk == 0 { 0 } else { FIRST << (chunk - 1) };
        element(self.chunks[chunk].as_mut(), index - first)
    }

    fn vacate(&mut self, index: usize) {
        self.vacant.push(index);
        self.slot(index).set(Slot::Vacant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{Ready, ready};

    #[test]
    fn slots_are_used_again_before_more_are_made() {
        let mut slots: Growing<Ready<usize>> = Growing::new();
        for n in 0..100 {
            assert_eq!(slots.insert(ready(n)), n);
        }
        slots.vacate(40);
        slots.vacate(7);
        assert_eq!(slots.insert(ready(0)), 7);
        assert_eq!(slots.insert(ready(0)), 40);
        assert_eq!(slots.insert(ready(0)), 100);
        assert_eq!(slots.chunks.len(), 5);
        assert!((0..=100).all(|index| slots.slot(index).is_running()));
    }
}
