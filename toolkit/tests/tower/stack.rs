//! All of them in one stack.

use crate::{MS, Strict, assert_usable};
use anyrt_core::{
    error::chain,
    gather::gather,
    rt::{BlockOn, Entropy, Runtime, Spawn},
};
use anyrt_sim::check;
use anyrt_smol::Smol;
use anyrt_toolkit::{
    limit::{Limiter, Quota, RateLimiter},
    operation::{Operation, Tracker},
    resilience::CircuitBreaker,
    retry::{Backoff, Retry},
    tower::{
        CircuitBreakerLayer, ConcurrencyLimitLayer, OperationLayer, RateLimitLayer, RetryLayer,
        TimeoutLayer,
    },
};
use std::{
    error::Error,
    sync::atomic::{AtomicU32, Ordering::SeqCst},
};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

/// All layers around `inner`, in code that is generic over the runtime.
fn stack<R, S>(
    rt: &R,
    inner: S,
) -> impl Service<u32, Response = S::Response, Error = BoxError, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static
where
    R: Runtime,
    S: Service<u32, Future: Send, Response: Send, Error: Error + Send + Sync + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
{
    let slots = Limiter::new(rt, 2).expect("it is permitted");
    let rate = RateLimiter::new(rt, Quota::per_second(1000).burst(8)).expect("it is permitted");
    let breaker = CircuitBreaker::builder(rt).failures_in_a_row(99).build();
    let policy = Retry::builder().backoff(Backoff::constant(MS)).build();
    ServiceBuilder::new()
        .map_err(Into::into)
        .layer(OperationLayer::new(rt, |n: &u32| {
            Operation::new("ask").field("n", *n)
        }))
        .layer(ConcurrencyLimitLayer::new(&slots))
        .layer(TimeoutLayer::new(rt, MS * 10_000))
        .layer(RetryLayer::new(rt, &policy.expect("it is permitted")))
        .layer(RateLimitLayer::new(&rate))
        .layer(CircuitBreakerLayer::new(&breaker.expect("it is permitted")))
        .service(inner)
}

#[test]
fn a_stack_of_all_goes_under_all_schedules() {
    check(200, |rt| async move {
        let tracker = Tracker::new(99);
        let strict = Strict::new(&rt, MS).failing(3);
        let inner = ServiceBuilder::new()
            .map_err(std::io::Error::other::<String>)
            .service(strict.clone());
        let service = assert_usable(stack(&rt, inner));
        let requests = (0..12).map(|n| {
            let service = service.clone();
            let dropped = rt.random_u64().is_multiple_of(4);
            async move {
                let mut service = service;
                let ready = service.ready().await?;
                if dropped {
                    return Ok(());
                }
                // It may fail three times; what matters is that all of them end.
                ready.call(n).await.map(drop).or_else(|error| {
                    let spent = chain(&*error)
                        .to_string()
                        .contains("failed after 3 attempts");
                    if spent { Ok(()) } else { Err(error) }
                })
            }
        });
        let requests: Vec<_> = requests.collect();
        tracker.scope(gather(&rt, requests)).await.expect("all end");
        assert_eq!(tracker.running(), []);
        assert_eq!(
            tracker.counts("ask").total() as usize,
            tracker.finished().len()
        );
    });
}

/// Where tower's own layers would panic, for there is no tokio.
#[test]
fn a_stack_of_all_goes_on_smol() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let rt = Smol::with_threads(2.try_into().expect("2 are not 0"));
    let tracker = Tracker::new(99);
    let inner = service_fn(|n: u32| async move {
        match CALLS.fetch_add(1, SeqCst).is_multiple_of(2) {
            true => Err(std::io::Error::other("every other call fails")),
            false => Ok(n * 2),
        }
    });
    let service = stack(&rt, inner);
    let outputs = rt.block_on(async {
        let mut outputs = Vec::new();
        for n in 0..20 {
            let asks = tracker.scope(service.clone().oneshot(n));
            outputs.push(
                rt.spawn(asks)
                    .await
                    .expect("no panic")
                    .expect("three attempts"),
            );
        }
        outputs
    });
    assert_eq!(outputs, (0..20).map(|n| n * 2).collect::<Vec<_>>());
    assert_eq!(tracker.counts("ask").success, 20);
}
