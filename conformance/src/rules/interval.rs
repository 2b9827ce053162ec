//! *IV*: intervals. What depends on times alone is tried on a clock that is set by hand.

use crate::{
    manual::{Manual, at},
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Probe, Wakes},
};
use anyrt_core::{
    Instant,
    rt::Sleep,
    time::{Interval, MissedTicks, interval, interval_at},
};
use std::{sync::Arc, time::Duration};

const TEN: Duration = Duration::from_secs(10);

fn made<R: Sleep>(rt: &R, period: Duration) -> Result<Interval<R>, Stop> {
    interval(rt, period).map_err(|error| Stop::failed(error.to_string()))
}

fn tick<R: Sleep>(ticks: &mut Interval<R>, what: &str) -> Result<Instant, Stop> {
    Probe::new(ticks.tick()).ready(what)
}

/// The first tick is immediate; a period of zero is an error.
pub fn iv_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let period = Duration::from_millis(5);
        let before = ctx.rt().now();
        let mut ticks = made(ctx.rt(), period)?;
        let first = tick(&mut ticks, "the first tick")?;
        ensure!(
            before <= first && first <= ctx.rt().now(),
            "the first tick was scheduled for {first:?}, asked for at {before:?}"
        );
        let scheduled = ticks.tick().await;
        let now = ctx.rt().now();
        ensure!(
            now >= scheduled && scheduled >= first + period,
            "the second tick, for {scheduled:?}, came at {now:?}, after one at {first:?}"
        );
        let start = ctx.rt().now() + period;
        let mut later =
            interval_at(ctx.rt(), start, period).map_err(|e| Stop::failed(e.to_string()))?;
        ensure_eq!(later.tick().await, start, "the first tick of `interval_at`");
        ensure!(
            ctx.rt().now() >= start,
            "`interval_at` ticked before its start"
        );
        let Err(error) = interval(ctx.rt(), Duration::ZERO) else {
            return Err(Stop::failed("an interval of zero was made"));
        };
        ensure!(
            error.to_string().contains("period"),
            "the message does not name the period: {error}"
        );
        Ok(())
    })
}

/// What becomes of missed ticks.
pub fn iv_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    // The work of the first tick, at 5, takes until 37; later ticks are waited for.
    let burst: &[u64] = &[5, 15, 25, 35, 45, 55];
    let delay = &[5, 15, 47, 57];
    let skip = &[5, 15, 45, 55];
    for (missed, want) in [
        (MissedTicks::Burst, burst),
        (MissedTicks::Delay, delay),
        (MissedTicks::Skip, skip),
    ] {
        let clock = Manual::default();
        clock.set(5);
        let mut ticks = made(&clock, TEN)?.missed_ticks(missed);
        for (index, secs) in want.iter().enumerate() {
            if index == 1 {
                clock.set(37);
            }
            if *secs > 37 {
                ensure!(
                    Probe::new(ticks.tick()).is_pending(),
                    "{missed:?}: a tick for {secs} s came early"
                );
                clock.set(*secs);
            }
            let scheduled = tick(&mut ticks, &format!("{missed:?}: the tick for {secs} s"))?;
            ensure_eq!(scheduled, at(*secs), "{missed:?}: tick {index}");
        }
    }
    // A thread that stood still past whole periods, while somebody waited, missed ticks as well.
    for (missed, want) in [
        (MissedTicks::Burst, 20),
        (MissedTicks::Delay, 43),
        (MissedTicks::Skip, 40),
    ] {
        let clock = Manual::default();
        let mut ticks = made(&clock, TEN)?.missed_ticks(missed);
        tick(&mut ticks, "the first tick")?;
        let mut waits = Probe::new(ticks.tick());
        ensure!(waits.is_pending(), "a tick came early");
        clock.set(33);
        ensure_eq!(waits.ready("a late tick")?, at(10), "a late tick");
        drop(waits);
        ensure_eq!(ticks.next_tick(), at(want), "{missed:?}: after a late tick");
    }
    // Due before it was asked for, if only by 3 s.
    for (missed, want) in [
        (MissedTicks::Burst, 20),
        (MissedTicks::Delay, 23),
        (MissedTicks::Skip, 20),
    ] {
        let clock = Manual::default();
        let mut ticks = made(&clock, TEN)?.missed_ticks(missed);
        tick(&mut ticks, "the first tick")?;
        clock.set(13);
        ensure_eq!(tick(&mut ticks, "a tick")?, at(10), "a tick that was due");
        ensure_eq!(
            ticks.next_tick(),
            at(want),
            "{missed:?}: after a tick that was due"
        );
    }
    // A timer that fires a little late is no missed tick: no drift, whatever is set.
    for missed in [MissedTicks::Burst, MissedTicks::Delay, MissedTicks::Skip] {
        let clock = Manual::default();
        let mut ticks = made(&clock, TEN)?.missed_ticks(missed);
        tick(&mut ticks, "the first tick")?;
        for n in 1..20 {
            ensure!(Probe::new(ticks.tick()).is_pending(), "a tick came early");
            clock.set(n * 10 + 3);
            let scheduled = tick(&mut ticks, "a tick that is 3 s late")?;
            ensure_eq!(scheduled, at(n * 10), "{missed:?}: a tick that is 3 s late");
        }
    }
    let mut ticks = made(&Manual::default(), TEN)?;
    ensure_eq!(ticks.period(), TEN, "the period");
    ensure!(
        format!("{ticks:?}").contains("Delay"),
        "missed ticks are not delayed by default: {ticks:?}"
    );
    tick(&mut ticks, "the first tick")?;

    // The same on the backend's own clock, as far as a real one can tell.
    ctx.run(async {
        let period = Duration::from_millis(4);
        let mut ticks = made(ctx.rt(), period)?.missed_ticks(MissedTicks::Skip);
        let start = ticks.tick().await;
        for _ in 0..3 {
            ctx.rt().sleep(Duration::from_millis(6)).await;
            let offset = ticks.tick().await - start;
            ensure_eq!(
                offset.as_nanos() % period.as_nanos(),
                0,
                "how far a tick lies off the multiples of the start, in ns"
            );
        }
        let mut ticks = made(ctx.rt(), period)?;
        ticks.tick().await;
        ctx.rt().sleep(Duration::from_millis(20)).await;
        let late = ctx.rt().now();
        ticks.tick().await;
        let next = ticks.tick().await;
        ensure!(
            next >= late + period,
            "delayed after a tick that was late at {late:?}, the next came for {next:?}"
        );
        Ok(())
    })
}

