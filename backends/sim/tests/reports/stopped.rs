//! Runs that were stopped: what their reports say of tasks that could go on.

use super::{failure, has};
use anyrt_core::{
    rt::{Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::{Failure, Sim, SimRuntime};
use std::{future::pending, time::Duration};

#[test]
fn a_spinner_is_named() {
    let failure = failure(|rt| async move {
        let spinner = rt.spawn(async {
            loop {
                yield_now().await;
            }
        });
        drop(rt.spawn(pending::<()>()));
        spinner.await.unwrap();
    });
    let Failure::Livelock { tasks, .. } = failure else {
        panic!("{failure}");
    };
    assert_eq!(tasks[0].task.0, 1);
    assert!(tasks[0].polls > 1_000 && tasks[1].polls < 3, "{tasks:?}");
}

#[test]
fn what_lasts_too_long_is_stopped() {
    let forever = |rt: SimRuntime| async move {
        loop {
            rt.sleep(Duration::from_secs(1)).await;
        }
    };
    let hour = Duration::from_secs(3_600);
    let late = Sim::new().max_time(hour).run(0, forever).failure;
    assert!(matches!(late, Some(Failure::TimeLimit { .. })), "{late:?}");
    let steps = Sim::new().max_steps(100).run(0, forever).failure;
    assert!(
        matches!(steps, Some(Failure::StepLimit { .. })),
        "{steps:?}"
    );
}

/// Yields for ever, beside one that does so, too.
async fn spins(rt: SimRuntime) {
    drop(rt.spawn(async {
        loop {
            yield_now().await;
        }
    }));
    loop {
        yield_now().await;
    }
}

/// What only a deadlock may say.
#[track_caller]
fn has_ready(failure: &Failure) {
    let text = failure.to_string();
    has(&text, &["\n      is ready to be polled"]);
    assert!(!text.contains("nothing can wake it"), "{text}");
    assert!(!text.contains("nobody holds its waker"), "{text}");
}

#[test]
fn what_is_ready_is_not_called_stuck() {
    let livelock = failure(spins);
    assert!(matches!(livelock, Failure::Livelock { .. }), "{livelock}");
    has_ready(&livelock);
    let steps = Sim::new().without_faults().max_steps(50).run(0, spins);
    has_ready(&steps.failure.expect("it fails"));
    let leak = failure(|rt| async move {
        drop(rt.spawn(async {
            loop {
                yield_now().await;
            }
        }));
        for _ in 0..3 {
            yield_now().await;
        }
    });
    assert!(matches!(leak, Failure::Leaked { .. }), "{leak}");
    has_ready(&leak);
}

#[test]
fn only_a_deadlock_says_that_nothing_can_wake() {
    let idle = |rt: SimRuntime| async move {
        drop(rt.spawn(pending::<()>()));
        loop {
            rt.sleep(Duration::from_secs(1)).await;
        }
    };
    let minute = Sim::new().max_time(Duration::from_secs(60)).run(0, idle);
    let text = minute.failure.expect("it fails").to_string();
    has(&text, &["nobody holds its waker"]);
    assert!(!text.contains("nothing can wake it"), "{text}");
}

#[test]
fn long_times_are_told_in_days_and_hours() {
    const HOUR: u64 = 60 * 60;
    let weekly = |rt: SimRuntime| async move {
        rt.sleep(Duration::from_millis(1_500)).await;
        loop {
            rt.sleep(Duration::from_secs(7 * 24 * HOUR)).await;
        }
    };
    let run = Sim::new().record().run(0, weekly);
    has(
        &run.timeline().to_string(),
        &[" 1.5s ", "364 days 1.5s  the body polled"],
    );
    let text = run.failure.expect("it fails").to_string();
    has(
        &text,
        &[
            "not done after 366 days of virtual time",
            "last at 364 days 1.5s",
            "sleeps until 371 days 1.5s",
        ],
    );
    let limit = Duration::from_secs(26 * HOUR + 61);
    let run = Sim::new().max_time(limit).run(0, weekly);
    let text = run.failure.expect("it fails").to_string();
    has(&text, &["not done after 1 day 2h 1min 1s of"]);
}
