//! What is done with one path: each a task, tried again where that may help.

use super::{
    fault,
    job::{Job, Trouble},
    part::{self, CHUNK, Part, Step},
    survey::{self, Survey},
    verify::{self, Comparison},
};
use crate::notice::Notice;
use anyrt::{
    Runtime,
    retry::{GaveUp, RetryError, retry},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// What is to be done.
#[derive(Debug)]
pub(super) enum Task {
    Survey(PathBuf),
    Copy(PathBuf, u64),
    Link(PathBuf),
    Verify(PathBuf),
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Done {
    Surveyed(PathBuf, Survey),
    /// How many bytes that were.
    Copied(PathBuf, u64),
    /// Whether it had to be.
    Linked(bool),
    /// Whether it is the same.
    Verified(PathBuf, bool),
    Failed(Notice),
    Stopped,
}

impl Task {
    pub(super) async fn run<R: Runtime>(self, job: Arc<Job<R>>) -> Done {
        let (rt, policy) = (&job.rt, &job.policy);
        match self {
            Self::Survey(path) => {
                let surveyed = retry(rt, policy, |at| survey(&job, &path, at.number())).await;
                outcome(surveyed, "be surveyed", path, Done::Surveyed)
            }
            Self::Copy(path, len) => {
                let copied = retry(rt, policy, |at| copy(&job, &path, len, at.number())).await;
                outcome(copied, "be copied", path, Done::Copied)
            }
            Self::Link(path) => {
                let linked = retry(rt, policy, |at| link(&job, &path, at.number())).await;
                outcome(linked, "be copied", path, |_, is_new| Done::Linked(is_new))
            }
            Self::Verify(path) => {
                let verified = retry(rt, policy, |_| verify(&job, &path)).await;
                outcome(verified, "be compared", path, Done::Verified)
            }
        }
    }
}

fn outcome<T>(
    result: Result<T, RetryError<Trouble>>,
    what: &str,
    path: PathBuf,
    done: impl FnOnce(PathBuf, T) -> Done,
) -> Done {
    let error = match result {
        Ok(output) => return done(path, output),
        Err(error) => error,
    };
    let path = match path.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => path,
    };
    match (&error.gave_up, error.last()) {
        (GaveUp::Cancelled(_), _) | (_, Some(Trouble::Stopped)) => Done::Stopped,
        (_, Some(Trouble::Failed(last))) => {
            let attempts = match error.attempts {
                1 => String::new(),
                attempts => format!(", {attempts} times"),
            };
            let text = format!("cannot {what}: {last}{attempts}");
            Done::Failed(Notice::warning(path, text))
        }
        (_, None) => Done::Failed(Notice::warning(path, format!("cannot {what}: {error}"))),
    }
}

/// The fault of an attempt, at one of its steps.
struct Fault(Option<u64>);

impl Fault {
    fn draw<R: Runtime>(job: &Job<R>, path: &Path, attempt: u32, steps: u64) -> Self {
        Self(job.options.faults.draw(path, attempt, steps))
    }

    fn check(&self, step: u64) -> Result<(), Trouble> {
        match self.0 == Some(step) {
            true => Err(fault::error().into()),
            false => Ok(()),
        }
    }
}

async fn survey<R: Runtime>(job: &Job<R>, dir: &Path, attempt: u32) -> Result<Survey, Trouble> {
    Fault::draw(job, dir, attempt, 1).check(0)?;
    let (paths, dir) = (job.paths.clone(), dir.to_owned());
    job.call(0, move || survey::survey(&paths, &dir)).await
}

async fn link<R: Runtime>(job: &Job<R>, path: &Path, attempt: u32) -> Result<bool, Trouble> {
    Fault::draw(job, path, attempt, 1).check(0)?;
    let (paths, path) = (job.paths.clone(), path.to_owned());
    job.call(0, move || survey::link(&paths, &path)).await
}

/// A file's length is what the survey saw: it says how much the rate limit is asked for.
async fn copy<R: Runtime>(
    job: &Job<R>,
    path: &Path,
    len: u64,
    attempt: u32,
) -> Result<u64, Trouble> {
    let chunks = part::chunks(len);
    let fault = Fault::draw(job, path, attempt, chunks + 1);
    fault.check(0)?;
    let mut written = job.progress.begin();
    let (paths, path) = (job.paths.clone(), path.to_owned());
    // A small file is one blocking call, from its opening to its end.
    let begin = move || Part::begin(&paths, &path)?.advance();
    let mut step = job.call(len.min(CHUNK), begin).await?;
    let mut at = 1;
    let ready = loop {
        match step {
            Step::Whole(ready) => break ready,
            Step::More(part) => {
                written.add(CHUNK);
                fault.check(at)?;
                let left = len.saturating_sub(at * CHUNK).min(CHUNK);
                step = job.call(left, move || part.advance()).await?;
                at += 1;
            }
        }
    };
    written.add(len.saturating_sub((at - 1) * CHUNK));
    fault.check(chunks)?;
    job.commit(ready).await?;
    Ok(written.keep())
}

async fn verify<R: Runtime>(job: &Job<R>, path: &Path) -> Result<bool, Trouble> {
    let (paths, path) = (job.paths.clone(), path.to_owned());
    let begin = move || Comparison::begin(&paths, &path)?.advance();
    let mut step = job.call(0, begin).await?;
    loop {
        match step {
            verify::Step::Same(same) => return Ok(same),
            verify::Step::More(more) => step = job.call(0, move || more.advance()).await?,
        }
    }
}
