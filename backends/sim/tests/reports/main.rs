//! What a failed run tells.

mod again;
mod held;
mod panics;
mod stopped;
mod waits;

use anyrt_core::{
    rt::{Lock, Receiver, Runtime, Sender, Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::{Failure, Run, Sim, SimRuntime};
use std::{
    future::{Future, pending},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

/// The failure of a plain run in the order of wakes.
fn failure<F, Fut>(body: F) -> Failure
where
    F: FnOnce(SimRuntime) -> Fut + Send,
    Fut: Future<Output = ()>,
{
    Sim::new()
        .without_faults()
        .forbid_leaks()
        .run(4, body)
        .failure
        .expect("it fails")
}

/// The message of a check that fails.
fn report<F, Fut>(sim: &Sim, body: F) -> String
where
    F: Fn(SimRuntime) -> Fut + Sync,
    Fut: Future<Output = ()>,
{
    failed(|| sim.check(100, body))
}

fn failed(check: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(check)).expect_err("it fails");
    *payload.downcast::<String>().expect("a message")
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

#[test]
fn a_deadlock_names_who_waits_for_whom() {
    let failure = failure(|rt| async move {
        let locks = [(); 2].map(|()| Arc::new(rt.lock(0_u32)));
        let tasks = [(0, 1), (1, 0)].map(|(first, second)| {
            let locks = locks.clone();
            rt.spawn(async move {
                let _first = locks[first].lock().await;
                yield_now().await;
                let _second = locks[second].lock().await;
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert!(matches!(failure, Failure::Deadlock { .. }), "{failure}");
    has(
        &failure.to_string(),
        &[
            "the body: polled once",
            "waits since 0ns at",
            "for the end of task 1",
            "for lock 2 of `u32` (made at backends/sim/tests/reports/main.rs:",
            "last taken by task 2 at backends/sim/tests/reports/main.rs:",
            "a circle: task 1 waits for task 2 waits for task 1",
        ],
    );
}

#[test]
fn channels_and_permits_are_named_too() {
    let failure = failure(|rt| async move {
        let (sender, mut receiver) = rt.channel::<u8>(1).unwrap();
        sender.send(1).await.unwrap();
        let semaphore = Arc::new(rt.semaphore(0).unwrap());
        drop(rt.spawn(async move { drop(anyrt_core::rt::Semaphore::acquire(&*semaphore).await) }));
        let sending = rt.spawn(async move { sender.send(2).await });
        let (other, mut nothing) = rt.unbounded_channel::<u8>();
        let receiving = rt.spawn(async move { nothing.recv().await });
        sending.await.unwrap().unwrap();
        receiving.await.unwrap();
        drop((other, receiver.recv().await));
    });
    let text = failure.to_string();
    has(
        &text,
        &[
            "room in channel 1 of `u8`",
            "an item of channel 3 of `u8`",
            "a permit of semaphore 2",
        ],
    );
}

#[test]
fn a_future_that_forgot_its_waker_is_told_from_one_that_waits() {
    let failure = failure(|rt| async move {
        let (kept, keeps) = (Arc::new(std::sync::Mutex::new(None)), rt.clone());
        let keeper = kept.clone();
        let waits = keeps.spawn(std::future::poll_fn(move |cx| {
            *keeper.lock().unwrap() = Some(cx.waker().clone());
            std::task::Poll::<()>::Pending
        }));
        rt.spawn(pending::<()>()).await.unwrap();
        waits.await.unwrap();
        drop(kept);
    });
    let text = failure.to_string();
    has(
        &text,
        &[
            "nobody holds its waker, so nothing can wake it",
            "its waker is held by something that the simulator does not see",
        ],
    );
}

#[test]
fn a_panic_shows_the_tree_of_tasks() {
    let failure = failure(|rt| async move {
        let other = rt.clone();
        drop(rt.spawn(async move {
            drop(other.spawn(async { panic!("on purpose") }));
            pending::<()>().await;
        }));
        rt.sleep(Duration::from_secs(1)).await;
    });
    let text = failure.to_string();
    has(
        &text,
        &[
            "task 2 panicked, and nobody joined it: on purpose (backends/sim/tests/reports/main.rs:",
            "\n  the body: polled once",
            "\n      sleeps until 1s",
            "\n    task 1 (spawned at",
            "\n      task 2 (spawned at",
        ],
    );
}

#[test]
fn children_of_groups_have_their_names() {
    let failure = failure(|rt| async move {
        let group = anyrt_core::group::TaskGroup::<_, (), ()>::new(&rt);
        group.spawn_named("fetch", pending()).ok();
        group.join().await.unwrap();
    });
    has(
        &failure.to_string(),
        &["task 1 \"fetch\" (spawned at backends/sim/tests/reports/main.rs:"],
    );
}

#[test]
fn what_is_left_behind_is_a_leak() {
    let failure = failure(|rt| async move { drop(rt.spawn(pending::<()>())) });
    assert!(matches!(failure, Failure::Leaked { .. }), "{failure}");
    has(
        &failure.to_string(),
        &["left behind", "task 1 (spawned at", "never polled"],
    );
}

#[test]
fn another_thread_is_found_out() {
    let failure = failure(|_| async {
        let (sender, receiver) = anyrt_core::channel::oneshot::channel::<()>();
        let mut sender = Some(sender);
        let mut receiver = std::pin::pin!(receiver);
        std::future::poll_fn(|cx| {
            let polled = receiver.as_mut().poll(cx);
            if let Some(sender) = sender.take() {
                std::thread::spawn(move || sender.send(()).ok())
                    .join()
                    .unwrap();
            }
            polled
        })
        .await
        .unwrap();
    });
    assert!(
        matches!(failure, Failure::ForeignThread { .. }),
        "{failure}"
    );
}

/// Fails where two tasks run in another order than they were spawned in.
async fn ordered(rt: SimRuntime) {
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let tasks = [0, 1, 2].map(|n| {
        let order = order.clone();
        rt.spawn(async move { order.lock().unwrap().push(n) })
    });
    for task in tasks {
        task.await.unwrap();
    }
    let order = order.lock().unwrap();
    assert!(order.is_sorted(), "out of order: {order:?}");
}

#[test]
fn a_report_has_the_line_that_replays_it() {
    let text = report(&Sim::new(), ordered);
    has(
        &text,
        &[
            "of 100: the body panicked: out of order",
            "See it again, with its timeline:\n  ANYRT_SIM_REPLAY=v1:",
            " cargo test -p anyrt-sim a_report_has_the_line_that_replays_it -- --exact --nocapture",
            "or look at it:\n",
        ],
    );
    // One choice is enough for it, and shrinking finds that.
    has(&text, &["with 1 choice that is not the first in line"]);
    let page = text.rsplit("or look at it:\n").next().unwrap().trim();
    let page = std::fs::read_to_string(page).expect("the page");
    has(
        &page,
        &[
            "<svg",
            "<pre>the body panicked: out of order",
            "task 3 spawned by the body",
        ],
    );
}

#[test]
fn the_lowest_seed_is_reported_by_any_number_of_jobs() {
    let report_of = |sim: &Sim| report(sim, ordered);
    let unset = report_of(&Sim::new());
    for jobs in [1, 2, 8] {
        let jobs = std::num::NonZero::new(jobs).unwrap();
        assert_eq!(report_of(&Sim::new().jobs(jobs)), unset, "{jobs} jobs");
    }
    assert_eq!(report_of(&Sim::new().same_thread()), unset);
}

#[test]
fn a_run_is_the_same_whether_it_is_recorded_or_not() {
    for seed in 0..50 {
        let Run { hash, steps, .. } = Sim::new().run(seed, ordered);
        let recorded = Sim::new().record().run(seed, ordered);
        assert_eq!(
            (hash, steps),
            (recorded.hash, recorded.steps),
            "seed {seed}"
        );
        assert!(recorded.timeline().to_string().contains("task 1 polled"));
    }
}

#[test]
fn the_body_comes_from_the_call() {
    let line = line!() + 1;
    let run = Sim::new().record().run(0, |_| async {});
    let place = format!("the body spawned at {}:{line}:", file!());
    has(&run.timeline().to_string(), &[&place]);
    let sim = Sim::new();
    let line = line!() + 1;
    let check = || sim.check_deterministic(1, |_| async { panic!("in the body") });
    let text = failed(check);
    let page = text.rsplit("or look at it:\n").next().unwrap().trim();
    let place = format!("the body spawned at {}:{line}:", file!());
    has(&std::fs::read_to_string(page).expect("the page"), &[&place]);
}
