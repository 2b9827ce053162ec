//! *GA*: all of them: `gather`, and its settled kind.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Expected, Gate, OnDrop, Probe, Wakes},
};
use anyrt_core::{
    gather::{gather, hedge, map_concurrent, race, race_ok},
    group::{Cause, TaskError},
    task::yield_now,
};
use std::{
    future::{Future, Ready, pending, ready},
    panic::panic_any,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// Jobs that never end, with counts of their starts and of their drops.
#[derive(Debug, Default)]
pub(super) struct Endless {
    pub(super) started: Arc<Wakes>,
    pub(super) dropped: Arc<Wakes>,
}

impl Endless {
    /// One more.
    pub(super) fn job(&self) -> impl Future<Output = Result<usize, u32>> + Send + 'static + use<> {
        let started = Arc::clone(&self.started);
        let guard = Counted::new(&self.dropped);
        async move {
            let _guard = guard;
            started.bump();
            pending().await
        }
    }
}

/// As many jobs, each of which ends only after the one behind it.
fn backwards(
    jobs: usize,
) -> Vec<impl Future<Output = Result<usize, u32>> + Send + 'static + use<>> {
    let gates: Vec<_> = (0..=jobs).map(|_| Gate::new()).collect();
    gates[jobs].open();
    let job = |n: usize| {
        let (before, mine) = (gates[n].clone(), gates[n + 1].clone());
        async move {
            mine.wait().await;
            before.open();
            Ok(n)
        }
    };
    (0..jobs).map(job).collect()
}

/// In the order of the input, though the last ends first.
pub fn ga_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let want: Vec<_> = (0..8).collect();
        let outputs = gather(rt, backwards(8)).await;
        ensure_eq!(outputs.ok(), Some(want.clone()), "`gather`");
        let settled = gather(rt, backwards(8)).settled().await;
        let outputs: Vec<_> = settled.into_iter().filter_map(Result::ok).collect();
        ensure_eq!(outputs, want, "`settled`");
        let mapped = map_concurrent(rt, backwards(8), |job| job).limit(8);
        let outputs = mapped.expect("8 are not 0").collect().await;
        ensure_eq!(outputs.ok(), Some(want.clone()), "`map_concurrent`");
        Ok(())
    })
}

/// Nothing is gathered at once, and refused where it makes no sense.
pub fn ga_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let none = Vec::<Ready<Result<u8, u8>>>::new;
        let outputs = Probe::new(gather(rt, none())).ready("a gather of nothing")?;
        ensure_eq!(outputs.ok(), Some(Vec::new()), "a gather of nothing");
        let settled = gather(rt, none()).settled();
        let outputs = Probe::new(settled).ready("a settled gather of nothing")?;
        ensure!(
            outputs.is_empty(),
            "a settled gather of nothing is not empty"
        );
        let mapped = map_concurrent(rt, none(), |job| job).collect();
        let outputs = Probe::new(mapped).ready("a map over nothing")?;
        ensure_eq!(outputs.ok(), Some(Vec::new()), "a map over nothing");

        ensure!(
            gather(rt, none()).non_empty().is_err(),
            "`non_empty` accepts nothing"
        );
        let settled = gather(rt, none()).settled().non_empty();
        ensure!(settled.is_err(), "`settled().non_empty` accepts nothing");
        ensure!(race(rt, none()).is_err(), "`race` accepts nothing");
        ensure!(race_ok(rt, none()).is_err(), "`race_ok` accepts nothing");
        let one = gather(rt, [ready(Ok::<_, u8>(1))]).non_empty();
        ensure!(one.is_ok(), "`non_empty` refuses one future");
        Ok(())
    })
}

