//! The names of limiters, wherever they are told.

use crate::support::{SEC, poll_once};
use anyrt_core::{cancel::CancellationToken, context::Context, time::wait_for};
use anyrt_sim::check;
use anyrt_toolkit::limit::{KeyedRateLimiter, Limiter, Quota, RateLimitError, RateLimiter};
use std::pin::pin;

#[track_caller]
fn says(refused: Result<(), RateLimitError>, text: &str) {
    let error = refused.expect_err("it is refused");
    assert_eq!(error.name(), Some("mail"));
    assert_eq!(error.to_string(), text);
}

#[test]
fn of_a_rate_limiter_in_its_errors() {
    check(20, |rt| async move {
        let nameless = RateLimiter::new(&rt, Quota::per_second(1).burst(2)).unwrap();
        let other = nameless.clone();
        let heavy = nameless.try_acquire_many(3).unwrap_err();
        assert_eq!((heavy.name(), nameless.name()), (None, None));
        assert_eq!(
            heavy.to_string(),
            "a weight of 3 is more than the burst of 2"
        );

        let limiter = nameless.named("mail").named("post");
        assert_eq!(other.name(), Some("mail"), "clones are the same limiter");
        let heavy = "rate limiter \"mail\": a weight of 3 is more than the burst of 2";
        says(limiter.try_acquire_many(3), heavy);
        says(limiter.acquire_many(3).await, heavy);
        limiter.acquire_many(2).await.expect("it is full");
        let reached = "rate limiter \"mail\": the rate limit is reached";
        says(limiter.try_acquire(), reached);
        let late = "rate limiter \"mail\": its turn would come after the deadline";
        let soon = wait_for(&rt, SEC / 2, limiter.acquire()).await;
        says(soon.expect("it does not wait"), late);
        let soon = wait_for(&rt, SEC / 2, limiter.acquire_chunked(9)).await;
        says(soon.expect("it does not wait"), late);

        let token = CancellationToken::new();
        let context = Context::default().with_token(token.clone());
        let mut waits = pin!(context.clone().scope(limiter.acquire()));
        assert!(poll_once(waits.as_mut()).is_pending());
        token.cancel_with("enough");
        let cancelled = "rate limiter \"mail\": cancelled before its turn";
        says(waits.await, cancelled);
        says(context.scope(limiter.acquire()).await, cancelled);

        // One that waits, too.
        let mut waits = pin!(limiter.acquire_many(2));
        assert!(poll_once(waits.as_mut()).is_pending());
        limiter.set_quota(Quota::per_second(1)).unwrap();
        let heavy = "rate limiter \"mail\": a weight of 2 is more than the burst of 1";
        says(waits.await, heavy);
    });
}

#[test]
fn of_a_keyed_rate_limiter_are_those_of_its_keys() {
    check(1, |rt| async move {
        let limiter = KeyedRateLimiter::<_, String>::new(&rt, Quota::per_hour(1)).unwrap();
        let before = limiter.key("before");
        let own = limiter.key("own").named("own");
        let other = limiter.clone();
        let limiter = limiter.named("mail").named("post");
        assert_eq!((limiter.name(), other.name()), (Some("mail"), Some("mail")));
        assert_eq!(own.name(), Some("own"));
        for limiter in [before, limiter.key("before"), limiter.key("after")] {
            limiter.try_acquire().ok();
            let reached = "rate limiter \"mail\": the rate limit is reached";
            says(limiter.try_acquire(), reached);
        }
        assert!(format!("{other:?}").contains("name: Some(\"mail\")"));
    });
}

#[test]
fn in_debug() {
    check(1, |rt| async move {
        let rate = RateLimiter::new(&rt, Quota::per_hour(1)).unwrap();
        let rate = rate.named("mail");
        assert!(format!("{rate:?}").contains("name: Some(\"mail\")"));
        let acquire = format!("{:?}", rate.acquire());
        assert!(acquire.contains("limiter: Some(\"mail\")"), "{acquire}");

        let limiter = Limiter::<_, u8>::new(&rt, 1).unwrap();
        let other = limiter.clone();
        assert_eq!(limiter.name(), None);
        let limiter = limiter.named(String::from("db")).named("disk");
        assert_eq!(other.name(), Some("db"), "clones are the same limiter");
        assert!(format!("{limiter:?}").contains("name: Some(\"db\")"));
        let acquire = format!("{:?}", limiter.acquire_for(1));
        assert!(acquire.contains("limiter: Some(\"db\")"), "{acquire}");
        let slot = limiter.acquire_for(1).await.expect("one is free");
        assert!(format!("{slot:?}").contains("limiter: Some(\"db\")"));
    });
}
