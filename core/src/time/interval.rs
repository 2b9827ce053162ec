//! Ticks at regular times.
//!
//! ```text
//!            due before it was waited for, or a whole period late: missed
//!   next ──▶ tick ──▶ next + period           not missed: on the grid, without drift
//!                     next + period           missed, Burst: and again, until it has caught up
//!                     now + period            missed, Delay: a new grid
//!                     next + n · period > now missed, Skip: the same grid, some ticks are left out
//! ```
//!
//! The clock is read, and no timer made, where a tick is due already. So what a backend's timers do
//! about past deadlines plays no part.

use crate::{
    ConfigError,
    error::check,
    rt::{Sleep, Timer},
    task::Streak,
    time::Instant,
};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// What becomes of ticks that nobody was there for (*IV-2*).
///
/// With a period of 10, and a first tick whose work takes until 35:
///
/// | | ticks at |
/// |---|---|
/// | `Burst` | 0, 35, 35, 35, 40, 50 |
/// | `Delay` | 0, 35, 45, 55 |
/// | `Skip` | 0, 35, 40, 50 |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MissedTicks {
    /// They come at once, one after the other.
    Burst,
    /// One comes at once, and the next a whole period after that.
    #[default]
    Delay,
    /// One comes at once, and the next where it would have come anyway: ticks stay on multiples of
    /// the period since the start.
    Skip,
}

/// Ticks every `period`, at once for the first time (*IV-1*).
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// # use anyrt::{ConfigError, rt::Runtime, time::interval};
/// # use std::time::Duration;
/// # async fn demo<R: Runtime>(rt: R) -> Result<(), ConfigError> {
/// let start = rt.now();
/// let mut ticks = interval(&rt, Duration::from_secs(1))?;
/// loop {
///     let scheduled = ticks.tick().await;
///     println!("{:?}", scheduled - start); // about 0 s, 1 s, 2 s, …
/// }
/// # }
/// ```
///
/// # Errors
/// A [`ConfigError`] for a period of zero.
#[track_caller]
pub fn interval<R: Sleep>(rt: &R, period: Duration) -> Result<Interval<R>, ConfigError> {
    interval_at(rt, rt.now(), period)
}

/// Ticks every `period`, at `start` for the first time.
///
/// # Errors
/// A [`ConfigError`] for a period of zero.
#[track_caller]
pub fn interval_at<R: Sleep>(
    rt: &R,
    start: Instant,
    period: Duration,
) -> Result<Interval<R>, ConfigError> {
    check::more_than_zero("period", period)?;
    Ok(Interval {
        rt: rt.clone(),
        timer: Box::pin(None),
        period,
        missed: MissedTicks::default(),
        next: start,
        waited: false,
        streak: Streak::default(),
    })
}

/// Made by [`interval`] and [`interval_at`].
#[must_use = "an interval does nothing unless its ticks are waited for"]
pub struct Interval<R: Sleep> {
    rt: R,
    /// There while a tick is waited for; boxed, so that an interval can be moved.
    timer: Pin<Box<Option<R::Timer>>>,
    period: Duration,
    missed: MissedTicks,
    next: Instant,
    /// Somebody has waited for `next` before it was due.
    waited: bool,
    streak: Streak,
}

impl<R: Sleep> Interval<R> {
    /// Sets what becomes of ticks that are missed; [`MissedTicks::Delay`] unless set.
    pub fn missed_ticks(mut self, missed: MissedTicks) -> Self {
        self.missed = missed;
        self
    }

    /// Waits for the next tick, and returns the time that it was scheduled for.
    ///
    /// A loop that always finds one due is suspended once every 128 ticks, so that a timeout around
    /// it can fire and others can run.
    ///
    /// # Cancel safety
    /// Safe: a tick that was not returned is still to come (*IV-3*), and no timer is left behind.
    #[track_caller]
    pub fn tick(&mut self) -> Tick<'_, R> {
        Tick { interval: self }
    }

    /// What [`tick`](Self::tick) waits with, for streams and futures written by hand.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        if self.streak.must_yield(cx) {
            return Poll::Pending;
        }
        let mut now = self.rt.now();
        if now < self.next {
            if self.poll_timer(cx).is_pending() {
                self.waited = true;
                self.streak.end();
                return Poll::Pending;
            }
            now = self.rt.now();
        }
        self.timer.as_mut().set(None);
        let scheduled = self.next;
        self.next = self.following(now);
        self.waited = false;
        Poll::Ready(scheduled)
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.timer.is_none() {
            let timer = self.rt.sleep_until(self.next);
            self.timer.set(Some(timer));
        }
        match self.timer.as_mut().as_pin_mut() {
            Some(timer) => timer.poll(cx),
            None => Poll::Pending,
        }
    }

    /// The tick after the one that is returned now.
    fn following(&self, now: Instant) -> Instant {
        let on_time = self.next + self.period;
        if self.waited && now < on_time {
            return on_time;
        }
        match self.missed {
            MissedTicks::Burst => on_time,
            MissedTicks::Delay => now + self.period,
            MissedTicks::Skip => {
                let late = (now - self.next).as_nanos();
                let into_period = late % self.period.as_nanos();
                let into_period = u64::try_from(into_period).unwrap_or(u64::MAX);
                now - Duration::from_nanos(into_period) + self.period
            }
        }
    }

    /// Starts anew: the next tick comes one period from now.
    pub fn reset(&mut self) {
        self.reset_at(self.rt.now() + self.period);
    }

    /// Starts anew: the next tick comes at `start`.
    pub fn reset_at(&mut self, start: Instant) {
        self.next = start;
        self.waited = false;
        if let Some(timer) = self.timer.as_mut().as_pin_mut() {
            timer.reset(start);
        }
    }

    /// The time between two ticks.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// The time that the next tick is scheduled for.
    pub fn next_tick(&self) -> Instant {
        self.next
    }
}

/// The future of [`Interval::tick`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Tick<'a, R: Sleep> {
    interval: &'a mut Interval<R>,
}

impl<R: Sleep> Future for Tick<'_, R> {
    type Output = Instant;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        self.interval.poll_tick(cx)
    }
}

impl<R: Sleep> Drop for Tick<'_, R> {
    fn drop(&mut self) {
        // The timer holds the waker of whoever waited.
        self.interval.timer.as_mut().set(None);
    }
}

impl<R: Sleep> fmt::Debug for Interval<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interval")
            .field("next", &self.next)
            .field("period", &self.period)
            .field("missed", &self.missed)
            .finish_non_exhaustive()
    }
}

impl<R: Sleep> fmt::Debug for Tick<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tick").field(&self.interval).finish()
    }
}
