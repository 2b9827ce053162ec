//! The rate limiter against a naive model, and over windows.

use crate::support::{MS, assert_windows, at, cut_after};
use anyrt_core::rt::{Clock, Entropy, Runtime, Sleep, Spawn, Timeout};
use anyrt_sim::{Sim, SimRuntime, check};
use anyrt_toolkit::limit::{Quota, RateLimiter};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

fn limiter<R: Runtime>(rt: &R, quota: Quota) -> RateLimiter<R> {
    RateLimiter::new(rt, quota).expect("it is permitted")
}

/// A number below `end`, which the seed decides.
fn draw(rt: &impl Entropy, end: u64) -> u64 {
    rt.random_u64() % end
}

/// One who comes at a time, and gives up at another. In steps of 500 ns: the former are even, the latter odd, so
/// that nobody gives up when a turn comes. No two give up at once, for the turn of the one may come when the
/// other does.
#[derive(Debug, Clone, Copy)]
struct Caller {
    comes: u64,
    weight: u64,
    gives_up: u64,
}

/// When each of them passes, worked out with a bucket that is stepped through time. A token takes ten steps.
fn model(burst: u64, callers: &[Caller]) -> Vec<Option<u64>> {
    const TOKEN: u64 = 10;
    let mut passes = vec![None; callers.len()];
    let mut waiting: Vec<usize> = Vec::new();
    let mut credit = burst * TOKEN;
    let end = callers.iter().map(|c| c.gives_up).max().unwrap_or(0);
    for now in 0..=end {
        credit = if now == 0 {
            credit
        } else {
            (credit + 1).min(burst * TOKEN)
        };
        waiting.retain(|&n| callers[n].gives_up > now);
        waiting.extend((0..callers.len()).filter(|&n| callers[n].comes == now));
        while let Some(&first) = waiting.first()
            && credit >= callers[first].weight * TOKEN
        {
            credit -= callers[first].weight * TOKEN;
            passes[first] = Some(now);
            waiting.remove(0);
        }
    }
    passes
}

const STEP: Duration = Duration::from_nanos(500);

fn steps(n: u64) -> Duration {
    STEP * u32::try_from(n).expect("a short time")
}

/// Callers of random weights, times and patience.
fn callers(rt: &impl Entropy, burst: u64, patience: u64) -> Vec<Caller> {
    let mut comes = 0;
    let mut callers: Vec<Caller> = Vec::new();
    for _ in 0..12 {
        comes += 2 * (1 + draw(rt, 10));
        let weight = 1 + draw(rt, burst);
        let mut gives_up = comes + 1 + 2 * draw(rt, patience);
        while callers.iter().any(|other| other.gives_up == gives_up) {
            gives_up += 2;
        }
        callers.push(Caller {
            comes,
            weight,
            gives_up,
        });
    }
    callers
}

async fn passes(rt: &SimRuntime, burst: u64, callers: &[Caller]) -> Vec<Option<u64>> {
    let quota = Quota::new(1, STEP * 10).burst(u32::try_from(burst).expect("it is small"));
    let limiter = limiter(rt, quota);
    let spawn = callers.iter().map(|&caller| {
        let (rt, limiter) = (rt.clone(), limiter.clone());
        let weight = u32::try_from(caller.weight).expect("it is small");
        rt.clone().spawn(async move {
            rt.sleep(steps(caller.comes)).await;
            let patience = steps(caller.gives_up - caller.comes);
            let turn = limiter.acquire_many(weight);
            let passed = rt.timeout(patience, turn).await;
            let now = at(&rt).as_nanos() / STEP.as_nanos();
            passed
                .is_ok()
                .then(|| u64::try_from(now).expect("a short time"))
        })
    });
    let tasks: Vec<_> = spawn.collect();
    let mut passes = Vec::new();
    for task in tasks {
        passes.push(task.await.expect("it ends"));
    }
    passes
}

#[test]
fn turns_come_when_a_naive_model_says() {
    check(300, |rt| async move {
        let burst = 1 + draw(&rt, 6);
        let callers = callers(&rt, burst, 1000);
        assert_eq!(
            passes(&rt, burst, &callers).await,
            model(burst, &callers),
            "{burst} {callers:?}"
        );
    });
}

#[test]
fn those_who_give_up_leave_no_trace() {
    check(600, |rt| async move {
        let burst = 1 + draw(&rt, 6);
        let callers = callers(&rt, burst, 60);
        assert_eq!(
            passes(&rt, burst, &callers).await,
            model(burst, &callers),
            "{burst} {callers:?}"
        );
    });
}

#[test]
fn no_window_has_more_than_its_share() {
    let faults = Sim::new().late_timers(4).spurious_polls(4);
    faults.check(200, |rt| async move {
        let burst = u32::try_from(1 + draw(&rt, 5)).expect("it is small");
        // A token a millisecond, so that a timer that is late by one makes a difference.
        let limiter = limiter(&rt, Quota::per_second(1000).burst(burst));
        let log = Arc::new(Mutex::new(Vec::new()));
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let (rt, limiter, log) = (rt.clone(), limiter.clone(), log.clone());
                rt.clone().spawn(async move {
                    rt.sleep(MS * u32::try_from(draw(&rt, 12)).expect("it is small"))
                        .await;
                    let weight =
                        1 + u32::try_from(draw(&rt, u64::from(burst))).expect("it is small");
                    let polls = usize::try_from(draw(&rt, 5)).expect("it is small");
                    let turn = limiter.acquire_many(weight);
                    let passed = match polls {
                        0 => Some(turn.await),
                        polls => cut_after(polls, turn).await,
                    };
                    if let Some(passed) = passed {
                        passed.expect("it is light enough");
                        log.lock().unwrap().push((rt.now(), weight));
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("it ends");
        }
        assert_windows(&log.lock().unwrap(), burst, MS);
    });
}
