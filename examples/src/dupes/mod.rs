//! Finds duplicate files, on any runtime.
//!
//! ```text
//!  Search (no I/O, no clock: decides what comes next)
//!    │ unit of work                    ▲ what it yielded
//!    ▼                                 │
//!  drive::find ── task group ── rt.spawn_blocking     dupes-threads does the same
//!    (at most `jobs` at once)                         with plain threads
//! ```
//!
//! The phases: walk the trees; drop sizes that occur once; hash the first 4 KiB and drop what
//! is alone with its hash; hash the rest in full. Whatever a machine does with the order of the
//! work, the [`report`] is the same byte for byte: everything is sorted before it is printed.

pub mod cli;
pub mod drive;
pub mod file;
pub mod hash;
pub mod progress;
pub mod report;
pub mod search;
pub mod sift;
pub mod walk;

pub use drive::find;
pub use progress::Progress;
pub use search::{Findings, Search};
pub use sift::Group;

use crate::cli::default_jobs;
use std::{path::PathBuf, time::Duration};

/// What to look for, and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// The trees to walk, or single files.
    pub roots: Vec<PathBuf>,
    /// Smaller files are ignored; 1 ignores the empty ones.
    pub min_size: u64,
    /// How many blocking calls run at once.
    pub jobs: usize,
    /// The time a file may take to be hashed.
    pub limit: Option<Duration>,
}

impl Options {
    /// Looks in `roots` for files that are not empty, with no time limit.
    pub fn new(roots: Vec<PathBuf>) -> Self {
        Self {
            roots,
            min_size: 1,
            jobs: default_jobs(),
            limit: None,
        }
    }
}
