//! The layers: what surrounds a request, and what surrounds a read of the disk.
//!
//! | layer | if it refuses | why it stands there |
//! |---|---|---|
//! | operation | | outermost: it sees what the client gets |
//! | rate, a client | 429 | before the rest: who asks too often takes no one's place |
//! | requests at once | 503 | above the timeout, which only begins for those that are let in |
//! | timeout | 504 | tells what is inside its deadline |
//! | **disk:** operation | | above the retries: one for a read, however often it is tried |
//! | breaker | 503 | above the retries: it counts reads that failed for good |
//! | retry | 500 | |
//! | timeout, an attempt | 504 | below the retries: each attempt has its own |
//! | reads at once | | innermost: between two attempts no place is held |
//!
//! The limits wait in `poll_ready`; under `load_shed` who would have to wait is refused instead. A read that is given
//! up leaves its place, though its thread may still hang: it is the breaker that keeps those from piling up.

use super::{
    Options, Server,
    body::Page,
    disk::{Answer, Ask, Source},
    refused::{Refused, Trouble},
    route,
};
use anyrt::{
    CircuitBreaker, ConfigError, Limiter, Operation, Runtime,
    operation::{Outcome, Tracker},
    retry::{Backoff, Retry},
    tower::{
        CircuitBreakerLayer, ConcurrencyLimitLayer, OperationLayer, RateLimitLayer, RetryLayer,
        TimeoutLayer,
    },
};
use hyper::{Request, body::Incoming};
use std::{io, net::IpAddr, sync::Arc, time::Duration};
use tower::{Service, ServiceBuilder, service_fn, util::BoxCloneSyncService};

/// The disk behind its layers.
pub type Disk = BoxCloneSyncService<Ask, Answer, Trouble>;

/// What answers the requests of a client.
pub fn front<R: Runtime>(
    server: &Arc<Server<R>>,
    client: IpAddr,
) -> impl Service<Request<Incoming>, Response = Page, Error = Refused, Future: Send>
+ Clone
+ Send
+ use<R> {
    let (rt, tracker) = (&server.rt, server.tracker.clone());
    let operation = move |request: &Request<Incoming>| {
        let path = request.uri().path();
        Operation::new(route::name(path))
            .field("path", path.to_owned())
            .tracker(&tracker)
    };
    let inside = server.clone();
    ServiceBuilder::new()
        .layer(OperationLayer::new(rt, operation).outcome(by_status))
        .map_err(Refused::TooOften.shed_as())
        .load_shed()
        .map_err(Refused::from)
        .layer(RateLimitLayer::new(&server.rates.key(&client)))
        .map_err(Refused::TooBusy.shed_as())
        .load_shed()
        .map_err(Refused::from)
        .layer(ConcurrencyLimitLayer::new(&server.requests))
        .map_err(Refused::from)
        .layer(TimeoutLayer::new(rt, server.options.timeout).named("request"))
        .service(service_fn(move |request| {
            route::answer(inside.clone(), request)
        }))
}

fn by_status(page: &Result<Page, Refused>) -> Outcome {
    let status = match page {
        Ok(page) => page.status(),
        Err(refused) => refused.status(),
    };
    match status.is_server_error() {
        true => Outcome::Error(status.to_string()),
        false => Outcome::Success,
    }
}

/// What reads from `source`, whatever befalls that.
///
/// # Errors
/// A setting that cannot be used.
pub fn disk<R: Runtime>(
    rt: &R,
    options: &Options,
    breaker: &CircuitBreaker<R>,
    tracker: &Tracker,
    source: impl Source,
) -> Result<Disk, ConfigError> {
    let tracker = tracker.clone();
    let operation = move |ask: &Ask| {
        let path = ask.path.display().to_string();
        Operation::new("disk")
            .field("path", path)
            .field("at", ask.at)
            .tracker(&tracker)
    };
    let policy = Retry::builder()
        .attempts(options.attempts)
        .backoff(Backoff::exponential(Duration::from_millis(5)).full_jitter())
        .build()?;
    let reads = Limiter::new(rt, options.reads)?;
    let (on, source) = (rt.clone(), Arc::new(source));
    let read = move |ask: Ask| {
        let source = source.clone();
        let read = on.spawn_blocking(move || source.read(&ask));
        async move { read.await.map_err(io::Error::from).flatten() }
    };
    Ok(BoxCloneSyncService::new(
        ServiceBuilder::new()
            .map_err(Trouble::from)
            .layer(OperationLayer::new(rt, operation))
            .layer(CircuitBreakerLayer::new(breaker))
            .layer(RetryLayer::new(rt, &policy))
            .layer(TimeoutLayer::new(rt, options.read_timeout).named("read"))
            .layer(ConcurrencyLimitLayer::new(&reads))
            .service(service_fn(read)),
    ))
}
