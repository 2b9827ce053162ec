//! A queue of waiters in which each keeps its place under a key: O(1) to join, leave and serve.
//!
//! Nodes live in a slab, linked by index, so that a wait allocates nothing once the slab has
//! grown. A node leaves the *queue* when it is granted, but stays in the slab until its
//! waiter has seen the outcome, or was dropped.

use slab::Slab;
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    task::Waker,
};

const NIL: usize = usize::MAX;

/// What became of a waiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Queued,
    Granted,
    Closed,
}

#[derive(Debug)]
struct Node {
    prev: usize,
    next: usize,
    need: usize,
    status: Status,
    waker: Option<Waker>,
}

#[derive(Debug)]
pub(crate) struct WaitList {
    nodes: Slab<Node>,
    head: usize,
    tail: usize,
}

impl WaitList {
    pub(crate) const fn new() -> Self {
        Self {
            nodes: Slab::new(),
            head: NIL,
            tail: NIL,
        }
    }

    /// Whether nobody is queued.
    pub(crate) fn is_empty(&self) -> bool {
        self.head == NIL
    }

    /// What the first in the queue needs.
    pub(crate) fn first_need(&self) -> Option<usize> {
        self.nodes.get(self.head).map(|node| node.need)
    }

    /// Joins the queue at its end.
    pub(crate) fn push(&mut self, need: usize, waker: Waker) -> usize {
        let status = Status::Queued;
        let key = self.nodes.insert(Node {
            prev: self.tail,
            next: NIL,
            need,
            status,
            waker: Some(waker),
        });
        match self.tail {
            NIL => self.head = key,
            tail => self.nodes[tail].next = key,
        }
        self.tail = key;
        key
    }

    /// Takes the first out of the queue with that outcome, and returns its waker.
    pub(crate) fn resolve_first(&mut self, status: Status) -> Option<Waker> {
        let key = self.head;
        self.unlink(key);
        let node = &mut self.nodes[key];
        node.status = status;
        node.waker.take()
    }

    /// Closes everyone who is queued, and with `revoke` also those granted who have not seen it
    /// yet; returns how many grants that took back.
    pub(crate) fn close(&mut self, revoke: bool, wakers: &mut Vec<Waker>) -> usize {
        while !self.is_empty() {
            wakers.extend(self.resolve_first(Status::Closed));
        }
        let mut revoked = 0;
        if revoke {
            for (_, node) in &mut self.nodes {
                if node.status == Status::Granted {
                    node.status = Status::Closed;
                    revoked += 1;
                }
            }
        }
        revoked
    }

    /// Looks after a waiter: an outcome takes it out of the list; otherwise `waker` is kept, and
    /// the one that it replaces comes back, to be dropped outside the lock.
    pub(crate) fn poll(&mut self, key: usize, waker: &Waker) -> Result<Status, Option<Waker>> {
        let node = &mut self.nodes[key];
        if node.status != Status::Queued {
            let status = node.status;
            self.nodes.remove(key);
            return Ok(status);
        }
        match &mut node.waker {
            Some(kept) if kept.will_wake(waker) => Err(None),
            kept => Err(kept.replace(waker.clone())),
        }
    }

    /// Removes a waiter that was dropped; says what had become of it, with its waker.
    pub(crate) fn remove(&mut self, key: usize) -> (Status, Option<Waker>) {
        if self.nodes[key].status == Status::Queued {
            self.unlink(key);
        }
        let node = self.nodes.remove(key);
        (node.status, node.waker)
    }

    fn unlink(&mut self, key: usize) {
        let Node { prev, next, .. } = self.nodes[key];
        match prev {
            NIL => self.head = next,
            prev => self.nodes[prev].next = next,
        }
        match next {
            NIL => self.tail = prev,
            next => self.nodes[next].prev = prev,
        }
    }
}

/// Wakes everyone, also past a waker that panics, and goes on with the first panic then.
pub(crate) fn wake_all(wakers: Vec<Waker>) {
    let mut first = None;
    for waker in wakers {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            first.get_or_insert(payload);
        }
    }
    if let Some(payload) = first {
        resume_unwind(payload);
    }
}
