//! Mirrors small trees with everything in them, on each runtime of this build, and stops half way.

#![cfg(unix)]

#[path = "mirror/abort.rs"]
mod abort;
#[path = "mirror/disk.rs"]
mod disk;
#[path = "mirror/program.rs"]
mod program;
#[path = "mirror/tree.rs"]
mod tree;

use anyrt::{App, BlockOn, Runtime, cancel::CancellationToken, context::Context};
use anyrt_examples::{
    mirror::{Options, Outcome, Paths, Progress, fault::Faults, mirror, part},
    runtime::{NAMES, Visitor, with_runtime},
};
use std::{
    fs,
    num::NonZeroU32,
    os::unix::fs::{PermissionsExt, symlink},
    time::Duration,
};
use tree::{Trees, has_no_parts, is_like, snapshot};

/// Mirrors; is stopped from outside after that time.
struct Mirror {
    paths: Paths,
    options: Options,
    stop_after: Option<Duration>,
}

impl Mirror {
    fn new(trees: &Trees, options: Options) -> Self {
        Self {
            paths: trees.paths(),
            options,
            stop_after: None,
        }
    }

    async fn run<R: Runtime>(self, rt: &R) -> Outcome {
        let token = CancellationToken::new();
        let context = Context::current().with_token(token.clone());
        let progress = Progress::hidden();
        let app = App::new(rt).grace(Duration::from_secs(60));
        let run = context.scope(mirror(rt, app, self.paths, self.options, &progress));
        let stop = self.stop_after.map(|after| {
            let rt = rt.clone();
            rt.clone().spawn(async move {
                rt.sleep(after).await;
                token.cancel_with("enough");
            })
        });
        let outcome = run.await.expect("the settings are good");
        drop(stop);
        outcome
    }
}

impl Visitor for Mirror {
    type Output = Outcome;

    fn visit<R: Runtime + BlockOn>(self, rt: R) -> Outcome {
        rt.block_on(self.run(&rt))
    }
}

/// The runtimes of this build. There is always at least one.
fn runtimes() -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied().chain(["own"])
}

fn on(runtime: &str, mirror: Mirror) -> Outcome {
    with_runtime(Some(runtime), mirror).expect("the runtime is in this build")
}

fn run(trees: &Trees) -> Outcome {
    on("own", Mirror::new(trees, quick()))
}

/// Without syncs, which cost more than all the rest of such a tree.
fn quick() -> Options {
    Options {
        sync: false,
        ..Options::default()
    }
}

fn report(outcome: &Outcome) -> String {
    let mut text = Vec::new();
    outcome.notices("mirror", &mut text).expect("written");
    outcome.report(&mut text).expect("written");
    String::from_utf8(text).expect("UTF-8")
}

/// At once a chunk passes, and as much again in each second: all of a tree takes longer than any stop.
fn slow() -> Options {
    Options {
        rate: NonZeroU32::new(part::CHUNK as u32),
        ..quick()
    }
}

#[test]
fn with_faults_the_copy_is_the_same_on_each_runtime() {
    let options = Options {
        attempts: 12,
        faults: Faults::new(0.2, 3),
        verify: true,
        ..Options::default()
    };
    let mut reports = Vec::new();
    for runtime in runtimes() {
        let trees = Trees::with_everything();
        let outcome = on(runtime, Mirror::new(&trees, options.clone()));
        is_like(&trees);
        let tally = &outcome.tally;
        assert!(tally.retries > 20, "{runtime}: {tally:?}");
        assert_eq!(tally.failed, [], "{runtime}");
        assert_eq!(tally.verified, Some(tally.files), "{runtime}");
        assert_eq!((&outcome.stopped, &outcome.broken), (&None, &None));
        reports.push(report(&outcome));
    }
    assert!(
        reports[0].contains("a named pipe: skipped"),
        "{}",
        reports[0]
    );
    assert!(reports.iter().all(|one| *one == reports[0]), "{reports:#?}");
}

#[test]
fn a_second_run_copies_only_what_has_changed() {
    for runtime in runtimes() {
        let trees = Trees::with_everything();
        let first = on(runtime, Mirror::new(&trees, quick())).tally;
        let second = on(runtime, Mirror::new(&trees, quick())).tally;
        assert_eq!(
            (second.files, second.links, second.dirs),
            (0, 0, 0),
            "{runtime}"
        );
        assert_eq!(second.current, first.files + first.links, "{runtime}");

        trees.write("many/1/1", "other");
        fs::remove_file(trees.source("link")).expect("a link");
        symlink("many", trees.source("link")).expect("a link");
        let mode = fs::Permissions::from_mode(0o640);
        fs::set_permissions(trees.source("large"), mode).expect("a mode");
        fs::remove_file(trees.copy("empty")).expect("a file");
        let third = on(runtime, Mirror::new(&trees, quick())).tally;
        assert_eq!((third.files, third.links), (2, 1), "{runtime}");
        is_like(&trees);
    }
}

