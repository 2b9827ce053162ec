//! Trees to mirror, and how alike two are.

use anyrt_examples::mirror::{Paths, part};
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, File},
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};
use tempfile::{TempDir, tempdir};

/// A tree, and the place for its copy.
pub(crate) struct Trees(TempDir);

impl Trees {
    /// Some files of different sizes: three chunks and a half in all.
    pub(crate) fn small() -> Self {
        let trees = Self(tempdir().expect("a directory"));
        let chunk = part::CHUNK as usize;
        trees.write("a", vec![1; 2 * chunk]);
        trees.write("b", vec![2; chunk]);
        trees.write("c", vec![3; chunk / 2]);
        trees.write("d/empty", "");
        symlink("d", trees.source("link")).expect("a link");
        trees
    }

    /// An empty one.
    pub(crate) fn empty() -> Self {
        let trees = Self(tempdir().expect("a directory"));
        fs::create_dir(trees.source("")).expect("a directory");
        trees
    }

    /// So many small files.
    pub(crate) fn of(files: usize) -> Self {
        let trees = Self(tempdir().expect("a directory"));
        for n in 0..files {
            trees.write(n.to_string(), [7; 10]);
        }
        trees
    }

    /// A file of several chunks.
    pub(crate) fn one_large() -> Self {
        let trees = Self(tempdir().expect("a directory"));
        trees.write("large", vec![9; 3 * part::CHUNK as usize]);
        trees
    }

    /// All that a file system can hold.
    pub(crate) fn with_everything() -> Self {
        let trees = Self(tempdir().expect("a directory"));
        for n in 0..200 {
            trees.write(format!("many/{}/{n}", n % 7), vec![n; usize::from(n) * 100]);
        }
        let chunk = part::CHUNK as usize;
        trees.write("large", vec![7; 3 * chunk + chunk / 2]);
        trees.write("even", vec![8; chunk]);
        trees.write("empty", "");
        trees.write("x".repeat(255), "a long name");
        trees.write(OsStr::from_bytes(b"na\xffve"), "no UTF-8");
        fs::create_dir_all(trees.source("hollow/inside")).expect("a directory");
        let links = [
            ("link", "large"),
            ("dangling", "nowhere"),
            ("many/up", ".."),
        ];
        for (at, to) in links {
            symlink(to, trees.source(at)).expect("a link");
        }
        let old = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_789);
        let even = File::options().write(true).open(trees.source("even"));
        even.and_then(|file| file.set_modified(old))
            .expect("a time");
        for (path, mode) in [("even", 0o400), ("empty", 0o755), ("many/3", 0o555)] {
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(trees.source(path), mode).expect("a mode");
        }
        let pipe = Command::new("mkfifo").arg(trees.source("pipe")).status();
        assert!(pipe.expect("mkfifo is installed").success());
        trees
    }

    pub(crate) fn source(&self, path: impl AsRef<Path>) -> PathBuf {
        self.in_tree("source", path.as_ref())
    }

    pub(crate) fn copy(&self, path: impl AsRef<Path>) -> PathBuf {
        self.in_tree("copy", path.as_ref())
    }

    fn in_tree(&self, tree: &str, path: &Path) -> PathBuf {
        let root = self.0.path().join(tree);
        match path.as_os_str().is_empty() {
            true => root,
            false => root.join(path),
        }
    }

    pub(crate) fn paths(&self) -> Paths {
        Paths::open(&self.source(""), &self.copy("")).expect("two directories")
    }

    pub(crate) fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.source(path);
        fs::create_dir_all(path.parent().expect("below the source")).expect("a directory");
        fs::write(path, content).expect("a file");
    }
}

/// What is at a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Dir {
        mode: u32,
        modified: SystemTime,
    },
    File {
        mode: u32,
        modified: SystemTime,
        content: Vec<u8>,
    },
    Link(PathBuf),
}

impl Entry {
    pub(crate) fn is_dir(&self) -> bool {
        matches!(self, Self::Dir { .. })
    }
}

/// All files, links and directories below `root`; what else there is, is left out.
pub(crate) fn snapshot(root: &Path) -> BTreeMap<PathBuf, Entry> {
    let mut entries = BTreeMap::new();
    let mut todo = vec![PathBuf::new()];
    while let Some(path) = todo.pop() {
        let at = root.join(&path);
        let metadata = fs::symlink_metadata(&at).expect("it is there");
        let (mode, modified) = (metadata.mode(), metadata.modified().expect("a time"));
        let entry = if metadata.is_dir() {
            let listing = fs::read_dir(&at).expect("a directory");
            todo.extend(listing.map(|entry| path.join(entry.expect("an entry").file_name())));
            Entry::Dir { mode, modified }
        } else if metadata.is_symlink() {
            Entry::Link(fs::read_link(&at).expect("a link"))
        } else if metadata.is_file() {
            let content = fs::read(&at).expect("a file");
            Entry::File {
                mode,
                modified,
                content,
            }
        } else {
            continue;
        };
        entries.insert(path, entry);
    }
    entries
}

/// The copy is like the source, byte by byte.
#[track_caller]
pub(crate) fn is_like(trees: &Trees) {
    let (source, copy) = (snapshot(&trees.source("")), snapshot(&trees.copy("")));
    let paths = |tree: &BTreeMap<PathBuf, Entry>| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(paths(&copy), paths(&source));
    for (path, entry) in source {
        assert!(copy[&path] == entry, "{path:?} differs");
    }
}

/// No temporary file is left in the copy.
#[track_caller]
pub(crate) fn has_no_parts(trees: &Trees) {
    let paths = snapshot(&trees.copy("")).into_keys();
    let is_part = |path: &PathBuf| path.file_name().is_some_and(part::is_temporary);
    let parts: Vec<_> = paths.filter(is_part).collect();
    assert!(parts.is_empty(), "{parts:?}");
}
