//! The rate limiter: order, drops, leaks, changes, and what ends waiting otherwise.

use crate::support::{Late, MS, SEC, ZERO, at, poll_once};
use anyrt_core::{
    Instant,
    cancel::CancellationToken,
    context::Context,
    rt::{Runtime, Sleep, Spawn},
    time::wait_for,
};
use anyrt_sim::check;
use anyrt_toolkit::limit::{KeyedRateLimiter, Quota, RateLimitError, RateLimiter};
use std::pin::pin;

fn limiter<R: Runtime>(rt: &R, quota: Quota) -> RateLimiter<R> {
    RateLimiter::new(rt, quota).expect("it is permitted")
}

#[test]
fn the_order_is_that_of_arrival_whatever_the_weights() {
    check(50, |rt| async move {
        let limiter = limiter(&rt, Quota::per_second(1).burst(10));
        limiter.acquire_many(10).await.expect("it is full");
        let mut heavy = pin!(limiter.acquire_many(10));
        assert!(poll_once(heavy.as_mut()).is_pending());
        let light = limiter.acquire();
        let RateLimitError::NotYet { retry_at, .. } = limiter.try_acquire().unwrap_err() else {
            panic!("it is not too heavy");
        };
        assert_eq!(retry_at - Instant::ORIGIN, SEC * 11);
        rt.sleep(SEC * 5).await;
        // Five tokens are there, and are the heavy one's.
        assert!(limiter.try_acquire().is_err());
        let mut light = pin!(light);
        assert!(poll_once(light.as_mut()).is_pending());
        heavy.await.expect("its turn comes");
        assert_eq!(at(&rt), SEC * 10);
        light.await.expect("its turn comes");
        assert_eq!(at(&rt), SEC * 11);
    });
}

#[test]
fn a_dropped_waiter_lets_the_next_move_up() {
    for served in [false, true] {
        check(20, |rt| async move {
            let limiter = limiter(&rt, Quota::per_second(1).burst(5));
            limiter.acquire_many(5).await.expect("it is full");
            let mut first = Box::pin(limiter.acquire_many(5));
            assert!(poll_once(first.as_mut()).is_pending());
            let next = rt.spawn({
                let (rt, limiter) = (rt.clone(), limiter.clone());
                async move {
                    limiter.acquire_many(2).await.expect("its turn comes");
                    at(&rt)
                }
            });
            // Once the turn of the first has come, its tokens are there, and set aside.
            let wait = if served { SEC * 6 } else { MS * 500 };
            rt.sleep(wait).await;
            assert!(limiter.try_acquire().is_err());
            assert_eq!(limiter.available(), 0);
            drop(first);
            let turn = next.await.expect("it ends");
            assert_eq!(turn, if served { wait } else { SEC * 2 });
        });
    }
}

#[test]
fn a_leaked_waiter_stops_nobody() {
    check(50, |rt| async move {
        let limiter = &*Box::leak(Box::new(limiter(&rt, Quota::per_second(1).burst(3))));
        limiter.acquire_many(3).await.expect("it is full");
        for _ in 0..2 {
            let mut leaked = Box::pin(limiter.acquire_many(2));
            assert!(poll_once(leaked.as_mut()).is_pending());
            std::mem::forget(leaked);
        }
        let mut kept = Box::pin(limiter.acquire_many(2));
        assert!(poll_once(kept.as_mut()).is_pending());
        let turns = [1, 2].map(|weight| {
            let rt = rt.clone();
            rt.clone().spawn(async move {
                limiter.acquire_many(weight).await.expect("its turn comes");
                at(&rt)
            })
        });
        let mut ends = Vec::new();
        for turn in turns {
            ends.push(turn.await.expect("it ends"));
        }
        ends.sort_unstable();
        // Six tokens for those who sleep, 10 ms in which they may yet come, and then one and two, or two and one.
        let late = MS * 10;
        assert!(
            ends == [SEC * 7 + late, SEC * 9 + late] || ends == [SEC * 8 + late, SEC * 9],
            "{ends:?}"
        );
        let last = at(&rt);
        kept.await.expect("its turn comes again");
        assert_eq!(at(&rt), last + SEC * 2);
    });
}

