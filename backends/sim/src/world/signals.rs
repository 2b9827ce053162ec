//! Signals of a world: who listens, and what has come.

use super::World;
use crate::trace::Event;
use anyrt_core::rt::Signal;
use std::task::{Poll, Waker};

/// A stream of signals.
#[derive(Debug)]
pub(super) struct Listener {
    of: Vec<Signal>,
    /// What has come and was not given, each once.
    came: Vec<Signal>,
    waker: Option<Waker>,
}

impl World {
    pub(crate) fn listen(&self, of: &[Signal]) -> usize {
        self.lock().listeners.insert(Listener {
            of: of.to_vec(),
            came: Vec::new(),
            waker: None,
        })
    }

    /// Gives a signal to all who listen to it, and says how many those are.
    pub(crate) fn raise(&self, signal: Signal) -> usize {
        let mut guard = self.lock();
        let state = &mut *guard;
        state.trace.add(state.now, Event::Raised(signal));
        let mut heard = 0;
        let mut wakers = Vec::new();
        for (_, listener) in &mut state.listeners {
            if listener.of.contains(&signal) {
                heard += 1;
                if !listener.came.contains(&signal) {
                    listener.came.push(signal);
                }
                wakers.extend(listener.waker.take());
            }
        }
        drop(guard);
        wakers.into_iter().for_each(Waker::wake);
        heard
    }

    pub(crate) fn poll_signal(&self, key: usize, waker: &Waker) -> Poll<Option<Signal>> {
        let waker = waker.clone();
        let mut state = self.lock();
        let listener = &mut state.listeners[key];
        if listener.of.is_empty() {
            return Poll::Ready(None);
        }
        if !listener.came.is_empty() {
            return Poll::Ready(Some(listener.came.remove(0)));
        }
        let replaced = listener.waker.replace(waker);
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    pub(crate) fn listen_no_more(&self, key: usize) {
        let removed = self.lock().listeners.remove(key);
        drop(removed);
    }
}
