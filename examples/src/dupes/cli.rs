//! The command line of `dupes` and `dupes-threads`.

use crate::{
    cli::{self, Input},
    dupes::{Findings, Options, report},
    text::amount,
};
use anyrt::time::seconds;
use std::{
    io::{self, BufWriter, Write, stderr},
    process::ExitCode,
    time::Duration,
};

/// The arguments.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: Input,
    /// Ignore files with fewer bytes; 0 reports empty files too.
    #[arg(long, value_name = "BYTES", default_value_t = 1)]
    pub min_size: u64,
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
        let mut options = Options::new(self.input.roots.clone());
        options.min_size = self.min_size;
        options.jobs = self.input.jobs();
        options.limit = self.timeout;
        options
    }
}

/// Prints what was found to stdout and what a user should know to stderr.
pub fn conclude(program: &str, args: &Args, findings: &Findings) -> ExitCode {
    // Without a stderr there is nobody to tell.
    let _ = tell(program, args, findings);
    if findings.all_roots_failed {
        return ExitCode::FAILURE;
    }
    cli::print(program, |out| match args.json {
        true => report::json(findings, out),
        false => report::text(findings, out),
    })
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
        let files = amount(small, if min_size == 1 { "empty file" } else { "file" });
        let what = match min_size {
            1 => String::new(),
            _ => format!(" with fewer than {min_size} bytes"),
        };
        writeln!(err, "{program}: note: {files}{what} ignored (--min-size)")?;
    }
    match findings.warnings() {
        0 => {}
        warnings => writeln!(err, "{program}: {}", amount(warnings as u64, "warning"))?,
    }
    if findings.all_roots_failed {
        writeln!(err, "{program}: error: nothing could be searched")?;
    }
    err.flush()
}
