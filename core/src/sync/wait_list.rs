//! A queue of waiters in which each keeps its place under a key: O(1) to join, leave and serve.
//!
//! Nodes live in a slab, linked by index, so that a wait allocates nothing once the slab has
//! grown. A node leaves the *queue* when it is granted, but stays in the slab until its
//! waiter has seen the outcome, or was dropped.

use crate::{prim::FirstPanic, task::drop_quietly};
use slab::Slab;
use std::{
    mem,
    task::{Poll, Waker},
};

const NIL: usize = usize::MAX;

/// What became of a waiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Queued,
    Granted,
    Closed,
    /// Served for good: nothing takes that back.
    Served,
}

#[derive(Debug)]
struct Node<C> {
    prev: usize,
    next: usize,
    status: Status,
    waker: Option<Waker>,
    cargo: C,
}

/// A queue of waiters, each with something of its own, its *cargo*.
#[derive(Debug)]
pub(crate) struct WaitList<C = ()> {
    nodes: Slab<Node<C>>,
    head: usize,
    tail: usize,
}

impl WaitList {
    /// Joins the queue at its end.
    pub(crate) fn push(&mut self, waker: Waker) -> usize {
        self.push_with(waker, ())
    }

    /// Removes a waiter that was dropped; says what had become of it, with its waker.
    pub(crate) fn remove(&mut self, key: usize) -> (Status, Option<Waker>) {
        let (status, waker, ()) = self.take(key);
        (status, waker)
    }
}

impl<C> WaitList<C> {
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

    /// The cargo of the first in the queue.
    #[inline]
    pub(crate) fn first_cargo(&mut self) -> Option<&mut C> {
        let first = self.nodes.get_mut(self.head);
        first.map(|node| &mut node.cargo)
    }

    /// The cargo of all, also of those who have left the queue, in no order.
    pub(crate) fn cargoes(&mut self) -> impl Iterator<Item = &mut C> {
        self.nodes.iter_mut().map(|(_, node)| &mut node.cargo)
    }

    /// Joins the queue at its end, with `cargo`.
    pub(crate) fn push_with(&mut self, waker: Waker, cargo: C) -> usize {
        let key = self.nodes.insert(Node {
            prev: self.tail,
            next: NIL,
            status: Status::Queued,
            waker: Some(waker),
            cargo,
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

    /// What became of a waiter, who then is out of the list. For the closure of [`poll_waiter`].
    #[inline]
    pub(crate) fn poll(&mut self, key: usize, visit: &mut Visit<'_>) -> Poll<(Status, C)> {
        let node = &mut self.nodes[key];
        if node.status != Status::Queued {
            let (status, _taken_when_resolved, cargo) = self.take(key);
            return Poll::Ready((status, cargo));
        }
        let kept = node.waker.as_ref();
        if !kept.is_some_and(|kept| kept.will_wake(visit.waker)) {
            visit.wants_fresh = visit.fresh.is_none();
            if let Some(fresh) = &mut visit.fresh {
                fresh.swap(&mut node.waker);
            }
        }
        Poll::Pending
    }

    /// Removes a waiter that saw its outcome, or was dropped; its waker and its cargo are to be
    /// dropped outside the lock.
    pub(crate) fn take(&mut self, key: usize) -> (Status, Option<Waker>, C) {
        if self.nodes[key].status == Status::Queued {
            self.unlink(key);
        }
        let node = self.nodes.remove(key);
        (node.status, node.waker, node.cargo)
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

/// A look at a waiter, under the lock; what it takes to keep the waker's code out of there.
pub(crate) struct Visit<'a> {
    waker: &'a Waker,
    /// A clone of it, or what that has replaced.
    fresh: Option<Spare>,
    wants_fresh: bool,
}

/// Polls a waiter with `look`, which takes the lock and calls [`WaitList::poll`], and is called a second
/// time where a clone of `waker` is to be kept. No code of the waker's runs under the lock.
#[inline]
pub(crate) fn poll_waiter<O>(
    waker: &Waker,
    mut look: impl FnMut(&mut Visit<'_>) -> Poll<O>,
) -> Poll<O> {
    let mut visit = Visit {
        waker,
        fresh: None,
        wants_fresh: false,
    };
    let polled = look(&mut visit);
    if !visit.wants_fresh {
        return polled;
    }
    visit.fresh = Some(Spare::of(waker));
    look(&mut visit)
}

/// A clone of a waker, made before a lock is taken and perhaps not needed then: declared before the guard, it
/// is dropped after it. A panic of its destructor is its own, or it would take along what came instead.
pub(crate) struct Spare(Option<Waker>);

impl Spare {
    #[inline]
    pub(crate) fn of(waker: &Waker) -> Self {
        Self(Some(waker.clone()))
    }

    /// The clone, which is needed.
    #[inline]
    pub(crate) fn take(&mut self) -> Waker {
        self.0.take().expect("a clone is kept in one place")
    }

    /// Keeps the clone there, and drops what was there in its place.
    #[inline]
    pub(crate) fn swap(&mut self, kept: &mut Option<Waker>) {
        mem::swap(kept, &mut self.0);
    }
}

impl Drop for Spare {
    #[inline]
    fn drop(&mut self) {
        if let Some(waker) = self.0.take() {
            drop_quietly(waker);
        }
    }
}

/// Wakes everyone, also past a waker that panics, and goes on with the first panic then.
pub(crate) fn wake_all(wakers: Vec<Waker>) {
    let mut panics = FirstPanic::default();
    for waker in wakers {
        panics.catch(|| waker.wake());
    }
    panics.resume();
}
