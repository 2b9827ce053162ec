//! Finds duplicates in small trees with everything in them that a file system can hold.

#![cfg(unix)]

#[path = "dupes/parts.rs"]
mod parts;
#[path = "dupes/program.rs"]
mod program;

use anyrt::{BlockOn, Runtime};
use anyrt_examples::{
    dupes::{Findings, Group, Options, Progress, find, report},
    runtime::{NAMES, Visitor, with_runtime},
};
use std::{
    ffi::OsStr,
    fs::{self, File},
    os::unix::{ffi::OsStrExt, fs::symlink, net::UnixListener},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};
use tempfile::{TempDir, tempdir};

struct Find(Options);

impl Visitor for Find {
    type Output = Findings;

    fn visit<R: Runtime + BlockOn>(self, rt: R) -> Findings {
        rt.block_on(find(&rt, self.0, &Progress::hidden()))
            .expect("the search ends")
    }
}

/// The runtimes of this build. There is always at least one.
fn runtimes() -> Vec<&'static str> {
    NAMES.iter().copied().chain(["own"]).collect()
}

fn find_on(runtime: &str, options: Options) -> Findings {
    with_runtime(Some(runtime), Find(options)).expect("the runtime is in this build")
}

fn find_in(tree: &TempDir) -> Findings {
    find_on(runtimes()[0], options(tree))
}

fn options(tree: &TempDir) -> Options {
    Options::new(vec![tree.path().to_owned()])
}

fn write(tree: &TempDir, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
    let path = tree.path().join(name);
    fs::create_dir_all(path.parent().expect("below the tree")).expect("a directory");
    fs::write(&path, content).expect("a file");
    path
}

fn mkfifo(path: &Path) {
    let done = Command::new("mkfifo")
        .arg(path)
        .status()
        .expect("mkfifo is installed");
    assert!(done.success());
}

/// The groups' paths, below the tree.
fn groups(tree: &TempDir, findings: &Findings) -> Vec<Vec<PathBuf>> {
    let below = |path: PathBuf| path.strip_prefix(tree.path()).expect("below").to_owned();
    let files = |group: &Group| group.files.iter().map(|file| below(file.path())).collect();
    findings.groups.iter().map(files).collect()
}

fn notice<'a>(findings: &'a Findings, path: &Path) -> &'a str {
    let found = findings.notices.iter().find(|notice| notice.path == path);
    &found
        .unwrap_or_else(|| panic!("no notice of {path:?} in {:#?}", findings.notices))
        .text
}

/// A tree with duplicates of all kinds, and all that is to be passed over.
fn everything() -> TempDir {
    let tree = tempdir().expect("a directory");
    for name in ["a/small", "b/small", "b/deeper/still/small"] {
        write(&tree, name, "the same");
    }
    write(&tree, "a/other", "not same");
    let mut large = vec![7; 1_000_000];
    write(&tree, "a/large", &large);
    write(&tree, "b/large", &large);
    large[999_999] = 8;
    write(&tree, "b/late-difference", &large);
    large[0] = 8;
    write(&tree, "b/early-difference", &large);
    let linked = write(&tree, "a/linked", "on one inode");
    fs::hard_link(&linked, tree.path().join("b/linked")).expect("a hard link");
    let first = write(&tree, "links/1", "linked and copied");
    fs::hard_link(&first, tree.path().join("links/2")).expect("a hard link");
    write(&tree, "links/3", "linked and copied");
    write(&tree, "a/empty", "");
    write(&tree, "b/empty", "");
    symlink("..", tree.path().join("a/cycle")).expect("a symbolic link");
    symlink("small", tree.path().join("a/link")).expect("a symbolic link");
    symlink("nowhere", tree.path().join("a/dangling")).expect("a symbolic link");
    mkfifo(&tree.path().join("a/pipe"));
    UnixListener::bind(tree.path().join("a/socket")).expect("a socket");
    for name in [
        &b"a/na\xefve"[..],
        b"a/na\xffve",
        b"a/new\nline",
        b"a/back\\slash",
    ] {
        write(&tree, OsStr::from_bytes(name), "a name of its own");
    }
    for index in 0..3000 {
        write(
            &tree,
            format!("many/{}/{index}", index % 50),
            format!("{:0500}", index / 3),
        );
    }
    tree
}

