//! Drives a run: what is to be done, in which order, and what came of it.

use super::{
    commit,
    copy::{Done, Task},
    job::{BATCH, Job},
    report::Tally,
    survey,
};
use crate::notice::Notice;
use anyrt::{CancellationToken, Runtime, TaskGroup};
use std::{convert::Infallible, io, path::PathBuf, sync::Arc, time::Duration};

/// As many tasks at once: while one batch is committed, the next one fills. Each may have two files open.
const TASKS: usize = 2 * BATCH;

struct Run<'a, R: Runtime> {
    job: &'a Arc<Job<R>>,
    token: &'a CancellationToken,
    tally: Tally,
    todo: Vec<Task>,
    dirs: Vec<PathBuf>,
    /// What is to be compared in the end.
    files: Vec<PathBuf>,
}

/// Copies, then compares, where that is asked for, until it is done or `token` is cancelled.
pub(super) async fn run<R: Runtime>(job: &Arc<Job<R>>, token: &CancellationToken) -> Tally {
    let mut run = Run {
        job,
        token,
        tally: Tally::default(),
        todo: vec![Task::Survey(PathBuf::new())],
        dirs: Vec::new(),
        files: Vec::new(),
    };
    run.work().await;
    run.settle().await;
    if job.options.verify && !token.is_cancelled() {
        run.tally.verified = Some(0);
        run.todo.extend(run.files.drain(..).map(Task::Verify));
        run.work().await;
    }
    run.tally.sort();
    run.tally
}

impl<R: Runtime> Run<'_, R> {
    async fn work(&mut self) {
        // Tasks see the token by themselves, and finish what they have in hand: who has the right to end that is
        // the application around.
        let workers = TaskGroup::<R, Done, Infallible>::builder(&self.job.rt);
        let workers = workers.name("mirror").grace(Duration::MAX).build();
        let mut in_flight = 0;
        loop {
            while in_flight < TASKS
                && !self.token.is_cancelled()
                && let Some(task) = self.todo.pop()
            {
                let work = task.run(self.job.clone());
                // Refused where the token was cancelled just now: what is left is for the next run.
                let spawned = workers.spawn(async move { Ok(work.await) });
                in_flight += usize::from(spawned.is_ok());
            }
            let Some(done) = workers.next().await else {
                break;
            };
            in_flight -= 1;
            self.absorb(done);
        }
        if let Err(error) = workers.join().await {
            for failed in error.iter().filter(|failed| failed.is_panic()) {
                let notice = Notice::warning("", format!("a defect of mirror: {failed}"));
                self.tally.failed.push(notice);
            }
        }
    }

    fn absorb(&mut self, done: Done) {
        let tally = &mut self.tally;
        match done {
            Done::Surveyed(dir, found) => {
                tally.dirs += u64::from(found.is_new);
                tally.current += found.current.len() as u64;
                tally.skipped.extend(found.skipped);
                tally.failed.extend(found.failed);
                self.dirs.push(dir);
                self.todo.extend(found.dirs.into_iter().map(Task::Survey));
                self.todo.extend(found.links.into_iter().map(Task::Link));
                for (path, len) in found.missing {
                    self.job.progress.found(len);
                    self.todo.push(Task::Copy(path, len));
                }
                self.compare_later(found.current);
            }
            Done::Copied(path, bytes) => {
                tally.files += 1;
                tally.bytes += bytes;
                self.compare_later([path]);
            }
            Done::Linked(true) => tally.links += 1,
            Done::Linked(false) => tally.current += 1,
            Done::Verified(_, true) => *tally.verified.get_or_insert(0) += 1,
            Done::Verified(path, false) => {
                let notice = Notice::warning(path, "differs from its copy");
                tally.failed.push(notice);
            }
            Done::Failed(notice) => tally.failed.push(notice),
            Done::Stopped => {}
        }
    }

    fn compare_later(&mut self, files: impl IntoIterator<Item = PathBuf>) {
        if self.job.options.verify {
            self.files.extend(files);
        }
    }

    /// Directories get their modes and times once nothing changes in them any more.
    async fn settle(&mut self) {
        let dirs = match self.token.is_cancelled() {
            true => Vec::new(),
            false => std::mem::take(&mut self.dirs),
        };
        let (paths, sync) = (self.job.paths.clone(), self.job.options.sync);
        let settled = self.job.rt.spawn_blocking(move || {
            let failed = survey::settle(&paths, dirs);
            if sync {
                commit::sync_root(&paths.root)?;
            }
            io::Result::Ok(failed)
        });
        match settled.await.map_err(io::Error::from).flatten() {
            Ok(failed) => self.tally.failed.extend(failed),
            Err(error) => {
                let text = format!("the copy cannot be synced: {error}");
                self.tally.failed.push(Notice::warning("", text));
            }
        }
    }
}
