//! Responses that are dropped at each of their points: the service inside has gone, and the layer lets the next
//! one through.

use super::{MS, Strict};
use anyrt_core::rt::Sleep;
use anyrt_sim::{SimRuntime, check_cancel};
use anyrt_toolkit::{
    resilience::CircuitBreaker,
    retry::{Backoff, Retry},
    tower::{CircuitBreakerLayer, RetryLayer, TimeoutLayer},
};
use std::{fmt::Debug, sync::atomic::Ordering::SeqCst, time::Duration};
use tower::{Layer, Service, ServiceExt};

const OPEN_FOR: Duration = Duration::from_millis(9);

/// Each response is a success in the end, and takes its service along when it is dropped.
fn row<L>(failures: usize, layer: impl Fn(&SimRuntime) -> L + Sync)
where
    L: Layer<Strict> + Clone,
    L::Service: Service<u32, Response = usize, Error: Debug>,
{
    check_cancel(
        |rt| {
            let layer = layer(&rt);
            async move {
                rt.sleep(OPEN_FOR).await;
                (layer, Strict::new(&rt, MS).failing(failures))
            }
        },
        |_, (layer, strict)| async move {
            layer.layer(strict).oneshot(1).await.expect("it succeeds");
        },
        |_, (_, strict)| async move {
            assert_eq!(strict.shared.running.load(SeqCst), 0);
        },
    );
}

pub(crate) fn timeout() {
    row(0, |rt| TimeoutLayer::new(rt, MS * 5));
}

pub(crate) fn retry() {
    let policy = Retry::builder()
        .attempts(4)
        .backoff(Backoff::constant(MS))
        .build()
        .expect("it is permitted");
    row(2, move |rt| RetryLayer::new(rt, &policy));
}

/// It begins half open: a trial that is dropped leaves its place to the next.
pub(crate) fn breaker() {
    row(0, |rt| {
        let breaker = CircuitBreaker::builder(rt)
            .failures_in_a_row(1)
            .open_for(OPEN_FOR)
            .build();
        let breaker = breaker.expect("it is permitted");
        breaker.open();
        CircuitBreakerLayer::new(&breaker)
    });
}
