//! Settings: each that is refused is told in full, and each extreme that is permitted is one to work with.

use crate::{
    kit::refused::{SOME, TIME, refused},
    support::{MS, SEC, ZERO},
};
use anyrt_core::time::wait_for;
use anyrt_sim::check;
use anyrt_toolkit::{
    limit::{Aimd, KeyedRateLimiter, Limiter, Quota, RateLimiter},
    resilience::{Boundary, BreakerState, CircuitBreaker, best_effort},
    retry::{Backoff, Retry, RetryBudget, RetryBuilder, retry},
    testing::MockFn,
};
use std::{future::ready, time::Duration};

const MAX: Duration = Duration::MAX;

#[test]
fn bad_policies_are_refused() {
    let plain = Retry::<u32>::builder;
    let budget = RetryBudget::new;
    refused! {
        plain().attempts(0).build() => "attempts", "0", SOME;
        plain().max_elapsed(ZERO).build() => "max_elapsed", "0ns", TIME;
        plain().attempt_timeout(ZERO).build() => "attempt_timeout", "0ns", TIME;

        budget(0, 0.5) => "capacity", "0", SOME;
        budget(1, -0.1) => "per_success", "-0.1", "from 0 to 1";
        budget(1, 1.1) => "per_success", "1.1", "from 0 to 1";
        budget(1, f64::NAN) => "per_success", "NaN", "from 0 to 1";
        budget(1, 1e-10) => "per_success", "0.0000000001", "0, or 2⁻³² and more";
    }
    check(1, |rt| async move {
        for (factor, value) in [
            (0.99, "0.99"),
            (0.0, "0"),
            (-2.0, "-2"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "inf"),
        ] {
            let backoff = Backoff::exponential(MS).factor(factor);
            refused! {
                backoff.delays(&rt) => "factor", value, "finite, and not less than 1";
                plain().backoff(backoff).build() => "factor", value, "finite, and not less than 1";
            }
        }
    });
}

#[test]
fn bad_limits_are_refused() {
    check(1, |rt| async move {
        let quota = Quota::per_second(9);
        let limiter = RateLimiter::new(&rt, quota).expect("permitted");
        let keyed = KeyedRateLimiter::<_, u32>::new(&rt, quota).expect("permitted");
        for (bad, field, value, permitted) in [
            (Quota::per_second(0), "rate", "0", SOME),
            (Quota::new(1, ZERO), "period", "0ns", TIME),
            (Quota::per_hour(5).burst(0), "burst", "0", SOME),
        ] {
            refused! {
                RateLimiter::new(&rt, bad) => field, value, permitted;
                limiter.set_quota(bad) => field, value, permitted;
                KeyedRateLimiter::<_, u32>::new(&rt, bad) => field, value, permitted;
                keyed.set_quota(bad) => field, value, permitted;
            }
            let whose = format!("{permitted}, for rate limiter \"mail\"");
            let named = RateLimiter::new(&rt, quota).expect("permitted");
            let keys = KeyedRateLimiter::<_, u32>::new(&rt, quota).expect("permitted");
            refused! {
                named.named("mail").set_quota(bad) => field, value, &whose;
                keys.named("mail").set_quota(bad) => field, value, &whose;
            }
        }
        assert_eq!(limiter.quota(), quota, "it is as it was");

        let limiter = Limiter::<_>::new(&rt, 3).expect("permitted");
        refused! {
            Limiter::<_>::new(&rt, 0) => "limit", "0", SOME;
            limiter.set_limit(0) => "limit", "0", SOME;
        }
        assert_eq!(limiter.limit(), 3, "it is as it was");
        let whose = "at least 1, for limiter \"db\"";
        refused! {
            limiter.named("db").set_limit(0) => "limit", "0", whose;
        }

        let plain = || Aimd::new(SEC);
        let adaptive = |aimd| Limiter::<_>::adaptive(&rt, aimd);
        let part = "more than 0, and less than 1";
        refused! {
            adaptive(Aimd::new(ZERO)) => "target", "0ns", TIME;
            adaptive(plain().bounds(0, 9)) => "min", "0", SOME;
            adaptive(plain().bounds(9, 8)) => "max", "8", "at least `min`, 9";
            adaptive(plain().backoff(0.0)) => "backoff", "0", part;
            adaptive(plain().backoff(1.0)) => "backoff", "1", part;
            adaptive(plain().backoff(-1.0)) => "backoff", "-1", part;
            adaptive(plain().backoff(f64::NAN)) => "backoff", "NaN", part;
        }
    });
}

