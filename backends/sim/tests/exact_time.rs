//! Time that is exact where it is virtual: what the suite can bound from below only, since its clocks are real.

use anyrt::{
    cache::AsyncCache,
    cancel::shield,
    context::Context,
    group::TaskGroup,
    join::join_all,
    limit::{Quota, RateLimiter},
    prelude::*,
    retry::{Backoff, Retry, retry},
    sim::{SimRuntime, check},
    task_local,
    time::{MissedTicks, interval, wait_for},
    yield_now,
};
use std::{future::pending, time::Duration};

task_local! {
    static NUMBER: u32;
}

const SECOND: Duration = Duration::from_secs(1);
const SEEDS: u64 = 200;

/// What `work` takes, to the nanosecond, under each schedule.
fn takes<Fut: Future<Output = ()>>(wanted: Duration, work: impl Fn(SimRuntime) -> Fut + Sync) {
    check(SEEDS, |rt| {
        let work = work(rt.clone());
        async move {
            let start = rt.now();
            work.await;
            assert_eq!(rt.now() - start, wanted);
        }
    });
}

#[test]
fn sleeps_end_when_they_should() {
    let odd = Duration::from_nanos(1_234_567_891);
    takes(odd, move |rt| async move { rt.sleep(odd).await });
    // The longest of many, not their sum.
    takes(9 * SECOND, |rt| async move {
        let sleeps = (0..10).map(|n| rt.sleep(n * SECOND));
        join_all(sleeps).await;
    });
}

#[test]
fn a_timeout_fires_at_its_limit() {
    takes(3 * SECOND, |rt| async move {
        let error = rt.timeout(3 * SECOND, pending::<()>()).await.unwrap_err();
        assert_eq!(error.elapsed, 3 * SECOND);
    });
    // What is ready at the limit is in time.
    takes(3 * SECOND, |rt| async move {
        let work = rt.sleep(3 * SECOND);
        assert_eq!(wait_for(&rt, 3 * SECOND, work).await, Ok(()));
    });
}

#[test]
fn ticks_are_on_the_grid() {
    check(SEEDS, |rt| async move {
        let start = rt.now();
        let ticks = interval(&rt, 10 * SECOND).expect("a period");
        let mut ticks = ticks.missed_ticks(MissedTicks::Skip);
        let mut seen = Vec::new();
        for work in [35, 0, 0, 0] {
            ticks.tick().await;
            seen.push((rt.now() - start).as_secs());
            rt.sleep(work * SECOND).await;
        }
        assert_eq!(seen, [0, 35, 40, 50]);
    });
}

#[test]
fn whoever_looks_sees_the_deadline_in_force() {
    let seen = || Context::current().deadline();
    check(SEEDS, |rt| async move {
        let start = rt.now();
        let at = |seconds| Some(start + seconds * SECOND);
        // At two polls, so that what the first has found is there at the second.
        let looks = || async move {
            let first = seen();
            yield_now().await;
            assert_eq!(first, seen());
            first
        };
        for asked_before in [false, true] {
            let work = async {
                if asked_before {
                    seen();
                }
                let later = wait_for(&rt, 9 * SECOND, looks()).await;
                assert_eq!(later, Ok(at(5)), "around");
                let sooner = wait_for(&rt, 2 * SECOND, looks()).await;
                assert_eq!(sooner, Ok(at(2)));
                let early = Context::default().with_deadline(start + SECOND);
                let other = early.scope(looks()).await;
                assert_eq!(other, at(1), "in place of the one around");
                let none = Context::default().sync_scope(seen);
                assert_eq!(none, None, "in an empty context");
                assert_eq!(shield(looks()).await, None, "in a shield");
                let valued = NUMBER.scope(7, async { (looks().await, NUMBER.get()) });
                assert_eq!(valued.await, (at(5), Some(7)));
                looks().await
            };
            assert_eq!(wait_for(&rt, 5 * SECOND, work).await, Ok(at(5)));
            assert_eq!(seen(), None, "afterwards");
        }
        // A deadline informs, and asks nobody to stop.
        let token = async { Context::current().token().is_some() };
        assert_eq!(wait_for(&rt, SECOND, token).await, Ok(false));
    });
}

#[test]
fn a_deadline_is_kept_through_groups() {
    takes(2 * SECOND, |rt| async move {
        let group = TaskGroup::<_, (), ()>::builder(&rt)
            .timeout(2 * SECOND)
            .build();
        let outcome = group.run(|group| async move {
            group.spawn(pending()).expect("open");
            assert!(Context::current().deadline().is_some());
            pending::<Result<(), ()>>().await
        });
        assert!(outcome.await.is_err());
    });
}

#[test]
fn retries_wait_what_their_policy_says() {
    takes(7 * SECOND, |rt| async move {
        let policy: Retry<&str> = Retry::builder()
            .attempts(4)
            .backoff(Backoff::exponential(SECOND))
            .build()
            .expect("a policy");
        let error = retry(&rt, &policy, |_| async { Err::<(), _>("no") }).await;
        assert_eq!(error.unwrap_err().attempts, 4);
    });
}

#[test]
fn turns_come_at_the_rate() {
    takes(4 * SECOND, |rt| async move {
        let limiter = RateLimiter::new(&rt, Quota::per_second(5).burst(10)).expect("a quota");
        let turns = (0..30).map(|_| {
            let limiter = limiter.clone();
            async move { limiter.acquire().await.expect("no deadline") }
        });
        join_all(turns).await;
    });
}

#[test]
fn values_live_as_long_as_they_should() {
    check(SEEDS, |rt| async move {
        let cache = AsyncCache::builder(&rt)
            .capacity(10)
            .ttl(60 * SECOND)
            .build();
        let cache = cache.expect("a cache");
        cache.insert(1, "one");
        rt.sleep(60 * SECOND - Duration::from_nanos(1)).await;
        assert_eq!(cache.get(&1), Some("one"));
        rt.sleep(Duration::from_nanos(1)).await;
        assert_eq!(cache.get(&1), None);
    });
}
