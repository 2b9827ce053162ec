//! *GA*: the children: when they start, how many run at once, what they cost, when they go.

use super::gather::{Endless, backwards};
use crate::{
    outcome::{Backend, Ctx, Outcome, ensure, ensure_eq},
    probe::{Gate, Probe, Wakes},
};
use anyrt_core::{
    gather::{gather, hedge, map_concurrent, race, race_ok},
    task::yield_now,
};
use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

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
                // Until there are as many as may be, and for one too many to come.
                arrived.reached(n / 20 * 20 + LIMIT).await;
                for _ in 0..20 {
                    yield_now().await;
                }
                running.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, u32>(n)
            }
        };
        let all = gather(rt, (0..20).map(job)).limit(LIMIT);
        let outputs = all.expect("3 are not 0").await;
        ensure_eq!(outputs.ok(), Some((0..20).collect()), "the outputs");
        let mapped = map_concurrent(rt, 20..40, job).limit(LIMIT);
        let outputs = mapped.expect("3 are not 0").collect().await;
        ensure_eq!(
            outputs.ok(),
            Some((20..40).collect()),
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
        let all = gather(rt, (0..5).map(job)).progress(report());
        drop(all.settled().await);
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
pub fn ga_40<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
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
