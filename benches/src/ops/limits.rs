//! Retries and rate limits, where nothing fails and nothing waits.

use anyrt_core::{
    Instant,
    rt::{Clock, Runtime},
};
use anyrt_toolkit::{
    limit::{Limiter, Quota, RateLimiter},
    retry::{Retry, retry},
};
use backon::Retryable;
use governor::{
    clock::{self, Reference},
    nanos::Nanos,
};
use std::{convert::Infallible, hint::black_box, num::NonZeroU32, ops::Add, time::Duration};

async fn ok(i: u64) -> Result<u64, Infallible> {
    Ok(black_box(i))
}

pub async fn retry_none(n: u64) {
    for i in 0..n {
        black_box(ok(i).await.expect("it is ready"));
    }
}

/// What somebody writes who wants three attempts and nothing else.
pub async fn retry_loop(n: u64) {
    for i in 0..n {
        let mut left = black_box(3);
        let output = loop {
            left -= 1;
            match ok(i).await {
                Ok(output) => break Ok(output),
                Err(error) if left == 0 => break Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        };
        black_box(output.expect("it is ready"));
    }
}

pub async fn retry_backon(n: u64) {
    let policy = backon::ExponentialBuilder::default().with_jitter();
    for i in 0..n {
        let attempts = (|| ok(i)).retry(black_box(policy));
        black_box(attempts.await.expect("it is ready"));
    }
}

pub async fn retry_anyrt<R: Runtime>(rt: R, n: u64) {
    let policy = Retry::<Infallible>::builder().build().expect("permitted");
    for i in 0..n {
        let attempts = retry(&rt, black_box(&policy), |_| ok(i));
        black_box(attempts.await.expect("it is ready"));
    }
}

/// A runtime's clock, as governor wants it.
#[derive(Debug, Clone)]
struct Borrowed<R>(R);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Point(Instant);

impl Add<Nanos> for Point {
    type Output = Self;

    fn add(self, nanos: Nanos) -> Self {
        Self(self.0 + Duration::from(nanos))
    }
}

impl Reference for Point {
    fn duration_since(&self, earlier: Self) -> Nanos {
        Nanos::from(self.0.as_nanos().saturating_sub(earlier.0.as_nanos()))
    }

    fn saturating_sub(&self, nanos: Nanos) -> Self {
        Self(self.0 - Duration::from(nanos))
    }
}

impl<R: Runtime> clock::Clock for Borrowed<R> {
    type Instant = Point;

    fn now(&self) -> Point {
        Point(self.0.now())
    }
}

fn governed<C: clock::Clock>(clock: C, n: u64) {
    let most = NonZeroU32::MAX;
    let quota = governor::Quota::per_second(most).allow_burst(most);
    let limiter = governor::RateLimiter::direct_with_clock(quota, clock);
    for _ in 0..n {
        assert!(black_box(&limiter).check().is_ok());
    }
}

pub async fn rate_governor_same_clock<R: Runtime>(rt: R, n: u64) {
    governed(Borrowed(rt), n);
}

pub async fn rate_governor_monotonic(n: u64) {
    governed(clock::MonotonicClock, n);
}

pub async fn rate_governor_quanta(n: u64) {
    governed(clock::QuantaClock::default(), n);
}

fn rate_limiter<R: Runtime>(rt: &R) -> RateLimiter<R> {
    RateLimiter::new(rt, Quota::per_second(u32::MAX)).expect("permitted")
}

pub async fn rate_try<R: Runtime>(rt: R, n: u64) {
    let limiter = rate_limiter(&rt);
    for _ in 0..n {
        assert!(black_box(&limiter).try_acquire().is_ok());
    }
}

pub async fn rate_acquire<R: Runtime>(rt: R, n: u64) {
    let limiter = rate_limiter(&rt);
    for _ in 0..n {
        assert!(black_box(&limiter).acquire().await.is_ok());
    }
}

pub async fn now<R: Clock>(rt: R, n: u64) {
    for _ in 0..n {
        black_box(black_box(&rt).now());
    }
}

pub async fn slots_anyrt<R: Runtime>(rt: R, n: u64) {
    let limiter = Limiter::<R>::new(&rt, 100).expect("permitted");
    for _ in 0..n {
        drop(black_box(limiter.acquire().await));
    }
}

pub async fn slots_semaphore<R: Runtime>(rt: R, n: u64) {
    use anyrt_core::rt::Semaphore;
    let semaphore = std::sync::Arc::new(rt.semaphore(100).expect("permitted"));
    for _ in 0..n {
        drop(black_box(semaphore.clone().acquire_owned().await));
    }
}
