//! `pipeline DIR…` counts the words of source trees, on the runtime of your choice.

use anyrt::{BlockOn, Runtime, group::GroupError};
use anyrt_examples::{
    dupes::{cli, default_jobs, report::amount},
    pipeline::{Counted, Options, StageError, count},
    runtime::{Visitor, with_runtime},
};
use clap::Parser;
use std::{
    io::{self, BufWriter, ErrorKind, Write, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
};

const PROGRAM: &str = "pipeline";

/// Counts words, and prints the most frequent ones.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Directories to walk, and everything below them; files are taken as they are.
    #[arg(required = true, value_name = "DIR")]
    roots: Vec<PathBuf>,
    /// How many words are printed.
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// How many files are read at once [default: as many as the machine has threads].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Stop at the first file that cannot be read or is no text, rather than skip it.
    #[arg(long)]
    strict: bool,
    /// Do not tell what was skipped.
    #[arg(long, short)]
    quiet: bool,
    /// The runtime: tokio, smol or async-std, if compiled in, or own
    /// [default: the first of them].
    #[arg(long, value_name = "NAME")]
    runtime: Option<String>,
}

struct Count(Options);

impl Visitor for Count {
    type Output = (Counted, Result<(), GroupError<StageError>>);

    fn visit<R: Runtime + BlockOn>(self, rt: R) -> Self::Output {
        rt.block_on(count(&rt, self.0))
    }
}

fn main() -> ExitCode {
    let cli: Cli = match cli::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let options = Options {
        roots: cli.roots.clone(),
        jobs: cli.jobs.map_or_else(default_jobs, usize::from),
        strict: cli.strict,
    };
    let (counted, result) = match with_runtime(cli.runtime.as_deref(), Count(options)) {
        Ok(done) => done,
        Err(error) => return cli::fail(PROGRAM, &error),
    };
    if !cli.quiet {
        for skipped in &counted.skipped {
            // Without a stderr there is nobody to tell.
            let _ = writeln!(stderr(), "{PROGRAM}: skipped {skipped}");
        }
    }
    if let Err(error) = result {
        return cli::fail(PROGRAM, &format!("stopped early\n{error}"));
    }
    if counted.all_roots_failed {
        return cli::fail(PROGRAM, &"nothing could be searched");
    }
    match print(&counted, cli.top) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read it has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => cli::fail(PROGRAM, &error),
    }
}

fn print(counted: &Counted, top: usize) -> io::Result<()> {
    let mut out = BufWriter::new(stdout().lock());
    let Counted {
        words,
        files,
        skipped,
        all_roots_failed: _,
    } = counted;
    let total = amount(words.total(), "word");
    let files = amount(*files, "file");
    let (distinct, skipped) = (words.distinct(), skipped.len());
    writeln!(
        out,
        "{total}, {distinct} of them different, in {files}; {skipped} skipped"
    )?;
    for (word, count) in words.top(top) {
        writeln!(out, "{count:>9}  {word}")?;
    }
    out.flush()
}
