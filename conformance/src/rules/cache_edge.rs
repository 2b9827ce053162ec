//! *CA*: loads at their edges.

use super::cache::{Cache, builder, built};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Gate, PATIENCE, Probe, Wakes},
};
use anyrt_core::{
    cancel::CancellationToken,
    context::Context,
    group::TaskGroup,
    rt::{JoinHandle, Runtime},
    task::yield_now,
    task_local,
};
use anyrt_toolkit::cache::{AsyncCache, LoadError};
use std::{
    future::{Future, pending},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

task_local! {
    static CALLER: u32;
}

/// Tasks on all workers, many of them given up.
pub fn ca_20<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const KEYS: u32 = 3;
    let cache = built(builder(ctx.rt()))?;
    let running: Arc<Vec<AtomicUsize>> = Arc::new((0..KEYS).map(|_| AtomicUsize::new(0)).collect());
    let overlaps = Wakes::new();
    ctx.run(async {
        let rt = ctx.rt();
        for round in 0..60 {
            let tasks: Vec<_> = (0..24_u32)
                .map(|task| {
                    let (cache, running) = (cache.clone(), Arc::clone(&running));
                    let overlaps = Arc::clone(&overlaps);
                    rt.spawn(async move {
                        let load = |key: u32| async move {
                            let running = Running(running, key as usize);
                            if running.0[key as usize].fetch_add(1, SeqCst) > 0 {
                                overlaps.bump();
                            }
                            for _ in 0..key + round % 5 {
                                yield_now().await;
                            }
                            Ok(u64::from(key))
                        };
                        let key = task % KEYS;
                        cache.get_or_try_load(&key, load).await.ok() == Some(u64::from(key))
                    })
                })
                .collect();
            // Some go before they are polled, others while they drive or wait. Of a key its first go, or all.
            let stays = |index| match round % 2 {
                0 => index % 4 == 3,
                _ => index % KEYS as usize == 0,
            };
            for _ in 0..round % 3 {
                yield_now().await;
            }
            for (index, task) in tasks.iter().enumerate() {
                if !stays(index) {
                    task.abort();
                }
            }
            for task in tasks {
                if let Ok(right) = rt.timeout(PATIENCE, task).await.map_err(|_| hangs())? {
                    ensure!(right, "a caller got another value");
                }
            }
            ensure_eq!(cache.stats().in_flight, 0, "loads under way");
            cache.clear();
        }
        ensure_eq!(overlaps.count(), 0, "loads of a key that overlapped");
        Ok(())
    })
}

fn hangs() -> Stop {
    Stop::failed("a caller hangs")
}

struct Running(Arc<Vec<AtomicUsize>>, usize);

impl Drop for Running {
    fn drop(&mut self) {
        self.0[self.1].fetch_sub(1, SeqCst);
    }
}

/// A loader that would wait for itself is told so.
pub fn ca_21<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let cache = built(builder(ctx.rt()).name("users"))?;
    let inner = cache.clone();
    let mut own = Probe::new(cache.get_or_try_load(&1, move |key| async move {
        match inner.get_or_load(&key, async |_| 2).await {
            Err(LoadError::Deadlock(error)) if error.cache.as_deref() == Some("users") => Ok(1),
            _ => Err("no deadlock, or of another cache"),
        }
    }));
    ensure_eq!(
        own.ready("a loader of its own key")?.ok(),
        Some(1),
        "what it was told"
    );
    cache.clear();
    let (one, other) = (cache.clone(), cache.clone());
    let mut around = Probe::new(cache.get_or_try_load(&1, move |_| async move {
        let load = move |_| async move {
            match other.get_or_load(&1, async |_| 2).await {
                Err(error) if error.is_deadlock() => Ok(1),
                _ => Err("no deadlock"),
            }
        };
        one.get_or_try_load(&2, load).await.map_err(|_| "inside")
    }));
    ensure_eq!(
        around.ready("a circle of two")?.ok(),
        Some(1),
        "what it was told"
    );
    Ok(())
}

/// A load belongs to all, and so sees nobody's context.
pub fn ca_22<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let cache = built(builder(ctx.rt()))?;
    ctx.run(async {
        let group = TaskGroup::<R, (), ()>::builder(ctx.rt())
            .token(&CancellationToken::new())
            .timeout(Duration::from_secs(3600))
            .build();
        let seen = group.run(|_| async {
            let load = async |_| {
                let context = Context::current();
                let callers = CALLER.get().is_some() || context.token().is_some();
                u64::from(callers || context.deadline().is_some())
            };
            Ok(CALLER.scope(1, cache.get_or_load(&1, load)).await.ok())
        });
        ensure_eq!(
            seen.await.ok(),
            Some(Some(0)),
            "whether it sees a value, a token or a deadline"
        );
        Ok(())
    })
}

