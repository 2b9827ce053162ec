//! `mirror SRC DST` copies a tree, and what has changed in it since, on the runtime of your choice.

use anyrt::{App, BlockOn, Runtime, Signal, Signals};
use anyrt_examples::{
    cli::{self, RuntimeArg},
    mirror::{Options, Outcome, Paths, Progress, fault::Faults, mirror},
    runtime::Visitor,
};
use clap::Parser;
use std::{
    error::Error,
    io::{Write, stderr},
    num::NonZeroU32,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

const PROGRAM: &str = "mirror";
/// From Ctrl-C to the abort of what has not stopped; a second Ctrl-C has the same effect.
const GRACE: Duration = Duration::from_secs(30);

/// Copies a directory tree, or what has changed in it since the last time. Ctrl-C stops it; the next run goes on with the files that are not whole.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// What is copied.
    #[arg(value_name = "SRC")]
    source: PathBuf,
    /// What becomes like it. What is there and not in SRC is left alone.
    #[arg(value_name = "DST")]
    copy: PathBuf,
    /// How many chunks are copied at once, at most.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// How many bytes a second, at most.
    #[arg(long, value_name = "BYTES")]
    rate: Option<NonZeroU32>,
    /// How often each file, link or directory is tried.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    attempts: u32,
    /// The part of all attempts that fails on purpose, 0.05 say.
    #[arg(long, value_name = "PART", default_value_t = 0.0, value_parser = parse_part)]
    fail: f64,
    /// What decides which attempts fail.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Compare all files in the end, byte by byte.
    #[arg(long)]
    verify: bool,
    /// Leave it to the system when files come onto the disk: faster, and not safe from a crash of the machine.
    #[arg(long)]
    no_sync: bool,
    /// No progress bar, and no time.
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    runtime: RuntimeArg,
}

fn parse_part(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(part) if (0.0..=1.0).contains(&part) => Ok(part),
        _ => Err("is not from 0 to 1".to_owned()),
    }
}

impl Cli {
    fn options(&self) -> Options {
        Options {
            jobs: self.jobs.into(),
            rate: self.rate,
            attempts: self.attempts,
            faults: Faults::new(self.fail, self.seed),
            sync: !self.no_sync,
            verify: self.verify,
        }
    }
}

type Ended = Result<Outcome, Box<dyn Error>>;

struct Mirror {
    paths: Paths,
    options: Options,
    progress: Progress,
}

impl Mirror {
    fn run<R: Runtime + BlockOn>(self, rt: &R, app: App<R>) -> Ended {
        let mirrored = mirror(rt, app, self.paths, self.options, &self.progress);
        Ok(rt.block_on(mirrored)?)
    }
}

impl Visitor for Mirror {
    type Output = Ended;

    fn visit<R: Runtime + BlockOn>(self, rt: R) -> Ended {
        self.run(&rt, App::new(&rt).grace(GRACE))
    }

    fn visit_with_signals<R: Runtime + BlockOn + Signals>(self, rt: R) -> Ended {
        let signals = rt.signals(Signal::SHUTDOWN)?;
        self.run(&rt, App::new(&rt).grace(GRACE).signals(signals))
    }
}

fn main() -> ExitCode {
    let cli: Cli = match cli::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let paths = match Paths::open(&cli.source, &cli.copy) {
        Ok(paths) => paths,
        Err(error) => return cli::fail(PROGRAM, &error),
    };
    let started = Instant::now();
    let run = Mirror {
        paths,
        options: cli.options(),
        progress: Progress::new(cli.quiet),
    };
    let outcome = match cli.runtime.run(run) {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => return cli::fail(PROGRAM, &error),
        Err(error) => return cli::fail(PROGRAM, &error),
    };
    // Without a stderr there is nobody to tell.
    let _ = outcome.notices(PROGRAM, &mut stderr());
    if !cli.quiet {
        let secs = started.elapsed().as_secs_f64();
        let rate = outcome.tally.bytes as f64 / secs / 1e6;
        let _ = writeln!(stderr(), "{PROGRAM}: {secs:.2} s, {rate:.1} MB/s");
    }
    match cli::print(PROGRAM, |out| outcome.report(out)) {
        printed if printed == ExitCode::SUCCESS => outcome.exit_code(),
        failed => failed,
    }
}
