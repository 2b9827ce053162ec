//! Files that are being copied, under temporary names. All of it blocks.

use super::Paths;
use std::{
    ffi::OsStr,
    fs::{self, File, FileTimes, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

/// As much is copied in one blocking call.
pub const CHUNK: u64 = 1 << 20;

/// How many chunks a file of that length has; an empty one is copied, too.
pub fn chunks(len: u64) -> u64 {
    len.div_ceil(CHUNK).max(1)
}

/// The temporary name of what will be called `target`: in its directory, so that renaming is one step, and not
/// made of its name, which may be as long as names can be.
pub fn temporary(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default();
    let hash = blake3::hash(name.as_encoded_bytes()).to_hex();
    target.with_file_name(format!(".mirror-{}.part", &hash[..32]))
}

/// Whether that is a temporary name.
pub fn is_temporary(name: &OsStr) -> bool {
    let name = name.to_str().unwrap_or_default();
    let hash = name
        .strip_prefix(".mirror-")
        .and_then(|name| name.strip_suffix(".part"));
    hash.is_some_and(|hash| hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A path that is removed when it is dropped. Until then the copy is locked, whatever became of the run: another one
/// would give its files this name.
#[derive(Debug)]
struct Temporary {
    path: PathBuf,
    _lock: Arc<Paths>,
}

impl Temporary {
    fn new(paths: &Arc<Paths>, target: &Path) -> Self {
        let path = temporary(target);
        // Anew: a link that lies there must not be followed.
        let _ = fs::remove_file(&path);
        Self {
            path,
            _lock: paths.clone(),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Renamed, it is gone; what else fails leaves it to the next run.
        let _ = fs::remove_file(&self.path);
    }
}

/// A file that is being copied.
#[derive(Debug)]
pub struct Part {
    from: File,
    to: File,
    metadata: Metadata,
    copied: u64,
    ready: Ready,
}

/// A copy that wants its name.
#[derive(Debug)]
pub struct Ready {
    temporary: Temporary,
    /// What it will be called.
    pub target: PathBuf,
}

/// How far a copy has come.
#[derive(Debug)]
pub enum Step {
    /// There is more.
    More(Part),
    /// It is whole.
    Whole(Ready),
}

impl Part {
    /// Begins to copy a file.
    ///
    /// # Errors
    /// Where it cannot be read, or nothing be written.
    pub fn begin(paths: &Arc<Paths>, path: &Path) -> io::Result<Self> {
        let (source, target) = (paths.source.join(path), paths.copy.join(path));
        let from = File::open(source)?;
        let metadata = from.metadata()?;
        if !metadata.is_file() {
            return Err(changed());
        }
        let temporary = Temporary::new(paths, &target);
        let to = File::create_new(&temporary.path)?;
        Ok(Self {
            from,
            to,
            metadata,
            copied: 0,
            ready: Ready { temporary, target },
        })
    }

    /// Copies a chunk; after the last, gives the copy the mode and the time of what it was made of.
    ///
    /// # Errors
    /// Those of reading and writing, and one where the file was changed meanwhile.
    pub fn advance(mut self) -> io::Result<Step> {
        let chunk = io::copy(&mut (&self.from).take(CHUNK), &mut &self.to)?;
        self.copied += chunk;
        if chunk == CHUNK && self.copied < self.metadata.len() {
            return Ok(Step::More(self));
        }
        let now = self.from.metadata()?;
        let same = now.len() == self.copied && now.modified()? == self.metadata.modified()?;
        if !same {
            return Err(changed());
        }
        let modified = FileTimes::new().set_modified(self.metadata.modified()?);
        self.to.set_times(modified)?;
        self.to.set_permissions(self.metadata.permissions())?;
        Ok(Step::Whole(self.ready))
    }
}

fn changed() -> io::Error {
    io::Error::other("it was changed meanwhile")
}

impl Ready {
    /// A symbolic link to what the source's is one to.
    ///
    /// # Errors
    /// Where that cannot be read, or none can be made.
    pub fn link(paths: &Arc<Paths>, path: &Path) -> io::Result<Self> {
        let (source, target) = (paths.source.join(path), paths.copy.join(path));
        let temporary = Temporary::new(paths, &target);
        symlink(&fs::read_link(source)?, &temporary.path)?;
        Ok(Self { temporary, target })
    }

    /// Has its data on disk.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn sync(&self) -> io::Result<()> {
        File::open(&self.temporary.path)?.sync_all()
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// Where something else has that, which is no file.
    pub fn persist(self) -> io::Result<()> {
        fs::rename(&self.temporary.path, &self.target)
    }
}

#[cfg(unix)]
fn symlink(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_names_are_known_again() {
        let long = "x".repeat(255);
        for name in ["a", ".mirror-.part", &long] {
            let path = temporary(&Path::new("/b").join(name));
            assert_eq!(path.parent(), Some(Path::new("/b")));
            assert!(is_temporary(path.file_name().unwrap()));
            assert!(!is_temporary(OsStr::new(name)));
        }
        assert!(!is_temporary(OsStr::new(".mirror-\u{e4}.part")));
    }

    #[test]
    fn a_file_has_a_chunk_at_least() {
        assert_eq!([0, 1, CHUNK, CHUNK + 1].map(chunks), [1, 1, 1, 2]);
    }
}
