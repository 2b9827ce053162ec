//! The parts by themselves: walking and hashing what changes meanwhile, and stopping in time.

use super::{groups, mkfifo, notice, options, write};
use anyrt_examples::dupes::{
    Search,
    file::Found,
    hash::{Batch, Extent, Skipped, hash},
    search::Unit,
    walk,
};
use std::{
    cell::Cell,
    ffi::OsStr,
    fs::{self, File},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tempfile::{TempDir, tempdir};

fn found(tree: &TempDir, name: &str) -> Found {
    let metadata = tree.path().join(name).metadata().expect("metadata");
    Found::new(tree.path().into(), OsStr::new(name), &metadata)
}

#[test]
fn hashing_stops_between_two_chunks() {
    let tree = tempdir().expect("a directory");
    write(&tree, "file", vec![1; 100_000]);
    let asked = Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() > 3
    };
    let result = hash(&found(&tree, "file"), Extent::Full, &mut [0; 1000], stop);
    assert!(matches!(result, Err(Skipped::Stopped)), "{result:?}");
    assert_eq!(asked.get(), 4);
}

#[test]
fn a_batch_that_was_given_up_keeps_what_it_has_and_returns_the_rest() {
    let tree = tempdir().expect("a directory");
    File::create(tree.path().join("huge"))
        .expect("a file")
        .set_len(1 << 40)
        .expect("a hole");
    for name in ["before", "after"] {
        write(&tree, name, name);
    }
    let files = ["before", "huge", "after"]
        .map(|name| Arc::new(found(&tree, name)))
        .to_vec();
    // The batch's own clock stands still until somebody moves it.
    let now = Arc::new(AtomicU64::new(0));
    let clock = {
        let now = Arc::clone(&now);
        Arc::new(move || Duration::from_secs(now.load(Ordering::SeqCst)))
    };
    let limit = Duration::from_secs(5);
    let batch = Arc::new(Batch::new(files, Extent::Full, Some(limit), clock));
    assert!(!batch.give_up(), "it has not begun");
    let call = std::thread::spawn({
        let batch = Arc::clone(&batch);
        move || batch.run()
    });
    while !format!("{batch:?}").contains("Ok(") {
        std::thread::yield_now();
    }
    assert!(!batch.give_up(), "no time has passed");
    // As if the `read` hung: only the one that watches sees the time.
    while !batch.give_up() {
        now.store(6, Ordering::SeqCst);
        if call.is_finished() {
            break;
        }
    }
    call.join().expect("it stops");
    let hashed = batch.finish();
    let before = hashed
        .hashes
        .iter()
        .map(|(file, _)| file.path())
        .next()
        .expect("a hash");
    assert_eq!(before, tree.path().join("before"));
    assert_eq!(hashed.notices[0].text, "took longer than 5s: skipped");
    // Either the call saw it first, and went on, or it was given up.
    assert_eq!(hashed.hashes.len() + hashed.rest.len(), 2);
}

#[test]
fn files_that_vanish_or_change_are_skipped() {
    let tree = tempdir().expect("a directory");
    for name in [
        "1",
        "2",
        "3",
        "4",
        "vanishes",
        "grows",
        "shrinks",
        "turns-into-a-pipe",
    ] {
        write(&tree, name, "the same");
    }
    let clock = Arc::new(|| Duration::ZERO);
    let mut search = Search::new(options(&tree), clock);
    let mut is_walked = false;
    while let Some(unit) = search.next_unit() {
        if matches!(unit, Unit::Hash(_)) && !is_walked {
            is_walked = true;
            fs::remove_file(tree.path().join("vanishes")).expect("removed");
            write(&tree, "grows", "the same, and more");
            write(&tree, "shrinks", "the");
            let other = tree.path().join("turns-into-a-pipe");
            fs::remove_file(&other).expect("removed");
            mkfifo(&other);
        }
        search.absorb(unit.run());
    }
    let findings = search.finish();
    assert!(is_walked);
    assert_eq!(
        groups(&tree, &findings),
        [["1", "2", "3", "4"].map(PathBuf::from)]
    );
    let text = |name: &str| notice(&findings, &tree.path().join(name));
    assert_eq!(text("vanishes"), "vanished in the meantime: skipped");
    assert_eq!(text("grows"), "changed while it was read: skipped");
    assert_eq!(text("shrinks"), "changed while it was read: skipped");
    assert!(text("turns-into-a-pipe").contains("replaced in the meantime"));
}

#[test]
fn directories_that_cannot_be_read_are_skipped() {
    let tree = tempdir().expect("a directory");
    write(&tree, "1", "the same");
    write(&tree, "2", "the same");
    let dirs = vec![
        tree.path().join("gone").into(),
        tree.path().join("1").into(),
    ];
    let scan = walk::scan(dirs, 1);
    // Even the superuser can read neither a directory that is gone nor a file as one.
    let texts: Vec<&str> = scan
        .notices
        .iter()
        .map(|notice| notice.text.as_str())
        .collect();
    assert!(
        texts[0].starts_with("cannot read the directory: Not a directory"),
        "{texts:?}"
    );
    assert_eq!(texts[1], "vanished in the meantime: skipped");
}
