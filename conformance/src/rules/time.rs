//! *TM*: clocks and timers. Lower bounds only: a real clock promises no others.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq, skip},
    probe::{Probe, Wakes, on_plain_thread},
};
use anyrt_core::{
    Instant,
    rt::{Runtime, Timer},
};
use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

const HOUR: Duration = Duration::from_secs(3600);

/// Ends when so much time has passed by the runtime's clock, whatever its sleeps are like.
pub(super) async fn pass<R: Runtime>(rt: &R, time: Duration) {
    let start = rt.now();
    while rt.now() - start < time {
        rt.sleep(time).await;
    }
}

/// No sleep completes early.
pub fn tm_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        // Not only whole milliseconds: a timer that rounds must round up.
        for micros in [1, 300, 999, 1_000, 1_001, 1_500, 7_250, 20_000] {
            let before = rt.now();
            let deadline = before + Duration::from_micros(micros);
            rt.sleep_until(deadline).await;
            let now = rt.now();
            ensure!(
                now >= deadline,
                "woke {:?} before its deadline of {micros} µs",
                deadline - now
            );
            let before = rt.now();
            rt.sleep(Duration::from_micros(micros)).await;
            let slept = rt.now() - before;
            ensure!(
                slept >= Duration::from_micros(micros),
                "slept {slept:?} of {micros} µs"
            );
        }
        let many: Vec<_> = (0..64)
            .map(|n| {
                let rt = rt.clone();
                ctx.rt().spawn(async move {
                    let deadline = rt.now() + Duration::from_micros(n * 377);
                    rt.sleep_until(deadline).await;
                    rt.now() >= deadline
                })
            })
            .collect();
        for handle in many {
            let kept = handle.await;
            ensure!(
                matches!(kept, Ok(true)),
                "one of 64 sleeps at once was early: {kept:?}"
            );
        }
        Ok(())
    })
}

/// A sleep that is over already yields exactly once.
pub fn tm_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let sleeps = [
            ("of zero", rt.sleep(Duration::ZERO)),
            ("until now", rt.sleep_until(rt.now())),
            ("until the origin", rt.sleep_until(Instant::ORIGIN)),
        ];
        for (which, sleep) in sleeps {
            let mut probe = Probe::new(sleep);
            ensure!(
                probe.is_pending(),
                "a sleep {which} is ready at its first poll"
            );
            probe.woken_past(0).await;
            probe.ready(&format!("a sleep {which}, polled again after its wake,"))?;
        }
        Ok(())
    })
}

/// The end of time never comes, and is no panic.
pub fn tm_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let far = Instant::from_nanos(u64::MAX - 1);
        let mut sleeps = [
            ("sleep(MAX)", rt.sleep(Duration::MAX), Instant::MAX),
            (
                "sleep_until(MAX)",
                rt.sleep_until(Instant::MAX),
                Instant::MAX,
            ),
            ("sleep_until(MAX - 1 ns)", rt.sleep_until(far), far),
        ]
        .map(|(name, sleep, deadline)| (name, Probe::new(sleep), deadline));
        for round in 0..3 {
            for (name, probe, deadline) in &mut sleeps {
                ensure!(probe.is_pending(), "{name} completed, in round {round}");
                ensure!(!probe.pinned().is_elapsed(), "{name} is elapsed");
                ensure_eq!(
                    probe.pinned().deadline(),
                    *deadline,
                    "the deadline of {name}"
                );
            }
            rt.sleep(Duration::from_millis(3)).await;
        }
        for (name, probe, _) in &sleeps {
            ensure_eq!(probe.wakes(), 0, "the wakes of {name}");
        }
        reset_to_the_end(ctx).await
    })
}

/// Nor does a timer come that was moved there: not even the waker that it had is woken.
async fn reset_to_the_end<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let rt = ctx.rt();
    for attempt in 1..=5 {
        let deadline = rt.now() + Duration::from_millis(10 * attempt);
        let mut probe = Probe::new(rt.sleep_until(deadline));
        let pending = probe.is_pending();
        probe.pinned().reset(Instant::MAX);
        if !pending || rt.now() >= deadline {
            continue; // Too slow: it may rightly have fired before.
        }
        rt.sleep_until(deadline + Duration::from_millis(5)).await;
        ensure_eq!(probe.wakes(), 0, "the wakes of a sleep reset to the end");
        ensure!(probe.is_pending(), "a sleep reset to the end completed");
        return Ok(());
    }
    Ok(())
}

/// Polled again after completion, a sleep is ready.
pub fn tm_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for millis in [0, 2] {
            let mut probe = Probe::new(ctx.rt().sleep(Duration::from_millis(millis)));
            ensure!(
                !probe.pinned().is_elapsed(),
                "a sleep is elapsed before its first poll"
            );
            probe.finish().await;
            for _ in 0..3 {
                ensure!(
                    probe.pinned().is_elapsed(),
                    "a sleep that completed is not elapsed"
                );
                probe.ready(&format!("a sleep of {millis} ms, polled after completion,"))?;
            }
        }
        Ok(())
    })
}