#[test]
fn what_is_too_heavy_is_told_at_once() {
    check(20, |rt| async move {
        let limiter = limiter(&rt, Quota::per_second(1).burst(3));
        let heavy = RateLimitError::TooHeavy {
            limiter: None,
            weight: 4,
            burst: 3,
        };
        assert_eq!(limiter.acquire_many(4).await, Err(heavy.clone()));
        assert_eq!(limiter.try_acquire_many(4), Err(heavy.clone()));
        assert_eq!(
            heavy.to_string(),
            "a weight of 4 is more than the burst of 3"
        );
        assert_eq!(limiter.available(), 3);
        limiter.acquire_many(3).await.expect("it is full");
        let mut waits = pin!(limiter.acquire_many(3));
        let mut light = pin!(limiter.acquire_many(2));
        assert!(poll_once(waits.as_mut()).is_pending() && poll_once(light.as_mut()).is_pending());
        assert_eq!(limiter.acquire_many(4).await, Err(heavy));
        // Also those who wait, when it becomes so.
        limiter
            .set_quota(Quota::per_second(1).burst(2))
            .expect("permitted");
        let heavy = RateLimitError::TooHeavy {
            limiter: None,
            weight: 3,
            burst: 2,
        };
        assert_eq!(waits.await, Err(heavy));
        light.await.expect("it is still light enough");
        // Three are missing, and two were asked for of a bucket of two.
        assert_eq!(at(&rt), SEC * 3);
    });
}

#[test]
fn a_new_quota_reaches_those_who_wait() {
    check(50, |rt| async move {
        let limiter = limiter(&rt, Quota::per_second(1).burst(1));
        limiter.acquire().await.expect("it is full");
        let waits = rt.spawn({
            let (rt, limiter) = (rt.clone(), limiter.clone());
            async move {
                let mut turns = Vec::new();
                for _ in 0..3 {
                    limiter.acquire().await.expect("its turn comes");
                    turns.push(at(&rt));
                }
                turns
            }
        });
        rt.sleep(MS * 500).await;
        limiter
            .set_quota(Quota::per_second(10).burst(1))
            .expect("permitted");
        assert_eq!(limiter.quota(), Quota::per_second(10).burst(1));
        rt.sleep(MS * 100).await;
        limiter
            .set_quota(Quota::per_second(1).burst(1))
            .expect("permitted");
        let turns = waits.await.expect("it ends");
        // Half a token was missing: 50 ms at ten a second, of which 50 ms are over by 600.
        assert_eq!(turns, [MS * 550, MS * 1100, MS * 2100]);
        let bad = Quota::per_second(1).burst(0);
        assert_eq!(limiter.set_quota(bad).expect_err("refused").field, "burst");
        assert_eq!(limiter.quota(), Quota::per_second(1).burst(1));
    });
}

#[test]
fn what_is_given_back_lets_others_move_up() {
    check(20, |rt| async move {
        let limiter = limiter(&rt, Quota::per_second(1).burst(4));
        limiter.acquire_many(4).await.expect("it is full");
        let waits = rt.spawn({
            let (rt, limiter) = (rt.clone(), limiter.clone());
            async move {
                limiter.acquire_many(3).await.expect("its turn comes");
                at(&rt)
            }
        });
        rt.sleep(MS * 100).await;
        limiter.refund(2);
        assert_eq!(waits.await.expect("it ends"), SEC);
        limiter.refund(1000);
        assert_eq!(limiter.available(), 4, "no more than the burst");
    });
}

