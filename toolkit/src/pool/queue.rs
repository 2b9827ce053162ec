//! Those who wait, in the order in which they asked.
//!
//! ```text
//!          grant                     seen
//!  queued ───────▶ granted ─────────────────▶ gone
//!    │ ╲ close                                 ▲
//!    │  ╰────────▶ closed ────────────────────▶┤
//!    └──────────────── left ───────────────────┘
//! ```
//!
//! Nodes lie in a slab, linked by index: to join, to be served and to leave take the same time however many wait, and
//! allocate nothing once the slab has grown. What was granted lies in the node until its owner comes
//! for it, or leaves: so nobody is chosen at one moment and served at another.

use slab::Slab;
use std::{mem, task::Waker};

const NIL: usize = usize::MAX;

pub(super) struct Queue<G> {
    nodes: Slab<Node<G>>,
    head: usize,
    tail: usize,
    len: usize,
}

struct Node<G> {
    ticket: u64,
    prev: usize,
    next: usize,
    stage: Stage<G>,
}

/// What has become of one who waits.
pub(super) enum Stage<G> {
    /// To be woken, if it left a waker.
    Queued(Option<Waker>),
    Granted(G),
    Closed,
}

impl<G> Queue<G> {
    pub(super) fn new() -> Self {
        Self {
            nodes: Slab::new(),
            head: NIL,
            tail: NIL,
            len: 0,
        }
    }

    /// How many are queued.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Joins behind those with smaller tickets, which mostly are all.
    pub(super) fn join(&mut self, ticket: u64, waker: Option<Waker>) -> usize {
        let next = match self.nodes.get(self.tail) {
            Some(last) if last.ticket > ticket => self.first_after(ticket),
            _ => NIL,
        };
        let prev = match next {
            NIL => self.tail,
            next => self.nodes[next].prev,
        };
        let key = self.nodes.insert(Node {
            ticket,
            prev,
            next,
            stage: Stage::Queued(waker),
        });
        self.link(prev, next, (key, key));
        self.len += 1;
        key
    }

    /// Of who asked later, the first.
    fn first_after(&self, ticket: u64) -> usize {
        let mut key = self.head;
        while let Some(node) = self.nodes.get(key)
            && node.ticket < ticket
        {
            key = node.next;
        }
        key
    }

    /// Serves the first, if there is one, with what `grant` gives, and returns its waker, to be woken outside the lock.
    pub(super) fn grant_first(&mut self, grant: G) -> Option<Waker> {
        let key = self.head;
        self.decide(key, Stage::Granted(grant))
    }

    /// All who are queued wait in vain. Their wakers are to be woken outside the lock.
    pub(super) fn close(&mut self) -> Vec<Waker> {
        let mut wakers = Vec::with_capacity(self.len);
        while self.len > 0 {
            wakers.extend(self.decide(self.head, Stage::Closed));
        }
        wakers
    }

    fn decide(&mut self, key: usize, stage: Stage<G>) -> Option<Waker> {
        self.unlink(key);
        match mem::replace(&mut self.nodes[key].stage, stage) {
            Stage::Queued(waker) => waker,
            Stage::Granted(_) | Stage::Closed => None,
        }
    }

    /// What has been decided of one who waits, who is gone then. Where nothing has, its waker is exchanged for a
    /// `fresh` one, if that is given.
    pub(super) fn look(&mut self, key: usize, fresh: &mut Option<Waker>) -> Option<Stage<G>> {
        if let Stage::Queued(kept) = &mut self.nodes[key].stage {
            if fresh.is_some() {
                mem::swap(kept, fresh);
            }
            return None;
        }
        Some(self.nodes.remove(key).stage)
    }

    /// One who waits goes. What it leaves is to be dropped outside the lock.
    pub(super) fn leave(&mut self, key: usize) -> Stage<G> {
        if let Stage::Queued(_) = self.nodes[key].stage {
            self.unlink(key);
        }
        self.nodes.remove(key).stage
    }

    fn unlink(&mut self, key: usize) {
        let Node { prev, next, .. } = self.nodes[key];
        self.link(prev, next, (next, prev));
        self.len -= 1;
    }

    /// Has `prev` and `next`, or the ends of the queue, point to these two.
    fn link(&mut self, prev: usize, next: usize, (after, before): (usize, usize)) {
        match prev {
            NIL => self.head = after,
            prev => self.nodes[prev].next = after,
        }
        match next {
            NIL => self.tail = before,
            next => self.nodes[next].prev = before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(queue: &mut Queue<u64>, grant: u64) {
        assert!(queue.grant_first(grant).is_none(), "nobody left a waker");
    }

    fn number(stage: Option<Stage<u64>>) -> u64 {
        match stage {
            Some(Stage::Granted(number)) => number,
            _ => panic!("it was not granted"),
        }
    }

    #[test]
    fn it_is_the_order_of_tickets_whoever_leaves() {
        let mut queue = Queue::new();
        let mut keys = [0; 6];
        for ticket in [1, 4, 5, 2, 0, 3] {
            keys[ticket] = queue.join(ticket as u64, None);
        }
        for gone in [5, 0, 2] {
            assert!(matches!(queue.leave(keys[gone]), Stage::Queued(None)));
        }
        assert_eq!(queue.len(), 3);
        (10..13).for_each(|number| granted(&mut queue, number));
        let numbers = [1, 3, 4].map(|ticket| number(queue.look(keys[ticket], &mut None)));
        assert_eq!(numbers, [10, 11, 12]);
        assert_eq!((queue.len(), queue.nodes.len()), (0, 0));
    }

    #[test]
    fn what_was_granted_stays_granted_when_it_closes() {
        let mut queue = Queue::new();
        let [first, second, third] = [0, 1, 2].map(|ticket| queue.join(ticket, None));
        granted(&mut queue, 10);
        granted(&mut queue, 11);
        let mut waker = Some(Waker::noop().clone());
        assert!(queue.look(third, &mut waker).is_none() && waker.is_none());
        assert_eq!(queue.close().len(), 1);
        assert_eq!(number(queue.look(first, &mut None)), 10);
        assert!(matches!(queue.leave(second), Stage::Granted(11)));
        assert!(matches!(queue.look(third, &mut None), Some(Stage::Closed)));
    }
}
