//! The loop that drives a world: polls what is ready, and lets time pass where nothing is.

use super::{
    BoxedTask, World,
    thread::{self, Drives, Ending, Polls},
    timers::Sleeper,
};
use crate::{
    failure::Failure,
    notes::{self, Note},
    trace::Event,
};
use anyrt_core::join::with_drawn_turns;
use std::{
    future::Future,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::Pin,
    sync::{Arc, PoisonError, atomic::Ordering::Release},
    task::{Context, Poll, Waker},
    time::Duration,
};

/// What was polled and is pending: its place, its future (not the body's), its waker.
type Left = (usize, Option<BoxedTask>, Waker);

impl World {
    /// Runs `body` and all that it spawns, until it is ready.
    pub(crate) fn drive<F: Future>(
        self: &Arc<Self>,
        body: Pin<&mut F>,
        place: &'static Location<'static>,
    ) -> Result<F::Output, Failure> {
        {
            let mut state = self.lock();
            assert!(
                !state.driven,
                "`block_on` inside a simulation that runs already would never return: `.await` instead; blocking work is \
                 one step here, which waits for nothing: have it return, await, and spawn the rest"
            );
            state.driven = true;
        }
        notes::begin();
        let _driven = (Driven(self), Drives::begin(), Polls::begin(self));
        let Some(entry) = self.reserve(place) else {
            panic!("a simulation that has ended runs nothing any more");
        };
        self.begin(entry, None);
        with_drawn_turns(thread::turn, || self.poll_all(entry.0, body))
    }

    /// Polls what is ready, one after the other, until the body is.
    fn poll_all<F: Future>(
        &self,
        body_key: usize,
        mut body: Pin<&mut F>,
    ) -> Result<F::Output, Failure> {
        let mut left: Option<Left> = None;
        let mut notes = Vec::new();
        loop {
            let (key, future, waker) = self.next(left.take(), &mut notes)?;
            let mut cx = Context::from_waker(&waker);
            if key == body_key {
                let polled = notes::collect(&mut notes, || body.as_mut().poll(&mut cx));
                if let Poll::Ready(output) = polled {
                    self.end(key, Ending::Ready);
                    return Ok(output);
                }
                left = Some((key, None, waker));
                continue;
            }
            let Some(mut future) = future else { continue };
            Ending::Aborted.note();
            match notes::collect(&mut notes, || future.as_mut().poll(&mut cx)) {
                Poll::Pending => left = Some((key, Some(future), waker)),
                Poll::Ready(()) => {
                    let ending = Ending::noted();
                    drop(future);
                    self.end(key, ending);
                }
            }
        }
    }

    /// Puts back the task that was polled, with its notes, and gives the next one. Where nothing is ready, the clock
    /// jumps.
    fn next(
        &self,
        left: Option<Left>,
        notes: &mut Vec<Note>,
    ) -> Result<(usize, Option<BoxedTask>, Waker), Failure> {
        let mut state = self.lock();
        if let Some((key, future, waker)) = left {
            let task = &mut state.tasks[key];
            (task.future, task.spare) = (future, Some(waker));
        }
        state.polled(notes);
        state.current = None;
        loop {
            if let Some(failure) = state.failed.take() {
                return Err(failure);
            }
            let busy = state.check_limits()?;
            if state.ready.is_empty() && state.outside > 0 {
                state.waits = true;
                let waited = self.changed.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
                state.waits = false;
            } else if busy || state.ready.is_empty() {
                let others = state.jump()?;
                self.now.store(state.now, Release);
                if !others.is_empty() {
                    drop(state);
                    others.into_iter().for_each(|other| self.wake(other));
                    state = self.lock();
                }
            } else if let Some(next) = state.pick() {
                return Ok(next);
            }
        }
    }

    /// Time goes by, and nobody is polled.
    pub(crate) fn stall(&self, time: Duration) {
        let mut state = self.lock();
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let end = state.now.saturating_add(nanos);
        while state.timers.next().is_some_and(|next| next <= end) {
            let others = match state.jump() {
                Ok(others) => others,
                Err(failure) => {
                    state.failed.get_or_insert(failure);
                    return;
                }
            };
            self.now.store(state.now, Release);
            drop(state);
            others.into_iter().for_each(|other| self.wake(other));
            state = self.lock();
        }
        if end > state.now {
            (state.now, state.steps_now, state.spins) = (end, 0, 0);
            state.trace.add(end, Event::Jumped);
            self.now.store(end, Release);
        }
    }

    fn wake(&self, sleeper: Sleeper) {
        match sleeper {
            Sleeper::Task(tenant) => self.lock().wake(tenant),
            Sleeper::Other(waker) => waker.wake(),
        }
    }

    fn end(&self, key: usize, ending: Ending) {
        let mut state = self.lock();
        state.note_panics();
        let task = state.tasks.remove(key);
        let now = state.now;
        let event = match ending {
            Ending::Ready => Event::Ended(task.no),
            Ending::Panicked => Event::Panicked(task.no),
            Ending::Aborted => Event::Aborted(task.no),
        };
        state.trace.add(now, event);
        state.current = None;
        drop(state);
        drop(task);
    }

    /// Drops all that is left. Destructors may spawn: that is dropped, too.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        loop {
            let mut state = self.lock();
            let tasks = std::mem::take(&mut state.tasks);
            let timers = state.timers.clear();
            state.ready.clear();
            drop(state);
            if tasks.is_empty() && timers.is_empty() {
                return;
            }
            for (_, task) in tasks {
                // A destructor that panics is the task's own affair, as on any runtime.
                let dropped = catch_unwind(AssertUnwindSafe(|| drop(task)));
                dropped.unwrap_or_else(std::mem::forget);
            }
        }
    }
}

/// The world is driven, until dropped.
struct Driven<'a>(&'a World);

impl Drop for Driven<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.note_panics();
        if let Some((key, _)) = state.current
            && let Some(task) = state.tasks.get_mut(key)
        {
            // It panicked, so it waits no more, and is not polled again.
            task.notes.clear();
            task.waker.queued.store(false, Release);
        }
        state.driven = false;
        state.current = None;
    }
}
