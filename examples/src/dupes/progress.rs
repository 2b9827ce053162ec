//! A progress bar on stderr.

use crate::{
    dupes::search::{Phase, Status},
    progress,
};
use indicatif::{HumanBytes, HumanCount, ProgressBar};

/// Shows how far a search is; nothing where stderr is not a terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar, hidden if `quiet` or if nobody would see it.
    pub fn new(quiet: bool) -> Self {
        Self {
            bar: progress::bar(quiet, "{bar:30} {msg} {elapsed}"),
        }
    }

    /// No bar.
    pub fn hidden() -> Self {
        Self {
            bar: ProgressBar::hidden(),
        }
    }

    /// Shows how far the search is.
    pub fn show(&self, status: Status) {
        if self.bar.is_hidden() {
            return;
        }
        let Status { phase, done, total } = status;
        self.bar.set_length(total);
        self.bar.set_position(done);
        self.bar.set_message(match phase {
            Phase::Walk => format!("walking: {} files", HumanCount(done)),
            Phase::Heads => format!(
                "first blocks: {} of {}",
                HumanBytes(done),
                HumanBytes(total)
            ),
            Phase::Fulls => format!("hashing: {} of {}", HumanBytes(done), HumanBytes(total)),
            Phase::Sizes | Phase::HeadsSifted | Phase::FullsSifted | Phase::Done => {
                "comparing".to_owned()
            }
        });
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
