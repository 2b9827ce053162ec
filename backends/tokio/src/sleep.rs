//! tokio's timer and clock, which a test may have paused.

use crate::runtime::{self, Home};
use anyrt_core::{
    Instant,
    time::{Alarm, AlarmTimer},
};
use pin_project_lite::pin_project;
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::OnceLock,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    runtime::Handle,
    task::coop::{has_budget_remaining, unconstrained},
    time,
};

/// A paused clock stands still at the time of its runtime's start, which may lie before the
/// first use of this crate: the origin lies before both.
const BEFORE_THE_PROCESS: Duration = Duration::from_secs(24 * 60 * 60);

fn origin() -> time::Instant {
    static ORIGIN: OnceLock<time::Instant> = OnceLock::new();
    *ORIGIN.get_or_init(|| {
        // Not tokio's: that one may be paused, and far ahead.
        let now = time::Instant::from_std(std::time::Instant::now());
        now.checked_sub(BEFORE_THE_PROCESS).unwrap_or(now)
    })
}

/// The time of the runtime that the caller has entered, or of the system.
#[inline]
pub(crate) fn now() -> Instant {
    since_origin(time::Instant::now())
}

#[inline]
fn since_origin(real: time::Instant) -> Instant {
    Instant::ORIGIN + real.saturating_duration_since(origin())
}

/// `None`, which is never, where the operating system's clock does not reach so far.
fn real(deadline: Instant) -> Option<time::Instant> {
    if deadline == Instant::MAX {
        return None;
    }
    origin().checked_add(Duration::from_nanos(deadline.as_nanos()))
}

pin_project! {
    /// A tokio sleep, as an [`Alarm`].
    ///
    /// The sleep is made at the first poll. An ambient one belongs to the runtime of that poll.
    #[derive(Debug)]
    pub struct TokioAlarm {
        #[pin]
        sleep: Option<time::Sleep>,
        deadline: Option<time::Instant>,
        // Whether the deadline may have passed already. A tokio sleep rounds up to its next
        // millisecond, so that it would take as long to find out.
        maybe_past: bool,
        // `None` for the caller's own runtime, which is running.
        home: Option<Home>,
    }
}

/// The timer of [`Tokio`](crate::Tokio).
pub type TokioTimer = AlarmTimer<TokioAlarm>;

/// A timer for `deadline`.
pub(crate) fn timer(deadline: Instant, home: Option<Home>) -> TokioTimer {
    AlarmTimer::new(TokioAlarm {
        sleep: None,
        deadline: real(deadline),
        maybe_past: true,
        home,
    })
}

/// A timer for the time in `duration`, on the clock of the runtime that the caller has entered.
#[inline]
pub(crate) fn timer_after(duration: Duration, home: Option<Home>) -> TokioTimer {
    AlarmTimer::new(TokioAlarm {
        sleep: None,
        deadline: time::Instant::now().checked_add(duration),
        maybe_past: duration.is_zero(),
        home,
    })
}

/// A sleep of the runtime that the caller has entered, or `None` where the deadline has passed.
#[inline]
fn arm(deadline: time::Instant, maybe_past: bool) -> Option<time::Sleep> {
    if maybe_past && time::Instant::now() >= deadline {
        return None;
    }
    Some(time::sleep_until(deadline))
}

#[cold]
fn arm_at(handle: &Handle, deadline: time::Instant, maybe_past: bool) -> Option<time::Sleep> {
    let _entered = handle.enter();
    arm(deadline, maybe_past)
}

impl Alarm for TokioAlarm {
    fn deadline(&self) -> Instant {
        self.deadline.map_or(Instant::MAX, since_origin)
    }

    fn set(self: Pin<&mut Self>, deadline: Instant) {
        let mut this = self.project();
        *this.deadline = real(deadline);
        *this.maybe_past = true;
        match (this.sleep.as_mut().as_pin_mut(), *this.deadline) {
            (Some(sleep), Some(deadline)) => sleep.reset(deadline),
            (_, None) => this.sleep.set(None),
            (None, Some(_)) => {}
        }
    }

    #[inline]
    fn poll_fired(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(deadline) = *this.deadline else {
            return Poll::Pending;
        };
        if let Some(home) = this.home {
            let sleep = this.sleep.as_mut();
            if let Some(polled) = poll_at_home(home, sleep, deadline, *this.maybe_past, cx) {
                return polled;
            }
            // It goes on elsewhere.
            *this.home = None;
            this.sleep.set(arm_at(runtime::fallback(), deadline, false));
        } else if this.sleep.is_none() {
            // tokio asks for no context without a clone of its handle.
            let made = match Handle::try_current() {
                Ok(_) => arm(deadline, *this.maybe_past),
                Err(_) => arm_at(runtime::fallback(), deadline, *this.maybe_past),
            };
            this.sleep.set(made);
        }
        match this.sleep.as_pin_mut() {
            Some(sleep) => poll(sleep, cx),
            None => Poll::Ready(()),
        }
    }
}

/// `None` where the runtime is gone.
///
/// tokio panics where a timer outlives its runtime, which may go at this very moment, and fires
/// all of its timers as it goes, the due and the others alike.
fn poll_at_home(
    home: &Home,
    mut sleep: Pin<&mut Option<time::Sleep>>,
    deadline: time::Instant,
    maybe_past: bool,
    cx: &mut Context<'_>,
) -> Option<Poll<()>> {
    if !home.is_running() {
        return None;
    }
    if sleep.is_none() {
        sleep.set(arm_at(home.handle(), deadline, maybe_past));
    }
    let Some(sleep) = sleep.as_pin_mut() else {
        return Some(Poll::Ready(()));
    };
    match catch_unwind(AssertUnwindSafe(|| poll(sleep, cx))) {
        Ok(Poll::Ready(())) if !home.is_running() => None,
        Ok(polled) => Some(polled),
        Err(payload) if home.is_running() => resume_unwind(payload),
        Err(_) => None,
    }
}

/// A task that has used up its budget would never see its timer fire.
#[inline]
fn poll(mut sleep: Pin<&mut time::Sleep>, cx: &mut Context<'_>) -> Poll<()> {
    if sleep.as_mut().poll(cx).is_ready() {
        return Poll::Ready(());
    }
    if has_budget_remaining() {
        return Poll::Pending;
    }
    Pin::new(&mut unconstrained(sleep)).poll(cx)
}
