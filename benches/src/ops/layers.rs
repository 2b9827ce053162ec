//! Layers of tower around a service that is ready, tower's own and anyrt's.

use anyrt_core::rt::Runtime;
use anyrt_toolkit::{
    limit::{Limiter, Quota, RateLimiter},
    retry::Retry,
    tower::{ConcurrencyLimitLayer, RateLimitLayer, RetryLayer, TimeoutLayer},
};
use std::{
    convert::Infallible,
    future::{Ready, ready},
    hint::black_box,
    time::Duration,
};
use tower::{
    Layer, Service, ServiceExt,
    limit::{ConcurrencyLimit, RateLimit, rate::Rate},
    retry::Policy,
    service_fn,
    timeout::Timeout,
};

type Echo = fn(u64) -> Ready<Result<u64, Infallible>>;

fn echo() -> tower::util::ServiceFn<Echo> {
    service_fn(|i| ready(Ok(black_box(i))))
}

async fn calls<S: Service<u64, Response = u64>>(mut service: S, n: u64) {
    for i in 0..n {
        let Ok(ready) = service.ready().await else {
            panic!("it is ready");
        };
        let Ok(output) = ready.call(i).await else {
            panic!("it does not fail");
        };
        black_box(output);
    }
}

const LIMIT: Duration = Duration::from_secs(60);
const MOST: usize = 100;

pub async fn none(n: u64) {
    calls(echo(), n).await;
}

pub async fn timeout_tower(n: u64) {
    calls(Timeout::new(echo(), LIMIT), n).await;
}

pub async fn timeout_anyrt<R: Runtime>(rt: R, n: u64) {
    calls(TimeoutLayer::new(&rt, LIMIT).layer(echo()), n).await;
}

pub async fn rate_tower(n: u64) {
    let rate = Rate::new(u64::from(u32::MAX), Duration::from_secs(1));
    calls(RateLimit::new(echo(), rate), n).await;
}

pub async fn rate_anyrt<R: Runtime>(rt: R, n: u64) {
    let limiter = RateLimiter::new(&rt, Quota::per_second(u32::MAX)).expect("permitted");
    calls(RateLimitLayer::new(&limiter).layer(echo()), n).await;
}

pub async fn concurrency_tower(n: u64) {
    calls(ConcurrencyLimit::new(echo(), MOST), n).await;
}

pub async fn concurrency_anyrt<R: Runtime>(rt: R, n: u64) {
    let limiter = Limiter::<R>::new(&rt, MOST).expect("permitted");
    calls(ConcurrencyLimitLayer::new(&limiter).layer(echo()), n).await;
}

/// So many attempts, at once.
#[derive(Clone)]
struct Attempts(usize);

impl Policy<u64, u64, Infallible> for Attempts {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut u64, result: &mut Result<u64, Infallible>) -> Option<Ready<()>> {
        if result.is_ok() || self.0 == 0 {
            return None;
        }
        self.0 -= 1;
        Some(ready(()))
    }

    fn clone_request(&mut self, request: &u64) -> Option<u64> {
        Some(*request)
    }
}

pub async fn retry_tower(n: u64) {
    calls(tower::retry::Retry::new(Attempts(3), echo()), n).await;
}

pub async fn retry_anyrt<R: Runtime>(rt: R, n: u64) {
    let policy = Retry::<Infallible>::builder().build().expect("permitted");
    calls(RetryLayer::new(&rt, &policy).layer(echo()), n).await;
}
