//! Mirrors a directory tree, on any runtime: what differs is copied, and a run that was stopped is resumed.
//!
//! ```text
//!   survey a directory ──▶ files, links ──▶ copy, in chunks, under a temporary name
//!         ▲                                   │ rate limit, adapting concurrency, retries
//!         └── directories                     ▼
//!                                    commit, in batches: sync, rename, sync
//! ```
//!
//! # What is durable when
//! A file has its name once all of it is on disk: a batch of files is synced, then renamed, then synced again, and
//! counted after that. Links and directories are synced at the end of the run. Whatever happens in between, there is
//! no half a file under a final name: a stop removes what was begun, and what a crash leaves behind has a
//! name of its own ([`part`]), which the next run removes.
//!
//! # What is resumed
//! Whole files: a run goes on with those that are not there, or not like that. The file that a stop came in the middle
//! of begins anew. To go on in the middle would mean to read what is there, and as much of the source, and to
//! compare, for what lies in a part may not be on disk, or be that of another version; that is more than to copy it, which many
//! file systems do without moving a byte. So a stop leaves nothing behind that a next run would have to trust, or somebody to
//! remove.
//!
//! # What is left alone
//! What is in the copy and not in the source. Hard links become files of their own; sockets, pipes
//! and devices are skipped, with a warning.

pub mod commit;
pub mod copy;
pub mod drive;
pub mod fault;
pub mod job;
pub mod part;
pub mod paths;
pub mod progress;
pub mod report;
pub mod survey;
pub mod verify;

pub use paths::Paths;
pub use progress::Progress;
pub use report::{Outcome, Tally};

use anyrt::{App, ConfigError, Runtime, cancel::CancellationToken, context::Context};
use fault::Faults;
use job::Job;
use std::{convert::Infallible, num::NonZeroU32, sync::Arc};

/// How to mirror.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many chunks are copied at once, at most.
    pub jobs: usize,
    /// How many bytes a second, at most.
    pub rate: Option<NonZeroU32>,
    /// How often each file, link or directory is tried.
    pub attempts: u32,
    /// What fails on purpose.
    pub faults: Faults,
    /// Whether files are on disk before they count. Without it, a crash of the machine may cost some.
    pub sync: bool,
    /// Whether all files are compared in the end.
    pub verify: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            jobs: 32,
            rate: None,
            attempts: 8,
            faults: Faults::none(),
            sync: true,
            verify: false,
        }
    }
}

/// Mirrors, as the one subsystem of `app`: that has the signals to stop at, if there are any.
///
/// # Errors
/// A bad setting. What befalls a file is in the [`Outcome`].
///
/// # Cancel safety
/// Dropping it stops at once; temporary files go as soon as the calls that write them return, and so does the lock
/// of the copy.
pub async fn mirror<R: Runtime>(
    rt: &R,
    app: App<R>,
    paths: Paths,
    options: Options,
    progress: &Progress,
) -> Result<Outcome, ConfigError> {
    // What is copied is committed even where the token around is cancelled: the batches have one of their own.
    let alone = Context::current().with_token(CancellationToken::new());
    let job = async { Job::new(rt, paths, options, progress.clone()) };
    let job = Arc::new(alone.scope(job).await?);
    let report = app.run(|app| {
        let job = job.clone();
        async move {
            app.spawn("mirror", move |me| async move {
                Ok::<_, Infallible>(drive::run(&job, me.token()).await)
            })
        }
    });
    let mut report = report.await;
    progress.finish();
    let mut tally = match report.output.take() {
        Some(mirrored) => mirrored.await.unwrap_or_default(),
        None => Tally::default(),
    };
    (tally.retries, tally.commits) = job.counts();
    // Tasks of the batches may hold the directory for a moment longer. Where something was aborted, calls may still
    // work on it: the lock goes with the last of them.
    if report.is_clean() {
        job.paths.unlock();
    }
    Ok(Outcome::new(tally, report))
}
