//! Children that a test steers, and drops that it counts.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
};

/// Steers a child from outside.
#[derive(Clone, Default)]
pub(crate) struct Remote(Rc<State>);

#[derive(Default)]
struct State {
    open: Cell<bool>,
    polls: Cell<usize>,
    drops: Cell<usize>,
    waker: RefCell<Option<Waker>>,
}

impl Remote {
    pub(crate) fn many(count: usize) -> Vec<Self> {
        (0..count).map(|_| Self::default()).collect()
    }

    /// Lets the child finish, and wakes it.
    pub(crate) fn open(&self) {
        self.0.open.set(true);
        self.wake();
    }

    pub(crate) fn wake(&self) {
        let waker = self.0.waker.borrow_mut().take();
        waker.into_iter().for_each(Waker::wake);
    }

    /// The waker of the last poll.
    pub(crate) fn waker(&self) -> Waker {
        self.0.waker.borrow().clone().expect("it was polled")
    }

    pub(crate) fn polls(&self) -> usize {
        self.0.polls.get()
    }

    pub(crate) fn drops(&self) -> usize {
        self.0.drops.get()
    }

    /// A child that gives `output` once it is let.
    pub(crate) fn child<T>(&self, output: T) -> Child<T> {
        Child {
            remote: self.clone(),
            output: Some(output),
        }
    }
}

pub(crate) struct Child<T> {
    remote: Remote,
    output: Option<T>,
}

impl<T> Unpin for Child<T> {}

impl<T> Future for Child<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let state = self.remote.0.clone();
        state.polls.set(state.polls.get() + 1);
        if state.open.get() {
            return Poll::Ready(self.output.take().expect("it is polled once after the end"));
        }
        *state.waker.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl<T> Drop for Child<T> {
    fn drop(&mut self) {
        self.remote.0.drops.set(self.remote.drops() + 1);
    }
}

/// Counts its drops.
#[derive(Clone, Default)]
pub(crate) struct Drops(Arc<AtomicUsize>);

impl Drops {
    pub(crate) fn count(&self) -> usize {
        self.0.load(SeqCst)
    }

    pub(crate) fn item(&self) -> Item {
        Item(self.0.clone())
    }
}

#[derive(Debug)]
pub(crate) struct Item(Arc<AtomicUsize>);

impl Drop for Item {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}
