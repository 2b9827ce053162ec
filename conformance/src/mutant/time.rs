//! Clocks and timers, with a fault.

use super::{Fault, Mutant};
use crate::outcome::Backend;
use anyrt_core::{
    Instant,
    rt::{Clock, Sleep, Timer},
};
use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::SystemTime,
};

/// How much too early a sleep is.
const EARLY: u64 = 2_000_000;

impl<R: Backend> Clock for Mutant<R> {
    fn now(&self) -> Instant {
        match self.fault {
            Fault::ClockStands => Instant::ORIGIN,
            _ => self.inner.now(),
        }
    }

    fn wall_time(&self) -> SystemTime {
        self.inner.wall_time()
    }
}

impl<R: Backend> Sleep for Mutant<R> {
    type Timer = MutantTimer<R::Timer>;

    #[track_caller]
    fn sleep_until(&self, deadline: Instant) -> Self::Timer {
        let due = match self.fault {
            Fault::SleepEarly => Instant::from_nanos(deadline.as_nanos().saturating_sub(EARLY)),
            Fault::SleepOverflowFires if deadline == Instant::MAX => Instant::ORIGIN,
            _ => deadline,
        };
        let past = deadline <= self.inner.now();
        MutantTimer {
            inner: Some(Box::pin(self.inner.sleep_until(due))),
            fault: self.fault,
            ready_at_once: past && self.fault == Fault::SleepPastReady,
            was_ready: false,
            first_waker: None,
        }
    }
}

/// A timer with a fault.
pub struct MutantTimer<T: Timer> {
    /// `None` in its destructor alone.
    inner: Option<Pin<Box<T>>>,
    fault: Fault,
    ready_at_once: bool,
    was_ready: bool,
    first_waker: Option<Waker>,
}

impl<T: Timer> MutantTimer<T> {
    fn inner(&self) -> &T {
        self.inner.as_ref().expect("there until it is dropped")
    }

    fn pinned(&mut self) -> Pin<&mut T> {
        let inner = self.inner.as_mut().expect("there until it is dropped");
        inner.as_mut()
    }
}

impl<T: Timer> Future for MutantTimer<T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.was_ready && this.fault == Fault::SleepNotFused {
            return Poll::Pending;
        }
        if mem::take(&mut this.ready_at_once) {
            return Poll::Ready(());
        }
        let waker = match this.fault {
            Fault::SleepStaleWaker => this
                .first_waker
                .get_or_insert_with(|| cx.waker().clone())
                .clone(),
            _ => cx.waker().clone(),
        };
        let polled = this.pinned().poll(&mut Context::from_waker(&waker));
        this.was_ready |= polled.is_ready();
        polled
    }
}

impl<T: Timer> Timer for MutantTimer<T> {
    fn deadline(&self) -> Instant {
        self.inner().deadline()
    }

    fn is_elapsed(&self) -> bool {
        self.inner().is_elapsed()
    }

    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        if self.fault != Fault::ResetIgnored {
            self.was_ready = false;
            self.pinned().reset(deadline);
        }
    }
}

impl<T: Timer> Drop for MutantTimer<T> {
    fn drop(&mut self) {
        if self.fault == Fault::SleepLeaks {
            mem::forget(self.inner.take());
        }
    }
}

impl<T: Timer> fmt::Debug for MutantTimer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MutantTimer")
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}
