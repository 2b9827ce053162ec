//! *BA*: the batcher, and *TP*: the task pool.

use super::batch_wait::{room_is_in_order, waits_since_the_first};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Expected, Gate, Probe, Wakes},
};
use anyrt_core::{
    ConfigError,
    rt::{JoinHandle, Runtime},
    task::yield_now,
};
use anyrt_toolkit::{
    batch::{BatchError, Batcher, BatcherBuilder},
    workers::{SubmitError, TaskPool},
};
use std::{
    future::{pending, ready},
    iter::repeat_n,
    panic::panic_any,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

const LONG: Duration = Duration::from_secs(3600);

/// The batches that were loaded, each behind the gate.
#[derive(Debug, Clone, Default)]
pub(super) struct Loads {
    batches: Arc<Mutex<Vec<Vec<u32>>>>,
    pub(super) begun: Arc<Wakes>,
    pub(super) gate: Gate,
}

impl Loads {
    /// Ten times the key. 13 panics, 14 fails, 15 is forgotten, 16 is answered twice.
    pub(super) fn builder<R: Runtime>(&self, rt: &R) -> BatcherBuilder<R, u32, u32, &'static str> {
        let loads = self.clone();
        let builder = Batcher::builder(rt, move |keys: Vec<u32>| {
            let loads = loads.clone();
            async move {
                loads.add(keys.clone());
                loads.begun.bump();
                loads.gate.wait().await;
                if keys.contains(&13) {
                    panic_any(Expected(13));
                }
                if keys.contains(&14) {
                    return Err("14");
                }
                let times = |key| match key {
                    15 => 0,
                    16 => 2,
                    _ => 1,
                };
                let answers = keys.into_iter();
                let answers = answers.flat_map(|key| repeat_n(key * 10, times(key)));
                Ok(answers.collect())
            }
        });
        builder.interval(LONG)
    }

    fn add(&self, keys: Vec<u32>) {
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        batches.push(keys);
    }

    pub(super) fn taken(&self) -> Vec<Vec<u32>> {
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *batches)
    }
}

pub(super) fn built<T>(built: Result<T, ConfigError>) -> Result<T, Stop> {
    built.map_err(|error| Stop::failed(format!("it cannot be built: {error}")))
}

/// Loaded when it is full, after the interval, on flush, on close.
pub fn ba_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let loads = Loads::default();
        loads.gate.open();
        let start = ctx.rt().now();
        let tens = built(loads.builder(ctx.rt()).max_size(2).build())?;
        let mut first = Probe::new(tens.load(1));
        ensure!(first.is_pending(), "loaded without waiting");
        ensure_eq!(tens.load(2).await.ok(), Some(20), "of a full batch");
        ensure_eq!(first.finish().await.ok(), Some(10), "of a full batch");
        let mut third = Probe::new(tens.load(3));
        ensure!(third.is_pending(), "loaded without waiting");
        tens.flush();
        ensure_eq!(third.finish().await.ok(), Some(30), "after a flush");
        let mut fourth = Probe::new(tens.load(4));
        ensure!(fourth.is_pending(), "loaded without waiting");
        tens.shutdown().await;
        ensure_eq!(fourth.finish().await.ok(), Some(40), "after a close");
        let late = tens.load(5).await;
        ensure!(
            matches!(late, Err(BatchError::Closed { .. })),
            "after the close: {late:?}"
        );
        ensure_eq!(loads.taken(), [vec![1, 2], vec![3], vec![4]], "the batches");
        ensure!(
            ctx.rt().now() - start < LONG,
            "a batch waited for the interval all the same"
        );

        refuses_what_is_there(ctx).await?;
        let interval = Duration::from_millis(30);
        let tens = built(loads.builder(ctx.rt()).interval(interval).build())?;
        let start = ctx.rt().now();
        ensure_eq!(tens.load(6).await.ok(), Some(60), "after the interval");
        ensure!(
            ctx.rt().now() - start >= interval,
            "loaded before the interval was over"
        );
        waits_since_the_first(ctx.rt()).await?;
        let plain = || loads.builder(ctx.rt());
        for (field, refused) in [
            ("max_size", plain().max_size(0)),
            ("max_size", plain().max_size(usize::MAX)),
            ("max_concurrent", plain().max_concurrent(0)),
            ("capacity", plain().max_size(2).capacity(1)),
            ("capacity", plain().capacity(usize::MAX)),
        ] {
            let error = refused.build().map(drop).map_err(|error| error.field);
            ensure_eq!(error, Err(field), "the error's field");
        }
        Ok(())
    })
}

