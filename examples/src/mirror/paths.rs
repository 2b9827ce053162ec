//! From where to where.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// A source and its copy, neither inside the other. The copy is locked against other mirrors, for as long as this is
/// there: so whatever works on the copy holds it.
#[derive(Debug)]
pub struct Paths {
    /// What is copied.
    pub source: PathBuf,
    /// What becomes like it.
    pub copy: PathBuf,
    /// The directory of the copy.
    pub(super) root: File,
}

impl Paths {
    /// Looks at both, and makes the copy's directory where there is none.
    ///
    /// # Errors
    /// Where the source is no directory, one lies in the other, the copy cannot be made, or another run works on it.
    pub fn open(source: &Path, copy: &Path) -> io::Result<Self> {
        let about = |path: &Path, error: io::Error| {
            let text = format!("{}: {error}", path.display());
            io::Error::new(error.kind(), text)
        };
        let source = fs::canonicalize(source).map_err(|error| about(source, error))?;
        if !source.is_dir() {
            let error = io::Error::from(io::ErrorKind::NotADirectory);
            return Err(about(&source, error));
        }
        let resolved = resolve(copy).map_err(|error| about(copy, error))?;
        for (inner, outer) in [(&resolved, &source), (&source, &resolved)] {
            if inner.starts_with(outer) {
                let error = format!("lies in {}: neither may", outer.display());
                return Err(about(
                    inner,
                    io::Error::new(io::ErrorKind::InvalidInput, error),
                ));
            }
        }
        fs::create_dir_all(&resolved).map_err(|error| about(copy, error))?;
        let root = File::open(&resolved).map_err(|error| about(copy, error))?;
        match root.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let error = io::Error::other("another mirror works on it");
                return Err(about(copy, error));
            }
            // Not every file system has locks.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        Ok(Self {
            source,
            copy: resolved,
            root,
        })
    }

    /// Lets other mirrors work on the copy.
    pub(super) fn unlock(&self) {
        // It goes with the file in any case.
        let _ = self.root.unlock();
    }
}

/// The path without links, of what may not be there yet.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
                return Err(error);
            };
            let parent = match parent.as_os_str().is_empty() {
                true => Path::new("."),
                false => parent,
            };
            Ok(resolve(parent)?.join(name))
        }
        resolved => resolved,
    }
}
