//! How a run is seen again, and what the environment may say.

use super::{failed, has, panics::output};
use anyrt_core::rt::{BlockOn, Entropy, Sleep, Spawn, SpawnBlocking};
use anyrt_sim::{Schedule, Sim, SimRuntime, check, check_deterministic, sometimes};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

const INNER: &str = "ANYRT_TEST_INNER";
const REPLAY: &str = "ANYRT_SIM_REPLAY";

/// The message of a panic, of either kind.
fn message(test: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(test)).expect_err("it fails");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().expect("a message")).to_owned(),
    }
}

/// Fails in most orders of its tasks, and takes many choices to do so.
async fn many_choices(rt: SimRuntime) {
    let order = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let order = order.clone();
            rt.spawn(async move { order.lock().unwrap().push(n) })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let order = order.lock().unwrap();
    let descents = order.windows(2).filter(|pair| pair[0] > pair[1]).count();
    assert!(descents < 80, "out of order");
}

#[test]
fn a_folder_with_a_blank_is_quoted() {
    if std::env::var_os(INNER).is_some() {
        return Sim::new().schedule(Schedule::Random).check(1, many_choices);
    }
    let me = "again::a_folder_with_a_blank_is_quoted";
    let folder = std::env::temp_dir().join("anyrt sim's tests");
    let folder = folder.to_str().expect("a path of text");
    let text = output(me, &[(INNER, "1"), ("ANYRT_SIM_FOLDER", folder)]);
    let (_, line) = text.split_once("ANYRT_SIM_REPLAY=").expect("a line");
    let (replay, _) = line
        .split_once(" cargo test -p anyrt-sim ")
        .expect("a command");
    let shell = Command::new("sh")
        .args(["-c", &format!("printf %s {replay}")])
        .output()
        .unwrap();
    let replay = String::from_utf8(shell.stdout).unwrap();
    assert!(
        replay.starts_with(&format!("@{folder}/again--a-folder")),
        "{replay}"
    );
    let text = output(me, &[(INNER, "1"), (REPLAY, &replay)]);
    has(
        &text,
        &["task 200 polled", "seed 0: the body panicked: out of order"],
    );
}

#[test]
fn a_replay_that_is_not_there_names_its_variable() {
    if std::env::var_os(INNER).is_some() {
        return check(1, |_| async {});
    }
    let me = "again::a_replay_that_is_not_there_names_its_variable";
    let text = output(me, &[(INNER, "1"), (REPLAY, "@/nonexistent/replay")]);
    has(&text, &["ANYRT_SIM_REPLAY names /nonexistent/replay: "]);
}

#[test]
fn checks_of_no_seed_are_refused() {
    if std::env::var_os(INNER).is_some() {
        return check(1, |_| async {});
    }
    let nothing = |_: SimRuntime| async {};
    let cancelled = || Sim::new().check_cancel(0, nothing, |_, ()| async {}, |_, ()| async {});
    for text in [
        message(|| check(0, nothing)),
        message(|| check_deterministic(0, nothing)),
        message(cancelled),
    ] {
        has(&text, &["a check of 0 seeds runs nothing"]);
    }
    let me = "again::checks_of_no_seed_are_refused";
    let text = output(me, &[(INNER, "1"), ("ANYRT_SIM_SEEDS", "0")]);
    has(
        &text,
        &["ANYRT_SIM_SEEDS is 0: a check of 0 seeds runs nothing"],
    );
}

#[test]
fn all_that_never_came_true_are_named() {
    let text = failed(|| {
        check(5, |rt| async move {
            let drawn = rt.random_u64();
            sometimes!(drawn == 3, "three");
            sometimes!(drawn < u64::MAX);
            sometimes!(drawn == 4, "four");
        });
    });
    has(
        &text,
        &[
            "in 5 seeds these never happened:\n  three (backends/sim/tests/reports/again.rs:",
            "\n  four (backends/sim/tests/reports/again.rs:",
        ],
    );
    assert!(!text.contains("MAX"), "{text}");
}

/// Draws from what no seed decides.
fn differs() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    check_deterministic(5, |rt| async move {
        let run = RUNS.fetch_add(1, Relaxed);
        rt.sleep(Duration::from_nanos(1 + run)).await;
    });
}

#[test]
fn runs_that_differ_have_a_line_to_see_them_again() {
    if std::env::var_os(INNER).is_some() {
        return differs();
    }
    let text = failed(differs);
    has(
        &text,
        &[
            "seed 0: two runs of one seed differ:\n  both: ",
            "See it again, with its timeline:\n  ANYRT_SIM_REPLAY=0 cargo test -p anyrt-sim again::runs_that_differ",
        ],
    );
    let me = "again::runs_that_differ_have_a_line_to_see_them_again";
    let text = output(me, &[(INNER, "1"), (REPLAY, "3")]);
    has(
        &text,
        &["the clock jumps", "seed 3: two runs of one seed differ:\n"],
    );
}

#[test]
fn block_on_in_blocking_work_says_what_to_do() {
    let text = failed(|| {
        check(1, |rt| async move {
            let inner = rt.clone();
            rt.spawn_blocking(move || inner.block_on(async {}))
                .await
                .unwrap();
        });
    });
    has(
        &text,
        &["`.await` instead", "blocking work is one step here"],
    );
}
