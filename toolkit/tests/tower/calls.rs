//! What happens to a call.

use crate::{MS, Strict, assert_usable, at, is_ready, poll};
use anyrt_core::{
    context::Context,
    rt::{Clock, Sleep},
};
use anyrt_sim::{check, check_cancel};
use anyrt_toolkit::{
    limit::Limiter,
    operation::{Operation, Outcome, Tracker},
    resilience::{BreakerState, CircuitBreaker},
    retry::{Backoff, GaveUp, Retry},
    tower::{
        CircuitBreakerLayer, ConcurrencyLimitLayer, LayerError, OperationLayer, RetryLayer,
        TimeoutLayer,
    },
};
use std::{
    convert::Infallible,
    future::{pending, ready},
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

fn policy(attempts: u32) -> Retry<String> {
    let backoff = Backoff::constant(MS * 5);
    let policy = Retry::builder().attempts(attempts).backoff(backoff);
    policy.build().expect("it is permitted")
}

#[test]
fn a_late_response_is_an_error_with_a_name() {
    check(50, |rt| async move {
        let layer = TimeoutLayer::new(&rt, MS * 20).named("fetch");
        let fast = assert_usable(layer.layer(Strict::new(&rt, MS * 19)));
        assert_eq!(fast.oneshot(1).await, Ok(1));
        let slow = Strict::new(&rt, MS * 21);
        let late = layer.layer(slow.clone()).oneshot(1).await;
        let error = late.expect_err("it is late");
        assert_eq!(
            format!("{error:#}"),
            "fetch timed out after 20ms (limit: 20ms)"
        );
        assert!(matches!(&error, LayerError::Layer(elapsed) if elapsed.limit == MS * 20));
        assert_eq!(
            slow.shared
                .running
                .load(std::sync::atomic::Ordering::SeqCst),
            0
        );
        let failing = layer
            .layer(Strict::new(&rt, MS).failing(1))
            .oneshot(7)
            .await;
        assert_eq!(
            failing,
            Err(LayerError::Inner("request 7 failed".to_owned()))
        );
    });
}

#[test]
fn what_is_inside_knows_its_limit() {
    check(5, |rt| async move {
        let layer = TimeoutLayer::new(&rt, MS * 20);
        let deadline = layer.layer(service_fn(|()| async {
            Ok::<_, Infallible>(Context::current().deadline())
        }));
        let deadline = deadline.oneshot(()).await.expect("it is in time");
        assert_eq!(deadline, Some(anyrt_core::Instant::ORIGIN + MS * 20));
    });
}

#[test]
fn attempts_are_made_until_one_succeeds() {
    check(50, |rt| async move {
        let layer = RetryLayer::new(&rt, &policy(3));
        let strict = Strict::new(&rt, MS).failing(2);
        let mut service = assert_usable(layer.layer(strict.clone()));
        assert_eq!(service.ready().await.expect("ready").call(1).await, Ok(3));
        assert_eq!((strict.calls(), at(&rt)), (3, MS * 13));
        assert_eq!(service.ready().await.expect("ready").call(1).await, Ok(4));

        let strict = Strict::new(&rt, MS).failing(9);
        let error = layer.layer(strict.clone()).oneshot(7).await;
        let Err(LayerError::Layer(error)) = error else {
            panic!("it gives {error:?}");
        };
        assert_eq!((error.attempts, &error.gave_up), (3, &GaveUp::Attempts));
        assert_eq!(error.last().map(String::as_str), Some("request 7 failed"));
        assert_eq!(strict.calls(), 3);
    });
}

#[test]
fn no_attempt_is_begun_past_the_deadline() {
    check(5, |rt| async move {
        let strict = Strict::new(&rt, MS).failing(9);
        let service = ServiceBuilder::new()
            .layer(TimeoutLayer::new(&rt, MS * 5))
            .layer(RetryLayer::new(&rt, &policy(9)).named("fetch"))
            .service(strict.clone());
        let error = service.oneshot(1).await.expect_err("no time is left");
        let text = format!("{error:#}");
        assert!(
            text.contains("fetch failed") && text.contains("the deadline is too near"),
            "{error}"
        );
        assert_eq!((strict.calls(), at(&rt)), (1, MS));
    });
}

#[test]
fn attempts_wait_for_a_slot_each() {
    check(50, |rt| async move {
        let limiter = Limiter::new(&rt, 1).expect("it is permitted");
        let strict = Strict::new(&rt, MS).failing(2);
        let service = ServiceBuilder::new()
            .layer(RetryLayer::new(
                &rt,
                &Retry::builder().attempts(3).build().expect("permitted"),
            ))
            .layer(ConcurrencyLimitLayer::new(&limiter))
            .service(strict.clone());
        // One that is ready, and has the only slot, while others retry.
        assert_eq!(service.clone().oneshot(1).await.map_err(drop), Ok(3));
        assert_eq!((strict.calls(), limiter.in_flight()), (3, 0));
        drop(service);
    });
}

#[test]
fn a_service_that_never_gets_ready_is_an_inner_error() {
    #[derive(Clone)]
    struct Dead;
    impl Service<u32> for Dead {
        type Response = ();
        type Error = String;
        type Future = std::future::Ready<Result<(), String>>;

        fn poll_ready(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), String>> {
            std::task::Poll::Ready(Err("dead".to_owned()))
        }

        fn call(&mut self, _: u32) -> Self::Future {
            panic!("it was called")
        }
    }
    check(1, |rt| async move {
        let dead = Err(LayerError::Inner("dead".to_owned()));
        assert_eq!(
            RetryLayer::new(&rt, &policy(3))
                .layer(Dead)
                .oneshot(1)
                .await,
            dead
        );
        let breaker = CircuitBreaker::builder(&rt).failures_in_a_row(1).build();
        let breaker = breaker.expect("it is permitted");
        let through = CircuitBreakerLayer::new(&breaker).layer(Dead);
        assert!(through.oneshot(1).await.is_err());
        assert_eq!(breaker.state(), BreakerState::Closed, "no request was made");
    });
}

fn breaker(rt: &anyrt_sim::SimRuntime) -> CircuitBreaker<anyrt_sim::SimRuntime> {
    let breaker = CircuitBreaker::builder(rt).failures_in_a_row(2);
    breaker.open_for(MS * 100).build().expect("it is permitted")
}

#[test]
fn an_open_breaker_calls_nothing() {
    check(20, |rt| async move {
        let breaker = breaker(&rt);
        let strict = Strict::new(&rt, MS).failing(2);
        let service = assert_usable(CircuitBreakerLayer::new(&breaker).layer(strict.clone()));
        for _ in 0..2 {
            let failed = service.clone().oneshot(1).await;
            assert!(matches!(failed, Err(LayerError::Inner(_))));
        }
        let refused = service.clone().oneshot(1).await;
        assert!(matches!(refused, Err(LayerError::Layer(open)) if open.retry_at > rt.now()));
        assert_eq!(strict.calls(), 2);
        rt.sleep(MS * 100).await;
        let mut dropped = service.clone();
        assert!(is_ready(&mut dropped));
        let mut trial = Box::pin(dropped.call(1));
        assert!(poll(trial.as_mut()).is_pending());
        assert!(
            service.clone().oneshot(1).await.is_err(),
            "one trial at once"
        );
        drop(trial);
        assert_eq!(service.oneshot(1).await, Ok(4));
        assert_eq!(breaker.state(), BreakerState::Closed);
    });
}

#[test]
fn panics_and_bad_responses_may_be_failures() {
    check(5, |rt| async move {
        let breaker = breaker(&rt);
        let layer = CircuitBreakerLayer::new(&breaker)
            .counts(|result: &Result<u16, Infallible>| matches!(result, Ok(500..)));
        let statuses = service_fn(|status: u16| ready(Ok::<_, Infallible>(status)));
        let service = layer.layer(statuses);
        for status in [503, 404, 503] {
            assert_eq!(service.clone().oneshot(status).await, Ok(status));
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
        let panics = layer.layer(service_fn(|_: u16| async {
            panic_any("boom");
            #[allow(unreachable_code)]
            Ok::<u16, Infallible>(1)
        }));
        let mut panics = Box::pin(panics.oneshot(1));
        let polled = catch_unwind(AssertUnwindSafe(|| poll(panics.as_mut()).is_ready()));
        assert!(polled.is_err());
        assert_eq!(
            breaker.state(),
            BreakerState::Open,
            "also where the future lives on"
        );
    });
}

#[test]
fn a_request_that_the_panic_of_another_drops_is_no_failure() {
    check(5, |rt| async move {
        let breaker = breaker(&rt);
        let layer = CircuitBreakerLayer::new(&breaker);
        for _ in 0..3 {
            let panic = catch_unwind(AssertUnwindSafe(|| {
                let pends = service_fn(|()| pending::<Result<(), Infallible>>());
                let mut response = Box::pin(layer.layer(pends).call(()));
                assert!(poll(response.as_mut()).is_pending());
                panic_any("another")
            }));
            let message = panic.expect_err("it panics");
            assert_eq!(message.downcast_ref(), Some(&"another"));
            assert_eq!(breaker.state(), BreakerState::Closed);
        }
    });
}

#[test]
fn requests_are_operations() {
    check(20, |rt| async move {
        let tracker = Tracker::new(9);
        let named = |n: &u32| Operation::new("ask").field("n", *n);
        let layer = OperationLayer::new(&rt, named);
        let service = assert_usable(layer.layer(Strict::new(&rt, MS * 3).failing(1)));
        let judged =
            OperationLayer::new(&rt, named).outcome(
                |result: &Result<usize, String>| match result {
                    Ok(n) => Outcome::Error(format!("only {n}")),
                    Err(_) => Outcome::Success,
                },
            );
        let judged = judged.layer(Strict::new(&rt, MS));
        let work = async {
            assert!(service.clone().oneshot(1).await.is_err());
            assert_eq!(service.oneshot(2).await, Ok(2));
            assert_eq!(judged.oneshot(3).await, Ok(1));
        };
        tracker.scope(work).await;
        let all = tracker.finished();
        let fields: Vec<_> = all.iter().map(|one| one.fields[0].1.as_str()).collect();
        assert_eq!(fields, ["1", "2", "3"]);
        let outcomes: Vec<_> = all.iter().map(|one| one.outcome.to_string()).collect();
        let wanted = ["error: request 1 failed", "success", "error: only 1"];
        assert_eq!(outcomes, wanted);
        assert_eq!(all[0].duration, MS * 3);
    });
}

#[test]
fn dropped_at_any_point_they_leave_nothing() {
    check_cancel(
        |rt| async move { (breaker(&rt), Tracker::new(9)) },
        |rt, (breaker, tracker)| async move {
            let strict = Strict::new(&rt, MS).failing(1);
            let service = ServiceBuilder::new()
                .layer(
                    OperationLayer::new(&rt, |_: &u32| Operation::new("op"))
                        .outcome(Outcome::by_text),
                )
                .layer(TimeoutLayer::new(&rt, MS * 5000))
                .layer(RetryLayer::new(
                    &rt,
                    &Retry::builder().attempts(2).build().expect("permitted"),
                ))
                .layer(CircuitBreakerLayer::new(&breaker))
                .service(strict);
            tracker
                .scope(service.oneshot(1))
                .await
                .expect("it succeeds");
        },
        |_, (breaker, tracker)| async move {
            assert_eq!(tracker.running(), []);
            assert_eq!(breaker.state(), BreakerState::Closed);
            let begun = breaker.begin();
            begun.expect("it is closed").succeeded();
        },
    );
    check(1, |rt| async move {
        let held = breaker(&rt);
        held.open();
        rt.sleep(MS * 100).await;
        let never = service_fn(|()| pending::<Result<(), String>>());
        let mut service = CircuitBreakerLayer::new(&held).layer(never);
        assert!(is_ready(&mut service));
        drop(service.call(()));
        held.begin().expect("the trial left its place").succeeded();
    });
}
