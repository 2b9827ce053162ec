//! `dupes DIR…` finds duplicate files, on the runtime of your choice.

use anyrt::{BlockOn, Runtime, error::BoxError};
use anyrt_examples::{
    cli::{self, RuntimeArg},
    dupes::{self, Findings, Options, Progress, find},
    runtime::Visitor,
};
use clap::Parser;
use std::process::ExitCode;

const PROGRAM: &str = "dupes";

/// Finds duplicate files.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(flatten)]
    args: dupes::cli::Args,
    #[command(flatten)]
    runtime: RuntimeArg,
}

struct Dupes {
    options: Options,
    progress: Progress,
}

impl Visitor for Dupes {
    type Output = Result<Findings, BoxError>;

    fn visit<R: Runtime + BlockOn>(self, rt: R) -> Self::Output {
        let findings = rt.block_on(find(&rt, self.options, &self.progress));
        // A call that hangs in a `read` it will never return from must not be waited for.
        std::mem::forget(rt);
        findings
    }
}

fn main() -> ExitCode {
    let Cli { args, runtime } = match cli::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let search = Dupes {
        options: args.options(),
        progress: Progress::new(args.quiet),
    };
    match runtime.run(search) {
        Ok(Ok(findings)) => dupes::cli::conclude(PROGRAM, &args, &findings),
        Ok(Err(error)) => cli::fail(PROGRAM, &error),
        Err(error) => cli::fail(PROGRAM, &error),
    }
}
