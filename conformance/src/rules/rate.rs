//! *RL*: how often something may begin.

use super::every::{Cut, cut_off};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Probe, Wakes},
};
use anyrt_core::{
    ConfigError, cancel::CancellationToken, context::Context, join_all, rt::Runtime, time::wait_for,
};
use anyrt_toolkit::limit::{KeyedRateLimiter, Quota, RateLimitError, RateLimiter};
use std::{fmt::Debug, mem, sync::Arc, time::Duration};

const HOUR: Duration = Duration::from_secs(3600);
const MS: Duration = Duration::from_millis(1);

pub(super) fn bad(error: impl Debug) -> Stop {
    Stop::failed(format!("{error:?}"))
}

pub(super) fn limiter<R: Runtime>(rt: &R, quota: Quota) -> Result<RateLimiter<R>, Stop> {
    RateLimiter::new(rt, quota).map_err(bad)
}

/// One whose bucket is empty, and stays so for this test.
pub(super) fn empty<R: Runtime>(rt: &R, burst: u32) -> Result<RateLimiter<R>, Stop> {
    let limiter = limiter(rt, Quota::new(1, HOUR * 10).burst(burst))?;
    limiter.try_acquire_many(burst).map_err(bad)?;
    Ok(limiter)
}

/// The bound.
pub fn rl_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let limiter = limiter(rt, Quota::new(1, MS * 2).burst(3))?;
        let mut calls = Vec::new();
        for _ in 0..12 {
            let before = rt.now();
            limiter.acquire().await.map_err(bad)?;
            calls.push((before, rt.now()));
        }
        for from in 0..calls.len() {
            for to in from..calls.len() {
                let window = calls[to].1 - calls[from].0;
                let most = 3 + window.as_nanos() / (MS * 2).as_nanos();
                let count = to - from + 1;
                ensure!(
                    count as u128 <= most,
                    "{count} calls in {window:?}: {calls:?}"
                );
            }
        }
        nor_where_they_are_late(rt).await?;
        let shared = self::limiter(rt, Quota::new(1, MS).burst(5))?;
        let before = rt.now();
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let shared = shared.clone();
                rt.spawn(async move {
                    for _ in 0..5 {
                        shared.acquire_many(1).await.map_err(bad)?;
                    }
                    Ok::<(), Stop>(())
                })
            })
            .collect();
        for task in tasks {
            task.await.map_err(bad)??;
        }
        let took = rt.now() - before;
        ensure!(took >= MS * 15, "20 calls of four tasks took {took:?}");
        for burst in [1, 7] {
            let limiter = empty(rt, burst)?;
            ensure!(
                limiter.try_acquire().is_err(),
                "more than a burst of {burst}"
            );
        }
        for (quota, field) in [
            (Quota::per_second(0), "rate"),
            (Quota::new(1, Duration::ZERO), "period"),
            (Quota::per_second(1).burst(0), "burst"),
        ] {
            let refused = |error: ConfigError| error.field == field;
            let is = RateLimiter::new(rt, quota).map_err(refused);
            ensure!(matches!(is, Err(true)), "a bad {field} gives {is:?}");
        }
        Ok(())
    })
}

/// Those who wait are all looked at when the turns of all have come.
async fn nor_where_they_are_late<R: Runtime>(rt: &R) -> Outcome {
    const TOKEN: Duration = Duration::from_millis(20);
    let limiter = limiter(rt, Quota::new(1, TOKEN).burst(2))?;
    limiter.try_acquire_many(2).map_err(bad)?;
    let mut waits: Vec<_> = (0..8).map(|_| Probe::new(limiter.acquire())).collect();
    ensure!(
        waits.iter_mut().all(Probe::is_pending),
        "an empty bucket gave"
    );
    // The first two are called before that, by somebody else.
    rt.sleep(TOKEN * 4).await;
    ensure!(
        limiter.try_acquire().is_err(),
        "those who wait were overtaken"
    );
    rt.sleep(TOKEN * 5).await;
    let from = rt.now();
    let mut passed = 0;
    for turn in &mut waits {
        passed += u128::from(turn.poll().is_ready());
    }
    let window = rt.now() - from;
    let most = 2 + window.as_nanos() / TOKEN.as_nanos();
    ensure!(
        passed <= most,
        "{passed} who were late went on in {window:?}"
    );
    Ok(())
}

/// The order.
pub fn rl_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let rt = ctx.rt();
    let limiter = empty(rt, 8)?;
    let mut heavy = Probe::new(limiter.acquire_many(8));
    let mut light = Probe::new(limiter.acquire());
    ensure!(
        heavy.is_pending() && light.is_pending(),
        "an empty bucket gave"
    );
    // Tokens come, and are the heavy one's.
    limiter.refund(5);
    let Err(RateLimitError::NotYet { retry_at, .. }) = limiter.try_acquire() else {
        return Err(Stop::failed("`try_acquire` overtook those who wait"));
    };
    let hours = (retry_at - rt.now()).as_secs() / 3600;
    // A clock that moves has taken a little off.
    ensure!(
        matches!(hours, 49 | 50),
        "{hours} hours until 5 more have come, at 10 each"
    );
    let newcomer = Probe::new(limiter.acquire()).is_pending();
    ensure!(
        newcomer && light.is_pending(),
        "the light overtook the heavy"
    );
    limiter.refund(3);
    ensure!(light.is_pending(), "a token was there twice");
    heavy
        .ready("the heavy one, which came first")?
        .map_err(bad)?;
    limiter.refund(1);
    light.ready("the light one")?.map_err(bad)
}

