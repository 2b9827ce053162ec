//! A flag that tasks can wait for.

use super::{
    const_unless_loom,
    signal::{Party, Queue, Signal, Waiter},
};
use crate::{prim::AtomicBool, waits::Wait};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::atomic::Ordering::{Acquire, Release},
    task::{Context, Poll},
};

/// A flag that tasks can wait for: once it is set, everyone who waits goes on, and so does everyone
/// who comes later.
///
/// What was written before [`set`](Self::set) is visible to whoever saw the event set.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{rt::Runtime, sync::Event};
/// use std::{sync::Arc, time::Duration};
///
/// /// Beats until told to stop.
/// async fn beat<R: Runtime>(rt: R, stop: Arc<Event>) {
///     let second = Duration::from_secs(1);
///     while rt.timeout(second, stop.wait()).await.is_err() {
///         println!("still here");
///     }
/// }
///
/// static READY: Event = Event::new();
/// assert!(!READY.is_set());
/// READY.set();
/// assert!(READY.is_set());
/// ```
///
/// For a signal that one waiter consumes, see [`Notify`](super::Notify); for a value to wait for, see
/// [`OnceCell`](super::OnceCell).
pub struct Event {
    set: AtomicBool,
    signal: Signal<()>,
}

impl Event {
    const_unless_loom! {
        /// An event that is not set.
        pub fn new() -> Self {
            Self { set: AtomicBool::new(false), signal: Signal::new(()) }
        }
    }

    /// Sets it: everyone who waits goes on (*SY-11*), also where it is cleared before they run.
    pub fn set(&self) {
        // Also an event that is set has to go through the lock. Were a look at the flag enough, then
        // of `data = 1; set()` here and `clear(); if data == 0 { wait() }` there, this could still see
        // the flag, and that could not see the data yet: nobody would wake it.
        self.signal.with(|(), queue| {
            self.set.store(true, Release);
            queue.signal_all();
        });
    }

    /// Unsets it: whoever comes now waits for the next [`set`](Self::set) (*SY-11*). To miss nothing,
    /// clear it first, and look for work afterwards.
    pub fn clear(&self) {
        self.signal.with(|(), _| self.set.store(false, Release));
    }

    /// Whether it is set.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.set.load(Acquire)
    }

    /// Waits until it is set; does not suspend where it is.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost with a wait that is dropped.
    #[track_caller]
    pub fn wait(&self) -> EventWait<'_> {
        EventWait(Waiter::new(self))
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("set", &self.is_set())
            .finish_non_exhaustive()
    }
}

impl Party for &Event {
    type State = ();
    type Output = ();

    fn signal(&self) -> &Signal<()> {
        &self.signal
    }

    fn enter(&self, (): &mut (), _: &mut Queue) -> Option<()> {
        self.is_set().then_some(())
    }

    fn signalled(&self) {}

    fn wait(&self) -> Wait {
        Wait::new("an event")
    }

    fn pass_on((): &mut (), _: &mut Queue) {}
}

/// The future of [`Event::wait`].
///
/// # Panics
/// Where it is polled again after it was ready.
#[must_use = "futures do nothing unless they are polled"]
#[derive(Debug)]
pub struct EventWait<'a>(Waiter<&'a Event>);

impl Future for EventWait<'_> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0.interrupts(cx, |event| event.is_set()) {
            return Poll::Pending;
        }
        if self.0.unpolled().is_some_and(|event| event.is_set()) {
            self.0.accept();
            return Poll::Ready(());
        }
        self.0.poll(cx)
    }
}
