//! *LI*: how many may run at once.

use super::every::{Cut, cut_off};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Expected, Probe},
};
use anyrt_core::{
    cancel::CancellationToken,
    context::Context,
    rt::{JoinHandle, Runtime},
    task::yield_now,
};
use anyrt_toolkit::limit::{Aimd, Limiter, Slot};
use std::{
    fmt::Debug,
    panic::panic_any,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

fn bad(error: impl Debug) -> Stop {
    Stop::failed(format!("{error:?}"))
}

fn limiter<R: Runtime, K: Ord + Clone>(rt: &R, limit: usize) -> Result<Limiter<R, K>, Stop> {
    Limiter::new(rt, limit).map_err(bad)
}

/// Changes of the limit.
pub fn li_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let limiter = limiter::<R, ()>(ctx.rt(), 1)?;
    let first = Probe::new(limiter.acquire()).ready("a free slot")?;
    let mut second = Probe::new(limiter.acquire());
    let mut third = Probe::new(limiter.acquire());
    ensure!(second.is_pending() && third.is_pending(), "two of one");
    limiter.set_limit(2).map_err(bad)?;
    ensure!(second.wakes() > 0, "a larger limit wakes nobody");
    ensure!(third.is_pending(), "three of two");
    let second = second.ready("the second of two")?;
    limiter.set_limit(1).map_err(bad)?;
    drop(first);
    ensure!(third.is_pending(), "one too many still runs");
    ensure!(limiter.try_acquire().is_none(), "one too many still runs");
    ensure_eq!(limiter.in_flight(), 1, "the slots that are taken");
    drop(second);
    ensure!(third.wakes() > 0, "a free slot wakes nobody");
    drop(third.ready("who waits for a free slot")?);
    let none = [
        limiter.set_limit(0).err(),
        Limiter::<R>::new(ctx.rt(), 0).err(),
    ];
    for error in none {
        let field = error.map(|error| error.field);
        ensure_eq!(field, Some("limit"), "the error's field");
    }
    Ok(())
}

/// Shares.
pub fn li_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let limiter = limiter::<R, &str>(ctx.rt(), 2)?;
    let mut held = [(); 2].map(|()| limiter.try_acquire_for("greedy"));
    ensure!(held.iter().all(Option::is_some), "two of two");
    let mut waits: Vec<_> = ["greedy", "greedy", "modest", "modest", "late"]
        .map(|key| Probe::new(limiter.acquire_for(key)))
        .into();
    let waiting = waits.iter_mut().all(Probe::is_pending);
    ensure!(waiting, "three of two");
    let mut taken = Vec::new();
    // In the end of its two, the greedy one has none, and has waited longest.
    for (turns, turn) in [2, 0, 3, 1, 4].into_iter().enumerate() {
        if turns < 2 {
            let free = held.iter_mut().find_map(Option::take);
            drop(free);
        } else {
            drop(taken.remove(0));
        }
        ensure!(
            limiter.try_acquire_for("late").is_none(),
            "`try_acquire_for` past those who wait"
        );
        let woken: Vec<_> = (0..5).filter(|&n| waits[n].wakes() > 0).collect();
        ensure!(
            woken.contains(&turn),
            "not {turn}, but one of {woken:?} is next"
        );
        taken.push(waits[turn].ready("whose turn it is")?.map_err(bad)?);
        ensure_eq!(woken.len(), turns + 1, "those who were woken so far");
    }
    Ok(())
}

/// Who is dropped.
pub fn li_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let limiter = limiter::<R, ()>(ctx.rt(), 1)?;
    for cut in Cut::all() {
        let slot = limiter.try_acquire();
        ensure!(slot.is_some(), "no slot is free: {cut}");
        cut_off("acquire", limiter.acquire(), cut, || drop(slot))?;
        ensure_eq!(limiter.in_flight(), 0, "the slots taken: acquire, {cut}");
    }
    let slot = limiter.try_acquire();
    let mut first = Probe::new(limiter.acquire());
    let mut second = Probe::new(limiter.acquire());
    ensure!(first.is_pending() && second.is_pending(), "two of one");
    drop(slot);
    ensure!(first.wakes() > 0, "the first was not woken");
    drop(first);
    ensure!(second.wakes() > 0, "the next was not woken");
    let slot = second.ready("the next")?.map_err(bad)?;

    let token = CancellationToken::new();
    let context = Context::default().with_token(token.clone());
    let mut waits = Probe::new(context.scope(limiter.acquire()));
    ensure!(waits.is_pending(), "two of one");
    token.cancel_with("enough");
    ensure!(waits.wakes() > 0, "who waits was not woken");
    let Err(cancelled) = waits.ready("who was cancelled")? else {
        return Err(Stop::failed("two of one"));
    };
    ensure_eq!(cancelled.reason.text, "enough", "the reason");
    drop(slot);
    ensure_eq!(limiter.in_flight(), 0, "the slots taken");
    Ok(())
}

