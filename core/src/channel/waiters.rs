//! Those who wait for the same thing to happen, and are all woken when it has.

use crate::{
    prim::{Mutex, lock},
    sync::wait_list::WaitList,
    task::drop_quietly,
    waits::{self, Wait},
};
use std::task::{Context, Poll, Waker};

/// Each has a key, which its future keeps; `None` while it is not among them.
#[derive(Debug)]
pub(super) struct Waiters(WaitList);

impl Waiters {
    pub(super) const fn new() -> Self {
        Self(WaitList::new())
    }

    /// Moves all wakers into `wakers`, to be woken outside the lock.
    pub(super) fn take_all(&mut self, wakers: &mut Vec<Waker>) {
        self.0.close(false, wakers);
    }

    /// Gives up `key`; its waker is to be dropped outside the lock.
    #[must_use]
    pub(super) fn leave(&mut self, key: &mut Option<usize>) -> Option<Waker> {
        let (_, waker) = self.0.remove(key.take()?);
        waker
    }

    fn wait(&mut self, key: &mut Option<usize>, waker: Waker) -> Option<Waker> {
        let replaced = self.leave(key);
        *key = Some(self.0.push(waker));
        replaced
    }
}

/// A state under a lock, with those who wait for it to change.
pub(super) trait Watched {
    fn waiters(&mut self) -> &mut Waiters;
}

/// Ready with what `look` finds; otherwise waits at `key`, and says what for.
///
/// It looks a second time once the waker is cloned: cloning runs foreign code, which must not
/// happen under the lock.
#[inline]
pub(super) fn poll_until<S: Watched, O>(
    state: &Mutex<S>,
    key: &mut Option<usize>,
    cx: &mut Context<'_>,
    wait: impl Fn() -> Wait,
    mut look: impl FnMut(&mut S) -> Option<O>,
) -> Poll<O> {
    let mut waker = None;
    loop {
        let mut guard = lock(state);
        let found = look(&mut guard);
        let replaced = match (&found, waker.take()) {
            (Some(_), unused) => (guard.waiters().leave(key), unused),
            (None, Some(waker)) => (guard.waiters().wait(key, waker), None),
            (None, None) => {
                drop(guard);
                waker = Some(cx.waker().clone());
                continue;
            }
        };
        drop(guard);
        // Or a panic of it would take along what was found.
        drop_quietly(replaced);
        if found.is_none() {
            waits::pending(state, wait);
        }
        return found.map_or(Poll::Pending, Poll::Ready);
    }
}

/// Gives up `key` when its future is dropped.
#[inline]
pub(super) fn leave<S: Watched>(state: &Mutex<S>, key: &mut Option<usize>) {
    if key.is_some() {
        give_up(state, key);
    }
}

#[cold]
fn give_up<S: Watched>(state: &Mutex<S>, key: &mut Option<usize>) {
    waits::gave_up(state);
    let waker = lock(state).waiters().leave(key);
    drop(waker);
}