/// Who is dropped, and what is given back.
pub fn rl_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let rt = ctx.rt();
    for cut in Cut::all() {
        let limiter = empty(rt, 2)?;
        cut_off("acquire", limiter.acquire_many(2), cut, || {
            limiter.refund(2);
        })?;
        let left = if cut.done { 0 } else { 2 };
        ensure_eq!(limiter.available(), left, "the tokens after acquire, {cut}");
    }
    let limiter = empty(rt, 3)?;
    let mut first = Probe::new(limiter.acquire_many(3));
    let mut second = Probe::new(limiter.acquire_many(2));
    ensure!(
        first.is_pending() && second.is_pending(),
        "an empty bucket gave"
    );
    limiter.refund(2);
    ensure!(
        first.is_pending() && second.is_pending(),
        "two were enough for three"
    );
    drop(first);
    ensure!(second.wakes() > 0, "the next was not woken");
    second
        .ready("the next, whose tokens are there")?
        .map_err(bad)?;

    // A turn that had come goes to the next, too.
    let mut first = Probe::new(limiter.acquire());
    let mut second = Probe::new(limiter.acquire());
    ensure!(
        first.is_pending() && second.is_pending(),
        "an empty bucket gave"
    );
    limiter.refund(1);
    ensure!(first.wakes() > 0, "the first was not woken");
    drop(first);
    ensure!(second.wakes() > 0, "the next was not woken");
    second.ready("the next")?.map_err(bad)?;

    // Also where the first, which would be polled before the next is, will never be.
    let limiter = Box::leak(Box::new(empty(rt, 3)?));
    let mut leaked = Probe::new(limiter.acquire());
    let mut second = Probe::new(limiter.acquire_many(3));
    let mut third = Probe::new(limiter.acquire());
    ensure!(
        leaked.is_pending() && second.is_pending() && third.is_pending(),
        "an empty bucket gave"
    );
    mem::forget(leaked);
    drop(second);
    ensure!(third.wakes() > 0, "the next was not woken");
    Ok(())
}

/// What can never pass.
pub fn rl_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let rt = ctx.rt();
    let limiter = empty(rt, 3)?;
    let heavy = |weight, burst| {
        Err(RateLimitError::TooHeavy {
            limiter: None,
            weight,
            burst,
        })
    };
    let mut waits = Probe::new(limiter.acquire_many(3));
    let mut light = Probe::new(limiter.acquire_many(2));
    ensure!(
        waits.is_pending() && light.is_pending(),
        "an empty bucket gave"
    );
    ensure_eq!(limiter.try_acquire_many(4), heavy(4, 3), "4 of 3");
    let told = Probe::new(limiter.acquire_many(4)).ready("what never passes")?;
    ensure_eq!(told, heavy(4, 3), "4 of 3, behind others");
    let smaller = Quota::new(1, HOUR * 10).burst(2);
    limiter.set_quota(smaller).map_err(bad)?;
    ensure!(waits.wakes() > 0, "who is too heavy now was not woken");
    let told = waits.ready("what has become too heavy")?;
    ensure_eq!(told, heavy(3, 2), "3 of 2");
    ensure!(light.is_pending(), "an empty bucket gave");
    limiter.refund(3);
    light.ready("who is light enough")?.map_err(bad)
}

/// Who is never polled again.
pub fn rl_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let limiter = Box::leak(Box::new(limiter(rt, Quota::new(1, MS).burst(4))?));
        limiter.try_acquire_many(4).map_err(bad)?;
        for _ in 0..3 {
            let mut leaked = Probe::new(limiter.acquire_many(4));
            ensure!(leaked.is_pending(), "an empty bucket gave");
            mem::forget(leaked);
        }
        let mut kept = Probe::new(limiter.acquire_many(4));
        ensure!(kept.is_pending(), "an empty bucket gave");
        for weight in [1, 4] {
            limiter.acquire_many(weight).await.map_err(bad)?;
        }
        drop(kept);
        limiter.acquire_many(4).await.map_err(bad)?;
        // It keeps nobody from moving up.
        let limiter = Box::leak(Box::new(empty(rt, 1)?));
        let mut goes = Probe::new(limiter.acquire());
        ensure!(goes.is_pending(), "an empty bucket gave");
        for _ in 0..3 {
            let mut leaked = Probe::new(limiter.acquire());
            ensure!(leaked.is_pending(), "an empty bucket gave");
            mem::forget(leaked);
        }
        let mut behind = Probe::new(limiter.acquire());
        ensure!(behind.is_pending(), "an empty bucket gave");
        drop(goes);
        ensure!(behind.wakes() > 0, "who has moved up was not woken");
        ensure!(behind.is_pending(), "an empty bucket gave");
        let before = behind.wakes();
        limiter.refund(1);
        ensure!(
            behind.wakes() > before,
            "what was given back woke not all who have moved up"
        );
        // It passes on no news of another quota, either.
        let limiter = Box::leak(Box::new(empty(rt, 1)?));
        let mut leaked = Probe::new(limiter.acquire());
        let mut behind = Probe::new(limiter.acquire());
        ensure!(
            leaked.is_pending() && behind.is_pending(),
            "an empty bucket gave"
        );
        mem::forget(leaked);
        limiter.set_quota(Quota::new(1, MS).burst(1)).map_err(bad)?;
        ensure!(behind.wakes() > 0, "who is behind was not woken");
        behind.finish().await.map_err(bad)
    })
}