#[test]
fn finds_what_is_there() {
    let tree = everything();
    let findings = find_in(&tree);
    let found = groups(&tree, &findings);
    let paths = |names: &[&[u8]]| -> Vec<PathBuf> {
        names
            .iter()
            .map(|name| PathBuf::from(OsStr::from_bytes(name)))
            .collect()
    };
    assert_eq!(found[0], paths(&[b"a/large", b"b/large"]));
    let small: [&[u8]; 3] = [b"a/small", b"b/deeper/still/small", b"b/small"];
    let odd: [&[u8]; 4] = [
        b"a/back\\slash",
        b"a/na\xefve",
        b"a/na\xffve",
        b"a/new\nline",
    ];
    let linked: [&[u8]; 2] = [b"links/1", b"links/3"];
    let tail = [paths(&odd), paths(&linked), paths(&small)];
    assert_eq!(found[found.len() - 3..], tail);
    assert_eq!(found.len(), 1 + 1000 + 3);
    assert_eq!(findings.groups[0].wasted(), 1_000_000);
    assert_eq!(findings.small, 2);
    assert!(!findings.all_roots_failed);
    let wastes: Vec<u64> = findings.groups.iter().map(Group::wasted).collect();
    assert!(wastes.is_sorted_by(|left, right| left >= right));
}

#[test]
fn says_what_it_passed_over() {
    let tree = everything();
    let findings = find_in(&tree);
    let at = |name: &str| tree.path().join(name);
    for link in ["a/cycle", "a/link", "a/dangling"] {
        assert_eq!(
            notice(&findings, &at(link)),
            "a symbolic link: not followed"
        );
    }
    assert_eq!(notice(&findings, &at("a/pipe")), "a named pipe: skipped");
    assert_eq!(notice(&findings, &at("a/socket")), "a socket: skipped");
    assert!(notice(&findings, &at("b/linked")).contains("a/linked: counted once"));
    assert!(notice(&findings, &at("links/2")).contains("links/1: counted once"));
    assert_eq!((findings.notices.len(), findings.warnings()), (7, 2));
    let group = findings
        .groups
        .iter()
        .find(|group| !group.files[0].links.is_empty());
    let group = group.expect("the group with the hard link");
    assert_eq!(group.files[0].links, [at("links/2")]);
    assert_eq!(group.wasted(), "linked and copied".len() as u64);
}

#[test]
fn every_runtime_and_every_run_report_the_same() {
    let tree = everything();
    let report = |findings: &Findings| {
        let (mut text, mut json) = (Vec::new(), Vec::new());
        report::text(findings, &mut text).expect("written");
        report::json(findings, &mut json).expect("written");
        (text, json, findings.notices.clone())
    };
    let expected = report(&find_in(&tree));
    for runtime in runtimes() {
        for jobs in [1, 2, 7] {
            let options = Options {
                jobs,
                ..options(&tree)
            };
            assert_eq!(
                report(&find_on(runtime, options)),
                expected,
                "{runtime}, {jobs} jobs"
            );
        }
        let limited = Options {
            limit: Some(Duration::from_secs(600)),
            ..options(&tree)
        };
        assert_eq!(
            report(&find_on(runtime, limited)),
            expected,
            "{runtime}, with a limit"
        );
    }
}

#[test]
fn a_file_that_takes_too_long_is_skipped_and_its_call_stops() {
    // Holes: a terabyte that takes no room, and minutes to hash.
    const HUGE: u64 = 1 << 40;
    for runtime in runtimes() {
        let tree = tempdir().expect("a directory");
        for name in ["huge-1", "huge-2"] {
            let file = File::create(tree.path().join(name)).expect("a file");
            file.set_len(HUGE).expect("a sparse file");
        }
        write(&tree, "1", "one");
        write(&tree, "2", "one");
        let start = Instant::now();
        let limit = Some(Duration::from_millis(300));
        let findings = find_on(
            runtime,
            Options {
                limit,
                ..options(&tree)
            },
        );
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{runtime}: {:?}",
            start.elapsed()
        );
        assert_eq!(
            groups(&tree, &findings),
            [["1", "2"].map(PathBuf::from)],
            "{runtime}"
        );
        for name in ["huge-1", "huge-2"] {
            let text = notice(&findings, &tree.path().join(name));
            assert_eq!(text, "took longer than 300ms: skipped", "{runtime}");
        }
    }
}

#[test]
fn roots_that_overlap_count_once() {
    let tree = tempdir().expect("a directory");
    write(&tree, "below/1", "the same");
    write(&tree, "below/2", "the same");
    let below = tree.path().join("below");
    let roots = vec![
        below.clone(),
        tree.path().to_owned(),
        below.join("1"),
        below,
    ];
    let findings = find_on(runtimes()[0], Options::new(roots));
    assert_eq!(findings.groups.len(), 1);
    assert_eq!(findings.groups[0].files.len(), 2);
    assert!(findings.groups[0].files[0].links.is_empty());
}
