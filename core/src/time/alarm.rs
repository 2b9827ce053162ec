//! A timer that keeps the whole contract, over an alarm that a backend has.

use crate::{rt::Timer, time::Instant};
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// What a backend brings for [`AlarmTimer`]: something that wakes at a deadline.
///
/// It may do as it likes about past deadlines, the end of time and polls after it fired:
/// `AlarmTimer` never shows it those.
pub trait Alarm: Send + Sync + 'static {
    /// Moves the deadline, also after the alarm fired.
    fn set(self: Pin<&mut Self>, deadline: Instant);

    /// Ready once the deadline has come, never before; wakes the last poll's waker then.
    fn poll_fired(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
}

pin_project! {
    /// The [`Timer`] of a backend that has an [`Alarm`].
    ///
    /// ```text
    ///           deadline past            first poll: wakes itself
    ///  new ────────────────────▶ Yield ──────────────────────────▶ Due ──▶ Done
    ///   │  deadline ahead                                          ▲        │ stays Ready
    ///   ├────────────────────▶ Armed ── alarm fired ──▶ Done
    ///   │  end of time
    ///   └────────────────────▶ Never ── Pending for ever
    ///  reset: any state ─▶ Armed, or Never
    /// ```
    #[derive(Debug)]
    #[must_use = "a timer does nothing unless it is polled"]
    pub struct AlarmTimer<A> {
        #[pin]
        alarm: A,
        deadline: Instant,
        state: State,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Yield,
    Due,
    Armed,
    Never,
    Done,
}

impl<A: Alarm> AlarmTimer<A> {
    /// A timer for `deadline`, over an `alarm` that was set for it.
    pub fn new(alarm: A, now: Instant, deadline: Instant) -> Self {
        let state = match armed(deadline) {
            State::Armed if deadline <= now => State::Yield,
            state => state,
        };
        Self {
            alarm,
            deadline,
            state,
        }
    }
}

fn armed(deadline: Instant) -> State {
    if deadline == Instant::MAX {
        State::Never
    } else {
        State::Armed
    }
}

impl<A: Alarm> Future for AlarmTimer<A> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        match *this.state {
            State::Armed if this.alarm.poll_fired(cx).is_pending() => return Poll::Pending,
            State::Never => return Poll::Pending,
            State::Yield => {
                *this.state = State::Due;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            State::Armed | State::Due | State::Done => {}
        }
        *this.state = State::Done;
        Poll::Ready(())
    }
}

impl<A: Alarm> Timer for AlarmTimer<A> {
    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn is_elapsed(&self) -> bool {
        self.state == State::Done
    }

    fn reset(self: Pin<&mut Self>, deadline: Instant) {
        let this = self.project();
        *this.deadline = deadline;
        *this.state = armed(deadline);
        if *this.state == State::Armed {
            this.alarm.set(deadline);
        }
    }
}
