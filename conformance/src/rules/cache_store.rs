//! *CA*: what is kept, for how long, and what has to go.

use super::{
    cache::{Cache, builder, built},
    time::pass,
};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Expected, Gate, Probe, Wakes},
};
use anyrt_core::{rt::Runtime, task::yield_now};
use anyrt_toolkit::cache::{AsyncCache, Cause};
use std::{
    future::pending,
    panic::panic_any,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(3600);

/// What is past its time is not returned; a load's time begins at its end, idle time at the last read.
pub fn ca_8<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let lasting = built(builder(ctx.rt()).ttl(LONG).idle(LONG))?;
    let short = built(builder(ctx.rt()).ttl(SHORT))?;
    let idle = built(builder(ctx.rt()).idle(SHORT))?;
    let chosen = built(builder(ctx.rt()).lifetime(|_, value| (*value == 0).then_some(SHORT)))?;
    let late = built(builder(ctx.rt()).ttl(LONG).lifetime(|_, _| Some(LONG)))?;
    ctx.run(async {
        let rt = ctx.rt();
        for cache in [&lasting, &short, &idle, &chosen] {
            cache.insert(1, 0);
        }
        chosen.insert(2, 1);
        let mut slow = Probe::new(late.get_or_load(&1, {
            let rt = rt.clone();
            |_| async move {
                rt.sleep(SHORT).await;
                1
            }
        }));
        slow.finish().await.ok();
        rt.sleep(SHORT).await;
        ensure_eq!(lasting.get(&1), Some(0), "a value within its time");
        ensure_eq!(late.get(&1), Some(1), "one that took long to load");
        ensure_eq!(short.get(&1), None, "a value past its time");
        ensure!(!short.contains(&1), "it is still there");
        ensure_eq!(idle.get(&1), None, "a value that was not read");
        ensure_eq!(
            (chosen.get(&1), chosen.get(&2)),
            (None, Some(1)),
            "one with a short life of its own, and one with none"
        );
        ensure_eq!(short.insert(1, 5), None, "the value before, past its time");
        ensure_eq!(short.stats().expired, 1, "values that expired");
        // The life of a value begins when it is there: the load alone takes all of it.
        let fresh = Probe::new(short.get_or_load(&3, {
            let rt = rt.clone();
            |_| async move {
                rt.sleep(SHORT * 2).await;
                rt.now().as_nanos()
            }
        }))
        .finish()
        .await;
        let ended = fresh.map_err(|error| Stop::failed(error.to_string()))?;
        let there = short.contains(&3);
        let within = rt.now().as_nanos() < ended + SHORT.as_nanos() as u64;
        ensure!(there || !within, "the time of the load was counted");
        // Read half-way through its time, and looked at after the whole of it.
        idle.insert(2, 0);
        rt.sleep(SHORT * 2 / 3).await;
        let read = rt.now();
        if idle.get(&2).is_some() {
            rt.sleep(SHORT * 2 / 3).await;
            let there = idle.contains(&2);
            let within = rt.now() < read + SHORT;
            ensure!(there || !within, "a read did not count");
        }
        Ok(())
    })
}

/// A stale value is served while one load brings a new one; a failure leaves it.
pub fn ca_9<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let cache = built(builder(ctx.rt()).ttl(SHORT).stale_for(LONG))?;
    let (begun, gate) = (Wakes::new(), Gate::new());
    let call = |value| {
        let (begun, gate) = (Arc::clone(&begun), gate.clone());
        Probe::new(cache.get_or_try_load(&1, move |_| {
            begun.bump();
            async move {
                gate.wait().await;
                value
            }
        }))
    };
    ctx.run(async {
        cache.insert(1, 1);
        ctx.rt().sleep(SHORT).await;
        ensure_eq!(cache.get(&1), None, "`get` of what is stale");
        for _ in 0..3 {
            ensure_eq!(
                call(Err("down")).ready("a stale value")?.ok(),
                Some(1),
                "it"
            );
        }
        ensure_eq!(begun.count(), 1, "loads that began");
        gate.open();
        while cache.stats().failures == 0 {
            yield_now().await;
        }
        ensure_eq!(
            call(Ok(2)).ready("a stale value, after a failure")?.ok(),
            Some(1),
            "it"
        );
        while cache.stats().in_flight > 0 {
            yield_now().await;
        }
        ensure_eq!(begun.count(), 2, "loads that began");
        let next = call(Err("not needed")).ready("the new value")?.ok();
        ensure_eq!(next, Some(2), "it");
        Ok(())
    })?;
    let short = built(builder(ctx.rt()).ttl(SHORT).stale_for(SHORT))?;
    ctx.run(async {
        short.insert(1, 1);
        ctx.rt().sleep(SHORT * 2).await;
        let mut waits = Probe::new(short.get_or_load(&1, |_| pending()));
        ensure!(waits.is_pending(), "a value was served beyond its limit");
        Ok(())
    })
}

