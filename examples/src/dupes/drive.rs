//! Drives a [`Search`] on a runtime. All that is async about the program is in this file.

use crate::dupes::{
    Findings, Options, Progress, Search,
    hash::Batch,
    search::{Unit, Yield},
};
use anyrt::{Instant, JoinError, Receiver, Runtime, Semaphore, Sender};
use std::{error::Error, sync::Arc};

/// Finds duplicate files, with at most [`jobs`](Options::jobs) blocking calls at once.
///
/// # Errors
/// If there are no jobs to work with, or the runtime is shut down meanwhile.
///
/// # Panics
/// With the panic of a blocking call.
pub async fn find<R: Runtime>(
    rt: &R,
    options: Options,
    progress: &Progress,
) -> Result<Findings, Box<dyn Error + Send + Sync>> {
    let slots = Arc::new(rt.semaphore(options.jobs)?);
    // What a unit yielded brings its slot along, so no more than `jobs` are ever in here.
    let (tx, mut rx) = rt.channel(options.jobs)?;
    let clock = {
        let rt = rt.clone();
        Arc::new(move || rt.now() - Instant::ORIGIN)
    };
    let mut search = Search::new(options, clock);
    loop {
        while let Ok(slot) = Arc::clone(&slots).try_acquire_owned()
            && let Some(unit) = search.next_unit()
        {
            let (worker, tx) = (rt.clone(), tx.clone());
            drop(rt.spawn(async move {
                let yielded = run(&worker, unit).await;
                // Nobody receives it if the search was dropped: then nobody wants it.
                tx.send((yielded, slot)).await.ok();
            }));
        }
        progress.show(search.status());
        if search.in_flight() == 0 {
            break;
        }
        let (yielded, slot) = rx.recv().await.ok_or("no worker is left")?;
        search.absorb(yielded.map_err(JoinError::resume)?);
        drop(slot);
    }
    progress.finish();
    Ok(search.finish())
}

async fn run<R: Runtime>(rt: &R, unit: Unit) -> Result<Yield, JoinError> {
    match unit {
        Unit::Hash(batch) => hash(rt, batch).await,
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
