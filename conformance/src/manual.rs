//! Time that stands until a rule moves it: for what depends on times alone, polled by hand.

use anyrt_core::{
    Instant,
    rt::{Clock, Sleep, Timer},
};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime},
};

/// A clock that is set by hand, at 0 first. Its timers wake nobody: poll them again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manual(Arc<AtomicU64>);

impl Manual {
    /// Sets the clock to so many seconds after its origin.
    pub(crate) fn set(&self, secs: u64) {
        self.0.store(secs * 1_000_000_000, SeqCst);
    }
}

/// So many seconds after the origin.
pub(crate) fn at(secs: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(secs)
}

impl Clock for Manual {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.0.load(SeqCst))
    }

    fn wall_time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

impl Sleep for Manual {
    type Timer = ManualTimer;

    fn sleep_until(&self, deadline: Instant) -> ManualTimer {
        ManualTimer {
            clock: self.clone(),
            deadline,
            waker: None,
        }
    }
}

/// A timer on a [`Manual`] clock. Like a real one, it keeps the waker of its last poll.
#[derive(Debug)]
pub(crate) struct ManualTimer {
    clock: Manual,
    deadline: Instant,
    waker: Option<Waker>,
}

impl Future for ManualTimer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.waker = Some(cx.waker().clone());
        match self.is_elapsed() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

impl Timer for ManualTimer {
    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn is_elapsed(&self) -> bool {
        self.clock.now() >= self.deadline
    }

    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.deadline = deadline;
    }
}
