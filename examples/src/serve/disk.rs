//! What is served: pieces of files, and what is in directories. All of it blocks.

use crate::file::open_without_waiting;
use hyper::body::Bytes;
use serde::Serialize;
use std::{
    fs,
    io::{self, ErrorKind, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

/// As much of a file is read at once. What is not larger is kept.
pub const PIECE: u64 = 256 << 10;

/// What is at a path, and of a file the piece from there on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Below the directory that is served; each part of it is a name.
    pub path: PathBuf,
    /// Where in a file.
    pub at: u64,
}

/// What is there.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A file, and a piece of it.
    File(Piece),
    /// A directory, and what is in it, by name.
    Directory(Arc<[Entry]>),
    /// Nothing that is served.
    Nothing,
}

/// A piece of a file.
#[derive(Debug, Clone)]
pub struct Piece {
    /// As many as are asked for, unless the file ends before.
    pub bytes: Bytes,
    /// The length of the file.
    pub len: u64,
    /// When it was changed last.
    pub modified: SystemTime,
}

/// Something in a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Whether it is a directory, and not a link to one.
    pub directory: bool,
}

/// Where files come from. Tests have others than a [`Dir`].
pub trait Source: Send + Sync + 'static {
    /// Reads what is asked for; called where it may block.
    ///
    /// # Errors
    /// Those of the disk, which may pass. What is not there is no error, nor is what may not be read.
    fn read(&self, ask: &Ask) -> io::Result<Answer>;
}

/// A directory, and all that is below it, but for what has a name that begins with a dot.
#[derive(Debug, Clone)]
pub struct Dir(PathBuf);

impl Dir {
    /// A directory.
    ///
    /// # Errors
    /// Where there is none.
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = fs::canonicalize(path)?;
        match path.is_dir() {
            true => Ok(Self(path)),
            false => Err(ErrorKind::NotADirectory.into()),
        }
    }
}

impl Source for Dir {
    fn read(&self, ask: &Ask) -> io::Result<Answer> {
        match read(&self.0, ask) {
            Err(error) if is_nothing(&error) => Ok(Answer::Nothing),
            answer => answer,
        }
    }
}

/// Trying again does not bring it back.
fn is_nothing(error: &io::Error) -> bool {
    use ErrorKind::*;
    matches!(
        error.kind(),
        NotFound | PermissionDenied | NotADirectory | IsADirectory | InvalidFilename | InvalidInput
    )
}

fn read(root: &Path, ask: &Ask) -> io::Result<Answer> {
    // Links may lead elsewhere, but not out of the directory.
    let path = fs::canonicalize(root.join(&ask.path))?;
    if !path.starts_with(root) {
        return Ok(Answer::Nothing);
    }
    let found = fs::metadata(&path)?;
    if found.is_dir() {
        return Ok(Answer::Directory(entries(&path)?));
    }
    if !found.is_file() {
        return Ok(Answer::Nothing);
    }
    let mut file = open_without_waiting(&path)?;
    let metadata = file.metadata()?;
    file.seek(SeekFrom::Start(ask.at))?;
    let mut bytes = Vec::with_capacity(PIECE.min(metadata.len()) as usize);
    file.take(PIECE).read_to_end(&mut bytes)?;
    Ok(Answer::File(Piece {
        bytes: bytes.into(),
        len: metadata.len(),
        modified: metadata.modified()?,
    }))
}

/// Names that are no text cannot be asked for.
fn entries(path: &Path) -> io::Result<Arc<[Entry]>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let directory = entry.file_type()?.is_dir();
        if let Ok(name) = entry.file_name().into_string()
            && !name.starts_with('.')
        {
            entries.push(Entry { name, directory });
        }
    }
    entries.sort_unstable();
    Ok(entries.into())
}