/// Loads under way take no room.
pub fn ca_10<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let cache = built(builder(ctx.rt()).capacity(2))?;
    cache.insert(1, 1);
    cache.insert(2, 2);
    let mut loads: Vec<_> = (10..40)
        .map(|key| {
            let cache = cache.clone();
            Probe::new(async move { cache.get_or_load(&key, |_| pending()).await.is_ok() })
        })
        .collect();
    for load in &mut loads {
        ensure!(load.is_pending(), "a value is there too early");
    }
    ensure_eq!(
        (cache.len(), cache.stats().in_flight),
        (2, 30),
        "entries, and loads"
    );
    ensure_eq!(
        (cache.get(&1), cache.get(&2)),
        (Some(1), Some(2)),
        "the entries"
    );
    drop(loads);
    ensure_eq!(cache.stats().in_flight, 0, "loads of callers that are gone");
    Ok(())
}

/// `None` is a value, with a life of its own where that is asked for.
pub fn ca_11<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    type Users<R> = AsyncCache<R, u32, Option<u64>>;
    let failed = |error: anyrt_core::ConfigError| Stop::failed(error.to_string());
    let users = AsyncCache::builder(ctx.rt()).capacity(10);
    let users: Users<R> = users.build().map_err(failed)?;
    let runs = Wakes::new();
    let call = |users: &Users<R>| {
        let (users, runs) = (users.clone(), Arc::clone(&runs));
        Probe::new(async move {
            let load = async move |_| {
                runs.bump();
                None
            };
            users.get_or_load(&1, load).await.ok()
        })
    };
    for _ in 0..3 {
        ensure_eq!(call(&users).ready("a user")?, Some(None), "nobody");
    }
    ensure_eq!(runs.count(), 1, "loads of a value that is `None`");
    ensure_eq!(users.get(&1), Some(None), "it");
    let forgets = AsyncCache::builder(ctx.rt())
        .capacity(10)
        .lifetime(|_, user: &Option<u64>| user.is_none().then_some(Duration::ZERO));
    let forgets: Users<R> = forgets.build().map_err(failed)?;
    for _ in 0..2 {
        ensure_eq!(call(&forgets).ready("a user")?, Some(None), "nobody");
    }
    ensure_eq!(runs.count(), 3, "loads of a `None` that is not to be kept");
    Ok(())
}

/// Weights bound the cache, each entry that goes is told of, and all is counted.
pub fn ca_12<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let told: Arc<Mutex<Vec<(u32, u64, Cause)>>> = Arc::default();
    let list = Arc::clone(&told);
    let cache = built(
        builder(ctx.rt())
            .weigher(|_, value| u32::try_from(*value).unwrap_or(u32::MAX))
            .on_evict(move |key, value, cause| {
                let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
                list.push((key, value, cause));
            }),
    )?;
    for key in 0..40 {
        cache.insert(key, 30);
        ensure!(cache.weight() <= 100, "it weighs {}", cache.weight());
    }
    ensure_eq!(cache.len(), 3, "entries of weight 30 in 100");
    cache.insert(99, 101);
    ensure_eq!(cache.get(&99), None, "one that is heavier than the cache");
    ensure_eq!(cache.remove(&39), Some(30), "the newest");
    cache.insert(50, 0);
    ensure_eq!(
        cache.weight(),
        61,
        "the weight, where nothing weighs nothing"
    );
    cache.clear();
    let gone = told.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let of = |wanted| gone.iter().filter(|(_, _, cause)| *cause == wanted).count();
    ensure_eq!(
        (of(Cause::Size), of(Cause::Cleared)),
        (38, 3),
        "what was told of"
    );
    let mut load = Probe::new(cache.get_or_load(&1, async |_| 1));
    load.ready("a load")?.ok();
    ensure_eq!(cache.get(&1), Some(1), "what it brought");
    let stats = cache.stats();
    ensure_eq!(
        (
            stats.hits,
            stats.misses,
            stats.loads,
            stats.evicted,
            stats.rejected
        ),
        (1, 2, 1, 37, 1),
        "hits, misses, loads, evictions, rejections"
    );
    ctx.run(expiry_is_told(ctx.rt()))
}

