//! A timer that keeps the whole contract, over an alarm that a backend has.

use crate::{rt::Timer, time::Instant};
use pin_project_lite::pin_project;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// What a backend brings for [`AlarmTimer`]: something that wakes at a deadline.
///
/// It keeps that deadline in the terms of its own clock, so that making a timer need not convert
/// it. It may do as it likes about polls after it fired: `AlarmTimer` never shows it those.
///
/// Dropping it has to release the waker of its last poll at once (*TM-5*, *ZZ-1*). Where the timers below
/// forget a dropped one in their own time, a poll with [`Waker::noop`](std::task::Waker::noop) in `Drop`
/// often does it.
pub trait Alarm: Send + Sync + 'static {
    /// When it fires. [`Instant::MAX`]: never.
    fn deadline(&self) -> Instant;

    /// Moves the deadline, also after the alarm fired. With [`Instant::MAX`] it wakes nobody any more.
    fn set(self: Pin<&mut Self>, deadline: Instant);

    /// Ready once the deadline has come, never before; wakes the last poll's waker then.
    ///
    /// Where the deadline has passed before the first poll, that poll should be ready:
    /// one that is not takes the alarm's own time to wake.
    fn poll_fired(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
}

pin_project! {
    /// The [`Timer`] of a backend that has an [`Alarm`].
    ///
    /// ```text
    ///        first poll: fired, wakes itself
    ///  New ──────────────────────────────────▶ Due ── next poll ──▶ Done
    ///   │ not yet                                                    ▲  │ stays Ready
    ///   └─────────▶ Armed ── alarm fired ────────────────────────────┘
    ///  reset: any state ─▶ Armed
    /// ```
    ///
    /// The first poll decides whether the deadline has passed, so that making a timer reads no
    /// clock for that.
    #[derive(Debug)]
    #[must_use = "a timer does nothing unless it is polled"]
    pub struct AlarmTimer<A> {
        #[pin]
        alarm: A,
        state: State,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Due,
    Armed,
    Done,
}

impl<A: Alarm> AlarmTimer<A> {
    /// A timer over an `alarm` that was set.
    #[inline]
    pub fn new(alarm: A) -> Self {
        Self {
            alarm,
            state: State::New,
        }
    }
}

impl<A: Alarm> Future for AlarmTimer<A> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        match *this.state {
            State::Armed => ready!(this.alarm.poll_fired(cx)),
            State::New if this.alarm.poll_fired(cx).is_pending() => {
                *this.state = State::Armed;
                return Poll::Pending;
            }
            State::New => {
                *this.state = State::Due;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            State::Due | State::Done => {}
        }
        *this.state = State::Done;
        Poll::Ready(())
    }
}

impl<A: Alarm> Timer for AlarmTimer<A> {
    fn deadline(&self) -> Instant {
        self.alarm.deadline()
    }

    fn is_elapsed(&self) -> bool {
        self.state == State::Done
    }

    fn reset(self: Pin<&mut Self>, deadline: Instant) {
        let this = self.project();
        *this.state = State::Armed;
        this.alarm.set(deadline);
    }
}
