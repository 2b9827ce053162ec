//! Compares one directory with its copy: what is to be done there. All of it blocks.

use super::{
    Paths,
    part::{self, Ready},
};
use crate::{file::special, notice::Notice};
use std::{
    fs::{self, DirEntry, File, FileTimes, Metadata},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What a directory holds. All paths are below the source.
#[derive(Debug, Default)]
pub struct Survey {
    /// The directories in it.
    pub dirs: Vec<PathBuf>,
    /// The files that its copy has not, or not like that, each with its length.
    pub missing: Vec<(PathBuf, u64)>,
    /// The symbolic links.
    pub links: Vec<PathBuf>,
    /// The files that are like their copies.
    pub current: Vec<PathBuf>,
    /// Whether the copy of the directory had to be made.
    pub is_new: bool,
    /// What is left out.
    pub skipped: Vec<Notice>,
    /// What cannot be copied.
    pub failed: Vec<Notice>,
}

/// Looks at a directory; makes its copy, if that is not there, and removes what a crash left in it.
///
/// # Errors
/// Where it cannot be listed, or its copy not be made.
pub fn survey(paths: &Paths, dir: &Path) -> io::Result<Survey> {
    let (source, copy) = (paths.source.join(dir), paths.copy.join(dir));
    let listing = fs::read_dir(source)?;
    let mut survey = Survey {
        is_new: make(&copy)?,
        ..Survey::default()
    };
    if !survey.is_new {
        remove_leftovers(&copy)?;
    }
    for entry in listing {
        let entry = entry?;
        let path = dir.join(entry.file_name());
        let target = copy.join(entry.file_name());
        if let Err(error) = survey.look_at(&entry, &path, &target) {
            let notice = Notice::warning(&path, format!("cannot look at it: {error}"));
            survey.failed.push(notice);
        }
    }
    Ok(survey)
}

impl Survey {
    fn look_at(&mut self, entry: &DirEntry, path: &Path, target: &Path) -> io::Result<()> {
        let kind = entry.file_type()?;
        if let Some(special) = special(kind) {
            let text = format!("{special}: skipped");
            self.skipped.push(Notice::warning(path, text));
        } else if part::is_temporary(&entry.file_name()) {
            let text = "has a name that a mirror gives to parts: skipped";
            self.skipped.push(Notice::warning(path, text));
        } else if kind.is_dir() {
            self.dirs.push(path.to_owned());
        } else if kind.is_symlink() {
            self.links.push(path.to_owned());
        } else {
            let metadata = entry.metadata()?;
            match is_current(&metadata, target)? {
                true => self.current.push(path.to_owned()),
                false => self.missing.push((path.to_owned(), metadata.len())),
            }
        }
        Ok(())
    }
}

/// Whether there is a file of that length and time, which is then given the mode, too.
fn is_current(source: &Metadata, target: &Path) -> io::Result<bool> {
    let Some(copy) = look(target)?.filter(Metadata::is_file) else {
        return Ok(false);
    };
    let same = copy.len() == source.len() && copy.modified()? == source.modified()?;
    if same && copy.permissions() != source.permissions() {
        fs::set_permissions(target, source.permissions())?;
    }
    Ok(same)
}

/// What is there; no link is followed.
fn look(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a directory that can be written to, and says whether there was none.
fn make(copy: &Path) -> io::Result<bool> {
    let Some(there) = look(copy)? else {
        fs::create_dir(copy)?;
        return Ok(true);
    };
    if !there.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    // It gets the mode of its source in the end.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = there.permissions().mode();
        if mode & 0o700 != 0o700 {
            fs::set_permissions(copy, fs::Permissions::from_mode(mode | 0o700))?;
        }
    }
    Ok(false)
}

fn remove_leftovers(copy: &Path) -> io::Result<()> {
    for entry in fs::read_dir(copy)? {
        let entry = entry?;
        if part::is_temporary(&entry.file_name()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Copies a symbolic link, and says whether that was necessary.
///
/// # Errors
/// Where it cannot be read, or none be made.
pub fn link(paths: &Arc<Paths>, path: &Path) -> io::Result<bool> {
    let (source, copy) = (paths.source.join(path), paths.copy.join(path));
    let is_link = look(&copy)?.is_some_and(|there| there.is_symlink());
    if is_link && fs::read_link(&copy)? == fs::read_link(&source)? {
        return Ok(false);
    }
    Ready::link(paths, path)?.persist()?;
    Ok(true)
}

/// Gives directories the modes and times of their sources, those inside before those around them.
pub fn settle(paths: &Paths, mut dirs: Vec<PathBuf>) -> Vec<Notice> {
    dirs.sort_unstable_by(|one, other| other.cmp(one));
    let settle = |dir: PathBuf| {
        let settled = settle_one(&paths.source.join(&dir), &paths.copy.join(&dir));
        let failed =
            |error| Notice::warning(dir, format!("cannot be given its mode and time: {error}"));
        settled.err().map(failed)
    };
    dirs.into_iter().filter_map(settle).collect()
}

fn settle_one(source: &Path, copy: &Path) -> io::Result<()> {
    let source = fs::metadata(source)?;
    let dir = File::open(copy)?;
    dir.set_times(FileTimes::new().set_modified(source.modified()?))?;
    dir.set_permissions(source.permissions())
}
