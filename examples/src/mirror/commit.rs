//! Gives whole files their names, many at a time: one sync before, and one after.

use super::part::Ready;
use std::{fs::File, io};

/// What became of each.
pub type Committed = Vec<io::Result<()>>;

/// Renames files, and does not return before all of them, and their names, are on disk. It blocks.
///
/// # Errors
/// Where syncing fails: nobody knows then what is on disk.
pub fn commit(root: &File, ready: Vec<Ready>, sync: bool) -> io::Result<Committed> {
    if sync {
        sync_all(root, &ready)?;
    }
    #[cfg(not(target_os = "linux"))]
    let parents: std::collections::BTreeSet<_> = {
        let parents = ready.iter().filter_map(|one| one.target.parent());
        parents.map(std::path::Path::to_owned).collect()
    };
    let committed = ready.into_iter().map(Ready::persist).collect();
    if sync {
        #[cfg(target_os = "linux")]
        sync_root(root)?;
        #[cfg(not(target_os = "linux"))]
        for parent in parents {
            File::open(parent)?.sync_all()?;
        }
    }
    Ok(committed)
}

/// One call for the file system: it costs what is dirty, and not so many round trips as there are files.
#[cfg(target_os = "linux")]
fn sync_all(root: &File, _: &[Ready]) -> io::Result<()> {
    sync_root(root)
}

#[cfg(not(target_os = "linux"))]
fn sync_all(_: &File, ready: &[Ready]) -> io::Result<()> {
    ready.iter().try_for_each(Ready::sync)
}

/// Has on disk all that lies in the file system of `root`; where that cannot be told, `root` itself.
///
/// # Errors
/// Those of the disk.
pub fn sync_root(root: &File) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return Ok(rustix::fs::syncfs(root)?);
    #[cfg(not(target_os = "linux"))]
    root.sync_all()
}
