//! What is ready at the first poll.

use crate::{granted, in_a_run, kit::SECOND, steady};
use anyrt_core::{context::Context, time::wait_for};
use anyrt_sim::SimRuntime;
use anyrt_toolkit::{
    AsyncCache,
    limit::{KeyedRateLimiter, Limiter, Quota, RateLimiter},
    operation::{Operation, Tracker},
    pool::{Manager, Pool},
    resilience::{Boundary, CircuitBreaker},
    resource::{AsyncClose, ExitStack},
    retry::{Backoff, Retry, RetryBuilder, retry},
};
use std::{
    convert::Infallible,
    future::{Future, ready},
    pin::pin,
    task::{self, Waker},
    time::Duration,
};

#[test]
fn a_retry_of_what_succeeds_allocates_nothing() {
    in_a_run(|rt| {
        let policy = Retry::<Infallible>::builder().build().unwrap();
        let count = steady(|| granted(retry(&rt, &policy, |_| ready(Ok(())))).unwrap());
        assert_eq!(count, 0);
    });
}

#[test]
fn a_limit_of_time_allocates_where_somebody_looks() {
    in_a_run(|rt| {
        let limit = Duration::from_secs(1);
        let count = steady(|| granted(wait_for(&rt, limit, ready(()))).unwrap());
        assert_eq!(count, 0);
        let looks = async || assert!(Context::current().deadline().is_some());
        let count = steady(|| granted(wait_for(&rt, limit, looks())).unwrap());
        assert_eq!(count, 1);
    });
}

#[test]
fn what_is_let_through_allocates_nothing() {
    in_a_run(|rt| {
        let limiter = RateLimiter::new(&rt, Quota::per_second(1000)).unwrap();
        assert_eq!(steady(|| limiter.try_acquire().unwrap()), 0);
        assert_eq!(steady(|| granted(limiter.acquire()).unwrap()), 0);
        let breaker = CircuitBreaker::builder(&rt).build().unwrap();
        let call = || granted(breaker.call(ready(Ok::<_, Infallible>(())))).unwrap();
        assert_eq!(steady(call), 0);
    });
}

#[test]
fn a_free_slot_allocates_nothing() {
    in_a_run(|rt| {
        let limiter = Limiter::<SimRuntime>::new(&rt, 4).unwrap();
        assert_eq!(steady(|| drop(granted(limiter.acquire()).unwrap())), 0);
    });
}

struct Units;

impl Manager for Units {
    type Object = ();
    type Error = Infallible;

