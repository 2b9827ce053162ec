//! Rate limits and slots, where nothing waits.

use anyrt_core::{
    Instant,
    rt::{Clock, Runtime},
};
use anyrt_toolkit::limit::{KeyedRateLimiter, Limiter, Quota, RateLimiter};
use foldhash::quality::RandomState;
use governor::{
    clock::{self, Reference},
    nanos::Nanos,
};
use std::{hint::black_box, num::NonZeroU32, ops::Add, time::Duration};

/// Keys that are asked for in turn.
const KEYS: u64 = 1_000;

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

impl<R: Runtime> clock::ReasonablyRealtime for Borrowed<R> {}

fn plenty() -> governor::Quota {
    governor::Quota::per_second(NonZeroU32::MAX).allow_burst(NonZeroU32::MAX)
}

fn governed<C: clock::Clock>(clock: C, n: u64) {
    let limiter = governor::RateLimiter::direct_with_clock(plenty(), clock);
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

pub async fn rate_governor_until_ready<R: Runtime>(rt: R, n: u64) {
    let limiter = governor::RateLimiter::direct_with_clock(plenty(), Borrowed(rt));
    for _ in 0..n {
        black_box(&limiter).until_ready().await;
    }
}

/// One is let through, and then none for an hour.
pub async fn denied_governor<R: Runtime>(rt: R, n: u64) {
    let quota = governor::Quota::per_hour(NonZeroU32::MIN);
    let limiter = governor::RateLimiter::direct_with_clock(quota, Borrowed(rt));
    assert!(limiter.check().is_ok());
    for _ in 0..n {
        assert!(black_box(black_box(&limiter).check()).is_err());
    }
}

pub async fn denied_anyrt<R: Runtime>(rt: R, n: u64) {
    let limiter = RateLimiter::new(&rt, Quota::per_hour(1).burst(1)).expect("permitted");
    assert!(limiter.try_acquire().is_ok());
    for _ in 0..n {
        assert!(black_box(black_box(&limiter).try_acquire()).is_err());
    }
}

/// Buckets that stay in use: a key whose bucket is full again would be forgotten.
fn slow() -> governor::Quota {
    let [count, burst] = [1_000, 1_000_000].map(|n| NonZeroU32::new(n).expect("more than 0"));
    governor::Quota::per_hour(count).allow_burst(burst)
}

pub async fn keyed_governor_mutex<R: Runtime>(rt: R, n: u64) {
    let (clock, hasher) = (Borrowed(rt), RandomState::default());
    let limiter = governor::RateLimiter::hashmap_with_clock_and_hasher(slow(), clock, hasher);
    for i in 0..n {
        assert!(limiter.check_key(&(i % KEYS)).is_ok());
    }
}

pub async fn keyed_governor_dashmap<R: Runtime>(rt: R, n: u64) {
    let (clock, hasher) = (Borrowed(rt), RandomState::default());
    let limiter = governor::RateLimiter::dashmap_with_clock_and_hasher(slow(), clock, hasher);
    for i in 0..n {
        assert!(limiter.check_key(&(i % KEYS)).is_ok());
    }
}

pub async fn keyed_anyrt<R: Runtime>(rt: R, n: u64) {
    let quota = Quota::per_hour(1_000).burst(1_000_000);
    let limiter = KeyedRateLimiter::<R, u64>::new(&rt, quota).expect("permitted");
    for i in 0..n {
        assert!(limiter.key(&(i % KEYS)).try_acquire().is_ok());
    }
}

/// The limiter of one key, which its user keeps.
pub async fn keyed_anyrt_kept<R: Runtime>(rt: R, n: u64) {
    let quota = Quota::per_hour(1_000).burst(1_000_000);
    let limiter = KeyedRateLimiter::<R, u64>::new(&rt, quota).expect("permitted");
    let limiters: Vec<_> = (0..KEYS).map(|key| limiter.key(&key)).collect();
    for i in 0..n {
        assert!(limiters[(i % KEYS) as usize].try_acquire().is_ok());
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
