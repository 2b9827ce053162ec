//! The command line, as far as all programs have it in common.

use crate::runtime::{NoRuntime, Visitor, with_runtime};
use clap::Parser;
use std::{
    fmt::Display,
    io::{self, BufWriter, StdoutLock, Write, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
};

/// What is to be read, and how much of it at once.
#[derive(Debug, Clone, clap::Args)]
pub struct Input {
    /// Directories to search, and everything below them; files are taken as they are.
    #[arg(required = true, value_name = "DIR")]
    pub roots: Vec<PathBuf>,
    /// How many files are read at once [default: as many as the machine has threads].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
}

impl Input {
    /// How many files are read at once.
    pub fn jobs(&self) -> usize {
        self.jobs.map_or_else(default_jobs, usize::from)
    }
}

/// As many blocking calls at once as the machine has threads, but at least two.
pub fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(2, |threads| threads.get().clamp(2, 64))
}

/// The runtime to run on.
#[derive(Debug, Clone, clap::Args)]
pub struct RuntimeArg {
    /// The runtime: tokio, smol or async-std, if compiled in, or own
    /// [default: the first of them].
    #[arg(long = "runtime", value_name = "NAME")]
    name: Option<String>,
}

impl RuntimeArg {
    /// Runs `visitor` on it.
    ///
    /// # Errors
    /// [`NoRuntime`] if no such runtime was compiled in.
    pub fn run<V: Visitor>(&self, visitor: V) -> Result<V::Output, NoRuntime> {
        with_runtime(self.name.as_deref(), visitor)
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

/// Prints to stdout what `write` writes, and gives the exit code for it.
pub fn print(
    program: &str,
    write: impl FnOnce(&mut BufWriter<StdoutLock<'_>>) -> io::Result<()>,
) -> ExitCode {
    let mut out = BufWriter::new(stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(program, &error),
    }
}

/// Prints an error, and gives the exit code for it.
pub fn fail(program: &str, error: &dyn Display) -> ExitCode {
    // Without a stderr there is nobody to tell.
    let _ = writeln!(stderr(), "{program}: error: {error:#}");
    ExitCode::FAILURE
}
