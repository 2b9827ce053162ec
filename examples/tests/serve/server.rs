//! A server in threads of its own, on each runtime.

use anyrt::{
    App, BlockOn, Runtime, cancel::CancellationToken, context::Context, lifecycle::Report,
};
use anyrt_examples::{
    runtime::{NAMES, Visitor, with_runtime},
    serve::{Options, Server, disk::Source, serve},
};
use async_net::TcpListener;
use std::{
    net::SocketAddr,
    num::NonZeroU32,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

/// For tests that ask often, and of a disk that is always the same.
pub(crate) fn quick() -> Options {
    Options {
        rate: NonZeroU32::MAX,
        ttl: Duration::from_secs(600),
        client_timeout: Duration::from_secs(600),
        ..Options::default()
    }
}

/// A server that serves.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    thread: Option<JoinHandle<Report>>,
}

struct Serve<S> {
    at: TcpListener,
    options: Options,
    source: S,
    grace: Duration,
    stop: CancellationToken,
}

impl<S: Source> Visitor for Serve<S> {
    type Output = Report;

    fn visit<R: Runtime + BlockOn>(self, rt: R) -> Report {
        let server = Server::new(&rt, self.source, self.options).expect("the settings are good");
        let app = App::new(&rt).grace(self.grace);
        let context = Context::current().with_token(self.stop);
        rt.block_on(context.scope(serve(app, Arc::new(server), self.at)))
    }
}

impl Running {
    pub(crate) fn start(
        runtime: &'static str,
        options: Options,
        source: impl Source,
        grace: Duration,
    ) -> Self {
        let at = std::net::TcpListener::bind("127.0.0.1:0").and_then(TcpListener::try_from);
        let at = at.expect("a port is free");
        let (address, stop) = (
            at.local_addr().expect("an address"),
            CancellationToken::new(),
        );
        let serve = Serve {
            at,
            options,
            source,
            grace,
            stop: stop.clone(),
        };
        let run = move || with_runtime(Some(runtime), serve).expect("it is in this build");
        Self {
            address,
            stop,
            thread: Some(thread::spawn(run)),
        }
    }

    /// Asks it to stop.
    pub(crate) fn stop(&self) {
        self.stop.cancel_with("enough");
    }

    /// What became of it.
    pub(crate) fn report(mut self) -> Report {
        let thread = self.thread.take().expect("it is joined once");
        thread.join().expect("it does not panic")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The runtimes of this build. There is always at least one.
pub(crate) fn runtimes() -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied().chain(["own"])
}

/// Runs a test on each runtime, and stops the server in order.
pub(crate) fn on_each<S: Source>(
    options: impl Fn() -> Options,
    source: impl Fn() -> S,
    test: impl Fn(&str, &Running),
) {
    for runtime in runtimes() {
        let server = Running::start(runtime, options(), source(), Duration::from_secs(60));
        test(runtime, &server);
        server.stop();
        let report = server.report();
        assert!(report.is_clean(), "{runtime}: {report}");
    }
}
