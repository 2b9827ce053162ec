//! The rate limiter against a naive model, and over windows.

use crate::support::{MS, assert_windows, at, cut_after};
use anyrt_core::{
    Instant,
    rt::{Clock, Entropy, Runtime, Sleep, Spawn, Timeout},
};
use anyrt_sim::{Sim, SimRuntime, check, sometimes};
use anyrt_toolkit::limit::{Quota, RateLimiter};
use std::{
    collections::{BTreeMap, BTreeSet},
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

/// What happens at a step of 250 ns. No two at once: of who comes, who gives up, and what else is done, each has
/// steps of its own. All are even, so that turns come at whole steps, whatever a token takes.
#[derive(Debug, Clone, Copy)]
enum Event {
    Comes {
        caller: usize,
        weight: u32,
    },
    GivesUp {
        caller: usize,
    },
    Tries {
        weight: u32,
    },
    Refunds {
        weight: u32,
    },
    /// A token takes so many steps from now on.
    Quota {
        token: u32,
        burst: u32,
    },
    /// Nobody is polled for so many steps.
    Stalls {
        steps: u64,
    },
}

type Course = BTreeMap<u64, Event>;

/// At which step each caller passed, and what came of each try.
type Outcome = (Vec<Option<u64>>, Vec<bool>);

const CALLERS: usize = 12;
const STEP: Duration = Duration::from_nanos(250);
const TOKEN: u32 = 20;
/// A token, in what comes of it in a step while it takes 40.
const WHOLE: i64 = 40;

fn steps(n: u64) -> Duration {
    STEP * u32::try_from(n).expect("a short time")
}

fn quota(token: u32, burst: u32) -> Quota {
    Quota::new(1, STEP * token).burst(burst)
}

/// The outcome, worked out with a bucket that is stepped through time. `None` where a turn comes just as something else
/// happens, so that either may be first.
fn model(mut burst: u32, course: &Course) -> Option<Outcome> {
    let (mut passes, mut tries) = (vec![None; CALLERS], Vec::new());
    let mut waiting: Vec<(usize, u32)> = Vec::new();
    let (mut rate, mut stalled) = (WHOLE / i64::from(TOKEN), 0);
    let mut credit = WHOLE * i64::from(burst);
    let end = course.last_key_value().map_or(0, |(end, _)| *end);
    for now in 0..=end {
        let full = WHOLE * i64::from(burst);
        let before = if now == 0 { full } else { credit };
        credit = (before + rate).min(full);
        let mut serve = |waiting: &mut Vec<(usize, u32)>, credit: &mut i64| {
            let left = waiting.len();
            while let Some(&(first, weight)) = waiting.first()
                && *credit >= WHOLE * i64::from(weight)
            {
                *credit -= WHOLE * i64::from(weight);
                passes[first] = Some(now);
                waiting.remove(0);
            }
            waiting.len() < left
        };
        if now < stalled {
            continue;
        }
        let in_time = serve(&mut waiting, &mut credit);
        let Some(&event) = course.get(&now) else {
            continue;
        };
        if in_time {
            return None;
        }
        match event {
            Event::Comes { weight, .. } if weight > burst => {}
            Event::Comes { caller, weight } => waiting.push((caller, weight)),
            Event::GivesUp { caller } => waiting.retain(|&(other, _)| other != caller),
            Event::Tries { weight } => {
                let need = WHOLE * i64::from(weight);
                let free = waiting.is_empty() && weight <= burst;
                if free && before < need && credit >= need {
                    return None;
                }
                tries.push(free && credit >= need);
                credit -= if free && credit >= need { need } else { 0 };
            }
            Event::Refunds { weight } => credit = (credit + WHOLE * i64::from(weight)).min(full),
            Event::Quota { token, burst: new } => {
                let missing = full - credit;
                burst = new;
                rate = WHOLE / i64::from(token);
                credit = WHOLE * i64::from(burst) - missing;
                waiting.retain(|&(_, weight)| weight <= burst);
            }
            Event::Stalls { steps } => stalled = now + steps,
        }
        serve(&mut waiting, &mut credit);
    }
    Some((passes, tries))
}

/// Callers of random weights, times and patience, and what else is done.
fn course(rt: &impl Entropy, burst: u32, patience: u64, others: u64, stalls: u64) -> Course {
    let small = |end: u32| u32::try_from(draw(rt, u64::from(end))).expect("it is small");
    let (mut course, mut comes) = (Course::new(), 0);
    for caller in 0..CALLERS {
        comes += 8 * (1 + draw(rt, 5));
        let weight = 1 + small(burst);
        course.insert(comes, Event::Comes { caller, weight });
        let mut gives_up = comes + 2 + 8 * draw(rt, patience);
        while course.contains_key(&gives_up) {
            gives_up += 8;
        }
        course.insert(gives_up, Event::GivesUp { caller });
    }
    for _ in 0..others {
        let weight = 1 + small(burst);
        let event = match draw(rt, 3) {
            0 => Event::Tries { weight },
            1 => Event::Refunds { weight },
            _ => Event::Quota {
                token: TOKEN * (1 + small(2)),
                burst: 1 + small(6),
            },
        };
        course.insert(4 + 8 * draw(rt, comes / 4), event);
    }
    let begins = (0..stalls).map(|_| 6 + 8 * draw(rt, comes / 4));
    // The last first, so that none begins within another.
    for begins in begins.collect::<BTreeSet<_>>().into_iter().rev() {
        let steps = 8 * [1 + draw(rt, 40), 5_100 + draw(rt, 40)][draw(rt, 2) as usize];
        // All that would happen meanwhile happens after it.
        let later = course.split_off(&begins);
        course.insert(begins, Event::Stalls { steps });
        course.extend(later.into_iter().map(|(step, event)| (step + steps, event)));
    }
    course
}

fn step_of(rt: &SimRuntime) -> u64 {
    u64::try_from(at(rt).as_nanos() / STEP.as_nanos()).expect("a short time")
}

/// The outcome, as it is.
async fn outcome(rt: &SimRuntime, burst: u32, course: &Course) -> Outcome {
    let limiter = limiter(rt, quota(TOKEN, burst));
    let gives_up = |caller: usize| {
        let is_it =
            |event: &Event| matches!(event, Event::GivesUp { caller: other } if *other == caller);
        let found = course.iter().find(|(_, event)| is_it(event));
        *found.expect("all do").0
    };
    let spawn = course.iter().filter_map(|(&comes, event)| {
        let Event::Comes { caller, weight } = *event else {
            return None;
        };
        let (rt, limiter, patience) = (rt.clone(), limiter.clone(), gives_up(caller) - comes);
        Some(rt.clone().spawn(async move {
            rt.sleep(steps(comes)).await;
            let turn = limiter.acquire_many(weight);
            let passed = rt.timeout(steps(patience), turn).await;
            matches!(passed, Ok(Ok(()))).then(|| step_of(&rt))
        }))
    });
    let tasks: Vec<_> = spawn.collect();
    let mut tries = Vec::new();
    for (&step, event) in course {
        rt.sleep_until(Instant::ORIGIN + steps(step)).await;
        match *event {
            Event::Comes { .. } | Event::GivesUp { .. } => {}
            Event::Tries { weight } => tries.push(limiter.try_acquire_many(weight).is_ok()),
            Event::Refunds { weight } => limiter.refund(weight),
            Event::Quota { token, burst } => limiter.set_quota(quota(token, burst)).unwrap(),
            Event::Stalls { steps: n } => rt.stall(steps(n)),
        }
    }
    let mut passes = Vec::new();
    for task in tasks {
        passes.push(task.await.expect("it ends"));
    }
    (passes, tries)
}

fn is_as_the_model_says(seeds: u64, patience: u64, others: u64, stalls: u64) {
    check(seeds, |rt| async move {
        let burst = 1 + u32::try_from(draw(&rt, 6)).expect("it is small");
        let course = course(&rt, burst, patience, others, stalls);
        let expected = model(burst, &course);
        sometimes!(expected.is_some());
        if let Some(expected) = expected {
            let outcome = outcome(&rt, burst, &course).await;
            assert_eq!(outcome, expected, "{burst} {course:?}");
        }
    });
}

#[test]
fn turns_come_when_a_naive_model_says() {
    is_as_the_model_says(300, 500, 0, 0);
}

#[test]
fn those_who_give_up_leave_no_trace() {
    is_as_the_model_says(600, 30, 0, 0);
}

#[test]
fn tries_refunds_and_quotas_change_what_they_should() {
    is_as_the_model_says(600, 60, 8, 0);
}

#[test]
fn while_the_thread_stands_still_tokens_come_and_nobody_loses_its_place() {
    is_as_the_model_says(600, 60, 4, 3);
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