#[test]
fn deadlines_and_tokens_end_a_wait_that_takes_nothing() {
    check(50, |rt| async move {
        let limiter = limiter(&rt, Quota::per_second(1).burst(1));
        limiter.acquire().await.expect("it is full");
        for limit in [MS * 900, SEC] {
            let refused = wait_for(&rt, limit, limiter.acquire()).await;
            let refused = refused.expect("it does not wait for the deadline");
            let retry_at = Instant::ORIGIN + SEC;
            assert_eq!(
                refused,
                Err(RateLimitError::TooLate {
                    limiter: None,
                    retry_at
                })
            );
        }
        assert_eq!(at(&rt), ZERO);

        let token = CancellationToken::new();
        let context = Context::default().with_token(token.clone());
        let mut waits = pin!(context.clone().scope(limiter.acquire()));
        assert!(poll_once(waits.as_mut()).is_pending());
        let canceller = rt.spawn({
            let rt = rt.clone();
            async move {
                rt.sleep(MS * 300).await;
                token.cancel_with("enough");
            }
        });
        let Err(RateLimitError::Cancelled { reason, .. }) = waits.await else {
            panic!("it was cancelled");
        };
        assert_eq!((reason.text.as_ref(), at(&rt)), ("enough", MS * 300));
        let born = context.scope(limiter.acquire()).await;
        assert!(matches!(born, Err(RateLimitError::Cancelled { .. })));
        canceller.await.expect("it ends");
        wait_for(&rt, MS * 701, limiter.acquire())
            .await
            .expect("in time")
            .expect("nothing was taken");
        assert_eq!(at(&rt), SEC);
    });
}

#[test]
fn at_the_end_of_time_no_turn_comes_and_nobody_waits() {
    check(5, |rt| async move {
        let rt = Late::before_the_end(&rt, MS * 1500);
        let limiter = limiter(&rt, Quota::per_second(1).burst(2));
        limiter.acquire_many(2).await.expect("it is full");
        limiter.acquire().await.expect("its turn comes");
        let retry_at = Instant::MAX;
        let never = RateLimitError::TooLate {
            limiter: None,
            retry_at,
        };
        assert_eq!(never.to_string(), "its turn would never come");
        assert_eq!(limiter.acquire().await, Err(never));
        let not_now = RateLimitError::NotYet {
            limiter: None,
            retry_at,
        };
        assert_eq!(limiter.try_acquire(), Err(not_now));
    });
}

#[test]
fn each_key_has_a_limit_of_its_own() {
    check(20, |rt| async move {
        let limiter = KeyedRateLimiter::new(&rt, Quota::per_second(1).burst(1)).expect("permitted");
        let limiter: KeyedRateLimiter<_, String> = limiter;
        for key in ["one", "other"] {
            assert!(limiter.key(key).try_acquire().is_ok());
            assert!(limiter.clone().key(key).try_acquire().is_err());
        }
        limiter
            .set_quota(Quota::per_second(1).burst(2))
            .expect("permitted");
        assert!(limiter.key("one").try_acquire().is_ok());
        assert_eq!(limiter.key("new").available(), 2);
        assert_eq!(limiter.len(), 3);
    });
}

#[test]
fn keys_that_nobody_uses_are_forgotten() {
    check(3, |rt| async move {
        let limiter =
            KeyedRateLimiter::<_, u32>::new(&rt, Quota::per_second(10)).expect("permitted");
        let kept = limiter.key(&9999);
        let mut most = 0;
        for key in 0..1000 {
            limiter.key(&key).try_acquire().expect("it is full");
            most = most.max(limiter.len());
            rt.sleep(MS * 10).await;
        }
        assert!(most <= 64, "{most} keys, of which ten were in use");
        // What is in use, or not yet full again, is remembered.
        kept.try_acquire_many(10).expect("it is full");
        assert!(limiter.key(&9999).try_acquire().is_err());
        assert!(limiter.key(&999).available() < 10 || at(&rt) > SEC);
        assert!(!limiter.is_empty());
    });
}