#[test]
fn a_stop_leaves_no_parts_and_the_next_run_goes_on() {
    for runtime in runtimes() {
        // In the middle of the one file there is; and among many.
        for trees in [Trees::one_large(), Trees::with_everything()] {
            let stopped = Mirror {
                stop_after: Some(Duration::from_millis(200)),
                ..Mirror::new(&trees, slow())
            };
            let stopped = on(runtime, stopped);
            assert_eq!(stopped.stopped.as_deref(), Some("enough"), "{runtime}");
            assert_eq!(stopped.broken, None, "{runtime}");
            has_no_parts(&trees);
            let resumed = on(runtime, Mirror::new(&trees, quick())).tally;
            assert!(resumed.files > 0, "{runtime}: it was not stopped half way");
            is_like(&trees);
            let all = resumed.files + resumed.links + resumed.current;
            let again = on(runtime, Mirror::new(&trees, quick())).tally;
            assert_eq!(again.current, all, "{runtime}");
        }
    }
}

/// Wherever it is stopped: in virtual time the moment is exact, and the order the seed's.
#[test]
fn it_can_be_stopped_at_any_time() {
    anyrt::sim::check(12, |rt| async move {
        let trees = Trees::small();
        let expected = snapshot(&trees.source(""));
        let mut stops = 0;
        // A file, or half of one, more each time.
        for millis in (0..).step_by(700) {
            let outcome = Mirror {
                stop_after: Some(Duration::from_millis(millis)),
                ..Mirror::new(
                    &trees,
                    Options {
                        attempts: 20,
                        faults: Faults::new(0.3, millis),
                        jobs: 3,
                        ..slow()
                    },
                )
            };
            let outcome = outcome.run(&rt).await;
            assert_eq!(outcome.broken, None);
            has_no_parts(&trees);
            for (path, copied) in snapshot(&trees.copy("")) {
                // Directories get their modes and times in the end.
                if !copied.is_dir() {
                    assert_eq!(Some(&copied), expected.get(&path), "{path:?}");
                }
            }
            match outcome.stopped {
                Some(_) => stops += 1,
                None => break,
            }
        }
        assert!(stops > 1, "it was never stopped half way");
        is_like(&trees);
    });
}

#[test]
fn what_cannot_be_copied_is_told_and_the_rest_is_copied() {
    let trees = Trees::small();
    trees.write("dir/inside", "never copied");
    fs::create_dir_all(trees.copy("a/in the way")).expect("a directory");
    fs::write(trees.copy("dir"), "in the way").expect("a file");
    let outcome = run(&trees);
    let failed: Vec<_> = outcome
        .tally
        .failed
        .iter()
        .map(ToString::to_string)
        .collect();
    let [file, dir] = failed.as_slice() else {
        panic!("{failed:#?}");
    };
    // Neither is tried again, for that cannot help.
    assert!(
        file.starts_with("warning: a: cannot be copied: Is a directory"),
        "{file}"
    );
    assert!(
        dir.starts_with("warning: dir: cannot be surveyed: "),
        "{dir}"
    );
    assert_eq!(outcome.tally.retries, 0);
    assert_eq!(
        fs::read(trees.copy("dir")).expect("left alone"),
        b"in the way"
    );
    assert!(trees.copy("b").is_file() && trees.copy("c").is_file());
}

#[test]
fn what_always_fails_is_given_up() {
    let trees = Trees::small();
    let options = Options {
        attempts: 3,
        faults: Faults::new(1.0, 1),
        ..quick()
    };
    let outcome = on("own", Mirror::new(&trees, options));
    let expected = "mirror: warning: .: cannot be surveyed: failed on purpose, 3 times\n\
        copied 0 files (0 bytes), 0 links, 0 directories; 0 up to date, 0 skipped, 1 failed\n\
        tried again 2 times\n";
    assert_eq!(report(&outcome), expected);
}

#[test]
fn a_comparison_finds_what_size_and_time_hide() {
    let trees = Trees::small();
    run(&trees);
    let modified = fs::metadata(trees.copy("b")).and_then(|metadata| metadata.modified());
    let content = fs::read(trees.copy("b")).expect("a file");
    fs::write(trees.copy("b"), vec![b'x'; content.len()]).expect("a file");
    let copy = fs::File::options().write(true).open(trees.copy("b"));
    let set = copy.and_then(|copy| copy.set_modified(modified.expect("a time")));
    set.expect("a time");
    let compared = Mirror::new(
        &trees,
        Options {
            verify: true,
            ..quick()
        },
    );
    let tally = on("own", compared).tally;
    assert_eq!(tally.files, 0);
    let failed: Vec<_> = tally.failed.iter().map(ToString::to_string).collect();
    assert_eq!(failed, ["warning: b: differs from its copy"]);
    assert_eq!(tally.verified, Some(3), "all but that");
}

#[test]
fn parts_of_a_crash_go_and_no_file_is_taken_for_one() {
    let trees = Trees::small();
    run(&trees);
    let part = part::temporary(&trees.copy("b"));
    fs::write(&part, "half").expect("a file");
    let name = part.file_name().expect("a name");
    fs::write(trees.source("").join(name), "a file of that name").expect("a file");
    let tally = run(&trees).tally;
    has_no_parts(&trees);
    let skipped: Vec<_> = tally
        .skipped
        .iter()
        .map(|notice| notice.path.clone())
        .collect();
    assert_eq!(skipped, [name]);
}
