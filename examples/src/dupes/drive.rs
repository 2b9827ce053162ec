//! Drives a [`Search`] on a runtime. All that is async about the program is in this file.

use crate::dupes::{
    Findings, Options, Progress, Search,
    hash::Batch,
    search::{Unit, Yield},
};
use anyrt::{
    Instant, JoinError, Runtime,
    error::BoxError,
    group::{TaskError, TaskGroup},
};
use std::sync::Arc;

/// Finds duplicate files, with at most [`jobs`](Options::jobs) blocking calls at once.
///
/// # Errors
/// If there are no jobs to work with, or the runtime is shut down meanwhile.
///
/// # Panics
/// With the panic of a blocking call.
///
/// # Cancel safety
/// Dropping it ends the search; a blocking call that has begun runs to its end, unseen.
pub async fn find<R: Runtime>(
    rt: &R,
    options: Options,
    progress: &Progress,
) -> Result<Findings, BoxError> {
    let jobs = options.jobs;
    let workers = TaskGroup::builder(rt).name("dupes").max_concurrent(jobs)?;
    let workers = workers.build();
    let clock = {
        let rt = rt.clone();
        Arc::new(move || rt.now() - Instant::ORIGIN)
    };
    let mut search = Search::new(options, clock);
    loop {
        // As many again wait in the group, so that no worker waits for this loop.
        while search.in_flight() < 2 * jobs
            && let Some(unit) = search.next_unit()
        {
            // Refused once one has failed.
            drop(workers.spawn(run(rt.clone(), unit)));
        }
        progress.show(search.status());
        match workers.next().await {
            Some(yielded) => search.absorb(yielded),
            None => break,
        }
    }
    if let Err(failed) = workers.join().await {
        let error = failed.into_first().into_error();
        return Err(error.map_or_else(TaskError::into, |lost| lost.resume().into()));
    }
    progress.finish();
    Ok(search.finish())
}

async fn run<R: Runtime>(rt: R, unit: Unit) -> Result<Yield, JoinError> {
    match unit {
        Unit::Hash(batch) => hash(&rt, batch).await,
        unit => rt.spawn_blocking(move || unit.run()).await,
    }
}

/// Hashes a batch, and watches over it: where a file takes too long, the call is told to
/// stop, and nobody waits until it has.
async fn hash<R: Runtime>(rt: &R, batch: Arc<Batch>) -> Result<Yield, JoinError> {
    let mut call = rt.spawn_blocking({
        let batch = Arc::clone(&batch);
        move || batch.run()
    });
    loop {
        let deadline = batch.check_at().map(|time| Instant::ORIGIN + time);
        match rt.timeout_at(deadline, &mut call).await {
            Ok(joined) => joined?,
            Err(_) if batch.give_up() => {}
            Err(_) => continue,
        }
        return Ok(Yield::Hashed(batch.finish()));
    }
}
