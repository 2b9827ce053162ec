//! `pipeline DIR…` counts the words of source trees, on the runtime of your choice.

use anyrt::{BlockOn, Runtime, group::GroupError};
use anyrt_examples::{
    cli::{self, Input, RuntimeArg},
    pipeline::{Counted, Options, StageError, count},
    runtime::Visitor,
    text::amount,
};
use clap::Parser;
use std::{
    io::{self, Write, stderr},
    process::ExitCode,
};

const PROGRAM: &str = "pipeline";
/// How many of the skipped files are named, unless all are asked for.
const NAMED: usize = 5;

/// Counts words, and prints the most frequent ones.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(flatten)]
    input: Input,
    /// How many words are printed.
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// Stop at the first file that cannot be read or is no text, rather than skip it.
    #[arg(long)]
    strict: bool,
    /// Name each file that was skipped, not just the first five.
    #[arg(long, short)]
    verbose: bool,
    /// Do not tell what was skipped.
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,
    #[command(flatten)]
    runtime: RuntimeArg,
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
        roots: cli.input.roots.clone(),
        jobs: cli.input.jobs(),
        strict: cli.strict,
    };
    let (counted, result) = match cli.runtime.run(Count(options)) {
        Ok(done) => done,
        Err(error) => return cli::fail(PROGRAM, &error),
    };
    if !cli.quiet {
        let named = if cli.verbose { usize::MAX } else { NAMED };
        for skipped in counted.skipped.iter().take(named) {
            // Without a stderr there is nobody to tell.
            let _ = writeln!(stderr(), "{PROGRAM}: skipped {skipped}");
        }
        if let more @ 1.. = counted.skipped.len().saturating_sub(named) {
            let _ = writeln!(
                stderr(),
                "{PROGRAM}: skipped {more} more (--verbose names them)"
            );
        }
    }
    if let Err(error) = result {
        return cli::fail(PROGRAM, &format!("stopped early\n{error:#}"));
    }
    if counted.all_roots_failed {
        return cli::fail(PROGRAM, &"nothing could be searched");
    }
    cli::print(PROGRAM, |out| print(&counted, cli.top, out))
}

fn print(counted: &Counted, top: usize, out: &mut impl Write) -> io::Result<()> {
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
    Ok(())
}