/// An entry that is past its time is told of as that, once, however often it is asked for.
async fn expiry_is_told<R: Runtime>(rt: &R) -> Outcome {
    let told: Arc<Mutex<Vec<(u32, u64, Cause)>>> = Arc::default();
    let list = Arc::clone(&told);
    let short = builder(rt).ttl(SHORT).on_evict(move |key, value, cause| {
        let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
        list.push((key, value, cause));
    });
    let cache = built(short)?;
    cache.insert(1, 10);
    pass(rt, SHORT).await;
    for _ in 0..2 {
        ensure_eq!(cache.get(&1), None, "one that is past its time");
    }
    let told = told.lock().unwrap_or_else(PoisonError::into_inner).clone();
    ensure_eq!(told, [(1, 10, Cause::Expired)], "what was told of");
    Ok(())
}

/// Settings that cannot be used, and a cache that keeps nothing.
pub fn ca_26<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let refused = |cache: Result<AsyncCache<R, u32, u64>, anyrt_core::ConfigError>| {
        cache.err().map(|error| error.field)
    };
    let new = || AsyncCache::<R, u32, u64>::builder(ctx.rt());
    ensure_eq!(refused(new().build()), Some("capacity"), "no capacity");
    let zero = Duration::ZERO;
    ensure_eq!(
        refused(new().capacity(1).ttl(zero).build()),
        Some("ttl"),
        "a ttl of zero"
    );
    ensure_eq!(
        refused(new().capacity(1).idle(zero).build()),
        Some("idle"),
        "idle for zero"
    );
    for part in [-0.5, 1.5, f64::NAN] {
        let built = new().capacity(1).jitter(part).build();
        ensure_eq!(refused(built), Some("jitter"), "a jitter of {part}");
    }
    let nothing = built(builder(ctx.rt()).capacity(0))?;
    nothing.insert(1, 1);
    ensure_eq!(
        (nothing.get(&1), nothing.len()),
        (None, 0),
        "what a capacity of 0 keeps"
    );
    let gate = Gate::new();
    let call = |value| {
        let gate = gate.clone();
        Probe::new(nothing.get_or_load(&1, move |_| async move {
            gate.wait().await;
            value
        }))
    };
    let (mut first, mut second) = (call(1), call(2));
    ensure!(
        first.is_pending() && second.is_pending(),
        "a value is there too early"
    );
    gate.open();
    let both = (first.ready("one")?.ok(), second.ready("the other")?.ok());
    ensure_eq!(
        both,
        (Some(1), Some(1)),
        "a load that is shared all the same"
    );
    Ok(())
}

/// The listener may use the cache, and may panic.
pub fn ca_27<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let itself: Arc<OnceLock<Cache<R>>> = Arc::default();
    let (inner, told) = (Arc::clone(&itself), Wakes::new());
    let count = Arc::clone(&told);
    let cache = built(
        builder(ctx.rt())
            .capacity(1)
            .on_evict(move |key, value, _| {
                count.bump();
                if let Some(cache) = inner.get()
                    && key < 3
                {
                    cache.insert(key + 10, value);
                }
                panic_any(Expected(27));
            }),
    )?;
    itself.set(cache.clone()).ok();
    for key in 0..3 {
        cache.insert(key, 0);
    }
    // Each of these made one go, and so did each that the listener put in.
    ensure!(told.count() >= 4, "it was told of {}", told.count());
    ensure_eq!(cache.len(), 1, "entries in a cache for one");
    ensure_eq!(
        cache.stats().listener_panics,
        told.count() as u64,
        "its panics"
    );
    Ok(())
}

/// A change that another one overlaps runs again, with what that left.
pub fn ca_28<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let cache = built(builder(ctx.rt()))?;
    // Overlapped at each of its first runs: on a key without a value, with one, and without again.
    let meanwhile: [fn(&Cache<R>); 3] = [
        |cache| {
            cache.insert(1, 10);
        },
        |cache| {
            cache.update(&1, |value| value.map(|value| value + 10));
        },
        |cache| {
            cache.remove(&1);
        },
    ];
    let mut seen = Vec::new();
    let changed = cache.update(&1, |value| {
        if let Some(overlaps) = meanwhile.get(seen.len()) {
            overlaps(&cache);
        }
        seen.push(value);
        Some(value.unwrap_or(0) + 1)
    });
    ensure_eq!(seen, [None, Some(10), Some(20), None], "what it saw");
    ensure_eq!((changed, cache.get(&1)), (Some(1), Some(1)), "what it left");
    // A removal that is overlapped, too.
    let kept = cache.update(&1, |value| {
        if value == Some(1) {
            cache.insert(1, 2);
        }
        value.filter(|value| *value != 1)
    });
    ensure_eq!(
        (kept, cache.get(&1)),
        (Some(2), Some(2)),
        "what an overlapped removal left"
    );
    let removed = cache.update(&1, |_| None);
    ensure_eq!(
        (removed, cache.get(&1)),
        (None, None),
        "what a removal left"
    );
    Ok(())
}
