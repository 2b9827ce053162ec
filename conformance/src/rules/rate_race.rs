//! *RL*: rate limits that tasks on all workers use and change at once.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::PATIENCE,
};
use anyrt_core::{rt::Runtime, task::yield_now};
use anyrt_toolkit::limit::{KeyedRateLimiter, Quota, RateLimitError, RateLimiter};
use std::{
    fmt::Debug,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

/// No token comes while a test runs.
const NEVER: Duration = Duration::from_secs(3 * 3_600);
const TASKS: u32 = 4;

fn bad(error: impl Debug) -> Stop {
    Stop::failed(format!("{error:?}"))
}

/// Tokens that do not come again, of either of two quotas.
fn slow(burst: u32, other: bool) -> Quota {
    Quota::new(1, NEVER * (1 + u32::from(other))).burst(burst)
}

/// Tasks that wait for one another, so that what comes next happens at once.
#[derive(Debug, Clone, Default)]
struct Rounds(Arc<AtomicU32>);

impl Rounds {
    /// Waits for all of `tasks` to have come so often.
    async fn meet(&self, tasks: u32, round: u32) {
        self.0.fetch_add(1, SeqCst);
        while self.0.load(SeqCst) < tasks * (round + 1) {
            yield_now().await;
        }
    }
}

/// Runs what a closure makes of each number, in tasks, and gives their outputs.
async fn all<R, F>(rt: &R, tasks: u32, work: impl Fn(u32) -> F) -> Result<Vec<u32>, Stop>
where
    R: Runtime,
    F: Future<Output = Result<u32, Stop>> + Send + 'static,
{
    let tasks: Vec<_> = (0..tasks).map(|task| rt.spawn(work(task))).collect();
    let mut outputs = Vec::new();
    for task in tasks {
        let joined = rt.timeout(PATIENCE, task).await;
        let joined = joined.map_err(|_| Stop::failed("a task hangs"))?;
        outputs.push(joined.map_err(bad)??);
    }
    Ok(outputs)
}

/// Races.
pub fn rl_10<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        tokens_are_counted(ctx.rt()).await?;
        new_keys_are_made_once(ctx.rt()).await?;
        who_is_too_heavy_is_told(ctx.rt()).await
    })
}

/// What is taken, given back, and left makes up the burst, whichever quota it is.
async fn tokens_are_counted<R: Runtime>(rt: &R) -> Outcome {
    const BURST: u32 = 20;
    let limiter = RateLimiter::new(rt, slow(BURST, false)).map_err(bad)?;
    let (out, rounds) = (Arc::new(AtomicU32::new(0)), Rounds::default());
    let held = all(rt, TASKS, |task| {
        let (limiter, out, rounds) = (limiter.clone(), out.clone(), rounds.clone());
        async move {
            let mut held = 0;
            for round in 0..300 {
                if round % 10 == 0 {
                    rounds.meet(TASKS, round / 10).await;
                }
                if task == 0 {
                    let quota = slow(BURST, round % 2 == 0);
                    limiter.set_quota(quota).map_err(bad)?;
                }
                let weight = 1 + (round + task) % 3;
                if limiter.try_acquire_many(weight).is_ok() {
                    held += weight;
                    let most = out.fetch_add(weight, SeqCst) + weight;
                    ensure!(most <= BURST, "{most} tokens are out, of {BURST}");
                }
                if held > 4 {
                    out.fetch_sub(held, SeqCst);
                    limiter.refund(held);
                    held = 0;
                }
            }
            Ok(held)
        }
    })
    .await?;
    let held: u32 = held.iter().sum();
    ensure_eq!(held + limiter.available(), BURST, "the tokens in the end");
    Ok(())
}

/// A key that takes its time to be made one's own: meanwhile others come with it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Slow(u32);

impl Clone for Slow {
    fn clone(&self) -> Self {
        thread::yield_now();
        Self(self.0)
    }
}

/// A key that several come with at once has one limit, by the quota that was set last.
async fn new_keys_are_made_once<R: Runtime>(rt: &R) -> Outcome {
    const KEYS: u32 = 80;
    let limiter = KeyedRateLimiter::<R, Slow>::new(rt, slow(1, false)).map_err(bad)?;
    let (limiter, rounds) = (Arc::new(limiter), Rounds::default());
    let taken = all(rt, TASKS, |task| {
        let (limiter, rounds) = (limiter.clone(), rounds.clone());
        async move {
            let mut taken = 0;
            for key in 0..KEYS {
                rounds.meet(TASKS, key).await;
                let other = key % 2 == 0;
                if task == 0 {
                    // All are done with the one before.
                    let before = Slow(key.saturating_sub(1));
                    let quota = limiter.key(&before).quota();
                    ensure_eq!(quota, slow(1, !other && key > 0), "the quota of {before:?}");
                    limiter.set_quota(slow(1, other)).map_err(bad)?;
                }
                taken += u32::from(limiter.key(&Slow(key)).try_acquire().is_ok());
            }
            Ok(taken)
        }
    })
    .await?;
    let taken: u32 = taken.iter().sum();
    ensure_eq!(taken, KEYS, "the tokens taken, one for each key");
    Ok(())
}

/// While the burst shrinks, who joins the line.
async fn who_is_too_heavy_is_told<R: Runtime>(rt: &R) -> Outcome {
    const ROUNDS: u32 = 120;
    let limiters: Result<Vec<_>, Stop> = (0..ROUNDS)
        .map(|_| {
            let limiter = RateLimiter::new(rt, slow(3, false)).map_err(bad)?;
            limiter.try_acquire_many(3).map_err(bad)?;
            Ok(limiter)
        })
        .collect();
    let (limiters, rounds) = (Arc::new(limiters?), Rounds::default());
    all(rt, 2, |task| {
        let (limiters, rounds) = (limiters.clone(), rounds.clone());
        async move {
            for (round, limiter) in (0..).zip(limiters.iter()) {
                rounds.meet(2, round).await;
                if task == 0 {
                    limiter.set_quota(slow(2, false)).map_err(bad)?;
                    continue;
                }
                let heavy = limiter.acquire_many(3).await;
                let told = matches!(heavy, Err(RateLimitError::TooHeavy { .. }));
                ensure!(told, "3 of 2 gives {heavy:?}");
            }
            Ok(0)
        }
    })
    .await?;
    Ok(())
}
