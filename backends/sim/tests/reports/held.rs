//! What a timeline tells of turns that were given away, and of locks and permits.

use super::has;
use anyrt_core::{
    rt::{JoinHandle, Lock, Permit, Runtime, Semaphore, Spawn, SpawnBlocking},
    task::yield_now,
};
use anyrt_sim::{Run, Sim, SimRuntime};
use std::{
    future::{Future, pending},
    sync::Arc,
};

const HERE: &str = "at backends/sim/tests/reports/held.rs:";

/// The timeline of a run in the order of wakes, which does not fail.
#[track_caller]
fn timeline<Fut>(sim: &Sim, body: impl FnOnce(SimRuntime) -> Fut + Send) -> String
where
    Fut: Future<Output = ()>,
{
    let run = sim.clone().record().run(4, body);
    assert_eq!(run.failure, None);
    run.timeline().to_string()
}

/// These, in this order.
#[track_caller]
fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("no {part:?}, where it belongs, in:\n{text}");
        };
        rest = after;
    }
}

#[test]
fn locks_are_taken_and_released() {
    let text = timeline(&Sim::new().without_faults(), |rt| async move {
        let lock = Arc::new(rt.lock(0_u8));
        let other = lock.clone();
        let held = lock.lock().await;
        let task = rt.spawn(async move { drop(other.lock_owned().await) });
        yield_now().await;
        drop(held);
        task.await.unwrap();
        drop((lock.try_lock(), lock.clone().try_lock_owned()));
    });
    in_order(
        &text,
        &[
            &format!("the body takes lock 1, {HERE}"),
            "task 1 waits for lock 1 of `u8` (made at",
            "the body releases lock 1\n",
            "task 1 woken by the body",
            &format!("task 1 takes lock 1, {HERE}"),
            "task 1 releases lock 1\n",
            "the body takes lock 1,",
            "the body releases lock 1\n",
        ],
    );
    assert_eq!(text.matches("takes").count(), 3, "{text}");
    assert_eq!(text.matches("releases").count(), 3, "{text}");
}

#[test]
fn permits_are_taken_and_released_but_not_those_that_are_forgotten() {
    let text = timeline(&Sim::new().without_faults(), |rt| async move {
        let semaphore = Arc::new(rt.semaphore(3).unwrap());
        let one = semaphore.acquire().await.unwrap();
        let two = semaphore.clone().acquire_many_owned(2).await.unwrap();
        drop((one, two));
        let forgotten = semaphore.try_acquire().unwrap();
        assert_eq!(forgotten.permits(), 1);
        forgotten.forget();
        assert_eq!(semaphore.available_permits(), 2);
        semaphore.try_acquire_many_owned(2).unwrap().forget();
    });
    in_order(
        &text,
        &[
            &format!("the body takes a permit of semaphore 1, {HERE}"),
            &format!("the body takes several permits of semaphore 1, {HERE}"),
            "the body releases a permit of semaphore 1\n",
            "the body releases several permits of semaphore 1\n",
            "the body takes a permit of semaphore 1,",
            "the body takes several permits of semaphore 1,",
        ],
    );
    assert_eq!(text.matches("releases").count(), 2, "{text}");
}

#[test]
fn faults_are_told() {
    let body = |rt: SimRuntime| async move {
        let lock = Arc::new(rt.lock(0_u8));
        for _ in 0..8 {
            let lock = lock.clone();
            rt.spawn(async move { drop(lock.lock().await) })
                .await
                .unwrap();
        }
    };
    let text = timeline(&Sim::new().yields(2), body);
    in_order(
        &text,
        &[
            " lets others go first, before lock 1 of `u8` (made at backends/",
            HERE,
            " takes lock 1,",
        ],
    );
    let text = timeline(&Sim::new().spurious_polls(2), body);
    has(&text, &["the body woken by a fault\n"]);
    let text = timeline(&Sim::new().without_faults(), body);
    assert!(
        !text.contains("fault") && !text.contains("go first"),
        "{text}"
    );
}

#[test]
fn they_change_nothing_of_a_run() {
    let body = |rt: SimRuntime| async move {
        let (lock, permits) = (rt.lock(0), rt.semaphore(2).unwrap());
        let both = Arc::new((lock, permits));
        let tasks = [(); 4].map(|()| {
            let both = both.clone();
            rt.spawn(async move {
                let permit = both.1.acquire_many(2).await.unwrap();
                *both.0.lock().await += permit.permits();
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
    };
    for seed in 0..60 {
        let Run { hash, steps, .. } = Sim::new().run(seed, body);
        let recorded = Sim::new().record().run(seed, body);
        let same = (hash, steps) == (recorded.hash, recorded.steps);
        assert!(same, "seed {seed}");
        let text = recorded.timeline().to_string();
        let counts = ["takes", "releases"].map(|word| text.matches(word).count());
        assert_eq!(counts, [8, 8], "{text}");
    }
}

#[test]
fn a_page_has_them() {
    let run = Sim::new().yields(1).record().run(4, |rt| async move {
        drop(rt.lock(()).lock().await);
    });
    has(
        &run.to_html("held"),
        &[
            "lets others go first, before lock 1",
            "takes lock 1",
            "releases lock 1",
        ],
    );
}

#[test]
fn a_timeline_tells_ends_apart() {
    let run = Sim::new().record().run(4, |rt| async move {
        let ready = rt.spawn(async {});
        let aborted = rt.spawn(pending::<()>());
        let panics = rt.spawn(async { panic!("at once") });
        let blocking = rt.spawn_blocking(|| panic!("at once"));
        let unpolled = rt.spawn(async {});
        unpolled.abort();
        yield_now().await;
        aborted.abort();
        assert!(ready.await.is_ok() && aborted.await.is_err() && panics.await.is_err());
        assert!(blocking.await.is_err() && unpolled.await.is_err());
    });
    assert_eq!(run.failure, None);
    let text = run.timeline().to_string();
    has(
        &text,
        &[
            "task 1 ended",
            "task 2 aborted",
            "task 3 panicked",
            "task 4 panicked",
            "task 5 aborted",
        ],
    );
    let page = run.to_html("ends");
    has(
        &page,
        &["class=\"end\"", "class=\"aborted\"", "class=\"panicked\""],
    );
}
