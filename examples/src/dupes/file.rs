//! A file that was found, and how it is opened so that nothing but that file is read.

use crate::file::open_without_waiting;
use std::{
    cmp::Ordering,
    ffi::OsStr,
    fs::{File, Metadata},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The device and the inode, where the system has them.
pub type Identity = Option<(u64, u64)>;

/// A regular file that was found.
#[derive(Debug)]
pub struct Found {
    dir: Arc<Path>,
    name: Box<OsStr>,
    /// Its size when it was found.
    pub size: u64,
    /// What hard links have in common.
    pub identity: Identity,
    /// Other paths of the same file.
    pub links: Vec<PathBuf>,
}

impl Found {
    /// The file `name` in `dir`. Siblings share their `dir`, which is most of a path.
    pub fn new(dir: Arc<Path>, name: &OsStr, metadata: &Metadata) -> Self {
        let (size, identity) = (metadata.len(), identity(metadata));
        Self {
            dir,
            name: name.into(),
            size,
            identity,
            links: Vec::new(),
        }
    }

    /// Its path, below the root as that was given.
    pub fn path(&self) -> PathBuf {
        self.dir.join(&*self.name)
    }

    /// Orders by path, and says `Equal` only where the spelling is the same too.
    pub fn cmp_path(&self, other: &Self) -> Ordering {
        let (left, right) = (self.path(), other.path());
        left.cmp(&right)
            .then_with(|| left.as_os_str().cmp(right.as_os_str()))
    }

    /// Opens it.
    ///
    /// # Errors
    /// Those of opening, and one that says so if something else is at the path by now.
    pub fn open(&self) -> io::Result<File> {
        let file = open_without_waiting(&self.path())?;
        let metadata = file.metadata()?;
        if metadata.is_file() && identity(&metadata) == self.identity {
            Ok(file)
        } else {
            Err(io::Error::other("it was replaced in the meantime"))
        }
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {
    None
}
