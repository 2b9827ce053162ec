//! *GA*: what may come in the way: cancellations, panics, generic code.

use super::{gather::Endless, map_concurrent::Reluctant};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Expected, OnDrop, Probe, Wakes},
};
use anyrt_core::{
    cancel::CancellationToken,
    context::Context,
    gather::{gather, hedge, map_concurrent, map_concurrent_stream, race, race_ok},
    group::{Cause, GroupError, Ready, Spawner, TaskError, TaskGroup, task_group},
    task::yield_now,
};
use futures_core::Stream;
use std::{
    future::{Future, ready},
    panic::panic_any,
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
    time::Duration,
};

const HOUR: Duration = Duration::from_secs(3600);
const REASON: &str = "the user went away";

type Job<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// No item, ever; nor does it wake anybody.
struct Never;

impl Stream for Never {
    type Item = ();

    fn poll_next(self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<Option<()>> {
        Poll::Pending
    }
}

/// Whether that is the outer token's doing.
fn by_token<E>(error: &TaskError<E>) -> bool {
    matches!(&error.cause, Cause::Cancelled(Some(reason)) if reason.text == REASON)
}

/// Runs what `make` returns under a token that is cancelled once so much has started.
async fn cut<F: Future>(
    starts: usize,
    make: impl FnOnce(&Endless) -> F,
) -> Result<F::Output, Stop> {
    let jobs = Endless::default();
    let token = CancellationToken::new();
    let context = Context::default().with_token(token.clone());
    let future = make(&jobs);
    let mut probe = Probe::new(context.scope(future));
    ensure!(probe.is_pending(), "it is ready, though jobs wait");
    let started = jobs.started.reached(starts);
    // Whatever it needs polls for, until both have started.
    let mut started = Probe::new(started);
    while started.is_pending() {
        ensure!(probe.is_pending(), "it is ready, though jobs wait");
        yield_now().await;
    }
    token.cancel_with(REASON);
    let output = probe.finish().await;
    ensure_eq!(jobs.dropped.count(), 2, "jobs gone when it returned");
    Ok(output)
}

/// An outer cancellation ends it, and gives no part of the results.
pub fn ga_41<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let done = || -> Job<Result<usize, u32>> { Box::pin(ready(Ok(1))) };
        let of_three = |jobs: &Endless| -> [Job<_>; 3] {
            [done(), Box::pin(jobs.job()), Box::pin(jobs.job())]
        };
        let output = cut(2, |jobs| gather(rt, of_three(jobs))).await?;
        ensure!(
            output.as_ref().is_err_and(by_token),
            "`gather` gave {output:?}"
        );
        let results = cut(3, |jobs| {
            let started = Arc::clone(&jobs.started);
            let all = gather(rt, of_three(jobs));
            all.progress(move |_, _| started.bump()).settled()
        })
        .await?;
        ensure_eq!(results.len(), 3, "the results of `settled`");
        ensure!(
            matches!(results[0], Ok(1)),
            "`settled` lost an output: {results:?}"
        );
        let cancelled = |result: &Result<_, _>| result.as_ref().is_err_and(by_token);
        ensure!(
            results[1..].iter().all(cancelled),
            "`settled` gave {results:?}"
        );
        let mapped = cut(2, |jobs| {
            let mapped = map_concurrent(rt, of_three(jobs), |job| job).limit(3);
            mapped.expect("3 are not 0").collect()
        });
        let output = mapped.await?;
        ensure!(
            output.as_ref().is_err_and(by_token),
            "`map_concurrent` gave {output:?}"
        );
        // Also where nothing runs, and it waits for an item.
        let token = CancellationToken::new();
        let mapped = map_concurrent_stream(rt, Never, |()| ready(Ok::<(), u32>(())));
        let scope = Context::default().with_token(token.clone());
        let mut probe = Probe::new(scope.scope(mapped.collect()));
        ensure!(probe.is_pending(), "it is ready, though there is no item");
        token.cancel_with(REASON);
        ensure!(probe.wakes() > 0, "the token woke nobody");
        let output = probe.finish().await;
        ensure!(
            output.as_ref().is_err_and(by_token),
            "`map_concurrent_stream` gave {output:?}"
        );

        let two = |jobs: &Endless| [jobs.job(), jobs.job()];
        let output = cut(2, |jobs| race(rt, two(jobs)).expect("2 are not none")).await?;
        ensure!(
            output.as_ref().is_err_and(by_token),
            "`race` gave {output:?}"
        );
        let output = cut(2, |jobs| race_ok(rt, two(jobs)).expect("2 are not none")).await?;
        let first = output.as_ref().map_err(GroupError::first);
        ensure!(first.is_err_and(by_token), "`race_ok` gave {output:?}");
        let output = cut(2, |jobs| {
            let mut two = two(jobs).into_iter();
            let next = move |_| two.next().expect("there are 2");
            hedge(rt, 2, Duration::from_nanos(1), next).expect("2 are not none")
        });
        let output = output.await?;
        let first = output.as_ref().map_err(GroupError::first);
        ensure!(first.is_err_and(by_token), "`hedge` gave {output:?}");

