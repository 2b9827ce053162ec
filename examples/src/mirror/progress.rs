//! A progress bar on stderr.

use crate::progress;
use indicatif::ProgressBar;

/// Shows how many of the known bytes are copied; nothing where stderr is not a terminal.
#[derive(Debug, Clone)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar, hidden if `quiet` or if nobody would see it.
    pub fn new(quiet: bool) -> Self {
        Self {
            bar: progress::bar(
                quiet,
                "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec} {msg} {elapsed}",
            ),
        }
    }

    /// No bar.
    pub fn hidden() -> Self {
        Self {
            bar: ProgressBar::hidden(),
        }
    }

    /// So many bytes more are to be copied.
    pub fn found(&self, bytes: u64) {
        self.bar.inc_length(bytes);
    }

    /// So many chunks may be copied at once, now.
    pub fn limit(&self, chunks: usize) {
        if !self.bar.is_hidden() {
            self.bar.set_message(format!("at most {chunks} at once"));
        }
    }

    /// An attempt to copy a file begins.
    pub fn begin(&self) -> Written<'_> {
        Written {
            bar: &self.bar,
            bytes: 0,
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// What an attempt has written, taken back where it fails.
#[derive(Debug)]
pub struct Written<'a> {
    bar: &'a ProgressBar,
    bytes: u64,
}

impl Written<'_> {
    /// So many bytes more.
    pub fn add(&mut self, bytes: u64) {
        self.bar.inc(bytes);
        self.bytes += bytes;
    }

    /// They stay, and are returned.
    pub fn keep(mut self) -> u64 {
        std::mem::take(&mut self.bytes)
    }
}

impl Drop for Written<'_> {
    fn drop(&mut self) {
        self.bar.dec(self.bytes);
    }
}
