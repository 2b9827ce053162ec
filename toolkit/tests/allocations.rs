//! What operations allocate where nothing fails and nobody waits: counted, so that it does not grow unseen.

use allocation_counter::measure;
use anyrt_core::{context::Context, time::wait_for};
use anyrt_sim::{SimRuntime, check};
use anyrt_toolkit::{
    AsyncCache,
    batch::Batcher,
    limit::{Limiter, Quota, RateLimiter},
    pool::{Manager, Pool},
    resilience::CircuitBreaker,
    retry::{Retry, retry},
};
use std::{
    convert::Infallible,
    future::{Future, poll_fn, ready},
    pin::pin,
    task::{self, Poll, Waker},
    time::Duration,
};

/// How often `run` allocates on this thread.
fn allocations(run: impl FnOnce()) -> u64 {
    measure(run).count_total
}

fn granted<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut task::Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// How often the second and later runs of `run` allocate, each.
fn steady(mut run: impl FnMut()) -> u64 {
    run();
    let first = allocations(&mut run);
    let more: u64 = (0..10).map(|_| allocations(&mut run)).sum();
    assert_eq!(more, first * 10, "allocations of ten more runs");
    first
}

fn in_a_run(test: impl Fn(SimRuntime) + Sync) {
    check(1, |rt| {
        test(rt);
        ready(())
    });
}

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

/// Beside what a batch allocates, whatever its size: the answer, who waits for it, and its place in the buffer.
#[test]
fn an_item_of_a_batch_allocates_its_answer() {
    check(1, |rt| async move {
        let items = async |size: u64| {
            let load = |keys: Vec<u64>| ready(Ok::<_, Infallible>(keys));
            let batcher = Batcher::builder(&rt, load).max_size(size as usize);
            let batcher = batcher.build().unwrap();
            batcher.load_many(0..size).await;
            let mut count = 0;
            let mut loads = pin!(batcher.load_many(0..size));
            poll_fn(|cx| {
                let mut polled = Poll::Pending;
                count += allocations(|| polled = loads.as_mut().poll(cx).map(drop));
                polled
            })
            .await;
            count
        };
        let (some, more) = (items(64).await, items(192).await);
        assert_eq!((more - some) / 128, 3, "{some} of 64, {more} of 192");
    });
}
