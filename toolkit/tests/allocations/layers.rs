//! What the layers for tower add to a call.

use crate::{granted, in_a_run, kit::SECOND, steady};
use anyrt_sim::SimRuntime;
use anyrt_toolkit::{
    limit::{Limiter, Quota, RateLimiter},
    operation::Operation,
    resilience::CircuitBreaker,
    retry::Retry,
    tower::{
        CircuitBreakerLayer, ConcurrencyLimitLayer, OperationLayer, RateLimitLayer, RetryLayer,
        TimeoutLayer,
    },
};
use std::{
    convert::Infallible,
    future::{Ready, poll_fn, ready},
    task::{Context, Poll},
};
use tower::{Layer, Service};

#[derive(Clone)]
struct Echo;

impl Service<u32> for Echo {
    type Response = u32;
    type Error = Infallible;
    type Future = Ready<Result<u32, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, n: u32) -> Self::Future {
        ready(Ok(n))
    }
}

/// How often a call through `layer` allocates.
fn through<L>(layer: L) -> u64
where
    L: Layer<Echo, Service: Service<u32, Response = u32>>,
{
    let mut service = layer.layer(Echo);
    steady(|| {
        let ready = granted(poll_fn(|cx| service.poll_ready(cx)));
        assert!(ready.is_ok(), "it is ready");
        assert_eq!(granted(service.call(7)).ok(), Some(7));
    })
}

#[test]
fn layers_allocate_nothing_of_their_own() {
    in_a_run(|rt: SimRuntime| {
        let slots = Limiter::new(&rt, 4).unwrap();
        let rate = RateLimiter::new(&rt, Quota::per_second(1000)).unwrap();
        let breaker = CircuitBreaker::builder(&rt).build().unwrap();
        let policy = Retry::<Infallible>::builder().build().unwrap();
        let ask = OperationLayer::new(&rt, |_: &u32| Operation::new("ask"));
        assert_eq!(through(TimeoutLayer::new(&rt, SECOND)), 0, "a limit");
        assert_eq!(through(RetryLayer::new(&rt, &policy)), 0, "retries");
        assert_eq!(through(RateLimitLayer::new(&rate)), 0, "a turn");
        assert_eq!(through(ConcurrencyLimitLayer::new(&slots)), 0, "a slot");
        assert_eq!(through(CircuitBreakerLayer::new(&breaker)), 0, "a breaker");
        assert_eq!(through(ask), 0, "an operation that nobody watches");
    });
}
