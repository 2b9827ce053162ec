//! Breakers that are closed, around a future that is ready and `Ok`.

use super::retry::ok;
use anyrt_core::rt::Runtime;
use anyrt_toolkit::resilience::CircuitBreaker;
use failsafe::futures::CircuitBreaker as _;
use recloser::{AsyncRecloser, Recloser};
use std::{
    hint::black_box,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

/// Failures in a row are counted, and nothing else.
pub async fn by_hand(n: u64) {
    let failures = AtomicU32::new(0);
    for i in 0..n {
        assert!(black_box(&failures).load(Relaxed) < 5);
        let output = ok(i).await;
        if output.is_err() {
            failures.fetch_add(1, Relaxed);
        } else if failures.load(Relaxed) != 0 {
            failures.store(0, Relaxed);
        }
        black_box(output.expect("it is ready"));
    }
}

pub async fn anyrt<R: Runtime>(rt: R, n: u64) {
    let breaker = CircuitBreaker::builder(&rt).build().expect("permitted");
    for i in 0..n {
        black_box(breaker.call(ok(i)).await.expect("it is closed"));
    }
}

pub async fn failsafe(n: u64) {
    let breaker = failsafe::Config::new().build();
    for i in 0..n {
        black_box(breaker.call(ok(i)).await.expect("it is closed"));
    }
}

pub async fn recloser(n: u64) {
    let breaker = AsyncRecloser::from(Recloser::default());
    for i in 0..n {
        black_box(breaker.call(ok(i)).await.expect("it is closed"));
    }
}