/// A key that is in the buffer as the batcher is closed is not asked for once more.
async fn refuses_what_is_there<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let loads = Loads::default();
    let builder = loads.builder(ctx.rt()).max_size(1).max_concurrent(1);
    let tens = built(builder.dedup().build())?;
    let (mut first, mut second) = (Probe::new(tens.load(1)), Probe::new(tens.load(2)));
    ensure!(first.is_pending(), "loaded behind a gate");
    loads.begun.reached(1).await;
    ensure!(second.is_pending(), "loaded behind a gate");
    let mut closed = Probe::new(tens.shutdown());
    ensure!(closed.is_pending(), "closed with keys in it");
    let late = Probe::new(tens.load(2)).ready("a closed batcher")?;
    ensure!(matches!(late, Err(BatchError::Closed { .. })), "{late:?}");
    loads.gate.open();
    closed.finish().await;
    ensure_eq!(first.finish().await.ok(), Some(10), "of who was there");
    ensure_eq!(second.finish().await.ok(), Some(20), "of who was there");
    Ok(())
}

/// Each gets its own, a wrong number is an error for all, the same key is loaded once.
pub fn ba_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let loads = Loads::default();
        loads.gate.open();
        let tens = built(loads.builder(ctx.rt()).max_size(4).build())?;
        let values = tens.load_many([3, 1, 2, 1]).await;
        let values: Vec<_> = values.into_iter().filter_map(Result::ok).collect();
        ensure_eq!(values, [30, 10, 20, 10], "the results");
        for (key, number) in [(15, 3), (16, 5)] {
            for result in tens.load_many([1, key, 2, 3]).await {
                let wrong = matches!(result, Err(BatchError::WrongLength { keys: 4, values, .. }) if values == number);
                ensure!(wrong, "{number} values for four keys: {result:?}");
            }
        }
        loads.taken();
        let tens = built(loads.builder(ctx.rt()).max_size(2).dedup().build())?;
        let values = tens.load_many([7, 7, 7, 8]).await;
        let values: Vec<_> = values.into_iter().filter_map(Result::ok).collect();
        ensure_eq!(values, [70, 70, 70, 80], "the results");
        ensure_eq!(loads.taken(), [[7, 8]], "the batches");
        Ok(())
    })
}

/// Dropped before the flush: removed. After: the others are not disturbed.
pub fn ba_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let loads = Loads::default();
        let tens = built(loads.builder(ctx.rt()).build())?;
        let mut calls = [1, 2, 3].map(|key| Some(Probe::new(tens.load(key))));
        for call in calls.iter_mut().flatten() {
            ensure!(call.is_pending(), "loaded without waiting");
        }
        ensure_eq!(tens.len(), 3, "keys that wait");
        calls[1] = None;
        ensure_eq!(tens.len(), 2, "keys that wait, after one is gone");
        tens.flush();
        loads.begun.reached(1).await;
        calls[0] = None;
        loads.gate.open();
        let last = calls[2].as_mut();
        let last = last.ok_or_else(|| Stop::failed("it was not dropped"))?;
        ensure_eq!(last.finish().await.ok(), Some(30), "who stayed");
        ensure_eq!(loads.taken(), [[1, 3]], "the batches");
        Ok(())
    })
}

