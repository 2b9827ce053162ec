//! Serves a directory over HTTP, on any runtime: hyper for the protocol, tower's layers for what may go wrong.
//!
//! ```text
//!  client ──▶ connection: hyper, until it is slow, or the server stops        (net, adapt)
//!                │ request
//!                ▼
//!             operation ▸ rate a client ▸ requests at once ▸ timeout ▸ route  (layers)
//!                            │ 429           │ 503             │ 504
//!                ┌───────────┴───────────────┴─────────────────┘
//!                ▼
//!             files, search ──▶ AsyncCache ──▶ the disk, which may be slow, or fail:
//!                                 one read a file, whoever asks meanwhile     (store)
//!                                              │
//!                                              ▼
//!             operation ▸ breaker ▸ retry ▸ timeout ▸ reads at once ▸ spawn_blocking
//! ```
//!
//! | path | what is there |
//! |---|---|
//! | `/a/b.html` | the file, in one piece from the cache, or in many from the disk |
//! | `/a/` | its `index.html`, or what is in it, as JSON |
//! | `/-/search?q=text` | the lines of all files that have the text in them, as JSON |
//! | `/-/stats`, `/-/metrics` | how the server is doing, as JSON, or for Prometheus |
//!
//! # Clients that go
//! One that closes the connection, and be it only its own side of it, has gone: what it asked for is dropped, for nobody
//! can tell whether it still listens. So a client that wants a response keeps its side open until that is there.
//!
//! # The end
//! A stop closes the listener, and every connection that is idle; the others answer what they have in hand, and say
//! that it is the last. What is not done when the application's grace is over is aborted.

pub mod adapt;
pub mod body;
pub mod disk;
pub mod files;
pub mod layers;
pub mod net;
pub mod refused;
pub mod route;
pub mod search;
pub mod stats;
pub mod store;
pub mod url;

use anyrt::{
    App, CircuitBreaker, ConfigError, Limiter, Runtime,
    lifecycle::Report,
    limit::{KeyedRateLimiter, Quota},
    operation::Tracker,
};
use async_net::TcpListener;
use disk::Source;
use stats::Connections;
use std::{convert::Infallible, fmt, net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};
use store::Store;

/// How many operations the percentiles are of.
const REMEMBERED: usize = 1000;

/// What the server bears.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many connections there are at once: others wait in the system's queue.
    pub connections: usize,
    /// How many requests run at once: others are refused.
    pub requests: usize,
    /// How many requests of a client begin in a second, and as many at once: others are refused.
    pub rate: NonZeroU32,
    /// How long a request may take.
    pub timeout: Duration,
    /// How long a client may take to send the head of a request, and to take in anything of a response.
    pub client_timeout: Duration,
    /// How many bytes of files are kept.
    pub cache: u64,
    /// How long they are.
    pub ttl: Duration,
    /// How many reads of the disk run at once.
    pub reads: usize,
    /// How long one may take.
    pub read_timeout: Duration,
    /// How often each is tried.
    pub attempts: u32,
    /// How many have to fail, in a row, before the disk is left alone.
    pub failures: u32,
    /// For how long it is.
    pub open_for: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 1000,
            requests: 256,
            rate: const { NonZeroU32::new(200).unwrap() },
            timeout: Duration::from_secs(10),
            client_timeout: Duration::from_secs(10),
            cache: 64 << 20,
            ttl: Duration::from_secs(1),
            reads: 32,
            read_timeout: Duration::from_secs(2),
            attempts: 3,
            failures: 5,
            open_for: Duration::from_secs(5),
        }
    }
}

/// What all connections share.
pub struct Server<R: Runtime> {
    rt: R,
    options: Options,
    places: Limiter<R>,
    requests: Limiter<R>,
    rates: KeyedRateLimiter<R, IpAddr>,
    breaker: CircuitBreaker<R>,
    store: Store<R>,
    tracker: Tracker,
    connections: Connections,
}

impl<R: Runtime> Server<R> {
    /// A server of what `source` has.
    ///
    /// # Errors
    /// A setting that cannot be used.
    pub fn new(rt: &R, source: impl Source, options: Options) -> Result<Self, ConfigError> {
        let tracker = Tracker::new(REMEMBERED);
        let breaker = CircuitBreaker::builder(rt)
            .failures_in_a_row(options.failures)
            .open_for(options.open_for)
            .build()?;
        let disk = layers::disk(rt, &options, &breaker, &tracker, source)?;
        Ok(Self {
            rt: rt.clone(),
            places: Limiter::new(rt, options.connections)?,
            requests: Limiter::new(rt, options.requests)?,
            rates: KeyedRateLimiter::new(rt, Quota::per_second(options.rate.get()))?,
            breaker,
            store: Store::new(rt, disk, &options)?,
            tracker,
            connections: Connections::default(),
            options,
        })
    }
}

/// Serves, as the one subsystem of `app`: that has the signals to stop at, if there are any.
///
/// # Cancel safety
/// Dropping it aborts all connections.
pub async fn serve<R: Runtime>(app: App<R>, server: Arc<Server<R>>, at: TcpListener) -> Report {
    let start = async |app: anyrt::lifecycle::Subsystem<R>| {
        let http = app.spawn("http", move |me| async move {
            net::run(&server, at, me.token()).await;
            Ok::<_, Infallible>(())
        });
        http.map(drop)
    };
    app.run(start).await
}

impl<R: Runtime> fmt::Debug for Server<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