/// The first failure, once the others are gone.
pub fn ga_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        for limit in [8, 3] {
            let (started, dropped) = (Wakes::new(), Wakes::new());
            let job = |n: usize| {
                let (started, dropped) = (Arc::clone(&started), Arc::clone(&dropped));
                let slow = OnDrop::new(move || {
                    // A gather that does not wait for it returns before.
                    thread::sleep(Duration::from_millis(10));
                    dropped.bump();
                });
                async move {
                    if n == 2 {
                        drop(slow);
                        started.reached(2).await;
                        return Err::<(), _>(n);
                    }
                    let _slow = slow;
                    started.bump();
                    pending().await
                }
            };
            let all = gather(ctx.rt(), (0..4).map(job)).limit(limit);
            let output = all.expect("a limit above 0").await;
            ensure_eq!(dropped.count(), 4, "futures dropped when `gather` returned");
            let Err(error) = output else {
                return Err(Stop::failed("a gather with a failure gave outputs"));
            };
            ensure_eq!(error.error(), Some(&2), "the error");
            ensure_eq!(error.id.map(|id| id.index()), Some(2), "its place");
        }
        Ok(())
    })
}

/// Settled, each future has its own result.
pub fn ga_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let check = |results: Vec<Result<u32, TaskError<u32>>>| {
        ensure_eq!(results.len(), 4, "the number of results");
        for (n, result) in results.into_iter().enumerate() {
            let place = result.as_ref().err().and_then(|error| error.id);
            let result = result.map_err(|error| error.cause);
            match (n, result) {
                (0, Ok(0)) | (1, Err(Cause::Failed(1))) | (3, Ok(3)) => {}
                (2, Err(Cause::Panicked(panic))) => {
                    let payload = panic.into_payload().downcast::<Expected>().ok();
                    ensure_eq!(payload.as_deref(), Some(&Expected(2)), "the payload");
                    ensure_eq!(place.map(|id| id.index()), Some(2), "the panic's place");
                }
                (n, result) => return Err(Stop::failed(format!("place {n} has {result:?}"))),
            }
        }
        Ok(())
    };
    let job = |n: u32, before: Gate| async move {
        before.wait().await;
        match n {
            1 => Err(n),
            2 => panic_any(Expected(2)),
            _ => Ok(n),
        }
    };
    ctx.run(async {
        let open = Gate::new();
        open.open();
        // One after the other, so that the last begins when the failures are known.
        let all = (0..4).map(|n| job(n, open.clone()));
        let all = gather(ctx.rt(), all).settled().limit(1);
        check(all.expect("1 is not 0").await)?;
        let last = Gate::new();
        let all = (0..4).map(|n| job(n, if n == 3 { last.clone() } else { open.clone() }));
        let opens = last.clone();
        let all = gather(ctx.rt(), all).settled().progress(move |done, _| {
            if done == 3 {
                opens.open();
            }
        });
        check(all.await)
    })
}

/// Outputs are dropped once.
pub fn ga_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let (ended, drops) = (Wakes::new(), Wakes::new());
        let job = |n: usize| {
            let (ended, drops) = (Arc::clone(&ended), Arc::clone(&drops));
            async move {
                if n == 3 {
                    ended.reached(3).await;
                    return Err(n);
                }
                ended.bump();
                Ok(Counted::new(&drops))
            }
        };
        let output = gather(rt, (0..4).map(job)).await;
        ensure!(output.is_err(), "a gather with a failure gave outputs");
        ensure_eq!(drops.count(), 3, "drops of outputs beside a failure");

        let outputs = gather(rt, (0..3).map(job)).await;
        ensure_eq!(drops.count(), 3, "drops before the outputs are handed out");
        drop(outputs);
        ensure_eq!(drops.count(), 6, "drops after the outputs are");
        let results = gather(rt, (0..4).map(job)).settled().await;
        ensure_eq!(drops.count(), 6, "drops before the results are handed out");
        drop(results);
        ensure_eq!(drops.count(), 9, "drops after the results are");
        Ok(())
    })
}