/// Threads.
pub fn li_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const LIMIT: usize = 3;
    /// The most that run at once, of so many workers.
    async fn crowd<R: Runtime, K: Ord + Clone + Send + 'static>(
        rt: &R,
        limiter: &Limiter<R, K>,
        keys: impl Iterator<Item = K>,
    ) -> Outcome {
        let running = Arc::new(AtomicUsize::new(0));
        let work = |key: K| {
            let (limiter, running) = (limiter.clone(), running.clone());
            rt.spawn(async move {
                let mut most = 0;
                for _ in 0..50 {
                    let _slot = limiter.acquire_for(key.clone()).await.map_err(bad)?;
                    most = most.max(running.fetch_add(1, SeqCst) + 1);
                    yield_now().await;
                    running.fetch_sub(1, SeqCst);
                }
                Ok::<_, Stop>(most)
            })
        };
        for worker in keys.map(work).collect::<Vec<_>>() {
            let most = worker.await.map_err(bad)??;
            ensure!(most <= LIMIT, "{most} ran at once, of {LIMIT}");
        }
        ensure_eq!(limiter.in_flight(), 0, "the slots taken");
        Ok(())
    }
    ctx.run(async {
        let rt = ctx.rt();
        // Some wait all the while; or hardly ever.
        for workers in [12, LIMIT + 1] {
            crowd(rt, &limiter::<R, ()>(rt, LIMIT)?, (0..workers).map(|_| ())).await?;
        }
        let limiter = limiter::<R, u32>(rt, LIMIT)?;
        crowd(rt, &limiter, (0..12).map(|n| n % 4)).await?;
        let panics = rt.spawn({
            let limiter = limiter.clone();
            async move {
                let _slot = limiter.acquire_for(0).await;
                panic_any(Expected(1));
            }
        });
        ensure!(panics.await.is_err(), "a panic is gone");
        ensure_eq!(limiter.in_flight(), 0, "the slots taken");
        let aborted = rt.spawn({
            let limiter = limiter.clone();
            async move {
                let _slot = limiter.acquire_for(0).await;
                std::future::pending::<()>().await;
            }
        });
        while limiter.in_flight() == 0 {
            yield_now().await;
        }
        aborted.abort();
        aborted.await.ok();
        ensure_eq!(limiter.in_flight(), 0, "the slots taken");
        Ok(())
    })
}

/// A limit that finds itself.
pub fn li_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const LONG: Duration = Duration::from_secs(3600);
    const TICK: Duration = Duration::from_millis(2);
    ctx.run(async {
        let rt = ctx.rt();
        let adaptive = |target| {
            let aimd = Aimd::new(target).bounds(2, 8).backoff(0.5);
            Limiter::<R>::adaptive(rt, aimd).map_err(bad)
        };
        let slot = |limiter: &Limiter<R>| {
            let slot = limiter.try_acquire();
            slot.ok_or_else(|| Stop::failed("a slot is free, and not given"))
        };
        // Half of it is in use: one call is, and the one that is measured.
        let busy = |limiter: &Limiter<R>| {
            let all: Result<Vec<_>, Stop> = (0..limiter.limit().div_ceil(2))
                .map(|_| slot(limiter))
                .collect();
            let mut all = all?;
            let measured = all.remove(0);
            drop(measured);
            all.into_iter().for_each(Slot::unmeasured);
            Ok::<_, Stop>(())
        };
        let limiter = adaptive(LONG)?;
        ensure_eq!(limiter.limit(), 2, "the limit at first");
        let mut calls = 0;
        while limiter.limit() < 8 {
            let limit = limiter.limit();
            busy(&limiter)?;
            calls += 1;
            let risen = limiter.limit() - limit;
            ensure!(
                risen <= 1 && calls < 100,
                "{risen} more after {calls} calls"
            );
        }
        ensure!(calls >= 25, "from 2 to 8 in {calls} calls");
        for _ in 0..100 {
            busy(&limiter)?;
        }
        ensure_eq!(limiter.limit(), 8, "the limit, at its upper bound");
        // Two that were under way when it fell tell of one crowd.
        let (first, second) = (slot(&limiter)?, slot(&limiter)?);
        rt.sleep(TICK).await;
        first.overloaded();
        ensure_eq!(limiter.limit(), 4, "half of it");
        second.overloaded();
        ensure_eq!(limiter.limit(), 4, "and not for each of them");
        for _ in 0..20 {
            drop(slot(&limiter)?);
        }
        ensure_eq!(limiter.limit(), 4, "after fast calls, one at a time of 4");
        for (call, limit) in [2; 5].into_iter().enumerate() {
            rt.sleep(TICK).await;
            slot(&limiter)?.overloaded();
            ensure_eq!(limiter.limit(), limit, "the limit after overload {call}");
        }
        busy(&limiter)?;
        ensure_eq!(limiter.limit(), 2, "after a fast call at its lower bound");
        let limiter = adaptive(TICK)?;
        limiter.set_limit(8).map_err(bad)?;
        let (slow, skipped) = (slot(&limiter)?, slot(&limiter)?);
        let start = rt.now();
        while rt.now() - start <= TICK {
            rt.sleep(TICK).await;
        }
        skipped.unmeasured();
        ensure_eq!(limiter.limit(), 8, "after a slow call that says nothing");
        drop(slow);
        ensure_eq!(limiter.limit(), 4, "after a slow call");
        Ok(())
    })
}
