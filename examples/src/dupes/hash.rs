//! Hashing: a batch of files a call, each under a time limit.

use crate::{dupes::file::Found, notice::Notice};
use std::{
    fmt,
    io::{self, Read},
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// So many bytes tell most files of the same size apart.
pub const HEAD: u64 = 4096;

/// What is read at a time; between two chunks it is asked whether to stop.
const CHUNK: usize = 128 * 1024;

/// A call begins no further file after this time: on a slow disk, too, there is something to
/// show now and then, and no thread is left without work because another has it all.
const TIME_PER_CALL: Duration = Duration::from_millis(50);

/// A BLAKE3 hash.
pub type Digest = [u8; 32];

/// How much of a file is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The first [`HEAD`] bytes.
    Head,
    /// All.
    Full,
}

impl Extent {
    /// How many bytes of `file` that is.
    pub fn of(self, file: &Found) -> u64 {
        match self {
            Self::Head => file.size.min(HEAD),
            Self::Full => file.size,
        }
    }
}

/// Why a file has no hash.
#[derive(Debug)]
pub enum Skipped {
    /// It could not be read.
    Failed(io::Error),
    /// It is shorter or longer than it was when it was found.
    Changed,
    /// It was asked to stop.
    Stopped,
}

/// Hashes a file, and asks between two chunks whether to `stop`.
///
/// # Errors
/// [`Skipped`] says why there is no hash.
pub fn hash(
    file: &Found,
    extent: Extent,
    buffer: &mut [u8],
    stop: impl Fn() -> bool,
) -> Result<Digest, Skipped> {
    let mut source = file.open().map_err(Skipped::Failed)?;
    let mut hasher = blake3::Hasher::new();
    let wanted = extent.of(file);
    // Beyond the end, one more read shows that a file has not grown.
    let probe = u64::from(wanted == file.size);
    let mut left = wanted + probe;
    while left > 0 {
        if stop() {
            return Err(Skipped::Stopped);
        }
        let most = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        match source.read(&mut buffer[..most]) {
            Ok(0) => break,
            Ok(count) => {
                hasher.update(&buffer[..count]);
                left -= count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Skipped::Failed(error)),
        }
    }
    if left == probe {
        Ok(*hasher.finalize().as_bytes())
    } else {
        Err(Skipped::Changed)
    }
}

/// Tells the time that has passed since some origin.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Files that are hashed in one blocking call, and how far that is.
///
/// The call [records](Batch::run) each result here. Whoever watches over it can thus
/// [give up](Batch::give_up) a file that takes too long, even one whose `read` never returns,
/// and keep the results of the others.
pub struct Batch {
    files: Vec<Arc<Found>>,
    extent: Extent,
    limit: Option<Duration>,
    clock: Clock,
    stop: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the file at `results.len()` was begun.
    since: Option<Duration>,
    results: Vec<Result<Digest, Skipped>>,
}

/// What a batch yielded.
#[derive(Debug, Default)]
pub struct Hashed {
    /// The files that have a hash.
    pub hashes: Vec<(Arc<Found>, Digest)>,
    /// The files that have none, and why.
    pub notices: Vec<Notice>,
    /// The files that were not reached.
    pub rest: Vec<Arc<Found>>,
    /// How many bytes were to be hashed for those that were reached.
    pub bytes: u64,
}

impl Batch {
    /// Files to hash, each within `limit` on `clock`.
    pub fn new(
        files: Vec<Arc<Found>>,
        extent: Extent,
        limit: Option<Duration>,
        clock: Clock,
    ) -> Self {
        let state = Mutex::new(State::default());
        Self {
            files,
            extent,
            limit,
            clock,
            stop: AtomicBool::new(false),
            state,
        }
    }

    /// Hashes the files, one after the other. To be called once, where it may block.
    ///
    /// It returns early if the files are slow: those that are left are the [rest](Hashed::rest).
    pub fn run(&self) {
        let start = (self.clock)();
        let largest = self
            .files
            .iter()
            .map(|file| self.extent.of(file))
            .max()
            .unwrap_or(0);
        let size = usize::try_from(largest).map_or(CHUNK, |largest| (largest + 1).min(CHUNK));
        let mut buffer = vec![0; size];
        for (index, file) in self.files.iter().enumerate() {
            let since = Some((self.clock)());
            if index > 0 && since > Some(start + TIME_PER_CALL) {
                return;
            }
            self.state().since = since;
            let mut result = hash(file, self.extent, &mut buffer, || self.is_late(since));
            if result.is_ok() && self.is_late(since) {
                result = Err(Skipped::Stopped);
            }
            let mut state = self.state();
            if self.stop.load(Ordering::Relaxed) {
                // Somebody gave up this file, and hashes the others elsewhere.
                return;
            }
            state.results.push(result);
            state.since = None;
        }
    }

    /// When to look whether it is late, on its clock. `None`: there is no limit.
    pub fn check_at(&self) -> Option<Duration> {
        let (limit, now) = (self.limit?, (self.clock)());
        let due = self.state().since.unwrap_or(now).saturating_add(limit);
        // Not in a tight loop, where the limit is tiny.
        Some(due.max(now.saturating_add(Duration::from_millis(1))))
    }

    /// If a file takes too long, stops the call and says so: what it has not reached is the
    /// [rest](Hashed::rest). The call ends after the chunk that it is reading.
    pub fn give_up(&self) -> bool {
        let mut state = self.state();
        let late = state.results.len() < self.files.len()
            && state.since.is_some_and(|since| self.is_late(Some(since)));
        if late {
            self.stop.store(true, Ordering::Relaxed);
            state.results.push(Err(Skipped::Stopped));
        }
        late
    }

    /// What it yielded, once it [ran](Batch::run) or was [given up](Batch::give_up).
    pub fn finish(&self) -> Hashed {
        let results = mem::take(&mut self.state().results);
        let mut hashed = Hashed {
            rest: self.files[results.len()..].to_vec(),
            ..Hashed::default()
        };
        for (file, result) in self.files.iter().zip(results) {
            hashed.bytes += self.extent.of(file);
            match result {
                Ok(digest) => hashed.hashes.push((Arc::clone(file), digest)),
                Err(why) => hashed.notices.push(self.notice(file, &why)),
            }
        }
        hashed
    }

    fn is_late(&self, since: Option<Duration>) -> bool {
        self.stop.load(Ordering::Relaxed)
            || self
                .limit
                .zip(since)
                .is_some_and(|(limit, since)| (self.clock)().saturating_sub(since) >= limit)
    }

    fn notice(&self, file: &Found, why: &Skipped) -> Notice {
        match why {
            Skipped::Failed(error) => Notice::failed(&file.path(), "read it", error),
            Skipped::Changed => Notice::warning(file.path(), "changed while it was read: skipped"),
            Skipped::Stopped => {
                let limit = self.limit.unwrap_or_default();
                Notice::warning(file.path(), format!("took longer than {limit:?}: skipped"))
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            files,
            extent,
            limit,
            state,
            ..
        } = self;
        f.debug_struct("Batch")
            .field("files", &files.len())
            .field("extent", extent)
            .field("limit", limit)
            .field("state", state)
            .finish_non_exhaustive()
    }
}
