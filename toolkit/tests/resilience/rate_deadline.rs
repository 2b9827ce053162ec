//! The rate limiter's deadlines, as what they were worked out from changes.

use crate::{
    rate_edge::Interrupted,
    support::{MS, SEC, at, poll_once},
};
use anyrt_core::{
    Instant,
    context::Context,
    rt::{Clock, Entropy, Runtime, Sleep, Spawn},
    task::yield_now,
    time::wait_for,
};
use anyrt_sim::{Sim, check};
use anyrt_toolkit::limit::{Quota, RateLimitError, RateLimiter};
use std::{pin::pin, time::Duration};

fn limiter<R: Runtime>(rt: &R, quota: Quota) -> RateLimiter<R> {
    RateLimiter::new(rt, quota).expect("it is permitted")
}

fn draw(rt: &impl Entropy, end: u32) -> u32 {
    u32::try_from(rt.random_u64() % u64::from(end)).expect("it is small")
}

#[test]
fn a_quota_that_is_lowered_as_somebody_joins_keeps_nobody_past_its_deadline() {
    for look in 1..4 {
        check(1, move |rt| async move {
            let rt = Interrupted::new(&rt);
            let limiter = limiter(&rt, Quota::per_second(1).burst(1));
            limiter.acquire().await.expect("it is full");
            let other = limiter.clone();
            rt.at_look(look, move || {
                other.set_quota(Quota::per_hour(1).burst(1)).unwrap();
            });
            let context = Context::default().with_deadline(rt.now() + SEC * 2);
            let refused = context.scope(limiter.acquire()).await;
            let retry_at = Instant::ORIGIN + SEC * 3600;
            assert_eq!(
                refused,
                Err(RateLimitError::TooLate {
                    limiter: None,
                    retry_at
                }),
                "{look}"
            );
            assert_eq!(at(&rt), Duration::ZERO);
        });
    }
}

#[test]
fn a_quota_that_is_lowered_tells_those_whose_turn_comes_too_late_now() {
    check(20, |rt| async move {
        let limiter = limiter(&rt, Quota::per_second(1).burst(1));
        limiter.acquire().await.expect("it is full");
        let [hurried, patient] = [SEC * 3, SEC * 100].map(|limit| {
            let (rt, limiter) = (rt.clone(), limiter.clone());
            rt.clone().spawn(async move {
                let turn = wait_for(&rt, limit, limiter.acquire()).await;
                (turn.expect("it does not wait for its deadline"), at(&rt))
            })
        });
        while !format!("{limiter:?}").contains("waiting: 2") {
            yield_now().await;
        }
        limiter.set_quota(Quota::per_minute(1)).unwrap();
        let (refused, told) = hurried.await.expect("it ends");
        assert!(matches!(refused, Err(RateLimitError::TooLate { .. })));
        assert_eq!(told, Duration::ZERO);
        // Who is told of it leaves the line.
        assert_eq!(patient.await.expect("it ends"), (Ok(()), SEC * 60));
    });
}

#[test]
fn a_turn_that_will_never_come_is_not_waited_for() {
    check(5, |rt| async move {
        let limiter = limiter(&rt, Quota::per_second(1).burst(1));
        limiter.acquire().await.expect("it is full");
        let mut waits = pin!(limiter.acquire());
        assert!(poll_once(waits.as_mut()).is_pending());
        limiter
            .set_quota(Quota::new(1, Duration::MAX).burst(1))
            .unwrap();
        let retry_at = Instant::MAX;
        assert_eq!(
            waits.await,
            Err(RateLimitError::TooLate {
                limiter: None,
                retry_at
            })
        );
    });
}

/// Whatever is changed, refunded, or taken late meanwhile.
#[test]
fn nobody_waits_until_its_deadline() {
    Sim::new().spurious_polls(4).check(300, |rt| async move {
        let quota = |rt: &_| {
            let period = MS * (1 + draw(rt, 50));
            Quota::new(1 + draw(rt, 3), period).burst(1 + draw(rt, 4))
        };
        let limiter = limiter(&rt, quota(&rt));
        let tasks: Vec<_> = (0..12)
            .map(|_| {
                let (rt, limiter) = (rt.clone(), limiter.clone());
                rt.clone().spawn(async move {
                    rt.sleep(MS * draw(&rt, 60)).await;
                    let deadline = rt.now() + MS * (1 + draw(&rt, 60));
                    let context = Context::default().with_deadline(deadline);
                    let turn = context.scope(limiter.acquire_many(1 + draw(&rt, 3))).await;
                    assert!(rt.now() < deadline, "{turn:?} at {:?}", rt.now());
                })
            })
            .collect();
        for _ in 0..6 {
            rt.sleep(MS * draw(&rt, 30)).await;
            match draw(&rt, 2) {
                0 => limiter.refund(draw(&rt, 9)),
                _ => limiter.set_quota(quota(&rt)).unwrap(),
            }
        }
        for task in tasks {
            task.await.expect("it ends in time");
        }
        assert!(format!("{limiter:?}").contains("waiting: 0"));
    });
}
