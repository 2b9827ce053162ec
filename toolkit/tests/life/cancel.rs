//! Each operation that waits, dropped at each of its points: the next caller succeeds, and nothing is left.

use super::{Count, SECOND};
use anyrt_core::rt::{Clock, Sleep};
use anyrt_sim::{SimRuntime, check_cancel};
use anyrt_toolkit::{
    AsyncCache,
    lifecycle::{App, Background},
    limit::{Limiter, Quota, RateLimiter},
    resilience::{Boundary, CircuitBreaker},
    retry::{Backoff, Retry, RetryBudget, retry},
};
use std::{
    convert::Infallible,
    future::{Future, ready},
};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[test]
fn a_load_of_a_cache() {
    check_cancel(
        |rt| async move {
            let cache: AsyncCache<_, u32, u32> =
                AsyncCache::builder(&rt).capacity(1).build().unwrap();
            (cache, Count::default())
        },
        |rt, (cache, loading)| async move {
            let load = async move |key| {
                let _loading = loading.held();
                assert_eq!(loading.get(), 1, "two at once");
                rt.sleep(SECOND).await;
                key
            };
            cache.get_or_load(&7, load).await
        },
        |_, (cache, loading)| async move {
            assert_eq!((loading.get(), cache.stats().in_flight), (0, 0));
        },
    );
}

#[test]
fn a_turn() {
    let limited = || Quota::new(1, SECOND).burst(2);
    check_cancel(
        move |rt| async move {
            let limiter = RateLimiter::new(&rt, limited()).unwrap();
            limiter.try_acquire_many(2).unwrap();
            limiter
        },
        |_, limiter| async move { limiter.acquire_many(2).await.unwrap() },
        |rt, limiter| async move {
            // Both are there again two seconds after they were last taken.
            rt.sleep(2 * SECOND).await;
            assert_eq!(limiter.available(), 2);
        },
    );
}

#[test]
fn a_slot() {
    check_cancel(
        |rt| async move {
            let limiter = Limiter::<SimRuntime>::new(&rt, 1).unwrap();
            let held = limiter.try_acquire().unwrap();
            let rt2 = rt.clone();
            drop(anyrt_core::rt::Spawn::spawn(&rt, async move {
                rt2.sleep(SECOND).await;
                drop(held);
            }));
            limiter
        },
        |_, limiter| async move { drop(limiter.acquire().await.unwrap()) },
        |rt, limiter| async move {
            rt.sleep(2 * SECOND).await;
            assert_eq!(limiter.in_flight(), 0);
        },
    );
}

/// Fails at first, after a second each time, and then succeeds.
async fn third_time(rt: SimRuntime, attempts: Count) -> Result<(), u32> {
    rt.sleep(SECOND).await;
    match attempts.up() {
        n if n % 3 == 0 => Ok(()),
        _ => Err(1),
    }
}

fn patient() -> Retry<u32> {
    let waits = Backoff::constant(SECOND);
    Retry::builder()
        .attempts(None)
        .backoff(waits)
        .build()
        .unwrap()
}

#[test]
fn a_retry() {
    check_cancel(
        |_| async {
            (
                RetryBudget::new(10, 1.0).unwrap(),
                Count::default(),
                Count::default(),
            )
        },
        |rt, (budget, attempts, live)| async move {
            let builder = Retry::builder().attempts(None).budget(&budget);
            let policy = builder.backoff(Backoff::constant(SECOND)).build().unwrap();
            let operation = |_| {
                let (live, attempt) = (live.held(), third_time(rt.clone(), attempts.clone()));
                async move {
                    let _live = live;
                    attempt.await
                }
            };
            retry(&rt, &policy, operation).await
        },
        |rt, (budget, attempts, live)| async move {
            assert_eq!(live.get(), 0, "an attempt is left");
            let before = (budget.available(), attempts.get());
            rt.sleep(10 * SECOND).await;
            assert_eq!((budget.available(), attempts.get()), before);
        },
    );
}

#[test]
fn a_boundary() {
    check_cancel(
        |_| async { Count::default() },
        |rt, attempts| async move {
            let boundary = Boundary::new().retry(patient());
            let attempt = |_| third_time(rt.clone(), attempts.clone());
            boundary.run(&rt, attempt).await
        },
        |rt, attempts| async move {
            let before = attempts.get();
            rt.sleep(10 * SECOND).await;
            assert_eq!(attempts.get(), before);
        },
    );
}

/// A breaker that is on trial has its place back.
#[test]
fn a_trial() {
    check_cancel(
        |rt| async move {
            let builder = CircuitBreaker::builder(&rt).failures_in_a_row(1);
            let breaker = builder.open_for(SECOND).build().unwrap();
            breaker.call(ready(Err::<(), _>(1))).await.unwrap_err();
            rt.sleep(SECOND).await;
            breaker
        },
        |rt, breaker| async move {
            let call = async {
                rt.sleep(SECOND / 2).await;
                Ok::<_, u32>(())
            };
            breaker.call(call).await.unwrap();
        },
        |_, breaker| async move {
            drop(breaker.begin().expect("its place is free"));
        },
    );
}

fn app(rt: &SimRuntime, live: &Count, cleaned: &Count) -> impl Future<Output = ()> + use<> {
    let (rt2, live, cleaned) = (rt.clone(), live.clone(), cleaned.clone());
    let report = App::new(rt).run(|app| async move {
        let there = live.clone();
        app.defer("count", move || async move {
            assert_eq!(there.get(), 0, "cleaned up too soon");
            cleaned.up();
            Ok::<_, Infallible>(())
        });
        app.spawn("works", move |_| async move {
            let _live = live.held();
            rt2.sleep(SECOND).await;
            Ok::<_, BoxError>(())
        })?;
        Ok::<_, BoxError>(())
    });
    async { assert!(report.await.is_clean()) }
}

#[test]
fn an_application() {
    check_cancel(
        |_| async { <(Count, Count, Count)>::default() },
        |rt, (begun, live, cleaned)| async move {
            begun.up();
            app(&rt, &live, &cleaned).await;
        },
        |rt, (begun, live, cleaned)| async move {
            rt.sleep(SECOND).await;
            assert_eq!((live.get(), cleaned.get()), (0, begun.get()));
        },
    );
}

#[test]
fn a_drain() {
    check_cancel(
        |_| async { Count::default() },
        |rt, live| async move {
            let background = Background::new(&rt);
            let (rt2, live) = (rt.clone(), live.clone());
            let every = background.every("works", SECOND, move || {
                let (rt, live) = (rt2.clone(), live.held());
                async move {
                    let _live = live;
                    rt.sleep(3 * SECOND).await;
                    Ok::<_, Infallible>(())
                }
            });
            every.start().unwrap();
            rt.sleep(SECOND).await;
            background.drain(SECOND).await
        },
        |rt, live| async move {
            let before = rt.now();
            rt.sleep(SECOND).await;
            assert_eq!(live.get(), 0, "a run is left");
            assert_eq!(rt.now() - before, SECOND);
        },
    );
}