        // Nothing is cancelled that had ended before.
        let token = CancellationToken::new();
        let scope = || Context::default().with_token(token.clone());
        let mapped = map_concurrent(rt, [()], |()| ready(Ok::<_, u32>(1)));
        let mut mapped = mapped.limit(2).expect("2 are not 0");
        let output = scope().scope(mapped.next()).await;
        ensure!(
            matches!(output, Some(Ok(1))),
            "the one output is {output:?}"
        );
        token.cancel_with(REASON);
        let end = scope().scope(mapped.next()).await;
        ensure!(end.is_none(), "after the last output came {end:?}");

        // And nothing starts any more.
        let jobs = Endless::default();
        let output = scope().scope(gather(rt, two(&jobs))).await;
        ensure!(
            output.as_ref().is_err_and(by_token),
            "`gather` gave {output:?}"
        );
        let raced = race(rt, two(&jobs)).expect("2 are not none");
        let output = scope().scope(raced).await;
        ensure!(
            output.as_ref().is_err_and(by_token),
            "`race` gave {output:?}"
        );
        let mapped = map_concurrent(rt, two(&jobs), |job| job);
        let output = scope().scope(mapped.collect()).await;
        ensure!(
            output.as_ref().is_err_and(by_token),
            "`map_concurrent` gave {output:?}"
        );
        let hedged = hedge(rt, 2, HOUR, |_| jobs.job()).expect("2 are not none");
        let output = scope().scope(hedged).await;
        ensure!(output.is_err(), "`hedge` gave {output:?}");
        ensure_eq!(
            jobs.started.count(),
            0,
            "jobs that began after the cancellation"
        );
        Ok(())
    })
}

/// Panics with what it was raised with.
fn panicked<T, E>(output: Result<T, TaskError<E>>, n: u32, who: &str) -> Outcome {
    match output.map_err(|error| error.cause) {
        Err(Cause::Panicked(panic)) => {
            let payload = panic.into_payload().downcast::<Expected>().ok();
            ensure_eq!(
                payload.as_deref(),
                Some(&Expected(n)),
                "the payload of {who}"
            );
            Ok(())
        }
        _ => Err(Stop::failed(format!("{who} did not give its panic"))),
    }
}

/// Panics of futures, of destructors, and of the caller's own closures are failures.
pub fn ga_42<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let jobs = Endless::default();
        let raises = |n: u32| -> Job<Result<usize, u32>> {
            Box::pin(async move {
                yield_now().await;
                panic_any(Expected(n))
            })
        };
        let all: [Job<_>; 2] = [Box::pin(jobs.job()), raises(1)];
        panicked(gather(rt, all).await, 1, "a future")?;
        ensure_eq!(jobs.dropped.count(), 1, "siblings gone after a panic");

        let raises: Job<Result<usize, u32>> = Box::pin(async {
            let _guard = OnDrop::new(|| panic_any(Expected(2)));
            Ok(2)
        });
        panicked(gather(rt, [raises]).await, 2, "a destructor")?;

        let all: [Job<_>; 2] = [Box::pin(jobs.job()), Box::pin(ready(Ok(3)))];
        let all = gather(rt, all).progress(|_, _| panic_any(Expected(3)));
        panicked(all.await, 3, "`progress`")?;
        ensure_eq!(
            jobs.dropped.count(),
            2,
            "siblings gone after a panic of `progress`"
        );
        let all: [Job<_>; 2] = [Box::pin(jobs.job()), Box::pin(ready(Ok(3)))];
        let all = gather(rt, all).progress(|_, _| panic_any(Expected(4)));
        let mut results = all.settled().await;
        ensure_eq!(
            jobs.dropped.count(),
            3,
            "siblings gone after a panic of `progress`"
        );
        panicked(results.swap_remove(1), 4, "`progress` of `settled`")?;

        let items = (0..3).inspect(|n| {
            if *n == 2 {
                panic_any(Expected(5))
            }
        });
        let mapped = map_concurrent(rt, items, |_| jobs.job()).limit(4);
        panicked(
            mapped.expect("4 are not 0").collect().await,
            5,
            "an iterator",
        )?;
        ensure_eq!(
            jobs.dropped.count(),
            5,
            "siblings gone after a panic of the items"
        );
        let work = |n| match n {
            2 => panic_any(Expected(6)),
            _ => jobs.job(),
        };
        let mapped = map_concurrent(rt, 0..3, work).limit(4);
        panicked(mapped.expect("4 are not 0").collect().await, 6, "the work")?;
        ensure_eq!(
            jobs.dropped.count(),
            7,
            "siblings gone after a panic of the work"
        );
        // The items themselves may panic as they are dropped, once there are no more.
        let guard = OnDrop::new(|| panic_any(Expected(7)));
        let items = (0..2).inspect(move |_| {
            let _guard = &guard;
        });
        let mapped = map_concurrent(rt, items, |_| jobs.job()).limit(4);
        panicked(mapped.expect("4 are not 0").collect().await, 7, "the items")?;
        ensure_eq!(
            jobs.dropped.count(),
            9,
            "siblings gone after a panic of the items' destructor"
        );
        Ok(())
    })
}

