//! `wordcache FILE` serves the lines of a text by their words, through a cache, and says what that saved.

use anyrt::{BlockOn, Runtime};
use anyrt_examples::{
    cli::{self, RuntimeArg},
    runtime::Visitor,
    text::amount,
    wordcache::{Options, ServeError, Served, serve},
};
use clap::Parser;
use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

const PROGRAM: &str = "wordcache";

/// Serves the lines of a text by their words, to clients whose wishes follow Zipf's law.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// The text; the larger, the better.
    file: PathBuf,
    /// How many clients ask at once.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    clients: u16,
    /// How often each client asks.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    requests: usize,
    /// How many words the cache has room for; 0 keeps none.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    capacity: u64,
    /// How unequal the wishes are, from 0 up.
    #[arg(long, value_name = "S", default_value_t = 0.9)]
    exponent: f64,
    #[command(flatten)]
    runtime: RuntimeArg,
}

struct Serve(Options);

impl Visitor for Serve {
    type Output = Result<Served, ServeError>;

    fn visit<R: Runtime + BlockOn>(self, rt: R) -> Self::Output {
        rt.block_on(serve(&rt, self.0))
    }
}

fn main() -> ExitCode {
    let cli: Cli = match cli::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let options = Options {
        path: cli.file,
        clients: usize::from(cli.clients),
        requests: cli.requests,
        capacity: cli.capacity,
        exponent: cli.exponent,
    };
    match cli.runtime.run(Serve(options)) {
        Ok(Ok(served)) => cli::print(PROGRAM, |out| print(&served, out)),
        Ok(Err(error)) => cli::fail(PROGRAM, &error),
        Err(error) => cli::fail(PROGRAM, &error),
    }
}

fn print(served: &Served, out: &mut impl Write) -> io::Result<()> {
    let stats = served.stats;
    let requests = served.times.len() as u64;
    let rate = requests as f64 / served.took.as_secs_f64();
    let words = amount(served.words as u64, "different word");
    writeln!(
        out,
        "{words}; {requests} requests in {:.2?}, {rate:.0} a second",
        served.took
    )?;
    writeln!(
        out,
        "hit ratio {:.3}; {} loads, {} saved by the cache, {} by sharing one under way",
        stats.hit_ratio(),
        stats.loads,
        stats.hits,
        stats.shared
    )?;
    for (name, part) in [
        ("median", 0.5),
        ("99 %", 0.99),
        ("99.9 %", 0.999),
        ("all", 1.0),
    ] {
        writeln!(out, "{name:>8}  ≤ {:.1?}", served.percentile(part))?;
    }
    Ok(())
}
