//! What checks find: `check_deterministic`, `sometimes!`, and what a seed decides.

mod cancelled;
mod interrupted;
mod operations;
mod schedules;

use anyrt_core::{
    Instant,
    rt::{Clock, Entropy, Lock, Runtime, Sleep, Spawn, SpawnBlocking},
    task::yield_now,
};
use anyrt_sim::{Sim, SimRuntime, check, sometimes};
use std::{
    collections::{BTreeSet, HashSet},
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

/// The report of a check that fails.
fn message(test: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(test)).expect_err("it fails");
    *payload.downcast::<String>().expect("a message")
}

#[test]
fn a_map_with_the_standard_hasher_is_not_deterministic() {
    let text = message(|| {
        anyrt_sim::check_deterministic(20, |rt| async move {
            let set: HashSet<u64> = (0..20).collect();
            for n in set {
                rt.sleep(Duration::from_nanos(n)).await;
            }
        });
    });
    assert!(text.contains("two runs of one seed differ"), "{text}");
    assert!(
        text.contains("one:") && text.contains("the clock jumps"),
        "{text}"
    );
    assert!(text.contains("the body was spawned at "), "{text}");
}

#[test]
fn a_real_clock_is_not_deterministic() {
    let text = message(|| {
        anyrt_sim::check_deterministic(5, |rt| async move {
            let nanos = std::time::Instant::now().elapsed().as_nanos() as u64;
            let address = &raw const nanos as u64;
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            let now = now.unwrap().as_nanos() as u64;
            rt.sleep(Duration::from_nanos(1 + now % 1_000_003 + address % 2))
                .await;
        });
    });
    assert!(text.contains("two runs of one seed differ"), "{text}");
}

#[test]
fn the_same_seed_gives_the_same_run_on_any_thread() {
    let body = |rt: SimRuntime| async move {
        let lock = Arc::new(rt.lock(0_u64));
        let tasks = (0..8).map(|n| {
            let (rt, lock) = (rt.clone(), lock.clone());
            rt.clone().spawn(async move {
                let wait = Duration::from_nanos(rt.random_u64() % 50);
                rt.sleep(wait).await;
                *lock.lock().await += rt.spawn_blocking(move || n).await.unwrap();
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    };
    let sim = Sim::new();
    let hashes = |sim: &Sim| {
        (0..200)
            .map(|seed| sim.run(seed, body).hash)
            .collect::<Vec<_>>()
    };
    let here = hashes(&sim.clone().same_thread());
    let there = std::thread::scope(|scope| scope.spawn(|| hashes(&sim)).join().unwrap());
    assert_eq!(here, there);
    let distinct: BTreeSet<_> = here.iter().collect();
    assert!(
        distinct.len() > 150,
        "{} different runs of 200",
        distinct.len()
    );
    // Not of this process: another one, another build, another day gives the same.
    assert_eq!(
        here[..3],
        [
            17777418048837905013,
            11115706813096851971,
            6597739726773503167
        ],
        "the traces of the first three seeds; what schedules draw has changed, and so has `VERSION` in replay.rs?"
    );
}

#[test]
fn what_is_never_true_is_told() {
    let text = message(|| {
        check(20, |rt| async move {
            rt.spawn(async {}).await.unwrap();
            sometimes!(rt.now() > Instant::ORIGIN, "time passes");
        });
    });
    assert!(
        text.contains("in 20 seeds this never happened: time passes"),
        "{text}"
    );
    check(20, |rt| async move {
        let first = Arc::new(AtomicUsize::new(0));
        let tasks = [1, 2].map(|n| {
            let first = first.clone();
            rt.spawn(async move { first.compare_exchange(0, n, Relaxed, Relaxed).ok() })
        });
        for task in tasks {
            task.await.unwrap();
        }
        sometimes!(first.load(Relaxed) == 2);
    });
}

/// A task of one run has nothing to do with one of the same number in the other.
#[test]
fn where_two_runs_part_each_task_is_the_one_of_its_run() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let line = line!() + 6;
    let text = message(|| {
        Sim::new()
            .jobs(NonZeroUsize::MIN)
            .check_deterministic(1, |rt| async move {
                if RUNS.fetch_xor(1, Relaxed) == 0 {
                    drop(rt.spawn(async {}));
                } else {
                    yield_now().await;
                    drop(rt.spawn(async {}));
                }
            });
    });
    let place = format!("task 1 was spawned at {}:{line}:", file!());
    assert!(text.contains(&place), "{text}");
    assert_eq!(text.matches("was spawned at").count(), 2, "{text}");
}

#[test]
fn a_world_inside_another_leaves_its_panics_alone() {
    let run = Sim::new().same_thread().run(0, |_| async {
        let caught = |text: &'static str| catch_unwind(|| panic_any(text)).unwrap_err();
        caught("before");
        let inner = Sim::new().same_thread().run(0, |_| async move {
            caught("inside");
        });
        assert_eq!(inner.panicked.len(), 1);
        caught("after");
    });
    let texts = run
        .panicked
        .iter()
        .map(|panic| panic.message.split(' ').next().unwrap());
    assert_eq!(texts.collect::<Vec<_>>(), ["before", "after"]);
}
