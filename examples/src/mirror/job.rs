//! What all tasks of a run share: the limits, the policy, the batches.

use super::{Options, Paths, Progress, commit, part::Ready};
use anyrt::{
    ConfigError, Context, RateLimiter, Retry, Runtime,
    batch::{BatchError, Batcher},
    cancel::Cancelled,
    limit::{Aimd, Limiter, Quota, RateLimitError},
    retry::Backoff,
};
use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// As many files are committed together, if they are whole within [`PATIENCE`].
pub(super) const BATCH: usize = 128;
const PATIENCE: Duration = Duration::from_millis(50);
/// A chunk that takes longer says that the disk has enough.
const SLOW: Duration = Duration::from_millis(50);

/// Why an attempt ended.
#[derive(Debug)]
pub enum Trouble {
    /// It failed.
    Failed(io::Error),
    /// It was asked to stop.
    Stopped,
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Cancelled> for Trouble {
    fn from(_: Cancelled) -> Self {
        Self::Stopped
    }
}

impl From<RateLimitError> for Trouble {
    fn from(error: RateLimitError) -> Self {
        match error {
            RateLimitError::Cancelled { .. } => Self::Stopped,
            error => Self::Failed(io::Error::other(error)),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

type Commits<R> = Batcher<R, Ready, io::Result<()>, io::Error>;

pub(super) struct Job<R: Runtime> {
    pub(super) rt: R,
    pub(super) paths: Arc<Paths>,
    pub(super) options: Options,
    pub(super) policy: Retry<Trouble>,
    pub(super) progress: Progress,
    rate: Option<RateLimiter<R>>,
    limiter: Limiter<R>,
    commits: Commits<R>,
    retries: Arc<AtomicU64>,
    committed: Arc<AtomicU64>,
}

impl<R: Runtime> Job<R> {
    /// Its batches belong to the context that it is made in.
    pub(super) fn new(
        rt: &R,
        paths: Paths,
        options: Options,
        progress: Progress,
    ) -> Result<Self, ConfigError> {
        let paths = Arc::new(paths);
        let retries = Arc::new(AtomicU64::new(0));
        let rate = options
            .rate
            .map(|rate| RateLimiter::new(rt, Quota::per_second(rate.get())));
        let (at, sync, on) = (paths.clone(), options.sync, rt.clone());
        let committed = Arc::new(AtomicU64::new(0));
        let count = committed.clone();
        let commit = move |ready: Vec<Ready>| {
            count.fetch_add(1, Relaxed);
            let at = at.clone();
            let call = on.spawn_blocking(move || commit::commit(&at.root, ready, sync));
            async move { call.await? }
        };
        Ok(Self {
            rt: rt.clone(),
            policy: policy(options.attempts, retries.clone())?,
            progress,
            rate: rate.transpose()?,
            limiter: Limiter::adaptive(
                rt,
                Aimd::new(SLOW).bounds(2.min(options.jobs), options.jobs),
            )?,
            commits: Batcher::builder(rt, commit)
                .max_size(BATCH)
                .interval(PATIENCE)
                .max_concurrent(2)
                .build()?,
            paths,
            options,
            retries,
            committed,
        })
    }

    /// How often something was tried again, and how often files were committed.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.retries.load(Relaxed), self.committed.load(Relaxed))
    }

    /// Runs blocking work that moves so many bytes, as soon as the limits permit. It is not begun once the
    /// context's token is cancelled; once begun it is waited for, and what it holds goes. Where the run is aborted
    /// it goes on unseen, and holds what it works on: the [`Paths`], which are locked, or a part, which holds them.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        bytes: u64,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, Trouble> {
        if Context::current().is_cancelled() {
            return Err(Trouble::Stopped);
        }
        if let Some(rate) = &self.rate {
            rate.acquire_chunked(bytes).await?;
        }
        let slot = self.limiter.acquire().await?;
        self.progress.limit(self.limiter.limit());
        let done = self.rt.spawn_blocking(work).await;
        let done = done.map_err(io::Error::from).flatten();
        if done.is_err() {
            slot.unmeasured();
        }
        Ok(done?)
    }

    /// Gives a file its name, together with others, and returns once that is on disk.
    pub(super) async fn commit(&self, ready: Ready) -> Result<(), Trouble> {
        let committed = self.commits.load(ready).await;
        let committed = committed.map_err(|error| match error {
            BatchError::Failed { error, .. } => io::Error::new(error.kind(), error),
            error => io::Error::other(error),
        });
        Ok(committed.flatten()?)
    }
}

fn policy(attempts: u32, retries: Arc<AtomicU64>) -> Result<Retry<Trouble>, ConfigError> {
    let backoff = Backoff::exponential(Duration::from_millis(5));
    Retry::builder()
        .attempts(attempts)
        .backoff(backoff.max_delay(Duration::from_secs(1)).full_jitter())
        .when(|trouble| matches!(trouble, Trouble::Failed(error) if may_pass(error)))
        .on_retry(move |_| {
            retries.fetch_add(1, Relaxed);
        })
        .build()
}

/// Whether trying again could help.
fn may_pass(error: &io::Error) -> bool {
    use io::ErrorKind::*;
    !matches!(
        error.kind(),
        NotFound
            | PermissionDenied
            | AlreadyExists
            | NotADirectory
            | IsADirectory
            | DirectoryNotEmpty
            | ReadOnlyFilesystem
            | StorageFull
            | QuotaExceeded
            | FileTooLarge
            | InvalidInput
            | InvalidFilename
            | Unsupported
    )
}

impl<R: Runtime> fmt::Debug for Job<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("paths", &self.paths)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
