//! Panics that somebody caught, and what a check of cancel safety says.

use super::{failed, has, report};
use anyrt_core::{
    group::TaskGroup,
    rt::{Permit, Runtime, Semaphore, Spawn},
    task::yield_now,
};
use anyrt_sim::{Sim, SimRuntime, check_cancel};
use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

#[test]
fn a_panic_that_was_joined_keeps_its_place() {
    let line = line!() + 2;
    let text = report(&Sim::new(), |rt| async move {
        rt.spawn(async { assert_eq!(1, 2, "an apple and a pear") })
            .await
            .unwrap();
    });
    has(
        &text,
        &[
            "the body panicked: called `Result::unwrap()`",
            "panics on the way:\n  task 1 (spawned at backends/sim/tests/reports/panics.rs:",
            ") panicked: assertion `left == right` failed: an apple and a pear",
            &format!("(backends/sim/tests/reports/panics.rs:{line}:"),
        ],
    );
    assert_eq!(
        text.matches("called `Result::unwrap()`").count(),
        1,
        "{text}"
    );
}

#[test]
fn a_child_of_a_group_keeps_its_place_and_its_name() {
    let body = |rt: SimRuntime| async move {
        let group = TaskGroup::<_, (), ()>::new(&rt);
        let child = group.spawn_named("fetch", async { panic!("on purpose") });
        child.unwrap();
        group.join().await.unwrap();
    };
    let text = report(&Sim::new(), body);
    has(
        &text,
        &[
            "  task 1 \"fetch\" (spawned at backends/sim/tests/reports/panics.rs:",
            ") panicked: on purpose (backends/sim/tests/reports/panics.rs:",
        ],
    );
    let run = Sim::new().record().run(0, body);
    let timeline = run.timeline().to_string();
    has(&timeline, &["task 1: panicked: on purpose (backends/"]);
    has(
        &run.to_html("a title"),
        &["task 1: panicked: on purpose (backends/"],
    );
    assert_eq!(run.panicked.len(), 2);
}

/// Takes a permit along when it is dropped after its first poll.
fn takes_it_along() {
    check_cancel(
        |rt: SimRuntime| async move { Arc::new(rt.semaphore(1).unwrap()) },
        |_, semaphore| async move {
            semaphore.acquire().await.unwrap().forget();
            yield_now().await;
            semaphore.add_permits(1).unwrap();
        },
        |_, _| async {},
    );
}

const LOST: &str =
    ", in the fresh `op`, after the first `op` was dropped right after poll 1: deadlock at";

#[test]
fn a_check_of_cancel_safety_says_where_it_hangs() {
    let text = failed(takes_it_along);
    has(
        &text,
        &["seed 0 of 20", LOST, "for a permit of semaphore 1"],
    );
    let page = text.rsplit("or look at it:\n").next().unwrap().trim();
    assert!(page.contains("/anyrt-sim/anyrt-sim/"), "{page}");
    let page = std::fs::read_to_string(page).expect("the page");
    has(
        &page,
        &[
            "op dropped right after poll 1; verify begins",
            LOST.trim_start_matches(", "),
        ],
    );
}

/// What this program prints, as the test of that name alone, with these variables.
pub(super) fn output(test: &str, variables: &[(&str, &str)]) -> String {
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args([test, "--exact", "--nocapture", "--test-threads=2"]);
    let output = program.envs(variables.iter().copied()).output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

const ME: &str = "panics::a_replay_knows_the_drop_point_and_the_caller";
const INNER: &str = "ANYRT_TEST_INNER";

#[test]
fn a_replay_knows_the_drop_point_and_the_caller() {
    let line = line!() + 2;
    if std::env::var_os(INNER).is_some() {
        check_cancel(
            |rt: SimRuntime| async move { Arc::new(rt.semaphore(1).unwrap()) },
            |_, semaphore| async move {
                semaphore.acquire().await.unwrap().forget();
                yield_now().await;
                semaphore.add_permits(1).unwrap();
            },
            |_, _| async {},
        );
        return;
    }
    let folder = std::env::temp_dir().join("anyrt-sim-tests");
    let folder = folder.to_str().expect("a path of text");
    let place = format!("panicked at backends/sim/tests/reports/panics.rs:{line}:");
    let text = output(ME, &[(INNER, "1"), ("ANYRT_SIM_FOLDER", folder)]);
    has(
        &text,
        &[&place, LOST, &format!("\n  {folder}/panics--a-replay")],
    );
    let (_, replay) = text.split_once("ANYRT_SIM_REPLAY=").expect("a line");
    let (replay, _) = replay.split_once(' ').expect("a command");
    let text = output(ME, &[(INNER, "1"), ("ANYRT_SIM_REPLAY", replay)]);
    has(
        &text,
        &[
            &place,
            LOST,
            "the body: op dropped right after poll 1; verify begins",
        ],
    );
    let seed = output(ME, &[(INNER, "1"), ("ANYRT_SIM_REPLAY", "0")]);
    has(&seed, &[&place, LOST]);
}

#[test]
fn each_stage_has_its_name() {
    let setup = failed(|| {
        check_cancel(
            |_| async { panic!("oh") },
            |_, ()| async {},
            |_, ()| async {},
        );
    });
    has(
        &setup,
        &[", in `setup` (`op` was to be dropped before its first poll): the body panicked: oh"],
    );
    let verify = failed(|| {
        check_cancel(
            |_| async {},
            |_, ()| async {},
            |_, ()| async { panic!("oh") },
        );
    });
    has(
        &verify,
        &[", in `verify`, after `op` was dropped before its first poll: the body panicked: oh"],
    );
    let fresh = failed(|| {
        check_cancel(
            |_| async {},
            |_, ()| async { panic!("oh") },
            |_, ()| async {},
        );
    });
    has(
        &fresh,
        &[
            ", in the fresh `op`, after the first `op` was dropped before its first poll: the body panicked: oh",
        ],
    );
    let op = failed(|| {
        check_cancel(
            |_| async { Arc::new(AtomicBool::new(false)) },
            |_, verified| async move {
                yield_now().await;
                assert!(verified.load(Relaxed), "oh");
            },
            |_, verified| async move { verified.store(true, Relaxed) },
        );
    });
    has(
        &op,
        &[", in `op` (it was to be dropped right after poll 2): the body panicked: oh"],
    );
}
