//! The stages. All that is async about the program is in this file and the one above.

use super::{
    Counted, StageError,
    words::{self, Skipped, Table},
};
use anyrt::{
    JoinError, Receiver, Runtime, Sender, SenderOf,
    cancel::{Cancellable, CancellationToken},
    channel::queue::{Queue, Shutdown},
    context::Context,
    group::TaskGroup,
};
use std::path::PathBuf;

/// What a worker found out about a file.
pub(super) type Outcome = Result<Table, Skipped>;

/// Finds the files, and puts them into the queue.
pub(super) async fn walk<R: Runtime>(
    rt: R,
    roots: Vec<PathBuf>,
    strict: bool,
    paths: Queue<PathBuf>,
    tables: SenderOf<R, Outcome>,
) -> Result<(), StageError> {
    let stop = token();
    let mut left = roots;
    left.reverse();
    while let Some(path) = left.pop() {
        let listed = rt.spawn_blocking(move || words::list(path)).await;
        let listed = listed.map_err(JoinError::resume).ok();
        let Some(listed) = listed else { break };
        for skipped in listed.skipped {
            skip(skipped, strict, &tables).await?;
        }
        left.extend(listed.dirs.into_iter().rev());
        for file in listed.files {
            // Whoever asks to stop is not kept waiting by a queue that is full.
            if !matches!(paths.put(file).cancellable(&stop).await, Ok(Ok(()))) {
                return Ok(());
            }
        }
    }
    paths.shutdown(Shutdown::Graceful);
    Ok(())
}

/// Counts files, several at once.
pub(super) async fn count<R: Runtime>(
    rt: R,
    jobs: usize,
    strict: bool,
    paths: Queue<PathBuf>,
    tables: SenderOf<R, Outcome>,
) -> Result<(), StageError> {
    let workers = TaskGroup::builder(&rt).grace(super::GRACE).name("count");
    let workers = workers.build();
    for number in 1..=jobs {
        let worker = worker(rt.clone(), strict, paths.clone(), tables.clone());
        // Refused once one has failed.
        drop(workers.spawn_named(format!("worker {number}"), worker));
    }
    drop(tables);
    workers.join().await.map_err(StageError::Workers)
}

async fn worker<R: Runtime>(
    rt: R,
    strict: bool,
    paths: Queue<PathBuf>,
    tables: SenderOf<R, Outcome>,
) -> Result<(), StageError> {
    let stop = token();
    // Between two files it stops when it is asked to; a file in hand is finished.
    while let Ok(Ok(job)) = paths.get().cancellable(&stop).await {
        let path = job.clone();
        match rt.spawn_blocking(move || words::count(path)).await {
            Ok(Ok(table)) => {
                // Nobody receives it if the whole was dropped: then nobody wants it.
                tables.send(Ok(table)).await.ok();
            }
            Ok(Err(skipped)) => skip(skipped, strict, &tables).await?,
            Err(JoinError::Cancelled) => break,
            Err(panicked) => drop(panicked.resume()),
        }
    }
    Ok(())
}

/// Adds up, until all senders are gone.
pub(super) async fn merge(incoming: &mut impl Receiver<Outcome>, counted: &mut Counted) {
    while let Some(outcome) = incoming.recv().await {
        match outcome {
            Ok(table) => {
                counted.files += 1;
                counted.words.add(table);
            }
            Err(skipped) => counted.skipped.push(skipped),
        }
    }
}

async fn skip(
    skipped: Skipped,
    strict: bool,
    tables: &impl Sender<Outcome>,
) -> Result<(), StageError> {
    if strict {
        return Err(StageError::Skipped(skipped));
    }
    tables.send(Err(skipped)).await.ok();
    Ok(())
}

/// What the pipeline asks its stages to stop by.
fn token() -> CancellationToken {
    let context = Context::current();
    context.token().cloned().unwrap_or_default()
}
