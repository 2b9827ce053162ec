//! *OP*: operations.

use super::every::{Cut, cut_off};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{EXPECTED, Expected, OnDrop, Probe, Wakes, block},
};
use anyrt_core::{
    Instant, JoinError,
    cancel::CancellationToken,
    rt::{Clock, JoinHandle, Runtime},
    sync::Event,
    task::yield_now,
};
use anyrt_toolkit::operation::{Finished, Operation, Outcome as Ended, Tracker};
use std::{
    any::Any,
    fmt,
    future::{Future, pending, poll_fn, ready},
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    pin::Pin,
    task::Poll,
    time::{Duration, SystemTime},
};

const MS: Duration = Duration::from_millis(1);

type Unit = Pin<Box<dyn Future<Output = ()> + Send>>;

fn panics(payload: impl Any + Send + Clone) -> Unit {
    Box::pin(async move { panic_any(payload.clone()) })
}

/// What has ended, and nothing else was begun.
pub(super) fn ends(tracker: &Tracker) -> Result<Vec<Finished>, Stop> {
    ensure_eq!(tracker.running(), [], "what is under way");
    Ok(tracker.finished())
}

pub(super) fn one(tracker: &Tracker, name: &str) -> Result<Finished, Stop> {
    let [one] = <[Finished; 1]>::try_from(tracker.finished_named(name))
        .map_err(|all| Stop::failed(format!("of the name {name} ended {all:?}")))?;
    Ok(one)
}

fn caught<O>(act: impl FnOnce() -> O) -> Result<Box<dyn Any + Send>, Stop> {
    let outcome = catch_unwind(AssertUnwindSafe(act));
    outcome.err().ok_or(Stop::failed("no panic came out"))
}

/// Outcomes.
pub fn op_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let rt = ctx.rt();
    let tracker = Tracker::new(99);
    let op = |name: &'static str| Operation::new(name).tracker(&tracker);
    let token = CancellationToken::new();
    token.cancel();
    let cancelled = token.check();
    let judge = |n: &u32| match n {
        500.. => Ended::Error(format!("status {n}")),
        _ => Ended::Success,
    };
    ctx.run(async {
        op("output")
            .run(rt, ready(Err::<(), _>("an output")))
            .await
            .ok();
        op("ok").try_run(rt, ready(Ok::<_, String>(1))).await.ok();
        op("err").try_run(rt, ready(Err::<(), _>("no"))).await.ok();
        op("cancelled").try_run(rt, ready(cancelled)).await.ok();
        let joined = ready(Err::<(), _>(JoinError::Cancelled));
        op("joined").try_run(rt, joined).await.ok();
        for (name, status) in [("200", 200), ("503", 503)] {
            op(name).run_with(rt, ready(status), judge).await;
        }
        let mut given_up = Probe::new(op("dropped").run(rt, pending::<()>()));
        ensure!(given_up.is_pending(), "what never ends has ended");
        drop(given_up);
        let mut held = Box::pin(op("unwound").run(rt, pending::<()>()));
        let text = format!("{EXPECTED} another's");
        let other = poll_fn(move |cx| -> Poll<()> {
            let pends = held.as_mut().poll(cx).is_pending();
            panic_any(if pends { text.clone() } else { String::new() })
        });
        let joined = rt.spawn(other).await;
        ensure!(
            matches!(joined, Err(JoinError::Panicked(_))),
            "it gives {joined:?}"
        );
        let message = format!("{EXPECTED} boom");
        let mut panics = Probe::new(op("panics").run(rt, panics(message.clone())));
        caught(|| panics.poll())?;
        drop(panics);

        let error = |text: &str| Ended::Error(text.to_owned());
        let want = [
            ("output", Ended::Success),
            ("ok", Ended::Success),
            ("err", error("no")),
            ("cancelled", Ended::Cancelled),
            ("joined", Ended::Cancelled),
            ("200", Ended::Success),
            ("503", error("status 503")),
            ("dropped", Ended::Cancelled),
            ("unwound", Ended::Cancelled),
            ("panics", Ended::Panicked(message)),
        ];
        let all = ends(&tracker)?;
        let all: Vec<_> = all
            .iter()
            .map(|one| (&*one.name, one.outcome.clone()))
            .collect();
        ensure_eq!(all, want, "the outcomes");
        Ok(())
    })
}

/// Panics.
pub fn op_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let rt = ctx.rt();
    for watched in [false, true] {
        let tracker = Tracker::new(9);
        let op = || match watched {
            true => Operation::new("op").tracker(&tracker),
            false => Operation::new("op"),
        };
        let bomb = |n| OnDrop::new(move || panic_any(Expected(n)));
        let mut payloads = Vec::new();

        let mut work = Probe::new(op().run(rt, panics(Expected(1))));
        payloads.push(caught(|| work.poll())?);
        drop(work);

        let held = bomb(2);
        let holds = poll_fn(move |_| {
            let _held = &held;
            Poll::Ready(())
        });
        let mut work = Probe::new(op().run(rt, holds));
        payloads.push(caught(|| work.poll())?);
        drop(work);

        let held = bomb(3);
        let mut work = Probe::new(op().run(rt, async move {
            let _held = &held;
            pending::<()>().await;
        }));
        ensure!(work.is_pending(), "what never ends has ended");
        payloads.push(caught(|| drop(work))?);

        if watched {
            let judge = |_: &()| -> Ended { panic_any(Expected(4)) };
            let mut work = Probe::new(op().run_with(rt, ready(()), judge));
            payloads.push(caught(|| work.poll())?);
        }
        for (payload, n) in payloads.iter().zip(1..) {
            let is = payload.downcast_ref::<Expected>();
            ensure_eq!(is, Some(&Expected(n)), "the payload");
        }
        let ended = ends(&tracker)?.into_iter().map(|one| one.outcome.as_str());
        let want = vec!["panicked"; if watched { 4 } else { 0 }];
        ensure_eq!(ended.collect::<Vec<_>>(), want, "the outcomes");
    }
    Ok(())
}