/// Whoever drops it, drops the children.
pub fn ga_6<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    async fn dropped<F: Future>(jobs: &Endless, want: usize, future: F) -> Outcome {
        let mut probe = Probe::new(future);
        ensure!(probe.is_pending(), "it is ready, though no job ends");
        jobs.started.reached(want).await;
        drop(probe);
        // A job that lives on is a hang.
        jobs.dropped.reached(want).await;
        Ok(())
    }
    ctx.run(async {
        let rt = ctx.rt();
        let of_three = || {
            let jobs = Endless::default();
            let three = [jobs.job(), jobs.job(), jobs.job()];
            (jobs, three)
        };
        let (jobs, three) = of_three();
        dropped(&jobs, 3, gather(rt, three)).await?;
        let (jobs, three) = of_three();
        dropped(&jobs, 3, gather(rt, three).settled()).await?;
        let (jobs, three) = of_three();
        let mapped = map_concurrent(rt, three, |job| job).limit(3);
        dropped(&jobs, 3, mapped.expect("3 are not 0").collect()).await?;
        let (jobs, three) = of_three();
        dropped(&jobs, 3, race(rt, three).expect("3 are not none")).await?;
        let (jobs, three) = of_three();
        dropped(&jobs, 3, race_ok(rt, three).expect("3 are not none")).await?;
        let jobs = Endless::default();
        let hedged = hedge(rt, 3, Duration::from_secs(3600), |_| jobs.job());
        dropped(&jobs, 1, hedged.expect("3 are not none")).await
    })
}

/// A child that wakes itself for ever keeps nobody from going on.
pub fn ga_7<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let (spinning, stop) = (Wakes::new(), Gate::new());
        let job = |n: usize| {
            let (spinning, stop) = (Arc::clone(&spinning), stop.clone());
            async move {
                if n == 0 {
                    while !stop.is_open() {
                        spinning.bump();
                        yield_now().await;
                    }
                } else {
                    spinning.reached(1000).await;
                    stop.open();
                }
                Ok::<_, u32>(n)
            }
        };
        let mut probe = Probe::new(gather(ctx.rt(), (0..2).map(job)));
        let outputs = probe.finish().await;
        ensure_eq!(outputs.ok(), Some(vec![0, 1]), "the outputs");
        ensure!(
            probe.wakes() <= 2,
            "a child that wakes itself woke the caller, too: {} times",
            probe.wakes()
        );
        Ok(())
    })
}

/// A limit of 0 is an error.
pub fn ga_8<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let rt = ctx.rt();
    let jobs = || [ready(Ok::<_, u32>(1))];
    ensure!(
        gather(rt, jobs()).limit(0).is_err(),
        "`gather` takes a limit of 0"
    );
    let settled = gather(rt, jobs()).settled().limit(0);
    ensure!(settled.is_err(), "`settled` takes a limit of 0");
    let mapped = map_concurrent(rt, jobs(), |job| job).limit(0);
    ensure!(mapped.is_err(), "`map_concurrent` takes a limit of 0");
    let hedged = hedge(rt, 0, Duration::ZERO, |_| ready(Ok::<_, u32>(1)));
    match hedged {
        Ok(_) => Err(Stop::failed("`hedge` takes 0 attempts")),
        Err(error) => {
            ensure!(
                error.to_string().contains("attempts"),
                "the message is {error}"
            );
            Ok(())
        }
    }
}

