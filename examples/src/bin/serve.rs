//! `serve DIR` serves a directory over HTTP, on the runtime of your choice.

use anyrt::{App, BlockOn, ConfigError, Runtime, Signal, Signals, lifecycle::Report};
use anyrt_examples::{
    cli::{self, RuntimeArg},
    runtime::Visitor,
    serve::{Options, Server, disk::Dir, serve},
};
use async_net::TcpListener;
use clap::Parser;
use std::{
    error::Error, net::SocketAddr, num::NonZeroU32, path::PathBuf, process::ExitCode, sync::Arc,
    time::Duration,
};

const PROGRAM: &str = "serve";

/// Serves a directory over HTTP. Ctrl-C lets what is under way finish; a second one does not.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// What is served. What has a name that begins with a dot is not.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Where to listen; port 0 is any that is free.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// How many connections there are at once, at most.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,
    /// How many requests run at once, at most.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    requests: u32,
    /// How many requests a second each client may make.
    #[arg(long, value_name = "N", default_value = "200")]
    rate: NonZeroU32,
    /// How many seconds a request may take.
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
    /// How many seconds a client may keep the server waiting.
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    client_timeout: u64,
    /// How many megabytes of files are kept in memory.
    #[arg(long, value_name = "MB", default_value_t = 64)]
    cache: u32,
    /// How many seconds requests that are under way have, once it is to stop.
    #[arg(long, value_name = "S", default_value_t = 30)]
    grace: u64,
    #[command(flatten)]
    runtime: RuntimeArg,
}

impl Cli {
    fn options(&self) -> Options {
        Options {
            connections: self.connections as usize,
            requests: self.requests as usize,
            rate: self.rate,
            timeout: Duration::from_secs(self.timeout),
            client_timeout: Duration::from_secs(self.client_timeout),
            cache: u64::from(self.cache) << 20,
            ..Options::default()
        }
    }
}

struct Serve {
    dir: Dir,
    at: TcpListener,
    grace: Duration,
    options: Options,
}

impl Serve {
    fn run<R: Runtime + BlockOn>(self, rt: &R, app: App<R>) -> Result<Report, ConfigError> {
        let server = Arc::new(Server::new(rt, self.dir, self.options)?);
        Ok(rt.block_on(serve(app.grace(self.grace), server, self.at)))
    }
}

impl Visitor for Serve {
    type Output = Result<Report, Box<dyn Error>>;

    fn visit<R: Runtime + BlockOn>(self, rt: R) -> Self::Output {
        Ok(self.run(&rt, App::new(&rt))?)
    }

    fn visit_with_signals<R: Runtime + BlockOn + Signals>(self, rt: R) -> Self::Output {
        let signals = rt.signals(Signal::SHUTDOWN)?;
        Ok(self.run(&rt, App::new(&rt).signals(signals))?)
    }
}

fn listen(cli: &Cli) -> Result<(Dir, TcpListener, SocketAddr), String> {
    let about = |what: String| move |error| format!("{what}: {error}");
    let dir = Dir::open(&cli.dir).map_err(about(cli.dir.display().to_string()))?;
    let at = std::net::TcpListener::bind(cli.listen).and_then(TcpListener::try_from);
    let at = at.map_err(about(cli.listen.to_string()))?;
    let address = at.local_addr().map_err(about(cli.listen.to_string()))?;
    Ok((dir, at, address))
}

fn main() -> ExitCode {
    let cli: Cli = match cli::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let (dir, at, address) = match listen(&cli) {
        Ok(listening) => listening,
        Err(error) => return cli::fail(PROGRAM, &error),
    };
    // Connections are taken from here on, if only into the system's queue.
    let told = cli::print(PROGRAM, |out| {
        use std::io::Write;
        writeln!(out, "http://{address}/")
    });
    if told != ExitCode::SUCCESS {
        return told;
    }
    let serve = Serve {
        dir,
        at,
        grace: Duration::from_secs(cli.grace),
        options: cli.options(),
    };
    match cli.runtime.run(serve) {
        Ok(Ok(report)) if report.is_clean() => ExitCode::SUCCESS,
        Ok(Ok(report)) => cli::fail(PROGRAM, &report),
        Ok(Err(error)) => cli::fail(PROGRAM, &error),
        Err(error) => cli::fail(PROGRAM, &error),
    }
}