/// Cancelled from elsewhere at any time, it comes to an end, and leaves nobody behind.
pub fn ga_46<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const JOBS: usize = 5;
    async fn raced<R: Backend, F: Future>(
        rt: &R,
        round: usize,
        make: impl FnOnce(Vec<Job<Result<usize, u32>>>) -> F,
    ) -> Result<F::Output, Stop> {
        let dropped = Wakes::new();
        let job = |n: usize| -> Job<_> {
            let guard = Counted::new(&dropped);
            Box::pin(async move {
                let _guard = guard;
                for _ in 0..n * 2 {
                    yield_now().await;
                }
                Ok(n)
            })
        };
        let token = CancellationToken::new();
        let scope = Context::default().with_token(token.clone());
        let cancels = rt.spawn(async move {
            for _ in 0..round % 16 {
                yield_now().await;
            }
            token.cancel_with(REASON);
        });
        let output = scope.scope(make((0..JOBS).map(job).collect())).await;
        ensure_eq!(dropped.count(), JOBS, "jobs gone in round {round}");
        ensure!(cancels.await.is_ok(), "the task that cancels failed");
        Ok(output)
    }
    ctx.run(async {
        let rt = ctx.rt();
        let check = |output: &Result<Vec<usize>, TaskError<u32>>| match output {
            Ok(all) => all.len() == JOBS,
            Err(error) => by_token(error),
        };
        for round in 0..200 {
            let output = raced(rt, round, |jobs| gather(rt, jobs)).await?;
            ensure!(check(&output), "`gather` gave {output:?}");
            let limited = |jobs| gather(rt, jobs).limit(2).expect("2 are not 0");
            let output = raced(rt, round, limited).await?;
            ensure!(check(&output), "`gather` with a limit gave {output:?}");
            let mapped = |jobs| map_concurrent(rt, jobs, |job| job).collect();
            let output = raced(rt, round, mapped).await?;
            ensure!(check(&output), "`map_concurrent` gave {output:?}");
            let first = |jobs| race_ok(rt, jobs).expect("5 are not none");
            let output = raced(rt, round, first).await?;
            let told = output.as_ref().map_err(GroupError::first);
            ensure!(
                told.is_ok() || told.is_err_and(by_token),
                "`race_ok` gave {output:?}"
            );
        }
        Ok(())
    })
}

/// All of it can be spawned from code that knows no more than `R: Runtime`.
pub fn ga_45<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    async fn one(n: usize) -> Result<usize, u32> {
        yield_now().await;
        Ok(n)
    }
    ctx.run(async {
        let rt = ctx.rt();
        let inner = rt.clone();
        let task = rt.spawn(async move {
            let rt = &inner;
            let mut sum = gather(rt, (0..3).map(one)).await.unwrap().len();
            let limited = gather(rt, [one(1), one(2)])
                .limit(1)
                .unwrap()
                .progress(|_, _| {});
            sum += limited.settled().await.len();
            sum += map_concurrent(rt, 0..3, one).collect().await.unwrap().len();
            let mut mapped = map_concurrent(rt, vec![4], one).limit(2).unwrap();
            while let Some(output) = mapped.next().await {
                sum += output.unwrap();
            }
            let items = Reluctant::default();
            let streamed = map_concurrent_stream(rt, items, one).ordered();
            sum += streamed.collect().await.unwrap().len();
            sum += race(rt, [one(1)]).unwrap().await.unwrap().unwrap();
            sum += race_ok(rt, [one(1)]).unwrap().await.unwrap();
            sum += hedge(rt, 2, HOUR, |_| one(1)).unwrap().await.unwrap();
            let body = |group: Spawner<R, usize, u32>| async move {
                group.spawn(one(1)).unwrap();
                let ready = |ready: Ready<usize>| async move {
                    ready.send(2);
                    one(4).await
                };
                let mut sum = group.start(ready).await.unwrap();
                while let Some(output) = group.next().await {
                    sum += output;
                }
                Ok(sum)
            };
            sum += task_group(rt, body).await.unwrap();
            sum + TaskGroup::new(rt).run(body).await.unwrap()
        });
        let sum = task.await;
        ensure!(matches!(sum, Ok(34)), "the sum is {sum:?}, want 34");
        Ok(())
    })
}