/// A panic and an error fail that batch only.
pub fn ba_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let loads = Loads::default();
        let builder = loads.builder(ctx.rt()).max_size(2).max_concurrent(2);
        let tens = built(builder.build())?;
        let mut bad = Probe::new(tens.load_many([1, 13]));
        ensure!(bad.is_pending(), "loaded without waiting");
        loads.begun.reached(1).await;
        let mut good = Probe::new(tens.load_many([2, 3]));
        ensure!(good.is_pending(), "loaded without waiting");
        loads.begun.reached(2).await;
        loads.gate.open();
        for result in bad.finish().await {
            let panicked = matches!(result, Err(BatchError::Panicked { .. }));
            ensure!(panicked, "of a load that panics: {result:?}");
        }
        let good = good.finish().await.into_iter().filter_map(Result::ok);
        ensure_eq!(good.collect::<Vec<_>>(), [20, 30], "the other batch");
        for result in tens.load_many([1, 14]).await {
            let failed =
                matches!(&result, Err(BatchError::Failed { error, .. }) if **error == "14");
            ensure!(failed, "of a load that fails: {result:?}");
        }
        let next = tens.load_many([5, 6]).await.into_iter();
        let next: Vec<_> = next.filter_map(Result::ok).collect();
        ensure_eq!(next, [50, 60], "the next batch");
        Ok(())
    })
}

/// No more than so many in flight, and a full buffer pushes back, in order.
pub fn ba_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let loads = Loads::default();
        let tens = built(loads.builder(ctx.rt()).max_size(2).capacity(2).build())?;
        let mut calls = Vec::new();
        for key in 0..6 {
            let mut call = Probe::new(tens.load(key));
            ensure!(call.is_pending(), "loaded without waiting");
            calls.push(call);
            if key == 1 {
                loads.begun.reached(1).await;
            }
        }
        // Time for a load that must not begin.
        ctx.rt().sleep(Duration::from_millis(20)).await;
        ensure_eq!(
            (tens.len(), tens.in_flight()),
            (2, 1),
            "waiting, and in flight"
        );
        // It waits for room: it is not in.
        drop(calls.pop());
        loads.gate.open();
        for (key, call) in (0..4).zip(&mut calls) {
            ensure_eq!(call.finish().await.ok(), Some(key * 10), "a result");
        }
        // The fifth had its room when the second batch was taken; it is alone.
        let last = &mut calls[4];
        ensure!(last.is_pending(), "loaded without waiting");
        tens.flush();
        ensure_eq!(last.finish().await.ok(), Some(40), "the last");
        ensure_eq!(
            loads.taken(),
            [vec![0, 1], vec![2, 3], vec![4]],
            "the batches"
        );
        room_is_in_order(ctx.rt()).await
    })
}

fn pool<R: Runtime>(rt: &R, workers: usize, capacity: usize) -> Result<TaskPool<R>, Stop> {
    built(
        TaskPool::builder(rt)
            .workers(workers)
            .capacity(capacity)
            .build(),
    )
}

