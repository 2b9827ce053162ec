//! Counts words in small trees, on each runtime of this build.

use anyrt::{BlockOn, Runtime, group::GroupError};
use anyrt_examples::{
    pipeline::{Counted, Options, StageError, count, words::Table},
    runtime::{NAMES, Visitor, with_runtime},
};
use std::{fs, path::Path, process::Command};
use tempfile::{TempDir, tempdir};

type Outcome = (Counted, Result<(), GroupError<StageError>>);

struct Count(Options);

impl Visitor for Count {
    type Output = Outcome;

    fn visit<R: Runtime + BlockOn>(self, rt: R) -> Outcome {
        rt.block_on(count(&rt, self.0))
    }
}

fn on_each_runtime(tree: &TempDir, strict: bool, mut check: impl FnMut(&str, Outcome)) {
    for runtime in NAMES.iter().copied().chain(["own"]) {
        let options = Options {
            roots: vec![tree.path().to_owned()],
            jobs: 3,
            strict,
        };
        let outcome = with_runtime(Some(runtime), Count(options));
        check(runtime, outcome.expect("the runtime is in this build"));
    }
}

fn write(tree: &TempDir, name: &str, content: impl AsRef<[u8]>) {
    let path = tree.path().join(name);
    fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("a directory");
    fs::write(path, content).expect("a file");
}

/// More files than the queue, the channel and the workers hold together.
fn large_tree() -> TempDir {
    let tree = tempdir().expect("a directory");
    for n in 0..500 {
        write(
            &tree,
            &format!("{}/{n}.txt", n % 7),
            format!("all word_{n} all"),
        );
    }
    tree
}

#[test]
fn it_counts_the_same_on_each_runtime() {
    let tree = large_tree();
    write(&tree, "3/not-text", b"\xff\xfe");
    on_each_runtime(&tree, false, |runtime, (counted, result)| {
        result.unwrap_or_else(|error| panic!("{runtime}: {error:#}"));
        assert_eq!(counted.files, 500, "{runtime}");
        assert_eq!(counted.words.total(), 1500, "{runtime}");
        assert_eq!(counted.words.distinct(), 501, "{runtime}");
        let top = counted.words.top(2);
        assert_eq!(top, [("all", 1000), ("word_0", 1)], "{runtime}");
        assert_eq!(counted.skipped.len(), 1, "{runtime}");
    });
}

#[test]
fn a_stage_that_fails_stops_the_others_and_is_named() {
    let tree = large_tree();
    write(&tree, "0/0.broken", b"\xff");
    on_each_runtime(&tree, true, |runtime, (counted, result)| {
        let error = result.expect_err("a file is no text");
        let tree = format!("{error:#}");
        for part in [
            "group \"pipeline\"",
            "count (",
            "group \"count\"",
            "worker ",
            "0.broken",
        ] {
            assert!(tree.contains(part), "{runtime}: no {part:?} in\n{tree}");
        }
        assert_eq!(
            error.len(),
            1,
            "{runtime}: whoever was stopped has not failed\n{tree}"
        );
        // What was in hand has been finished, and nothing was made up.
        assert_eq!(counted.words.total(), counted.files * 3, "{runtime}");
    });
}

#[test]
fn a_tree_that_is_not_there_fails_in_the_walk() {
    let tree = tempdir().expect("a directory");
    fs::remove_dir(tree.path()).expect("an empty directory");
    on_each_runtime(&tree, true, |runtime, (counted, result)| {
        let error = format!("{:#}", result.expect_err("there is nothing"));
        assert!(error.contains("walk ("), "{runtime}: {error}");
        assert_eq!(counted.files, 0, "{runtime}");
    });
}

#[test]
fn nothing_is_no_failure() {
    let tree = tempdir().expect("a directory");
    on_each_runtime(&tree, true, |runtime, (counted, result)| {
        result.unwrap_or_else(|error| panic!("{runtime}: {error:#}"));
        assert_eq!(
            (counted.files, counted.words),
            (0, Table::default()),
            "{runtime}"
        );
    });
}

#[test]
fn the_program_prints_a_table_or_a_tree_of_errors() {
    let tree = tempdir().expect("a directory");
    write(&tree, "a", "one two two");
    let run = |args: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_pipeline"));
        let output = program.arg(tree.path()).args(args).output();
        let output = output.expect("the program runs");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let (code, out, err) = run(&["--top", "1", "--runtime", "own"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(
        out.starts_with("3 words, 2 of them different, in 1 file; 0 skipped"),
        "{out}"
    );
    assert!(out.ends_with("        2  two\n"), "{out}");
    write(&tree, "b", b"\xff");
    let (code, out, err) = run(&["--strict", "--runtime", "own"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(
        err.starts_with("pipeline: error: stopped early\n1 failure in group"),
        "{err}"
    );
    let missing = tree.path().join("not-there");
    let mut program = Command::new(env!("CARGO_BIN_EXE_pipeline"));
    let output = program.arg(missing).args(["--runtime", "own"]).output();
    let output = output.expect("the program runs");
    assert_eq!((output.status.code(), output.stdout), (Some(1), vec![]));
    let err = String::from_utf8(output.stderr).expect("text");
    assert!(err.contains("pipeline: skipped "), "{err}");
    assert!(
        err.ends_with("pipeline: error: nothing could be searched\n"),
        "{err}"
    );
    let (code, _, err) = run(&["--jobs", "0"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("--jobs"), "{err}");
}
