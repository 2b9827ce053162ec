//! tokio's timer and clock, which a test may have paused.

use crate::runtime::{self, Alive};
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
use tokio::time;

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

fn since_origin(real: time::Instant) -> Instant {
    Instant::ORIGIN + real.saturating_duration_since(origin())
}

/// `None` where the operating system's clock does not reach so far.
fn real(deadline: Instant) -> Option<time::Instant> {
    origin().checked_add(Duration::from_nanos(deadline.as_nanos()))
}

fn far_future() -> time::Instant {
    time::Instant::now() + Duration::from_secs(30 * 365 * 24 * 60 * 60)
}

pin_project! {
    /// A tokio sleep, as an [`Alarm`].
    #[derive(Debug)]
    pub struct TokioAlarm {
        #[pin]
        sleep: time::Sleep,
        // `None` for the caller's own runtime, which is running.
        alive: Option<Alive>,
    }
}

/// The timer of [`Tokio`](crate::Tokio).
pub type TokioTimer = AlarmTimer<TokioAlarm>;

/// A timer of the runtime that the caller has entered.
#[track_caller]
pub(crate) fn timer(deadline: Instant, alive: Option<Alive>) -> TokioTimer {
    let at = real(deadline).unwrap_or_else(far_future);
    AlarmTimer::new(
        TokioAlarm {
            sleep: time::sleep_until(at),
            alive,
        },
        now(),
        deadline,
    )
}

/// A timer of the runtime that the caller has entered, with a single look at the clock.
#[track_caller]
pub(crate) fn timer_after(duration: Duration, alive: Option<Alive>) -> TokioTimer {
    let real_now = time::Instant::now();
    let now = since_origin(real_now);
    let at = real_now.checked_add(duration);
    let sleep = time::sleep_until(at.unwrap_or_else(far_future));
    AlarmTimer::new(TokioAlarm { sleep, alive }, now, now + duration)
}

impl Alarm for TokioAlarm {
    fn set(self: Pin<&mut Self>, deadline: Instant) {
        self.project()
            .sleep
            .reset(real(deadline).unwrap_or_else(far_future));
    }

    #[inline]
    fn poll_fired(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let mut sleep = this.sleep;
        let deadline = sleep.deadline();
        if let Some(alive) = this.alive {
            // tokio panics where a timer outlives its runtime, which may go at this very moment.
            let poll = || sleep.as_mut().poll(cx).is_ready();
            match alive.get().then(|| catch_unwind(AssertUnwindSafe(poll))) {
                Some(Ok(true)) => return Poll::Ready(()),
                Some(Ok(false)) => return starved(deadline),
                Some(Err(payload)) if alive.get() => resume_unwind(payload),
                Some(Err(_)) | None => {}
            }
            let _entered = runtime::fallback().enter();
            sleep.set(time::sleep_until(deadline));
            *this.alive = None;
        }
        if sleep.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        starved(deadline)
    }
}

/// A task that has used up its budget would never see its timer fire.
fn starved(deadline: time::Instant) -> Poll<()> {
    if !tokio::task::coop::has_budget_remaining() && time::Instant::now() >= deadline {
        Poll::Ready(())
    } else {
        Poll::Pending
    }
}
