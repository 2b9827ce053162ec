//! The search as a state machine: it decides what comes next, and others do it.
//!
//! ```text
//!  Walk ─▶ Sizes ─▶ Heads ─▶ HeadsSifted ─▶ Fulls ─▶ FullsSifted ─▶ Done
//! ```
//!
//! Work that may block, or takes long, is in the [units](Unit) and nowhere else.

use crate::{
    dupes::{
        Group, Options,
        file::Found,
        hash::{Batch, Clock, Digest, Extent, Hashed},
        sift::{self, Sifted},
        walk::{self, Scan},
    },
    notice::Notice,
};
use std::{
    fmt, mem,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A batch has at most so many files, and ends [early](crate::dupes::hash) where they are slow.
const FILES_PER_BATCH: usize = 1024;
/// A batch of several files has at most so many bytes to hash.
const BYTES_PER_BATCH: u64 = 8 << 20;
/// A walking call begins with at most so many directories.
const DIRS_PER_SCAN: usize = 256;

/// A piece of work for one blocking call.
#[derive(Debug)]
pub enum Unit {
    /// Look at the roots.
    Roots(Vec<PathBuf>, u64),
    /// Read directories.
    Scan(Vec<Arc<Path>>, u64),
    /// Drop the sizes that occur once.
    BySize(Vec<Found>),
    /// Hash a batch of files.
    Hash(Arc<Batch>),
    /// Drop the hashes that occur once.
    ByHash(Vec<(Arc<Found>, Digest)>, Extent),
    /// Sort the groups.
    ByWaste(Vec<Group>),
}

/// What a unit yielded.
#[derive(Debug)]
pub enum Yield {
    /// Files and directories.
    Scan(Scan),
    /// Hashes.
    Hashed(Hashed),
    /// Candidates and groups.
    Sifted(Sifted),
}

impl Unit {
    /// Does it. This blocks.
    pub fn run(self) -> Yield {
        match self {
            Self::Roots(paths, min_size) => Yield::Scan(walk::roots(&paths, min_size)),
            Self::Scan(dirs, min_size) => Yield::Scan(walk::scan(dirs, min_size)),
            Self::BySize(files) => Yield::Sifted(sift::by_size(files)),
            Self::Hash(batch) => {
                batch.run();
                Yield::Hashed(batch.finish())
            }
            Self::ByHash(hashed, extent) => Yield::Sifted(sift::by_hash(hashed, extent)),
            Self::ByWaste(mut groups) => {
                sift::by_waste(&mut groups);
                Yield::Sifted(Sifted {
                    groups,
                    ..Sifted::default()
                })
            }
        }
    }
}

/// Where a search is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Walking the trees.
    Walk,
    /// Sifting by size.
    Sizes,
    /// Hashing the heads.
    Heads,
    /// Sifting by the heads' hashes.
    HeadsSifted,
    /// Hashing in full.
    Fulls,
    /// Sifting by the full hashes, and sorting.
    FullsSifted,
    /// Nothing is left to do.
    Done,
}

/// How far a search is: files while it walks, bytes while it hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Where it is.
    pub phase: Phase,
    /// What is done in this phase.
    pub done: u64,
    /// What there is to do in it, as far as that is known.
    pub total: u64,
}

/// What a search found.
#[derive(Debug)]
pub struct Findings {
    /// The duplicates, those that waste most first.
    pub groups: Vec<Group>,
    /// What a user should know, sorted by path.
    pub notices: Vec<Notice>,
    /// How many files were looked at, each path counting.
    pub files: u64,
    /// How many files were too small to be looked at.
    pub small: u64,
    /// Whether not even one root could be searched.
    pub all_roots_failed: bool,
}

impl Findings {
    /// How many notices are warnings.
    pub fn warnings(&self) -> usize {
        self.notices
            .iter()
            .filter(|notice| notice.is_warning)
            .count()
    }
}

/// A search.
pub struct Search {
    options: Options,
    clock: Clock,
    status: Status,
    in_flight: usize,
    ready: Vec<Unit>,
    dirs: Vec<Arc<Path>>,
    found: Vec<Found>,
    candidates: Vec<Arc<Found>>,
    hashed: Vec<(Arc<Found>, Digest)>,
    good_roots: usize,
    findings: Findings,
}

impl Search {
    /// A search that has not begun; time limits are measured on `clock`.
    pub fn new(mut options: Options, clock: Clock) -> Self {
        let roots = mem::take(&mut options.roots);
        let ready = vec![Unit::Roots(roots, options.min_size)];
        let findings = Findings {
            groups: Vec::new(),
            notices: Vec::new(),
            files: 0,
            small: 0,
            all_roots_failed: false,
        };
        Self {
            options,
            clock,
            status: Status {
                phase: Phase::Walk,
                done: 0,
                total: 0,
            },
            in_flight: 0,
            ready,
            dirs: Vec::new(),
            found: Vec::new(),
            candidates: Vec::new(),
            hashed: Vec::new(),
            good_roots: 0,
            findings,
        }
    }