/// A dropped `tick` loses none, and leaves no timer.
pub fn iv_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let clock = Manual::default();
    let mut ticks = made(&clock, TEN)?;
    drop(Probe::new(ticks.tick())); // Never polled.
    ensure_eq!(tick(&mut ticks, "the first tick")?, at(0), "the first tick");
    let mut dropped = Probe::new(ticks.tick());
    let held = Arc::clone(dropped.counter());
    ensure!(dropped.is_pending(), "a tick came early");
    drop(dropped);
    ensure_eq!(
        Arc::strong_count(&held),
        1,
        "who holds a dropped tick's waker"
    );
    clock.set(12); // It would have been ready.
    ensure_eq!(
        tick(&mut ticks, "the tick")?,
        at(10),
        "the tick after a dropped one"
    );
    ensure_eq!(ticks.next_tick(), at(20), "the tick after that");

    let mut probe = Probe::new(ticks.tick());
    let (first, last) = (Wakes::new(), Wakes::new());
    for wakes in [&first, &last, &last] {
        ensure!(
            probe.poll_with(&wakes.waker()).is_pending(),
            "a tick came early, at a spurious poll"
        );
    }
    ensure_eq!(
        Arc::strong_count(&first),
        1,
        "who holds a waker that was replaced"
    );
    drop(probe);

    ctx.run(async {
        let mut ticks = made(ctx.rt(), Duration::from_millis(3))?;
        let start = ticks.tick().await;
        for _ in 0..50 {
            let _dropped = Probe::new(ticks.tick()).poll();
        }
        // Ready ones among the dropped were returned; none was lost before the next.
        let next = ticks.next_tick();
        let scheduled = ticks.tick().await;
        ensure_eq!(scheduled, next, "the tick after dropped ones");
        ensure!(scheduled > start, "a tick came twice");
        Ok(())
    })
}

/// An interval that is always due lets others run.
pub fn iv_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let period = Duration::from_nanos(1);
        for missed in [MissedTicks::Burst, MissedTicks::Delay, MissedTicks::Skip] {
            let mut ticks = made(ctx.rt(), period)?.missed_ticks(missed);
            let forever = async {
                loop {
                    ticks.tick().await;
                }
            };
            let ended: Result<(), _> = ctx.rt().timeout(Duration::from_micros(5), forever).await;
            ensure!(ended.is_err(), "a loop without end ended");
        }
        Ok(())
    })
}

/// `reset` starts anew, and the end of time never ticks.
pub fn iv_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let clock = Manual::default();
    let mut ticks = made(&clock, TEN)?.missed_ticks(MissedTicks::Skip);
    tick(&mut ticks, "the first tick")?;
    clock.set(7);
    ticks.reset();
    ensure_eq!(
        ticks.next_tick(),
        at(17),
        "the next tick after a reset at 7 s"
    );
    clock.set(16);
    ensure!(Probe::new(ticks.tick()).is_pending(), "a tick came early");
    clock.set(41);
    ensure_eq!(
        tick(&mut ticks, "the tick")?,
        at(17),
        "the tick after a reset"
    );
    ensure_eq!(ticks.next_tick(), at(47), "the multiples after a reset");
    ticks.reset_at(at(3));
    ensure_eq!(
        tick(&mut ticks, "a tick in the past")?,
        at(3),
        "a reset to the past"
    );
    ctx.run(async {
        let mut ticks = made(ctx.rt(), Duration::MAX)?;
        tick(&mut ticks, "the first tick")?;
        let mut never = Probe::new(ticks.tick());
        ensure!(never.is_pending(), "a tick at the end of time came");
        drop(never);
        let soon = ctx.rt().now() + Duration::from_millis(2);
        ticks.reset_at(soon);
        ensure_eq!(ticks.tick().await, soon, "the tick after a reset");
        ensure!(ctx.rt().now() >= soon, "a tick came early after a reset");
        Ok(())
    })
}
