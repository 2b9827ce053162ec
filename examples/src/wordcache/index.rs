//! Where the lines of a text are, and which words are in them: the blocking part.

use super::Lines;
use std::{
    cmp::Reverse,
    collections::HashMap,
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::PathBuf,
    sync::Arc,
};

/// So many lines are served for a word.
pub const MOST_LINES: usize = 20;

/// The places of lines, by word.
#[derive(Debug)]
pub struct Index {
    path: PathBuf,
    /// Where each line begins, and where the last one ends.
    offsets: Vec<u64>,
    /// The lines of each word, in order; the first few.
    lines: HashMap<String, Vec<u32>>,
    /// The words, the most frequent one first.
    ranked: Vec<String>,
}

impl Index {
    /// Reads the whole text once.
    ///
    /// # Errors
    /// With what reading fails with; also where there is no word in it.
    pub fn build(path: PathBuf) -> io::Result<Self> {
        let mut text = BufReader::new(File::open(&path)?);
        let (mut offsets, mut end) = (vec![0], 0);
        let mut words: HashMap<String, (u64, Vec<u32>)> = HashMap::new();
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = text.read_until(b'\n', &mut line)?;
            if length == 0 {
                break;
            }
            let number = u32::try_from(offsets.len() - 1).map_err(io::Error::other)?;
            for word in words_of(&String::from_utf8_lossy(&line)) {
                let (count, lines) = words.entry(word).or_default();
                *count += 1;
                if lines.len() < MOST_LINES && lines.last() != Some(&number) {
                    lines.push(number);
                }
            }
            end += length as u64;
            offsets.push(end);
        }
        if words.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no words in it"));
        }
        let mut ranked: Vec<_> = words.keys().cloned().collect();
        ranked.sort_unstable_by_key(|word| (Reverse(words[word].0), word.clone()));
        let lines = words.into_iter().map(|(word, (_, lines))| (word, lines));
        Ok(Self {
            path,
            offsets,
            lines: lines.collect(),
            ranked,
        })
    }

    /// How many different words there are.
    pub fn words(&self) -> usize {
        self.ranked.len()
    }

    /// The word of a rank, 0 being that of the most frequent one.
    pub fn word(&self, rank: usize) -> &str {
        &self.ranked[rank]
    }

    /// The first lines that a word is in, from the disk.
    ///
    /// # Errors
    /// With what reading fails with.
    pub fn lines_with(&self, word: &str) -> io::Result<Lines> {
        let mut text = File::open(&self.path)?;
        let numbers = self.lines.get(word).map_or(&[][..], Vec::as_slice);
        let mut lines = Vec::with_capacity(numbers.len());
        for number in numbers {
            let at = *number as usize;
            let (start, end) = (self.offsets[at], self.offsets[at + 1]);
            text.seek(SeekFrom::Start(start))?;
            let mut line = Vec::new();
            (&mut text).take(end - start).read_to_end(&mut line)?;
            lines.push(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
        Ok(Arc::from(lines))
    }
}

fn words_of(line: &str) -> impl Iterator<Item = String> {
    let words = line.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase)
}