/// A dropped sleep leaves no waker behind.
pub fn tm_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const SLEEPS: usize = 100_000;
    // A backend may put off the removal, but only so far.
    const PUT_OFF: usize = 2_000;
    let wakes = Wakes::new();
    let waker = wakes.waker();
    for dropped in 1..=SLEEPS {
        let mut probe = Probe::new(ctx.rt().sleep(HOUR));
        ensure!(
            probe.poll_with(&waker).is_pending(),
            "a sleep of an hour is ready"
        );
        drop(probe);
        let held = Arc::strong_count(&wakes) - 2;
        ensure!(
            held <= PUT_OFF,
            "of {dropped} dropped sleeps {held} are still registered"
        );
    }
    Ok(())
}

/// `reset` moves a deadline forth and back, and rearms.
pub fn tm_6<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let mut probe = Probe::new(rt.sleep(HOUR));
        ensure!(probe.is_pending(), "a sleep of an hour is ready");
        for which in ["nearer", "after completion"] {
            let deadline = rt.now() + Duration::from_millis(5);
            probe.pinned().reset(deadline);
            ensure_eq!(
                probe.pinned().deadline(),
                deadline,
                "the deadline after a reset {which}"
            );
            ensure!(
                !probe.pinned().is_elapsed(),
                "elapsed right after a reset {which}"
            );
            probe.finish().await;
            ensure!(
                rt.now() >= deadline,
                "a sleep that was reset {which} completed early"
            );
            ensure!(
                probe.pinned().is_elapsed(),
                "not elapsed on completion after a reset {which}"
            );
        }
        let mut probe = Probe::new(rt.sleep(Duration::from_millis(20)));
        let polled_in_time = probe.is_pending();
        for (which, far) in [
            ("an hour", rt.now() + HOUR),
            ("the end of time", Instant::MAX),
        ] {
            probe.pinned().reset(far);
            let early = !probe.is_pending();
            ensure!(
                !(early && polled_in_time),
                "ready right after a reset to {which}"
            );
            rt.sleep(Duration::from_millis(25)).await;
            ensure!(
                probe.is_pending(),
                "a sleep that was reset to {which} kept its old deadline"
            );
        }
        let mut unpolled = Probe::new(rt.sleep(HOUR));
        unpolled.pinned().reset(rt.now());
        unpolled.finish().await;
        Ok(())
    })
}

/// `now` never goes back, and all clones agree.
pub fn tm_7<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let mine = ctx.rt();
    let theirs = mine.clone();
    let (ask, asked) = mpsc::channel();
    let (answer, answers) = mpsc::channel();
    on_plain_thread(move || {
        std::thread::scope(|scope| {
            scope.spawn(move || {
                while let Ok(()) = asked.recv() {
                    answer.send(theirs.now()).ok();
                }
            });
            for _ in 0..500 {
                let before = mine.now();
                ask.send(()).ok();
                let between = answers.recv().unwrap_or(Instant::ORIGIN);
                let after = mine.now();
                ensure!(
                    before <= between && between <= after,
                    "one clone read {before:?} and {after:?}, another {between:?} in between",
                );
            }
            drop(ask);
            Ok(())
        })
    })??;
    ctx.run(async {
        let before = mine.now();
        mine.sleep(Duration::from_millis(3)).await;
        let passed = mine.now() - before;
        ensure!(
            passed >= Duration::from_millis(3),
            "the clock moved {passed:?} in 3 ms"
        );
        Ok(())
    })
}

/// Only the waker of the last poll is woken.
pub fn tm_8<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for attempt in 1..=5 {
            let deadline = ctx.rt().now() + Duration::from_millis(10 * attempt);
            let mut probe = Probe::new(ctx.rt().sleep_until(deadline));
            let (first, last) = (Wakes::new(), Wakes::new());
            let pending = [&first, &last].map(|wakes| probe.poll_with(&wakes.waker()).is_pending());
            if pending != [true, true] || ctx.rt().now() >= deadline {
                continue; // Too slow: the first waker may rightly have been woken.
            }
            last.reached(1).await;
            ensure_eq!(first.count(), 0, "the wakes of a waker that was replaced");
            ensure!(probe.poll().is_ready(), "woken, but not ready");
            return Ok(());
        }
        skip!("this machine is too slow to poll twice in 50 ms")
    })
}

/// Seconds that are no duration are an error.
pub fn tm_9<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    for secs in [
        -1.0,
        -f64::MIN_POSITIVE,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ] {
        ensure!(
            ctx.rt().sleep_secs(secs).is_err(),
            "`sleep_secs({secs})` is accepted"
        );
    }
    ctx.run(async {
        let sleep = |secs| {
            ctx.rt()
                .sleep_secs(secs)
                .map_err(|e| Stop::failed(e.to_string()))
        };
        ensure!(
            Probe::new(sleep(1e300)?).is_pending(),
            "1e300 seconds are over"
        );
        let before = ctx.rt().now();
        sleep(0.004)?.await;
        let slept = ctx.rt().now() - before;
        ensure!(slept >= Duration::from_millis(4), "slept {slept:?} of 4 ms");
        Ok(())
    })
}