/// So many at once, a bounded queue, a handle an item.
pub fn tp_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let pool = pool(ctx.rt(), 2, 1)?;
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (begun, gate) = (Wakes::new(), Gate::new());
        let job = |n: usize| {
            let (running, most) = (running.clone(), most.clone());
            let (begun, gate) = (begun.clone(), gate.clone());
            async move {
                most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                begun.bump();
                gate.wait().await;
                running.fetch_sub(1, SeqCst);
                n
            }
        };
        let mut handles = Vec::new();
        for n in 0..2 {
            handles.push(
                pool.submit(job(n))
                    .await
                    .map_err(|_| Stop::failed("it is open"))?,
            );
        }
        begun.reached(2).await;
        handles.push(
            pool.try_submit(job(2))
                .map_err(|_| Stop::failed("there is room"))?,
        );
        let refused = pool.try_submit(job(3));
        let Err(SubmitError::Full { job: refused, .. }) = refused else {
            return Err(Stop::failed("a job too many was taken in"));
        };
        let mut waiting = Probe::new(pool.submit(refused));
        ensure!(waiting.is_pending(), "a job too many was taken in");
        gate.open();
        let submitted = waiting.finish().await;
        handles.push(submitted.map_err(|_| Stop::failed("it is open"))?);
        for (n, handle) in handles.into_iter().enumerate() {
            ensure_eq!(handle.await.ok(), Some(n), "an output");
        }
        ensure_eq!(most.load(SeqCst), 2, "the most at once");
        pool.join().await;
        ensure_eq!(pool.progress().done, 4, "done");
        in_order(ctx).await?;
        let plain = || TaskPool::builder(ctx.rt());
        for (field, refused) in [
            ("workers", plain().workers(0)),
            ("workers", plain().workers(usize::MAX)),
            ("workers", plain().workers(usize::MAX).capacity(1)),
            ("capacity", plain().capacity(0)),
            ("capacity", plain().capacity(usize::MAX)),
        ] {
            let error = refused.build().map(drop).map_err(|error| error.field);
            ensure_eq!(error, Err(field), "the error's field");
        }
        Ok(())
    })
}

/// One worker begins jobs in the order in which they were submitted.
async fn in_order<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (pool, begun) = (pool(ctx.rt(), 1, 8)?, Arc::new(Mutex::new(Vec::new())));
    for n in 0..8 {
        let begun = begun.clone();
        let job = async move {
            let mut begun = begun.lock().unwrap_or_else(PoisonError::into_inner);
            begun.push(n);
        };
        let submitted = pool.submit(job).await;
        drop(submitted.map_err(|_| Stop::failed("it is open"))?);
    }
    pool.join().await;
    let begun = begun.lock().unwrap_or_else(PoisonError::into_inner).clone();
    ensure_eq!(begun, Vec::from_iter(0..8), "the jobs, as they were begun");
    Ok(())
}

/// A panic or an abort costs one job; a shutdown finishes the others, and later ones come back; a pool that is gone
/// leaves no one waiting.
pub fn tp_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let failed = |_| Stop::failed("a pool that is open refused a job");
        let open = pool(ctx.rt(), 1, 4)?;
        let panics = open.submit(async { panic_any(Expected(7)) }).await;
        let panics = panics.map_err(|_| Stop::failed("it is open"))?;
        let hangs = open.submit(pending::<()>()).await.map_err(failed)?;
        let queued = open.submit(pending::<()>()).await.map_err(failed)?;
        let good = open.submit(async { yield_now().await }).await;
        let good = good.map_err(|_| Stop::failed("it is open"))?;
        let outcome: Result<(), _> = panics.await;
        ensure!(
            outcome.is_err_and(|error| error.is_panic()),
            "a panic got lost"
        );
        queued.abort();
        hangs.abort();
        for aborted in [hangs, queued] {
            let outcome = aborted.await;
            ensure!(
                outcome.is_err_and(|error| error.is_cancelled()),
                "an abort got lost"
            );
        }
        open.shutdown().await;
        ensure!(good.await.is_ok(), "a shutdown lost a job");
        for refused in [open.submit(ready(7)).await, open.try_submit(ready(7))] {
            let Err(SubmitError::Closed { job, .. }) = refused else {
                return Err(Stop::failed("a job after the shutdown"));
            };
            ensure_eq!(job.await, 7, "a job that came back");
        }
        let gone = pool(ctx.rt(), 1, 1)?;
        let running = gone.submit(pending::<()>()).await.map_err(failed)?;
        let queued = gone.submit(pending::<()>()).await.map_err(failed)?;
        drop(gone);
        for lost in [running, queued] {
            let outcome = lost.await;
            ensure!(
                outcome.is_err_and(|error| error.is_cancelled()),
                "a job of nobody's"
            );
        }
        Ok(())
    })
}