    /// How many units are out.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// How far it is.
    pub fn status(&self) -> Status {
        self.status
    }

    /// What can be done now. `None` while all waits for the units that are out or, if none
    /// is, because the search is done.
    pub fn next_unit(&mut self) -> Option<Unit> {
        loop {
            if let Some(unit) = self.ready.pop().or_else(|| self.share()) {
                self.in_flight += 1;
                return Some(unit);
            }
            if self.in_flight > 0 || self.status.phase == Phase::Done {
                return None;
            }
            self.advance();
        }
    }

    /// Takes in what a unit yielded.
    pub fn absorb(&mut self, yielded: Yield) {
        self.in_flight -= 1;
        match yielded {
            Yield::Scan(scan) => {
                self.findings.files += scan.files.len() as u64;
                self.findings.small += scan.small;
                self.findings.notices.extend(scan.notices);
                self.good_roots += scan.good_roots;
                self.found.extend(scan.files);
                self.dirs.extend(scan.dirs);
                self.status.done = self.findings.files;
            }
            Yield::Hashed(hashed) => {
                self.status.done += hashed.bytes;
                self.findings.notices.extend(hashed.notices);
                self.hashed.extend(hashed.hashes);
                self.candidates.extend(hashed.rest);
            }
            Yield::Sifted(sifted) => {
                self.findings.notices.extend(sifted.notices);
                self.findings.groups.extend(sifted.groups);
                self.candidates = sifted.candidates;
            }
        }
    }

    /// What it found, once [`next_unit`](Self::next_unit) gives nothing and nothing is out.
    pub fn finish(mut self) -> Findings {
        self.findings.notices.sort_unstable();
        self.findings.all_roots_failed = self.good_roots == 0;
        self.findings
    }

    /// A share of the work that can be divided at will.
    fn share(&mut self) -> Option<Unit> {
        let extent = match self.status.phase {
            Phase::Walk if !self.dirs.is_empty() => {
                let share = (self.dirs.len() / self.options.jobs.max(1)).clamp(1, DIRS_PER_SCAN);
                let share = self.dirs.split_off(self.dirs.len() - share);
                return Some(Unit::Scan(share, self.options.min_size));
            }
            Phase::Heads => Extent::Head,
            Phase::Fulls => Extent::Full,
            _ => return None,
        };
        let mut bytes = 0;
        let count = self
            .candidates
            .iter()
            .rev()
            .take(FILES_PER_BATCH)
            .take_while(|file| {
                bytes += extent.of(file);
                bytes <= BYTES_PER_BATCH
            });
        // The largest come first, so that no long one is left at the end; a huge one is alone.
        let count = count.count().max(1).min(self.candidates.len());
        let batch = self.candidates.split_off(self.candidates.len() - count);
        let clock = Arc::clone(&self.clock);
        (count > 0).then(|| {
            Unit::Hash(Arc::new(Batch::new(
                batch,
                extent,
                self.options.limit,
                clock,
            )))
        })
    }

    /// Goes to the next phase.
    fn advance(&mut self) {
        let (phase, unit) = match self.status.phase {
            Phase::Walk => (Phase::Sizes, Some(Unit::BySize(mem::take(&mut self.found)))),
            Phase::Sizes => (Phase::Heads, None),
            Phase::Heads => (Phase::HeadsSifted, Some(self.sift(Extent::Head))),
            Phase::HeadsSifted => (Phase::Fulls, None),
            Phase::Fulls => (Phase::FullsSifted, Some(self.sift(Extent::Full))),
            Phase::FullsSifted => {
                let groups = mem::take(&mut self.findings.groups);
                (Phase::Done, Some(Unit::ByWaste(groups)))
            }
            Phase::Done => (Phase::Done, None),
        };
        let total = match phase {
            Phase::Heads => self
                .candidates
                .iter()
                .map(|file| Extent::Head.of(file))
                .sum(),
            Phase::Fulls => self
                .candidates
                .iter()
                .map(|file| Extent::Full.of(file))
                .sum(),
            _ => 0,
        };
        self.status = Status {
            phase,
            done: 0,
            total,
        };
        self.ready.extend(unit);
    }

    fn sift(&mut self, extent: Extent) -> Unit {
        Unit::ByHash(mem::take(&mut self.hashed), extent)
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            options,
            status,
            in_flight,
            ..
        } = self;
        f.debug_struct("Search")
            .field("options", options)
            .field("status", status)
            .field("in_flight", in_flight)
            .finish_non_exhaustive()
    }
}
