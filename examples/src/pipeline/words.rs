//! Files, words and tables: all that blocks or computes.

use std::{
    cmp::Reverse,
    collections::HashMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};

/// How often each word occurs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Table(HashMap<Box<str>, u64>);

impl Table {
    /// The words of `text`: runs of letters, digits and underscores.
    pub fn of(text: &str) -> Self {
        let mut table = Self::default();
        for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
            if !word.is_empty() {
                // Most words are there already: looked up first, so that those allocate nothing.
                match table.0.get_mut(word) {
                    Some(count) => *count += 1,
                    None => drop(table.0.insert(word.into(), 1)),
                }
            }
        }
        table
    }

    /// Adds another one.
    pub fn add(&mut self, other: Self) {
        for (word, count) in other.0 {
            *self.0.entry(word).or_default() += count;
        }
    }

    /// How many different words there are.
    pub fn distinct(&self) -> usize {
        self.0.len()
    }

    /// How many words there are.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// The `count` most frequent words; of equals, the first in the alphabet.
    pub fn top(&self, count: usize) -> Vec<(&str, u64)> {
        let mut words: Vec<_> = self
            .0
            .iter()
            .map(|(word, count)| (&**word, *count))
            .collect();
        words.sort_unstable_by_key(|(word, count)| (Reverse(*count), *word));
        words.truncate(count);
        words
    }
}

/// Something that was not counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Which file or directory.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

impl Skipped {
    fn new(path: &Path, reason: impl fmt::Display) -> Self {
        Self {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}

/// What a path led to. Symbolic links are not followed, special files are left out.
#[derive(Debug, Default)]
pub struct Listed {
    /// Directories, to be listed in their turn.
    pub dirs: Vec<PathBuf>,
    /// Files.
    pub files: Vec<PathBuf>,
    /// What could not be read.
    pub skipped: Vec<Skipped>,
}

/// Lists a directory; a file leads to itself. This blocks.
pub fn list(path: PathBuf) -> Listed {
    let mut listed = Listed::default();
    if let Err(error) = list_into(&path, &mut listed) {
        listed.skipped.push(Skipped::new(&path, error));
    }
    listed.dirs.sort_unstable();
    listed.files.sort_unstable();
    listed
}

fn list_into(path: &Path, listed: &mut Listed) -> io::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        listed.files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            listed.dirs.push(entry.path());
        } else if kind.is_file() {
            listed.files.push(entry.path());
        }
    }
    Ok(())
}

/// Counts the words of a file. This blocks.
///
/// # Errors
/// If it cannot be read, or is not UTF-8.
pub fn count(path: PathBuf) -> Result<Table, Skipped> {
    let bytes = fs::read(&path).map_err(|error| Skipped::new(&path, error))?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Table::of(text)),
        Err(error) => {
            let reason = format!("not UTF-8 from byte {} on", error.valid_up_to());
            Err(Skipped::new(&path, reason))
        }
    }
}