/// Its time.
pub fn op_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let tracker = Tracker::new(9);
        drop(Operation::new("never").tracker(&tracker).run(rt, ready(())));
        let seen = Wakes::new();
        let (inside, counter) = (tracker.clone(), seen.clone());
        let looks = OnDrop::new(move || {
            let nested = Tracker::current().is_some();
            if nested && inside.running().len() == 1 && inside.finished().is_empty() {
                counter.bump();
            }
        });
        // What an async block holds goes with its last poll; what a closure holds, with the closure.
        let mut sleep = Box::pin(async {
            rt.sleep(MS * 20).await;
        });
        let work = poll_fn(move |cx| {
            let _looks = &looks;
            sleep.as_mut().poll(cx)
        });
        let work = Operation::new("op").tracker(&tracker).run(rt, work);
        rt.sleep(MS * 5).await;
        let before = rt.now();
        work.await;
        let after = rt.now();
        ensure_eq!(
            seen.count(),
            1,
            "destructors that saw the operation under way"
        );
        let op = one(&tracker, "op")?;
        ensure!(op.started >= before, "it began before its first poll");
        ensure!(op.duration >= MS * 20, "it took {:?}", op.duration);
        ensure!(op.started + op.duration <= after, "it ended after its end");
        ensure_eq!(ends(&tracker)?.len(), 1, "what has ended");
        Ok(())
    })
}

/// A clock, a field and a judge that must not be asked.
#[derive(Clone)]
struct Covered;

impl Clock for Covered {
    fn now(&self) -> Instant {
        panic_any(Expected(1))
    }

    fn wall_time(&self) -> SystemTime {
        panic_any(Expected(2))
    }
}

impl fmt::Display for Covered {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic_any(Expected(3))
    }
}

/// Unwatched.
pub fn op_8<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    // In a task, and outside of any.
    let work = || async {
        let op = Operation::new("op").field("covered", Covered);
        let work = async {
            yield_now().await;
            3
        };
        op.run_with(&Covered, work, |_| panic_any(Expected(4)))
            .await
    };
    let outside = catch_unwind(AssertUnwindSafe(|| block(work())));
    ensure!(
        matches!(outside, Ok(3)),
        "outside of a task it gives {outside:?}"
    );
    ctx.run(async {
        let joined = ctx.rt().spawn(async move { work().await }).await;
        ensure!(matches!(joined, Ok(3)), "in a task it gives {joined:?}");
        Ok(())
    })
}

/// Dropped, and spawned.
pub fn op_9<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let rt = ctx.rt();
    for cut in Cut::all() {
        let (tracker, event) = (Tracker::new(9), Event::new());
        let work = Operation::new("op").tracker(&tracker).run(rt, event.wait());
        cut_off("operation", work, cut, || event.set())?;
        let counts = tracker.counts("op");
        let ended = u64::from(cut.polls > 0 || cut.done);
        ensure_eq!(
            ends(&tracker)?.len() as u64,
            ended,
            "what has ended: operation, {cut}"
        );
        ensure_eq!(
            counts.success,
            u64::from(cut.done),
            "successes: operation, {cut}"
        );
    }
    fn spawned<R: Runtime>(rt: R, tracker: &Tracker) -> R::JoinHandle<Result<u8, String>> {
        let op = Operation::new("op").field("n", 1_u8).tracker(tracker);
        let sleeps = rt.sleep(MS);
        rt.spawn(op.try_run(&rt, async move {
            sleeps.await;
            Ok(7)
        }))
    }
    ctx.run(async {
        let tracker = Tracker::new(9);
        let joined = spawned(ctx.rt().clone(), &tracker).await;
        ensure!(matches!(joined, Ok(Ok(7))), "spawned it gives {joined:?}");
        ensure_eq!(tracker.counts("op").success, 1, "the successes");
        Ok(())
    })
}

/// Shared.
pub fn op_10<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const TASKS: usize = 64;
    const EACH: usize = 8;
    ctx.run(async {
        let rt = ctx.rt();
        let tracker = Tracker::new(TASKS * EACH);
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let (rt, tracker) = (rt.clone(), tracker.clone());
                let spawner = rt.clone();
                spawner.spawn(async move {
                    for _ in 0..EACH {
                        let yields = rt.random_u64() % 4;
                        let work = async {
                            for _ in 0..yields {
                                yield_now().await;
                            }
                        };
                        Operation::new("op").tracker(&tracker).run(&rt, work).await;
                    }
                })
            })
            .collect();
        for (n, task) in tasks.into_iter().enumerate() {
            if n % 3 == 0 {
                task.abort();
            }
            task.await.ok();
        }
        let all = ends(&tracker)?;
        let mut ids: Vec<u64> = all.iter().map(|one| one.id.get()).collect();
        ids.sort_unstable();
        let count = all.len() as u64;
        ensure!(
            ids.iter().copied().eq(1..=count),
            "the numbers are not 1 to {count}"
        );
        let counts = tracker.counts("op");
        ensure_eq!(counts.success + counts.cancelled, count, "the counts");
        ensure!(
            counts.success >= (TASKS - TASKS.div_ceil(3)) as u64 * EACH as u64,
            "{counts:?}"
        );
        Ok(())
    })
}