/// Nothing happens before the first poll; wakers come and go, and none is left.
pub fn ca_23<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let cache = built(builder(ctx.rt()))?;
    let (begun, gate) = (Wakes::new(), Gate::new());
    let call = || {
        let (begun, gate) = (Arc::clone(&begun), gate.clone());
        Probe::new(cache.get_or_try_load(&1, move |_| async move {
            begun.bump();
            gate.wait().await;
            Ok(1)
        }))
    };
    drop(call());
    ensure_eq!(begun.count(), 0, "loads of a call that was not polled");
    let (mut drives, mut waits, mut goes) = (call(), call(), call());
    for caller in [&mut drives, &mut waits, &mut goes] {
        ensure!(caller.is_pending(), "a value is there too early");
    }
    let counter = Arc::clone(goes.counter());
    drop(goes);
    ensure_eq!(
        Arc::strong_count(&counter),
        1,
        "wakers of one who is gone, and one"
    );
    let latest = Wakes::new();
    for _ in 0..3 {
        ensure!(waits.is_pending(), "a value is there too early");
    }
    ensure!(
        waits.poll_with(&latest.waker()).is_pending(),
        "a value is there too early"
    );
    ensure_eq!(
        Arc::strong_count(waits.counter()),
        1,
        "wakers of an earlier poll, and one"
    );
    let before = waits.wakes();
    gate.open();
    ensure_eq!(
        drives.ready("the one who drives")?.ok(),
        Some(1),
        "its value"
    );
    ensure_eq!(
        (waits.wakes() - before, latest.count()),
        (0, 1),
        "wakes of the earlier waker and of the latest"
    );
    ensure_eq!(waits.ready("one who waits")?.ok(), Some(1), "its value");
    ensure_eq!(begun.count(), 1, "loads");
    Ok(())
}

/// Generic code spawns what loads.
pub fn ca_24<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    async fn call<R: Runtime>(cache: AsyncCache<R, String, u64, &'static str>) -> u64 {
        let load = |key: String| async move { key.len() as u64 };
        cache.get_or_load("four", load).await.unwrap_or(0)
    }
    fn spawned<R: Runtime>(
        rt: &R,
        cache: &AsyncCache<R, String, u64, &'static str>,
    ) -> impl Future<Output = Option<u64>> + Send + use<R> {
        let task = rt.spawn(call(cache.clone()));
        async move { task.await.ok() }
    }
    let cache = AsyncCache::builder(ctx.rt())
        .fallible()
        .capacity(10)
        .build();
    let cache = cache.map_err(|error| Stop::failed(error.to_string()))?;
    ctx.run(async {
        ensure_eq!(
            spawned(ctx.rt(), &cache).await,
            Some(4),
            "what a task loads"
        );
        Ok(())
    })
}

/// What a cache loads in the background ends with it.
pub fn ca_25<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let cache: Cache<R> = built(builder(ctx.rt()))?;
    let (begun, gone) = (Wakes::new(), Wakes::new());
    let load = |_| {
        let (begun, gone) = (Arc::clone(&begun), crate::probe::Counted::new(&gone));
        async move {
            let _gone = gone;
            begun.bump();
            pending().await
        }
    };
    ensure!(cache.try_refresh(&1, load), "a refresh did not begin");
    ensure!(
        !cache.try_refresh(&1, |_| pending()),
        "two began for one key"
    );
    ctx.run(async {
        begun.reached(1).await;
        let other = cache.clone();
        drop(cache);
        ensure_eq!(
            gone.count(),
            0,
            "loads that went with a handle that is not the last"
        );
        drop(other);
        gone.reached(1).await;
        Ok(())
    })
}

/// What runs in the background is bounded by a number, for no caller waits for it.
pub fn ca_29<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let none = builder(ctx.rt()).max_refreshes(0).build();
    let field = none.err().map(|error| error.field);
    ensure_eq!(field, Some("max_refreshes"), "none at all");
    let stale = Duration::from_secs(3600);
    let life = Duration::from_nanos(1);
    let settings = builder(ctx.rt()).ttl(life).stale_for(stale);
    let cache: Cache<R> = built(settings.max_refreshes(2))?;
    let (begun, gate) = (Wakes::new(), Gate::new());
    let load = || {
        let (begun, gate) = (Arc::clone(&begun), gate.clone());
        |_| async move {
            begun.bump();
            gate.wait().await;
            Ok(10)
        }
    };
    ctx.run(async {
        for key in 1..4 {
            cache.insert(key, 1);
        }
        ctx.rt().sleep(life).await;
        for key in [1, 2] {
            ensure!(cache.try_refresh(&key, load()), "one of two did not begin");
        }
        begun.reached(2).await;
        ensure!(!cache.try_refresh(&3, load()), "a third one of two began");
        let served = cache.get_or_try_load(&3, load()).await;
        ensure_eq!(served.ok(), Some(1), "the value, which is stale");
        let stats = cache.stats();
        ensure_eq!((stats.loads, stats.in_flight), (2, 2), "the loads");
        // Who is waited for is not among them.
        let waited = cache.get_or_try_load(&4, async |_| Ok(4)).await;
        ensure_eq!(waited.ok(), Some(4), "a load that is waited for");
        gate.open();
        while cache.stats().in_flight > 0 {
            yield_now().await;
        }
        // The tasks may end after their loads have.
        while !cache.try_refresh(&3, load()) {
            yield_now().await;
        }
        begun.reached(3).await;
        Ok(())
    })
}
