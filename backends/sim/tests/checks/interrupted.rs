//! Who could go on lets others go first: at each operation of each primitive, once.

use crate::operations::{KINDS, Kind, OPERATIONS, Operation};
use anyrt_core::{FutureSet, rt::Spawn};
use anyrt_sim::{Event, Failure, Record, Run, Sim, SimRuntime};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

/// As many seeds are enough for each.
const FEW: u64 = 40;

/// One task takes one thing and then the other, a second task the other way round.
async fn crossed(rt: SimRuntime, one: Kind, other: Kind) {
    let things = [one(&rt), other(&rt)];
    let tasks = [[0, 1], [1, 0]].map(|[first, second]| {
        let (first, second) = (things[first].clone(), things[second].clone());
        rt.spawn(async move {
            let first = first().await;
            drop(second().await);
            drop(first);
        })
    });
    for task in tasks {
        task.await.unwrap();
    }
}

#[test]
fn a_deadlock_of_any_two_is_found() {
    for (one, make_one) in KINDS {
        for (other, make_other) in KINDS {
            let found = (0..FEW).find(|seed| {
                let body = |rt| crossed(rt, *make_one, *make_other);
                let run = Sim::new().same_thread().run(*seed, body);
                matches!(run.failure, Some(Failure::Deadlock { .. }))
            });
            assert!(found.is_some(), "{one}, and then {other}");
        }
    }
}

/// Both read a number, do something, and write one more. Gives what is written in the end.
fn counted(sim: &Sim, seed: u64, operations: Operation) -> (Run, u32) {
    let number = Arc::new(AtomicU32::new(0));
    let shared = number.clone();
    let run = sim.clone().same_thread().run(seed, |rt| async move {
        let tasks = operations(&rt).map(|operation| {
            let number = shared.clone();
            rt.spawn(async move {
                let read = number.load(Relaxed);
                operation.await;
                number.store(read + 1, Relaxed);
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
    });
    (run, number.load(Relaxed))
}

#[test]
fn an_update_around_any_operation_is_lost() {
    for (name, operations) in OPERATIONS {
        let written = |sim: &Sim, seed| {
            let (run, number) = counted(sim, seed, *operations);
            assert_eq!(run.failure, None, "{name}, seed {seed}");
            number
        };
        // None of them has to wait: without the fault nobody comes in between.
        let tame = Sim::new().without_faults();
        assert!((0..FEW).all(|seed| written(&tame, seed) == 2), "{name}");
        let sim = Sim::new();
        let lost = (0..FEW).find(|seed| written(&sim, *seed) == 1);
        assert!(lost.is_some(), "{name}");
    }
}

#[test]
fn each_operation_lets_others_go_first_once() {
    for (name, operations) in OPERATIONS {
        let (run, _) = counted(&Sim::new().yields(1).record(), 0, *operations);
        assert_eq!(run.failure, None, "{name}");
        let yields = |record: &&Record| matches!(record.event, Event::Yields(..));
        let yields = run.records.iter().filter(yields).count();
        assert_eq!(yields, 2, "{name}:\n{}", run.timeline());
    }
}

#[test]
fn those_of_one_task_let_others_go_first_each() {
    for (name, operations) in OPERATIONS {
        let run = Sim::new().yields(1).run(0, |rt| async move {
            let mut set: FutureSet<_> = operations(&rt).into_iter().collect();
            while set.next().await.is_some() {}
        });
        assert_eq!(run.failure, None, "{name}");
    }
}

#[test]
fn a_timeline_says_before_what() {
    for (name, before) in [
        ("a limiter's slot", "a slot of limiter \"few\", at "),
        ("a pool's object", "an object of pool \"few\" of `()`, at "),
        ("a rate limit", "its turn at a rate limiter, at "),
        ("a cached value", "a value of a cache of `u32`, at "),
        ("a read-write lock", "write access to a lock of `()`, at "),
        ("a queue's item", "an item of a queue of `()`, at "),
    ] {
        let all = OPERATIONS.iter();
        let operations = all.clone().find(|(it, _)| *it == name).expect(name).1;
        let (run, _) = counted(&Sim::new().yields(1).record(), 0, operations);
        let timeline = run.timeline().to_string();
        let line = format!("task 1 lets others go first, before {before}{}", file!());
        let line = line.replace("interrupted.rs", "operations.rs");
        assert!(timeline.contains(&line), "{line}\n{timeline}");
    }
}
