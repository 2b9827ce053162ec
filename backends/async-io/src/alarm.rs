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
    let timer = real(deadline).map_or_else(Timer::never, Timer::at);
    AlarmTimer::new(AsyncIoAlarm { timer, relay: None }, crate::now(), deadline)
}

/// A timer for the time in `duration`, with a single look at the clock.
pub fn sleep(duration: Duration) -> AsyncIoTimer {
    let real_now = time::Instant::now();
    let now = Instant::ORIGIN + real_now.saturating_duration_since(crate::origin());
    let at = real_now.checked_add(duration);
    let timer = at.map_or_else(Timer::never, Timer::at);
    AlarmTimer::new(AsyncIoAlarm { timer, relay: None }, now, now + duration)
}

/// `None` where the operating system's clock does not reach so far.
fn real(deadline: Instant) -> Option<time::Instant> {
    crate::origin().checked_add(Duration::from_nanos(deadline.as_nanos()))
}

/// An async-io timer, as an [`Alarm`].
///
/// The reactor removes a dropped timer, with its waker, when it next has something to do, which
/// may be hours later. So it is given a relay, which is emptied at once.
pub struct AsyncIoAlarm {
    timer: Timer,
    /// Made at the first poll that has to wait.
    relay: Option<(Arc<Relay>, Waker)>,
}

impl Alarm for AsyncIoAlarm {
    fn set(mut self: Pin<&mut Self>, deadline: Instant) {
        match real(deadline) {
            Some(at) => self.timer.set_at(at),
            None => self.timer = Timer::never(),
        }
    }

    fn poll_fired(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { timer, relay } = &mut *self;
        let (relay, waker) = relay.get_or_insert_with(|| {
            let relay = Arc::new(Relay::default());
            (relay.clone(), Waker::from(relay))
        });
        relay.point_to(cx.waker());
        let fired = Pin::new(timer).poll(&mut Context::from_waker(waker));
        if fired.is_ready() {
            relay.empty();
        }
        fired.map(drop)
    }
}

impl Drop for AsyncIoAlarm {
    fn drop(&mut self) {
        if let Some((relay, _)) = &self.relay {
            relay.empty();
        }
    }
}

impl fmt::Debug for AsyncIoAlarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncIoAlarm").field(&self.timer).finish()
    }
}

/// Wakes the waker of the last poll.
#[derive(Debug, Default)]
struct Relay(Mutex<Option<Waker>>);

impl Relay {
    fn point_to(&self, waker: &Waker) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !last.as_ref().is_some_and(|last| last.will_wake(waker)) {
            let replaced = last.replace(waker.clone());
            drop(last);
            drop(replaced);
        }
    }

    fn empty(&self) -> Option<Waker> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.empty().into_iter().for_each(Waker::wake);
    }
}