    async fn create(&self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn recycle(&self, (): &mut ()) -> Result<(), Infallible> {
        Ok(())
    }
}

#[test]
fn an_idle_object_comes_and_goes_without_an_allocation() {
    in_a_run(|rt| {
        let pool = Pool::builder(&rt, Units).build().unwrap();
        assert_eq!(steady(|| drop(granted(pool.get()).unwrap())), 0);
    });
}

#[test]
fn a_hit_allocates_nothing_and_a_miss_its_load() {
    in_a_run(|rt| {
        let cache: AsyncCache<_, u64, u64> = AsyncCache::builder(&rt).capacity(8).build().unwrap();
        cache.insert(0, 0);
        assert_eq!(steady(|| assert_eq!(cache.get(&0), Some(0))), 0);
        let load = |key: u64| granted(cache.get_or_load(&key, async |key| key)).unwrap();
        assert_eq!(steady(|| assert_eq!(load(0), 0)), 0);
        // Full, and what fingerprints take is there.
        let mut key = 0;
        let mut miss = || {
            key += 1;
            load(key);
        };
        (0..100).for_each(|_| miss());
        // The flight, the load, and three for the context that the load has of its own.
        assert_eq!(steady(miss), 5);
    });
}

fn policy<E>(set: impl FnOnce(RetryBuilder<E>) -> RetryBuilder<E>) -> Retry<E> {
    set(Retry::builder().backoff(Backoff::none()))
        .build()
        .unwrap()
}

/// How often retries allocate whose first so many attempts fail.
fn retries(rt: &SimRuntime, policy: &Retry<u32>, failures: u32) -> u64 {
    steady(|| {
        let mut attempts = pin!(retry(rt, policy, |attempt| {
            ready(match attempt.number() {
                number if number <= failures => Err(number),
                _ => Ok(()),
            })
        }));
        // Others have their turn before each attempt but the first.
        let mut cx = task::Context::from_waker(Waker::noop());
        while attempts.as_mut().poll(&mut cx).is_pending() {}
    })
}

/// A box for limits and waits, whichever come, and one for the error.
#[test]
fn a_retry_allocates_once_for_limits_and_waits_and_once_for_its_error() {
    in_a_run(|rt| {
        let counted = |set: fn(RetryBuilder<u32>) -> RetryBuilder<u32>| {
            let policy = policy(set);
            [0, 1, 2, 3].map(|failures| retries(&rt, &policy, failures))
        };
        assert_eq!(counted(|p| p), [0, 1, 1, 2]);
        assert_eq!(counted(|p| p.attempt_timeout(SECOND)), [1, 1, 1, 2]);
        assert_eq!(counted(|p| p.max_elapsed(SECOND)), [1, 1, 1, 2]);
    });
}

#[test]
fn a_boundary_allocates_the_error() {
    in_a_run(|rt| {
        let boundary = Boundary::new().on_error(|_| ()).fallback(|_| 1);
        let ok = || granted(boundary.run(&rt, |_| ready(Ok::<_, u32>(2)))).unwrap();
        let fails = || granted(boundary.run(&rt, |_| ready(Err(2)))).unwrap();
        assert_eq!([steady(|| _ = ok()), steady(|| _ = fails())], [0, 1]);
    });
}

#[test]
fn what_is_refused_allocates_nothing() {
    in_a_run(|rt| {
        let limiter = RateLimiter::new(&rt, Quota::per_hour(1).burst(1)).unwrap();
        limiter.try_acquire().unwrap();
        let limiter = limiter.named("mails");
        assert_eq!(
            steady(|| limiter.try_acquire().map_err(drop).unwrap_err()),
            0
        );

        let slots = Limiter::<SimRuntime>::new(&rt, 1).unwrap();
        let _slot = slots.try_acquire().unwrap();
        assert_eq!(steady(|| assert!(slots.try_acquire().is_none())), 0);

        let breaker = CircuitBreaker::builder(&rt).name("mails").build().unwrap();
        breaker.open();
        let call = || granted(breaker.call(ready(Ok::<_, Infallible>(())))).map_err(drop);
        assert_eq!(steady(|| call().unwrap_err()), 0);
    });
}

#[test]
fn a_key_that_is_known_allocates_nothing() {
    in_a_run(|rt| {
        let limiter = KeyedRateLimiter::<_, String>::new(&rt, Quota::per_second(1000)).unwrap();
        assert_eq!(steady(|| limiter.key("one").try_acquire().unwrap()), 0);
        assert_eq!(steady(|| granted(limiter.key("one").acquire()).unwrap()), 0);
        let slots = Limiter::<SimRuntime, u32>::new(&rt, 4).unwrap();
        assert_eq!(steady(|| drop(granted(slots.acquire_for(1)).unwrap())), 0);
        assert_eq!(steady(|| drop(slots.try_acquire_for(2).unwrap())), 0);
    });
}

/// What it knows, three for the context that its inside has, and its place among those that run; three for another
/// context where the tracker comes with it. A field is a text, in a list.
#[test]
fn an_operation_that_is_watched_allocates_its_context_and_its_place() {
    in_a_run(|rt| {
        let tracker = Tracker::new(4);
        let around = tracker.set_in(&Context::default());
        let run = || _ = granted(Operation::new("op").run(&rt, ready(7)));
        let with_field = || _ = granted(Operation::new("op").field("n", 7).run(&rt, ready(7)));
        let own = || _ = granted(Operation::new("op").tracker(&tracker).run(&rt, ready(7)));
        // Until the tracker is full, and forgets.
        (0..8).for_each(|_| own());
        let counts = around.sync_scope(|| [steady(run), steady(with_field)]);
        assert_eq!((counts, steady(own)), ([5, 7], 8));
    });
}

/// What closes at once.
struct Door;

impl AsyncClose for Door {
    type Error = Infallible;

    async fn close(self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Itself, the list of those that are in it (beside the list's growth), and for each what closes it, the future of that,
/// and what was entered, which is shared.
#[test]
fn a_stack_allocates_itself_and_each_resource() {
    in_a_run(|rt| {
        let entered = |doors: u64| {
            steady(|| {
                let stack = ExitStack::new(&rt);
                for _ in 0..doors {
                    drop(stack.enter(Door));
                }
                granted(stack.close()).unwrap();
            })
        };
        assert_eq!([0, 1, 2, 3].map(entered), [5, 9, 12, 15]);
    });
}
