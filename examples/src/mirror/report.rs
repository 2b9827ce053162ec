//! What a run came to.

use crate::{notice::Notice, text::amount};
use anyrt::lifecycle::{Report, StopReason};
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// What was done, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Files that were copied.
    pub files: u64,
    /// How many bytes those have.
    pub bytes: u64,
    /// Symbolic links that were copied.
    pub links: u64,
    /// Directories that were made.
    pub dirs: u64,
    /// Files and links that were copied before.
    pub current: u64,
    /// What is not copied at all.
    pub skipped: Vec<Notice>,
    /// What could not be copied, or is not the same.
    pub failed: Vec<Notice>,
    /// How often something was tried again.
    pub retries: u64,
    /// How often files were given their names, many at a time. It depends on when they are whole, and is not reported.
    pub commits: u64,
    /// Files that were compared, and are the same; `None` where none was to be.
    pub verified: Option<u64>,
}

impl Tally {
    pub(super) fn sort(&mut self) {
        self.skipped.sort_unstable();
        self.failed.sort_unstable();
    }
}

/// A run's end.
#[derive(Debug)]
pub struct Outcome {
    /// What was done.
    pub tally: Tally,
    /// Why it was stopped before it was done, if it was.
    pub stopped: Option<String>,
    /// What went wrong with the program itself: it was aborted, or has a defect.
    pub broken: Option<String>,
}

impl Outcome {
    pub(super) fn new<T>(tally: Tally, report: Report<T>) -> Self {
        let stopped = match &report.stopped_for {
            StopReason::Requested(reason) => Some(reason.to_string()),
            _ => None,
        };
        let broken = (!report.is_clean()).then(|| report.to_string());
        Self {
            tally,
            stopped,
            broken,
        }
    }

    /// 0 where all is as it should be, 130 where it was stopped, as after a Ctrl-C, 1 where something is
    /// not copied.
    pub fn exit_code(&self) -> ExitCode {
        match (&self.stopped, &self.broken) {
            (Some(_), _) => ExitCode::from(130),
            (None, None) if self.tally.failed.is_empty() => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }

    /// Writes what is missing, a line each.
    ///
    /// # Errors
    /// Those of writing.
    pub fn notices(&self, program: &str, out: &mut impl Write) -> io::Result<()> {
        let Tally {
            skipped, failed, ..
        } = &self.tally;
        for notice in skipped.iter().chain(failed) {
            writeln!(out, "{program}: {notice}")?;
        }
        match &self.broken {
            Some(broken) => writeln!(out, "{program}: {broken}"),
            None => Ok(()),
        }
    }

    /// Writes the report. It is the same on each runtime.
    ///
    /// # Errors
    /// Those of writing.
    pub fn report(&self, out: &mut impl Write) -> io::Result<()> {
        let Tally {
            files,
            bytes,
            links,
            dirs,
            current,
            skipped,
            failed,
            retries,
            commits: _,
            verified,
        } = &self.tally;
        writeln!(
            out,
            "copied {} ({}), {}, {}; {current} up to date, {} skipped, {} failed",
            amount(*files, "file"),
            amount(*bytes, "byte"),
            amount(*links, "link"),
            match dirs {
                1 => "1 directory".to_owned(),
                dirs => format!("{dirs} directories"),
            },
            skipped.len(),
            failed.len(),
        )?;
        if *retries > 0 {
            writeln!(out, "tried again {}", amount(*retries, "time"))?;
        }
        if let Some(verified) = verified {
            writeln!(out, "verified {}", amount(*verified, "file"))?;
        }
        match &self.stopped {
            Some(reason) => writeln!(out, "stopped: {reason}; the next run goes on from here"),
            None => Ok(()),
        }
    }
}
