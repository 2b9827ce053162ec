//! Walking directory trees, a share of a tree at a time.

use crate::{dupes::file::Found, file::special, notice::Notice};
use std::{
    ffi::OsStr,
    fs::{self, DirEntry},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A call looks at about so many entries: some milliseconds of work.
const ENTRIES_PER_CALL: usize = 4096;

/// What a share of the walk yielded.
#[derive(Debug, Default)]
pub struct Scan {
    /// The files.
    pub files: Vec<Found>,
    /// The directories that are still to be read.
    pub dirs: Vec<Arc<Path>>,
    /// What a user should know.
    pub notices: Vec<Notice>,
    /// How many files were too small.
    pub small: u64,
    /// How many roots could be read.
    pub good_roots: usize,
}

/// Looks at the roots. Those may be symbolic links, since the user named them.
pub fn roots(roots: &[PathBuf], min_size: u64) -> Scan {
    let mut scan = Scan::default();
    for root in roots {
        let found = fs::metadata(root).and_then(|metadata| {
            if metadata.is_dir() {
                fs::read_dir(root)?;
            }
            Ok(metadata)
        });
        match found {
            Ok(metadata) if metadata.is_dir() => scan.dirs.push(root.as_path().into()),
            Ok(metadata) if metadata.is_file() => {
                let dir = root.parent().unwrap_or(Path::new("")).into();
                let name = root.file_name().unwrap_or_default();
                scan.add_file(Found::new(dir, name, &metadata), min_size);
            }
            Ok(metadata) => {
                let kind = special(metadata.file_type()).unwrap_or("a special file");
                scan.notices
                    .push(Notice::warning(root, format!("{kind}: skipped")));
                continue;
            }
            Err(error) => {
                let text = format!("cannot be searched: {error}");
                scan.notices.push(Notice::warning(root, text));
                continue;
            }
        }
        scan.good_roots += 1;
    }
    scan
}

/// Reads directories and what is below them, until it has done its share.
pub fn scan(mut dirs: Vec<Arc<Path>>, min_size: u64) -> Scan {
    let mut scan = Scan::default();
    let mut entries = 0;
    while entries < ENTRIES_PER_CALL
        && let Some(dir) = dirs.pop()
    {
        match fs::read_dir(&dir) {
            Err(error) => scan
                .notices
                .push(Notice::failed(&dir, "read the directory", &error)),
            Ok(listing) => {
                for entry in listing {
                    entries += 1;
                    match entry {
                        Ok(entry) => scan.look_at(&dir, &entry, &mut dirs, min_size),
                        Err(error) => {
                            // The listing broke off; asking again could go on for ever.
                            scan.notices
                                .push(Notice::failed(&dir, "list all of it", &error));
                            break;
                        }
                    }
                }
            }
        }
    }
    scan.dirs = dirs;
    scan
}

impl Scan {
    fn look_at(
        &mut self,
        dir: &Arc<Path>,
        entry: &DirEntry,
        dirs: &mut Vec<Arc<Path>>,
        min_size: u64,
    ) {
        let name = entry.file_name();
        if let Err(error) = self.try_look_at(dir, &name, entry, dirs, min_size) {
            self.notices
                .push(Notice::failed(&dir.join(name), "look at it", &error));
        }
    }

    fn try_look_at(
        &mut self,
        dir: &Arc<Path>,
        name: &OsStr,
        entry: &DirEntry,
        dirs: &mut Vec<Arc<Path>>,
        min_size: u64,
    ) -> io::Result<()> {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            dirs.push(dir.join(name).into());
        } else if kind.is_symlink() {
            self.notices.push(Notice::note(
                dir.join(name),
                "a symbolic link: not followed",
            ));
        } else if let Some(special) = special(kind) {
            self.notices.push(Notice::warning(
                dir.join(name),
                format!("{special}: skipped"),
            ));
        } else {
            let metadata = entry.metadata()?;
            if metadata.is_file() {
                self.add_file(Found::new(Arc::clone(dir), name, &metadata), min_size);
            } else {
                let text = "was replaced in the meantime: skipped";
                self.notices.push(Notice::warning(dir.join(name), text));
            }
        }
        Ok(())
    }

    fn add_file(&mut self, file: Found, min_size: u64) {
        if file.size < min_size {
            self.small += 1;
        } else {
            self.files.push(file);
        }
    }
}
