//! Compares a file with its copy, a chunk at a time. All of it blocks.

use super::{Paths, part::CHUNK};
use blake3::Hasher;
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// A file that is being compared.
#[derive(Debug)]
pub struct Comparison {
    pair: [(File, Box<Hasher>); 2],
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
        let open = |root: &Path| Ok((File::open(root.join(path))?, Box::default()));
        let open: [io::Result<_>; 2] = [&paths.source, &paths.copy].map(|root| open(root));
        let [source, copy] = open;
        Ok(Self {
            pair: [source?, copy?],
        })
    }

    /// Compares a chunk.
    ///
    /// # Errors
    /// Those of reading.
    pub fn advance(mut self) -> io::Result<Step> {
        let mut read = [0; 2];
        for ((file, hasher), read) in self.pair.iter_mut().zip(&mut read) {
            let before = hasher.count();
            hasher.update_reader(file.take(CHUNK))?;
            *read = hasher.count() - before;
        }
        let [(_, source), (_, copy)] = &self.pair;
        Ok(match read {
            [CHUNK, CHUNK] => Step::More(self),
            _ => Step::Same(source.finalize() == copy.finalize()),
        })
    }
}
