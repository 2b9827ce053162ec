//! How often operations ask for the time: once each, and a load once more as it lands.

use super::{Count, SECOND};
use anyrt_core::{
    Instant,
    rt::{Clock, Entropy, Runtime, Sleep, Spawn, SpawnBlocking},
};
use anyrt_sim::{SimRuntime, check};
use anyrt_toolkit::{AsyncCache, cache::CacheBuilder};
use std::{
    num::NonZeroUsize,
    time::{Duration, SystemTime},
};

/// A simulated runtime that counts how often it is asked for the time.
#[derive(Debug, Clone)]
struct Counted {
    inner: SimRuntime,
    reads: Count,
}

impl Counted {
    fn new(inner: &SimRuntime) -> Self {
        Self {
            inner: inner.clone(),
            reads: Count::default(),
        }
    }

    fn cache(&self) -> CacheBuilder<Self, u32, u64, &'static str> {
        AsyncCache::builder(self).fallible().capacity(100)
    }

    /// How often `work` asks for the time.
    fn reads<T>(&self, work: impl FnOnce() -> T) -> usize {
        let before = self.reads.get();
        drop(work());
        self.reads.get() - before
    }

    async fn reads_of<T>(&self, work: impl Future<Output = T>) -> usize {
        let before = self.reads.get();
        drop(work.await);
        self.reads.get() - before
    }
}

impl Clock for Counted {
    fn now(&self) -> Instant {
        self.reads.up();
        self.inner.now()
    }

    fn wall_time(&self) -> SystemTime {
        self.inner.wall_time()
    }
}

impl Spawn for Counted {
    type JoinHandle<T: Send + 'static> = <SimRuntime as Spawn>::JoinHandle<T>;

    #[track_caller]
    fn spawn<F>(&self, future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.inner.spawn(future)
    }
}

impl SpawnBlocking for Counted {
    type BlockingHandle<T: Send + 'static> = <SimRuntime as SpawnBlocking>::BlockingHandle<T>;

    #[track_caller]
    fn spawn_blocking<F, T>(&self, work: F) -> Self::BlockingHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.inner.spawn_blocking(work)
    }
}

impl Sleep for Counted {
    type Timer = <SimRuntime as Sleep>::Timer;

    fn sleep_until(&self, deadline: Instant) -> Self::Timer {
        self.inner.sleep_until(deadline)
    }
}

impl Entropy for Counted {
    fn random_u64(&self) -> u64 {
        self.inner.random_u64()
    }
}

impl Runtime for Counted {
    anyrt_core::portable_sync!();

    fn parallelism(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }

    fn name(&self) -> &'static str {
        "counted"
    }
}

#[test]
fn an_operation_asks_for_the_time_once() {
    check(3, |inner| async move {
        let rt = Counted::new(&inner);
        let times: Duration = 10 * SECOND;
        let cache = rt.cache().ttl(times).idle(times).jitter(0.5);
        let cache = cache.stale_for(times).errors_for(times).build().unwrap();
        assert_eq!(rt.reads(|| cache.get(&1)), 1, "a miss");
        assert_eq!(rt.reads(|| cache.insert(1, 1)), 1);
        assert_eq!(rt.reads(|| cache.insert(1, 2)), 1, "in place of another");
        assert_eq!(rt.reads(|| cache.get(&1)), 1, "a hit");
        assert_eq!(rt.reads(|| cache.contains(&1)), 1);
        let hit = cache.get_or_load(&1, |_| async { 3 });
        assert_eq!(rt.reads_of(hit).await, 1, "a hit of a call that loads");
        assert_eq!(rt.reads(|| cache.update(&1, |_| Some(4))), 1);
        assert_eq!(rt.reads(|| cache.update(&1, |_| None)), 1);
        assert_eq!(rt.reads(|| cache.remove(&1)), 1);
        assert_eq!(rt.reads(|| cache.clear()), 0);
        assert_eq!(rt.reads(|| cache.run_pending()), 1);
        assert_eq!(rt.reads(|| cache.iter().count()), 1, "of one part");
        assert_eq!(rt.reads(|| cache.stats()), 0);
        // An unpolled call is none.
        assert_eq!(rt.reads(|| cache.get_or_load(&1, |_| async { 5 })), 0);
    });
}

#[test]
fn a_load_asks_once_more_as_it_lands() {
    check(20, |inner| async move {
        let rt = Counted::new(&inner);
        let cache = rt.cache().ttl(SECOND).stale_for(SECOND).errors_for(SECOND);
        let cache = cache.build().unwrap();
        let load = cache.get_or_load(&1, |_| async { 1 });
        assert_eq!(rt.reads_of(load).await, 2, "at its begin and at its end");
        let failing = cache.get_or_try_load(&2, |_| async { Err("no") });
        assert_eq!(rt.reads_of(failing).await, 2);
        let kept = cache.get_or_try_load(&2, |_| async { Err("no") });
        assert_eq!(rt.reads_of(kept).await, 1, "its error is kept");
        let panics = cache.get_or_load(&3, |_| async { panic!("expected") });
        assert_eq!(rt.reads_of(panics).await, 2);

        // Those who wait for another's load.
        let (before, slow) = (rt.reads.get(), inner.clone());
        let mut waiting = Vec::new();
        for _ in 0..4 {
            let (cache, slow) = (cache.clone(), slow.clone());
            waiting.push(inner.spawn(async move {
                let load = |_| async move {
                    slow.sleep(SECOND / 2).await;
                    4
                };
                cache.get_or_load(&4, load).await.unwrap()
            }));
        }
        for waits in waiting {
            assert_eq!(waits.await.unwrap(), 4);
        }
        assert_eq!(rt.reads.get() - before, 4 + 1);
    });
}

#[test]
fn a_load_in_the_background_asks_as_it_lands() {
    check(20, |inner| async move {
        let rt = Counted::new(&inner);
        let cache = rt.cache().ttl(SECOND).stale_for(100 * SECOND);
        let cache = cache.build().unwrap();
        cache.insert(1, 1);
        inner.sleep(SECOND).await;
        let before = rt.reads.get();
        let stale = cache.get_or_load(&1, |_| async { 2 }).await;
        assert_eq!(stale.unwrap(), 1);
        while cache.stats().in_flight > 0 {
            inner.sleep(SECOND / 100).await;
        }
        assert_eq!(rt.reads.get() - before, 2, "who was served, and its end");
        let before = rt.reads.get();
        assert!(cache.try_refresh(&1, |_| async { Ok(3) }));
        while cache.stats().in_flight > 0 {
            inner.sleep(SECOND / 100).await;
        }
        assert_eq!(rt.reads.get() - before, 2, "its begin and its end");
    });
}

#[test]
fn without_times_nobody_asks() {
    check(3, |inner| async move {
        let rt = Counted::new(&inner);
        let cache = rt.cache().build().unwrap();
        let before = rt.reads.get();
        cache.insert(1, 1);
        cache.update(&1, |_| Some(2));
        assert_eq!(cache.get(&1), Some(2));
        assert_eq!(cache.get_or_load(&2, |_| async { 3 }).await.unwrap(), 3);
        assert!(cache.try_refresh(&1, |_| async { Ok(3) }));
        inner.sleep(SECOND).await;
        cache.run_pending();
        assert_eq!(cache.iter().count(), 2);
        assert_eq!(cache.remove(&1), Some(3));
        assert_eq!(rt.reads.get(), before);
    });
}