/// Deadlines and tokens.
pub fn rl_6<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let limiter = empty(rt, 1)?;
        // Waiting for the deadline would hang.
        let refused = wait_for(rt, HOUR, limiter.acquire()).await;
        ensure!(
            matches!(refused, Ok(Err(RateLimitError::TooLate { .. }))),
            "a turn after the deadline: {refused:?}"
        );
        // Another quota moves a turn past it.
        let moved = self::limiter(rt, Quota::new(1, HOUR).burst(1))?;
        moved.try_acquire().map_err(bad)?;
        let mut waits = Probe::new(wait_for(rt, HOUR * 2, moved.acquire()));
        ensure!(waits.is_pending(), "an empty bucket gave");
        moved
            .set_quota(Quota::new(1, HOUR * 10).burst(1))
            .map_err(bad)?;
        ensure!(waits.wakes() > 0, "who waits was not woken");
        let told = waits.ready("who is too late now")?;
        ensure!(
            matches!(told, Ok(Err(RateLimitError::TooLate { .. }))),
            "a turn that moved past the deadline: {told:?}"
        );
        let token = CancellationToken::new();
        let context = Context::default().with_token(token.clone());
        let mut waits = Probe::new(context.clone().scope(limiter.acquire()));
        ensure!(waits.is_pending(), "an empty bucket gave");
        token.cancel_with("enough");
        ensure!(waits.wakes() > 0, "who waits was not woken");
        let born = Probe::new(context.scope(limiter.acquire())).ready("a cancelled one")?;
        for ended in [waits.ready("who was cancelled")?, born] {
            ensure!(
                matches!(&ended, Err(RateLimitError::Cancelled { reason, .. }) if reason.text == "enough"),
                "it gives {ended:?}"
            );
        }
        limiter.refund(1);
        ensure_eq!(limiter.try_acquire(), Ok(()), "what nobody has taken");
        Ok(())
    })
}

/// Keys, and changes.
pub fn rl_7<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let slow = Quota::new(1, HOUR * 10).burst(1);
        let limiter = Arc::new(KeyedRateLimiter::<R, String>::new(rt, slow).map_err(bad)?);
        for key in ["one", "other"] {
            ensure!(limiter.key(key).try_acquire().is_ok(), "{key} has no token");
            ensure!(limiter.key(key).try_acquire().is_err(), "{key} has two");
        }
        let (one, order) = (limiter.key("one"), Wakes::new());
        let mut turns: Vec<_> = (0..3)
            .map(|n| {
                let (one, order) = (one.clone(), order.clone());
                Probe::new(async move {
                    one.acquire().await.map_err(bad)?;
                    ensure_eq!(order.count(), n, "those before");
                    order.bump();
                    Ok::<(), Stop>(())
                })
            })
            .collect();
        let waiting = turns.iter_mut().all(Probe::is_pending);
        ensure!(waiting, "an empty bucket gave");
        limiter.set_quota(Quota::new(1, MS).burst(1)).map_err(bad)?;
        let before = rt.now();
        let woken = turns.iter().all(|turn| turn.wakes() > 0);
        ensure!(woken, "a new quota does not reach those who wait");
        // All of them together: their order is the line's.
        let turns = turns.iter_mut().map(Probe::finish);
        join_all(turns).await.into_iter().collect::<Outcome>()?;
        let took = rt.now() - before;
        ensure!(took >= MS, "three at one a millisecond took {took:?}");
        fn spawned<R: Runtime>(
            rt: &R,
            limiter: Arc<KeyedRateLimiter<R, String>>,
        ) -> R::JoinHandle<bool> {
            rt.spawn(async move { limiter.key("new").acquire().await.is_ok() })
        }
        let joined = spawned(rt, limiter).await;
        ensure!(matches!(joined, Ok(true)), "spawned it gives {joined:?}");
        let changed = self::limiter(rt, Quota::new(1, MS).burst(3))?;
        ensure!(changed.try_acquire().is_ok(), "a full bucket gives nothing");
        let slow = Quota::new(1, HOUR * 10).burst(3);
        changed.set_quota(slow).map_err(bad)?;
        let passed = (0..9).filter(|_| changed.try_acquire().is_ok()).count();
        ensure!(passed <= 3, "{passed} passed at once, of 3");
        Ok(())
    })
}
