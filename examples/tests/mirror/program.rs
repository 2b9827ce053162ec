//! The program: what it refuses, prints and exits with, and how it ends at Ctrl-C.

use super::tree::{Trees, has_no_parts, is_like};
use anyrt_examples::runtime::NAMES;
use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

fn mirror(source: &Path, copy: &Path, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_mirror"));
    program.args([source, copy]).args(arguments);
    program
}

fn run(source: &Path, copy: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let arguments = [&["--runtime", "own", "--quiet"], arguments].concat();
    let output = mirror(source, copy, &arguments).output();
    told(&output.expect("the program runs"))
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    (output.status.code(), out.into_owned(), err.into_owned())
}

#[test]
fn it_prints_what_it_did() {
    let trees = Trees::small();
    let (source, copy) = (trees.source(""), trees.copy("deeper/than that"));
    let (code, out, err) = run(
        &source,
        &copy,
        &["--verify", "--fail", "0.3", "--attempts", "30"],
    );
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(
        out.starts_with(
            "copied 4 files (3670016 bytes), 1 link, 1 directory; 0 up to date, 0 skipped, 0 failed\n\
            tried again "
        ),
        "{out}"
    );
    assert!(out.ends_with("times\nverified 4 files\n"), "{out}");
    let (code, out, err) = run(&source, &copy, &["--no-sync"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let expected =
        "copied 0 files (0 bytes), 0 links, 0 directories; 5 up to date, 0 skipped, 0 failed\n";
    assert_eq!(out, expected);
    let (code, out, err) = run(
        &source,
        &trees.copy("other"),
        &["--fail", "1", "--attempts", "1"],
    );
    assert_eq!(code, Some(1));
    assert!(out.ends_with("1 failed\n"), "{out}");
    assert_eq!(
        err,
        "mirror: warning: .: cannot be surveyed: failed on purpose\n"
    );
}

#[test]
fn it_refuses_what_cannot_be_right() {
    let trees = Trees::small();
    let refused = |source: &Path, copy: &Path, what: &str| {
        let (code, out, err) = run(source, copy, &[]);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
        assert!(
            err.starts_with("mirror: error: ") && err.contains(what),
            "{err}"
        );
    };
    let (source, copy) = (trees.source(""), trees.copy(""));
    refused(&source, &source, "neither may");
    refused(&source, &source.join("not/there/yet"), "neither may");
    refused(&source, &source.join("link/inside"), "neither may");
    refused(&source.join("d"), &source, "neither may");
    assert!(!source.join("not").exists(), "a refused copy was begun");
    refused(&trees.source("not there"), &copy, "not there");
    refused(&trees.source("a"), &copy, "ot a directory");
    refused(&source, &trees.source("a"), "neither may");
    fs::write(&copy, "a file").expect("a file");
    refused(&source, &copy, "copy: ");
    fs::remove_file(&copy).expect("a file");
    let at_work = trees.paths();
    refused(&source, &copy, "another mirror works on it");
    drop(at_work);
    let (code, _, err) = run(&source, &copy, &["--fail", "1.5"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("is not from 0 to 1"), "{err}");
}

/// Until a file is there, for no longer than a minute.
fn wait_for(path: &Path) {
    let until = Instant::now() + Duration::from_secs(60);
    while !path.exists() {
        assert!(Instant::now() < until, "{path:?} does not come");
        thread::yield_now();
    }
}

#[test]
fn ctrl_c_stops_it_and_the_next_run_goes_on() {
    for runtime in NAMES {
        let trees = Trees::with_everything();
        let (source, copy) = (trees.source(""), trees.copy(""));
        // A chunk at once, and then nothing for as long as the test runs.
        let slow = ["--quiet", "--rate", "10", "--runtime", runtime];
        let child = mirror(&source, &copy, &slow)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let child = child.expect("the program runs");
        // By then it listens: a file is there only after that.
        wait_for(&trees.copy("empty"));
        let kill = format!("kill -s INT {}", child.id());
        let killed = Command::new("sh").args(["-c", &kill]).status();
        assert!(killed.expect("a shell").success());
        let output = child.wait_with_output().expect("it ends");
        let (code, out, err) = told(&output);
        assert_eq!(code, Some(130), "{runtime}: {err}");
        let stopped = "stopped: SIGINT; the next run goes on from here\n";
        assert!(out.ends_with(stopped), "{runtime}: {out}");
        has_no_parts(&trees);
        let (code, _, err) = run(&source, &copy, &["--verify"]);
        assert_eq!(code, Some(0), "{runtime}: {err}");
        is_like(&trees);
    }
}
