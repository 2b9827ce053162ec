//! An async-io timer that keeps nobody's waker after it was dropped.

use anyrt_core::{
    Instant,
    time::{Alarm, AlarmTimer},
};
use async_io::Timer;
use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
    time::{self, Duration},
};

/// The timer of a runtime on async-io's reactor.
pub type AsyncIoTimer = AlarmTimer<AsyncIoAlarm>;

/// A timer for `deadline`.
pub fn sleep_until(deadline: Instant) -> AsyncIoTimer {
    AlarmTimer::new(AsyncIoAlarm {
        deadline: real(deadline),
        maybe_past: true,
        armed: None,
    })
}

/// A timer for the time in `duration`, with a single look at the clock.
#[inline]
pub fn sleep(duration: Duration) -> AsyncIoTimer {
    AlarmTimer::new(AsyncIoAlarm {
        deadline: time::Instant::now().checked_add(duration),
        maybe_past: duration.is_zero(),
        armed: None,
    })
}

/// `None`, which is never, where the operating system's clock does not reach so far.
fn real(deadline: Instant) -> Option<time::Instant> {
    if deadline == Instant::MAX {
        return None;
    }
    crate::origin().checked_add(Duration::from_nanos(deadline.as_nanos()))
}

/// An async-io timer, as an [`Alarm`].
///
/// The reactor removes a dropped timer, with its waker, when it next has something to do, which
/// may be hours later. So it is given a relay, which is emptied at once.
pub struct AsyncIoAlarm {
    deadline: Option<time::Instant>,
    /// Whether it is worth a look at the clock that there may be nothing to wait for.
    maybe_past: bool,
    /// Made at the first poll.
    armed: Option<Armed>,
}

struct Armed {
    timer: Timer,
    relay: Arc<Relay>,
    /// The relay once more, as the reactor knows it.
    waker: Waker,
}

impl Alarm for AsyncIoAlarm {
    fn deadline(&self) -> Instant {
        self.deadline.map_or(Instant::MAX, |deadline| {
            Instant::ORIGIN + deadline.saturating_duration_since(crate::origin())
        })
    }

    fn set(mut self: Pin<&mut Self>, deadline: Instant) {
        let this = &mut *self;
        this.deadline = real(deadline);
        this.maybe_past = true;
        match (&mut this.armed, this.deadline) {
            (Some(armed), Some(deadline)) => armed.timer.set_at(deadline),
            (armed, _) => *armed = None,
        }
    }

    fn poll_fired(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self {
            deadline,
            maybe_past,
            armed,
        } = &mut *self;
        let Some(deadline) = *deadline else {
            return Poll::Pending;
        };
        if armed.is_none() && *maybe_past && time::Instant::now() >= deadline {
            return Poll::Ready(());
        }
        let Armed {
            timer,
            relay,
            waker,
        } = match armed {
            Some(armed) => {
                armed.relay.point_to(cx.waker());
                armed
            }
            None => armed.insert(Armed::new(deadline, cx.waker().clone())),
        };
        let fired = Pin::new(timer).poll(&mut Context::from_waker(waker));
        if fired.is_ready() {
            drop(relay.take());
        }
        fired.map(drop)
    }
}

impl Armed {
    fn new(deadline: time::Instant, waker: Waker) -> Self {
        let relay = Arc::new(Relay(Mutex::new(Some(waker))));
        Self {
            timer: Timer::at(deadline),
            waker: Waker::from(relay.clone()),
            relay,
        }
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        drop(self.relay.take());
    }
}

impl fmt::Debug for AsyncIoAlarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncIoAlarm")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Wakes the waker of the last poll.
struct Relay(Mutex<Option<Waker>>);

impl Relay {
    fn point_to(&self, waker: &Waker) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !last.as_ref().is_some_and(|last| last.will_wake(waker)) {
            drop(last);
            let waker = waker.clone();
            last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let replaced = last.replace(waker);
            drop(last);
            drop(replaced);
        }
    }

    fn take(&self) -> Option<Waker> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.take().into_iter().for_each(Waker::wake);
    }
}