#[test]
fn bad_breakers_are_refused() {
    check(1, |rt| async move {
        let plain = || CircuitBreaker::builder(&rt);
        let rate = |part, window, calls| plain().failure_rate(part, window, calls).build();
        let part = "more than 0, and at most 1";
        let whose = "at least 1, for circuit breaker \"billing\"";
        refused! {
            plain().failures_in_a_row(0).build() => "failures_in_a_row", "0", SOME;
            rate(0.0, SEC, 1) => "failure_rate", "0", part;
            rate(1.1, SEC, 1) => "failure_rate", "1.1", part;
            rate(-0.5, SEC, 1) => "failure_rate", "-0.5", part;
            rate(f64::NAN, SEC, 1) => "failure_rate", "NaN", part;
            rate(0.5, SEC, 0) => "min_calls", "0", SOME;
            rate(0.5, ZERO, 1) => "window", "0ns", TIME;
            plain().open_for(ZERO).build() => "open_for", "0ns", TIME;
            plain().trials(0).build() => "trials", "0", SOME;
            plain().name("billing").trials(0).build() => "trials", "0", whose;
        }
    });
}

#[test]
fn the_longest_and_most_are_permitted() {
    check(1, |rt| async move {
        let most = |p: RetryBuilder<u32>| p.attempts(u32::MAX).max_elapsed(MAX);
        let budget = RetryBudget::new(u32::MAX, 1.0).expect("permitted");
        let policy = most(Retry::builder()).attempt_timeout(MAX).budget(&budget);
        let policy = policy.backoff(Backoff::none()).build().expect("permitted");
        let third = |n: anyrt_toolkit::retry::Attempt| {
            ready(match n.number() {
                3 => Ok(()),
                number => Err(number),
            })
        };
        retry(&rt, &policy, third).await.expect("the third is ok");
        // One is taken, one is given, and no more fit in.
        assert_eq!(budget.available(), u32::MAX - 1);
        let long = Backoff::exponential(MAX).factor(f64::MAX).max_delay(MAX);
        let mut delays = long.delays(&rt).expect("permitted");
        let longest = Duration::from_nanos(u64::MAX);
        assert_eq!([delays.next_delay(), delays.next_delay()], [longest; 2]);

        for quota in [
            Quota::new(1, MAX),
            Quota::new(u32::MAX, Duration::from_nanos(1)),
            Quota::new(u32::MAX, MAX),
            Quota::new(1, MAX).burst(u32::MAX),
        ] {
            let limiter = RateLimiter::new(&rt, quota).expect("permitted");
            limiter.acquire().await.expect("it is full");
        }
        let aimd = Aimd::new(MAX).bounds(usize::MAX, usize::MAX);
        for limiter in [
            Limiter::<_>::new(&rt, usize::MAX),
            Limiter::adaptive(&rt, aimd),
        ] {
            let limiter = limiter.expect("permitted");
            assert_eq!(limiter.limit(), usize::MAX);
            drop(limiter.acquire().await.expect("it is free"));
            limiter.set_limit(usize::MAX).expect("permitted");
        }

        let breaker = CircuitBreaker::builder(&rt)
            .failures_in_a_row(u32::MAX)
            .failure_rate(1.0, MAX, u32::MAX)
            .trials(u32::MAX)
            .open_for(MAX);
        let breaker = breaker.build().expect("permitted");
        breaker.begin().expect("it is closed").failed();
        assert_eq!(breaker.state(), BreakerState::Closed);
        breaker.open();
        assert_eq!(breaker.state(), BreakerState::Open, "until it is closed");
    });
}

#[test]
fn limits_of_calls_may_be_none_and_for_ever() {
    check(5, |rt| async move {
        let settled = best_effort(&rt, MAX, [ready(Ok::<_, u32>(1))]).await;
        assert!(matches!(settled[..], [Ok(1)]), "{settled:?}");
        // Whoever is ready at the first poll is in time, and nobody else.
        let mock = MockFn::new(&rt).then_after(MS, 7);
        let late = mock.call(());
        let settled = best_effort(&rt, ZERO, [async { Ok::<_, u32>(late.await) }]).await;
        assert!(settled[0].is_err(), "{settled:?}");
        let settled = best_effort(&rt, ZERO, [ready(Ok::<_, u32>(1))]).await;
        assert!(matches!(settled[..], [Ok(1)]), "{settled:?}");

        let never = MockFn::new(&rt).then_after(MAX, ());
        assert!(wait_for(&rt, SEC * 3600, never.call(())).await.is_err());
        let boundary = Boundary::<u32, u32>::new().fallback(|_| 1);
        assert_eq!(boundary.run(&rt, |_| ready(Err(2))).await, Ok(1));
    });
}
