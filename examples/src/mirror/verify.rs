//! Compares a file with its copy, byte by byte, a chunk at a time. All of it blocks.

use super::{Paths, part::CHUNK};
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// A file that is being compared.
#[derive(Debug)]
pub struct Comparison {
    files: [File; 2],
    chunks: [Vec<u8>; 2],
}

/// How far a comparison has come.
#[derive(Debug)]
pub enum Step {
    /// There is more.
    More(Comparison),
    /// Whether they are the same.
    Same(bool),
}

impl Comparison {
    /// Begins to compare a file with its copy.
    ///
    /// # Errors
    /// Where one of them cannot be opened.
    pub fn begin(paths: &Paths, path: &Path) -> io::Result<Self> {
        let open = |root: &Path| File::open(root.join(path));
        Ok(Self {
            files: [open(&paths.source)?, open(&paths.copy)?],
            chunks: Default::default(),
        })
    }

    /// Compares a chunk.
    ///
    /// # Errors
    /// Those of reading.
    pub fn advance(mut self) -> io::Result<Step> {
        for (file, chunk) in self.files.iter_mut().zip(&mut self.chunks) {
            chunk.clear();
            file.take(CHUNK).read_to_end(chunk)?;
        }
        let [source, copy] = &self.chunks;
        Ok(match source == copy {
            false => Step::Same(false),
            true if source.is_empty() => Step::Same(true),
            true => Step::More(self),
        })
    }
}
