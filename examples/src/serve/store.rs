//! Files in front of the disk: what is read once serves all who ask, for a while.

use super::{
    Options,
    disk::{Answer, Ask},
    layers::Disk,
    refused::{Refused, Trouble},
};
use anyrt::{
    AsyncCache, ConfigError, Runtime,
    cache::{CacheStats, LoadError},
};
use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tower::ServiceExt;

/// As much is counted for an entry beside its bytes.
const OVERHEAD: usize = 200;

/// What is at each path: whole files, the beginnings of larger ones, directories, and that nothing is there.
pub struct Store<R: Runtime> {
    cache: AsyncCache<R, PathBuf, Answer, Trouble>,
    disk: Disk,
}

impl<R: Runtime> Store<R> {
    /// A store in front of this disk.
    ///
    /// # Errors
    /// A setting that cannot be used.
    pub fn new(rt: &R, disk: Disk, options: &Options) -> Result<Self, ConfigError> {
        let cache = AsyncCache::builder(rt)
            .fallible()
            .name("files")
            .capacity(options.cache)
            .weigher(|path: &PathBuf, answer| weight(path, answer))
            .ttl(options.ttl)
            .build()?;
        Ok(Self { cache, disk })
    }

    /// What is there, of a file its beginning.
    ///
    /// # Errors
    /// [`Refused::Disk`], and where the load panicked an `io` error in that.
    ///
    /// # Cancel safety
    /// A read that others wait for goes on.
    pub async fn get(&self, path: &Path) -> Result<Answer, Refused> {
        let disk = self.disk.clone();
        let load = |path| disk.oneshot(Ask { path, at: 0 });
        let loaded = self.cache.get_or_try_load(path, load).await;
        loaded.map_err(|error| match error {
            LoadError::Failed(trouble) => Refused::Disk(trouble),
            error => Refused::Disk(Arc::new(Trouble::Failed(io::Error::other(error)))),
        })
    }

    /// Where the rest of a file comes from, which is not kept.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// What the cache did.
    pub fn stats(&self) -> CacheStats {
        self.cache.stats()
    }
}

fn weight(path: &Path, answer: &Answer) -> u32 {
    let inside = match answer {
        Answer::File(piece) => piece.bytes.len(),
        Answer::Directory(entries) => {
            let names = entries.iter().map(|entry| entry.name.len() + OVERHEAD / 4);
            names.sum()
        }
        Answer::Nothing => 0,
    };
    let all = inside + path.as_os_str().len() + OVERHEAD;
    u32::try_from(all).unwrap_or(u32::MAX)
}

impl<R: Runtime> fmt::Debug for Store<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
