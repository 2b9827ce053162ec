//! The command line, as far as `dupes` and `dupes-threads` have it in common.

use crate::dupes::{Findings, Options, default_jobs, report};
use anyrt::time::seconds;
use clap::Parser;
use std::{
    io::{self, BufWriter, Write, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

/// The arguments.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Directories to search, and everything below them; files are taken as they are.
    #[arg(required = true, value_name = "DIR")]
    pub roots: Vec<PathBuf>,
    /// Ignore files with fewer bytes; 0 reports empty files too.
    #[arg(long, value_name = "BYTES", default_value_t = 1)]
    pub min_size: u64,
    /// How many files are read at once [default: as many as the machine has threads].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Skip a file that takes longer than this to be hashed.
    #[arg(long, value_name = "SECS", value_parser = parse_seconds, allow_hyphen_values = true)]
    pub timeout: Option<Duration>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// No progress bar and no notes on stderr; warnings are printed nevertheless.
    #[arg(long, short)]
    pub quiet: bool,
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let number = text.parse().map_err(|error| format!("{error}"))?;
    seconds(number).map_err(|error| error.to_string())
}

impl Args {
    /// What the search needs of them.
    pub fn options(&self) -> Options {
        let mut options = Options::new(self.roots.clone());
        options.min_size = self.min_size;
        options.jobs = self.jobs.map_or_else(default_jobs, usize::from);
        options.limit = self.timeout;
        options
    }
}

/// Parses the command line. Asking for help is a success, a mistake is exit code 1.
///
/// # Errors
/// The exit code with which to end, once the message is printed.
pub fn parse<P: Parser>() -> Result<P, ExitCode> {
    P::try_parse().map_err(|error| {
        // Where stdout and stderr are closed there is nobody to tell.
        let _ = error.print();
        if error.use_stderr() {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    })
}

/// Prints what was found to stdout and what a user should know to stderr.
pub fn conclude(program: &str, args: &Args, findings: &Findings) -> ExitCode {
    // Without a stderr there is nobody to tell.
    let _ = tell(program, args, findings);
    if findings.all_roots_failed {
        return ExitCode::FAILURE;
    }
    let mut out = BufWriter::new(stdout().lock());
    let written = if args.json {
        report::json(findings, &mut out)
    } else {
        report::text(findings, &mut out)
    };
    match written.and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(program, &error),
    }
}

/// Prints an error, and gives the exit code for it.
pub fn fail(program: &str, error: &dyn std::fmt::Display) -> ExitCode {
    // Without a stderr there is nobody to tell.
    let _ = writeln!(stderr(), "{program}: error: {error}");
    ExitCode::FAILURE
}

fn tell(program: &str, args: &Args, findings: &Findings) -> io::Result<()> {
    let mut err = BufWriter::new(stderr().lock());
    for notice in &findings.notices {
        if notice.is_warning || !args.quiet {
            writeln!(err, "{program}: {notice}")?;
        }
    }
    if findings.small > 0 && !args.quiet {
        let (small, min_size) = (findings.small, args.min_size);
        let files = report::amount(small, if min_size == 1 { "empty file" } else { "file" });
        let what = match min_size {
            1 => String::new(),
            _ => format!(" with fewer than {min_size} bytes"),
        };
        writeln!(err, "{program}: note: {files}{what} ignored (--min-size)")?;
    }
    match findings.warnings() {
        0 => {}
        warnings => writeln!(
            err,
            "{program}: {}",
            report::amount(warnings as u64, "warning")
        )?,
    }
    if findings.all_roots_failed {
        writeln!(err, "{program}: error: nothing could be searched")?;
    }
    err.flush()
}
