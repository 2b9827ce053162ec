//! Counts the words of a source tree in a pipeline, on any runtime.
//!
//! ```text
//!  walk ── Queue, 256 paths ──▶ count × jobs ── channel, 64 tables ──▶ merge
//!  (a task)                     (a group of tasks)                     (the body)
//! ```
//!
//! Each stage pushes back on the one before it: nothing grows with the tree but the table of words.
//! Where a stage fails the others are asked to stop, finish what they have in hand, and what has
//! been counted so far comes back beside the error.

mod stages;
pub mod words;

use crate::pipeline::words::{Skipped, Table};
use anyrt::{
    Runtime,
    channel::queue::{Order, Queue},
    group::{GroupError, TaskGroup},
};
use std::{error::Error, fmt, path::PathBuf, time::Duration};

/// How many paths wait for a worker.
const PATHS: usize = 256;
/// How many tables wait to be merged.
const TABLES: usize = 64;
/// How long a stage may take to finish what it has in hand.
const GRACE: Duration = Duration::from_secs(5);

/// What to count, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The trees to walk, or single files.
    pub roots: Vec<PathBuf>,
    /// How many files are read at once: at least 1.
    pub jobs: usize,
    /// A file that cannot be read, or is no text, ends it; otherwise it is skipped.
    pub strict: bool,
}

/// What was counted.
#[derive(Debug, Default)]
pub struct Counted {
    /// The words of all files.
    pub words: Table,
    /// How many files that were.
    pub files: u64,
    /// What was not counted, sorted by path.
    pub skipped: Vec<Skipped>,
    /// None of the roots was there to be counted.
    pub all_roots_failed: bool,
}

/// What went wrong in a stage.
#[derive(Debug)]
pub enum StageError {
    /// In `strict` mode: a file or directory cannot be counted.
    Skipped(Skipped),
    /// Several workers are one stage.
    Workers(GroupError<StageError>),
}

impl fmt::Display for StageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped(skipped) => skipped.fmt(f),
            Self::Workers(error) => error.fmt(f),
        }
    }
}

impl Error for StageError {}

/// Counts the words below [`roots`](Options::roots).
///
/// # Errors
/// Every failure of every stage, as a tree. What was counted until then is returned in any case.
pub async fn count<R: Runtime>(
    rt: &R,
    options: Options,
) -> (Counted, Result<(), GroupError<StageError>>) {
    let mut counted = Counted::default();
    let roots = options.roots.clone();
    let result = run(rt, options, &mut counted).await;
    counted.skipped.sort_unstable();
    let failed = |root: &PathBuf| counted.skipped.iter().any(|skipped| skipped.path == *root);
    counted.all_roots_failed = roots.iter().all(failed);
    (counted, result)
}

async fn run<R: Runtime>(
    rt: &R,
    options: Options,
    counted: &mut Counted,
) -> Result<(), GroupError<StageError>> {
    let paths = Queue::bounded(Order::fifo(), PATHS).expect("some paths are permitted");
    let (tables, mut incoming) = rt.channel(TABLES).expect("some tables are permitted");
    let pipeline = TaskGroup::builder(rt).name("pipeline").grace(GRACE);
    let pipeline = pipeline.build();
    let Options {
        roots,
        jobs,
        strict,
    } = options;
    let walk = stages::walk(rt.clone(), roots, strict, paths.clone(), tables.clone());
    let count = stages::count(rt.clone(), jobs, strict, paths, tables);
    pipeline
        .run(|group| async move {
            group.spawn_named("walk", walk).ok();
            group.spawn_named("count", count).ok();
            stages::merge(&mut incoming, counted).await;
            Ok(())
        })
        .await
}