/// Never more than the limit at once, and as many as that.
pub fn ga_9<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const LIMIT: usize = 3;
    ctx.run(async {
        let rt = ctx.rt();
        let (arrived, running) = (Wakes::new(), Arc::new(AtomicUsize::new(0)));
        let peak = Arc::new(AtomicUsize::new(0));
        let job = |n: usize| {
            let (arrived, running) = (Arc::clone(&arrived), Arc::clone(&running));
            let peak = Arc::clone(&peak);
            async move {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                peak.fetch_max(now, Ordering::SeqCst);
                arrived.bump();
                arrived.reached(LIMIT).await;
                yield_now().await;
                running.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, u32>(n)
            }
        };
        let all = gather(rt, (0..20).map(job)).limit(LIMIT);
        let outputs = all.expect("3 are not 0").await;
        ensure_eq!(outputs.ok(), Some((0..20).collect()), "the outputs");
        let mapped = map_concurrent(rt, 0..20, job).limit(LIMIT);
        let outputs = mapped.expect("3 are not 0").collect().await;
        ensure_eq!(
            outputs.ok(),
            Some((0..20).collect()),
            "the outputs of a map"
        );
        ensure_eq!(peak.load(Ordering::SeqCst), LIMIT, "the most at once");

        let (handling, done) = (Gate::new(), Gate::new());
        let job = |n: usize| {
            let (handling, done) = (handling.clone(), done.clone());
            async move {
                if n == 1 {
                    handling.wait().await;
                    done.open();
                }
                Ok::<_, u32>(n)
            }
        };
        let mapped = map_concurrent(rt, 0..2, job).limit(2);
        let mut mapped = mapped.expect("2 are not 0");
        let first = mapped.next().await;
        ensure!(
            matches!(first, Some(Ok(0))),
            "the first output is {first:?}"
        );
        // The caller handles it, and polls nothing.
        handling.open();
        done.wait().await;
        let second = mapped.next().await;
        ensure!(matches!(second, Some(Ok(1))), "the second is {second:?}");
        ensure!(mapped.next().await.is_none(), "more outputs than items");
        Ok(())
    })
}

/// Progress counts completions, one after the other.
pub fn ga_10<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let log = Arc::new(Mutex::new(Vec::new()));
        let report = || {
            let log = Arc::clone(&log);
            move |done, total| log.lock().unwrap().push((done, total))
        };
        let job = |n: usize| async move {
            yield_now().await;
            if n == 3 { Err(n) } else { Ok(n) }
        };
        let all = gather(rt, (4..9).map(job)).progress(report()).await;
        ensure!(all.is_ok(), "a gather with progress gave {all:?}");
        let want: Vec<_> = (1..=5).map(|done| (done, 5)).collect();
        ensure_eq!(std::mem::take(&mut *log.lock().unwrap()), want, "`gather`");
        let all = gather(rt, (0..5).map(job)).settled();
        drop(all.progress(report()).await);
        ensure_eq!(std::mem::take(&mut *log.lock().unwrap()), want, "`settled`");
        let counted = report();
        let mapped = map_concurrent(rt, 4..9, job).progress(move |done| counted(done, 5));
        drop(mapped.collect().await);
        ensure_eq!(*log.lock().unwrap(), want, "`map_concurrent`");
        Ok(())
    })
}

/// The caller is not woken once a child.
pub fn ga_12<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const JOBS: usize = 2000;
    ctx.run(async {
        let rt = ctx.rt();
        // Each wakes the next, so that they end one at a time.
        let mut probe = Probe::new(gather(rt, backwards(JOBS)));
        let outputs = probe.finish().await;
        ensure_eq!(outputs.ok().map(|all| all.len()), Some(JOBS), "the outputs");
        let wakes = probe.wakes();
        ensure!(wakes <= 2, "{JOBS} children woke the caller {wakes} times");
        let mut probe = Probe::new(gather(rt, backwards(JOBS)).settled());
        let results = probe.finish().await;
        ensure_eq!(results.len(), JOBS, "the results");
        let wakes = probe.wakes();
        ensure!(wakes <= 2, "{JOBS} children woke the caller {wakes} times");
        Ok(())
    })
}

/// Nothing is spawned before the first poll.
pub fn ga_20<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let jobs = Endless::default();
        let (all, settled) = (gather(rt, [jobs.job()]), gather(rt, [jobs.job()]).settled());
        let raced = race(rt, [jobs.job()]).expect("1 is not none");
        let raced_ok = race_ok(rt, [jobs.job()]).expect("1 is not none");
        let mapped = map_concurrent(rt, [()], |()| jobs.job());
        let hedged = hedge(rt, 1, Duration::ZERO, |_| jobs.job()).expect("1 is not 0");
        for _ in 0..10 {
            yield_now().await;
        }
        drop((all, settled, raced, raced_ok));
        drop((mapped.collect(), hedged));
        ensure_eq!(
            jobs.dropped.count(),
            4,
            "futures dropped with those around them"
        );
        ensure_eq!(jobs.started.count(), 0, "jobs that began unpolled");
        Ok(())
    })
}
