//! All of them in one stack.

use crate::{MS, Strict, assert_usable};
use anyrt_core::{
    error::chain,
    gather::gather,
    rt::{BlockOn, Entropy, Runtime, Sleep, Spawn},
};
use anyrt_sim::check;
use anyrt_smol::Smol;
use anyrt_toolkit::{
    limit::{Limiter, Quota, RateLimiter},
    operation::{Operation, Tracker},
    resilience::{BreakerState, CircuitBreaker},
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

/// What the layers share with who looks at them.
struct Parts<R: Runtime> {
    slots: Limiter<R>,
    rate: RateLimiter<R>,
    breaker: CircuitBreaker<R>,
}

impl<R: Runtime> Parts<R> {
    fn new(rt: &R) -> Self {
        let quota = Quota::per_second(1000).burst(8);
        let breaker = CircuitBreaker::builder(rt).failures_in_a_row(99);
        Self {
            slots: Limiter::new(rt, 2).expect("it is permitted"),
            rate: RateLimiter::new(rt, quota).expect("it is permitted"),
            breaker: breaker.build().expect("it is permitted"),
        }
    }
}

/// All layers around `inner`, in code that is generic over the runtime.
fn stack<R, S>(
    rt: &R,
    parts: &Parts<R>,
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
    let policy = Retry::builder().backoff(Backoff::constant(MS)).build();
    ServiceBuilder::new()
        .map_err(Into::into)
        .layer(OperationLayer::new(rt, |n: &u32| {
            Operation::new("ask").field("n", *n)
        }))
        .layer(ConcurrencyLimitLayer::new(&parts.slots))
        .layer(TimeoutLayer::new(rt, MS * 10_000))
        .layer(RetryLayer::new(rt, &policy.expect("it is permitted")))
        .layer(RateLimitLayer::new(&parts.rate))
        .layer(CircuitBreakerLayer::new(&parts.breaker))
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
        let parts = Parts::new(&rt);
        let service = assert_usable(stack(&rt, &parts, inner));
        let requests = (0..12).map(|n| {
            let service = service.clone();
            let dropped = rt.random_u64().is_multiple_of(4);
            async move {
                let mut service = service;
                let ready = service.ready().await?;
                if dropped {
                    return Ok(None);
                }
                // One may have all three failures.
                match ready.call(n).await {
                    Ok(_) => Ok(Some(true)),
                    Err(error) => {
                        let text = chain(&*error).to_string();
                        assert!(text.contains("failed after 3 attempts"), "{text}");
                        Ok::<_, BoxError>(Some(false))
                    }
                }
            }
        });
        let requests: Vec<_> = requests.collect();
        let outputs = tracker.scope(gather(&rt, requests)).await.expect("all end");
        let called: Vec<_> = outputs.into_iter().flatten().collect();
        let succeeded = called.iter().filter(|ok| **ok).count();
        let failures = if called.is_empty() { 0 } else { 3 };
        assert_eq!(strict.calls(), succeeded + failures);
        let most = strict.shared.most.load(SeqCst);
        assert!(most <= 2, "{most} ran, and there are two slots");

        assert_eq!(tracker.running(), []);
        let counts = tracker.counts("ask");
        assert_eq!(counts.success as usize, succeeded);
        assert_eq!(counts.total() as usize, called.len());
        assert_eq!(parts.slots.in_flight(), 0);
        assert_eq!(parts.breaker.state(), BreakerState::Closed);
        rt.sleep(MS * 8).await;
        assert_eq!(parts.rate.available(), 8);
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
    let service = stack(&rt, &Parts::new(&rt), inner);
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
