//! Serves small texts, on each runtime of this build.

use anyrt::{BlockOn, Runtime};
use anyrt_examples::{
    runtime::{NAMES, Visitor, with_runtime},
    wordcache::{
        Options, ServeError, Served,
        index::{Index, MOST_LINES},
        serve,
    },
};
use std::{fs, io::Write, path::PathBuf, process::Command};
use tempfile::{NamedTempFile, tempdir};

struct Serve(Options);

impl Visitor for Serve {
    type Output = Result<Served, ServeError>;

    fn visit<R: Runtime + BlockOn>(self, rt: R) -> Self::Output {
        rt.block_on(serve(&rt, self.0))
    }
}

fn text(content: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(content.as_bytes()).expect("written");
    file
}

/// 200 words, of which the first are in more lines.
fn large() -> NamedTempFile {
    let lines = (1..=200).map(|n| {
        let words: Vec<_> = (1..=200 / n).map(|word| format!("w{word}")).collect();
        format!("line {n}: {}\n", words.join(" "))
    });
    text(&lines.collect::<String>())
}

fn options(path: PathBuf, capacity: u64) -> Options {
    Options {
        path,
        clients: 8,
        requests: 300,
        capacity,
        exponent: 0.9,
    }
}

#[test]
fn it_serves_all_requests_on_each_runtime() {
    let file = large();
    for runtime in NAMES.iter().copied().chain(["own"]) {
        let options = options(file.path().to_owned(), 50);
        let served = with_runtime(Some(runtime), Serve(options)).expect("it is in this build");
        let served = served.unwrap_or_else(|error| panic!("{runtime}: {error:#}"));
        let stats = served.stats;
        assert_eq!(served.times.len(), 2400, "{runtime}");
        assert_eq!(stats.hits + stats.misses, 2400, "{runtime}");
        assert!(
            stats.loads + stats.shared >= stats.misses,
            "{runtime}: {stats:?}"
        );
        assert!(stats.hit_ratio() > 0.3, "{runtime}: {stats:?}");
        assert!(
            stats.entries <= 50 && stats.in_flight == 0,
            "{runtime}: {stats:?}"
        );
        assert!(served.times.is_sorted(), "{runtime}");
        assert_eq!(served.percentile(1.0), served.times[2399], "{runtime}");
    }
}

#[test]
fn without_room_each_miss_is_a_load_or_shares_one() {
    let file = large();
    let serve = Serve(options(file.path().to_owned(), 0));
    let served = with_runtime(None, serve).or_else(|_| {
        let serve = Serve(options(file.path().to_owned(), 0));
        with_runtime(Some("own"), serve)
    });
    let stats = served.expect("a runtime").expect("served").stats;
    assert_eq!((stats.hits, stats.entries), (0, 0));
    assert!(stats.loads + stats.shared >= 2400, "{stats:?}");
}

#[test]
fn an_index_knows_its_lines() {
    let file = text("One two\nTWO three two\nlast");
    let index = Index::build(file.path().to_owned()).expect("an index");
    assert_eq!(index.words(), 4);
    assert_eq!(index.word(0), "two");
    let lines = |word| index.lines_with(word).expect("lines").to_vec();
    assert_eq!(lines("two"), ["One two", "TWO three two"]);
    assert_eq!(lines("last"), ["last"]);
    assert!(lines("none").is_empty());
    let many = text(&"again\n".repeat(100));
    let index = Index::build(many.path().to_owned()).expect("an index");
    assert_eq!(index.lines_with("again").expect("lines").len(), MOST_LINES);
}

#[test]
fn a_text_that_goes_away_is_an_error_of_the_load() {
    let dir = tempdir().expect("a directory");
    let path = dir.path().join("text");
    fs::write(&path, "one two three").expect("written");
    let index = Index::build(path.clone()).expect("an index");
    fs::remove_file(&path).expect("removed");
    assert!(index.lines_with("one").is_err());
    assert!(Index::build(path).is_err());
    assert!(Index::build(text("… !").path().to_owned()).is_err());
}

#[test]
fn the_program_says_what_was_saved() {
    let file = large();
    let run = |args: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_wordcache"));
        program.args(args).output().expect("it runs")
    };
    let path = file.path().to_str().expect("a path of text");
    let output = run(&[path, "--runtime", "own", "--requests", "50"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(
        said.contains("hit ratio") && said.contains("99.9 %"),
        "{said}"
    );
    let output = run(&["/no/such/file", "--runtime", "own"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("wordcache: error: "));
}
