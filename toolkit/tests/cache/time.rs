//! What a cache forgets, to the nanosecond.

use super::{Count, SECOND, builder, cache};
use anyrt_core::rt::{Clock, Sleep, Spawn};
use anyrt_sim::{SimRuntime, check};
use anyrt_toolkit::cache::{AsyncCache, Cause};
use std::{
    future::pending,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

const NANO: Duration = Duration::from_nanos(1);

#[test]
fn a_ttl_counts_from_the_end_of_the_load() {
    check(20, |rt| async move {
        let cache = builder(&rt).ttl(SECOND * 10).build().unwrap();
        let load = {
            let rt = rt.clone();
            |_| async move {
                rt.sleep(SECOND * 30).await;
                1
            }
        };
        cache.get_or_load(&1, load).await.unwrap();
        rt.sleep(SECOND * 10 - NANO).await;
        assert_eq!(cache.get(&1), Some(1));
        rt.sleep(NANO).await;
        assert_eq!(cache.get(&1), None);
        assert_eq!((cache.len(), cache.stats().expired), (0, 1));
    });
}

#[test]
fn idle_time_counts_from_the_last_read() {
    check(20, |rt| async move {
        let cache = builder(&rt).idle(SECOND * 10).build().unwrap();
        cache.insert(1, 1);
        for _ in 0..5 {
            rt.sleep(SECOND * 10 - NANO).await;
            assert_eq!(cache.get(&1), Some(1));
        }
        rt.sleep(SECOND * 9).await;
        assert!(cache.contains(&1), "which is no read");
        rt.sleep(SECOND).await;
        assert!(!cache.contains(&1));
        assert_eq!(cache.get(&1), None);
    });
}

#[test]
fn both_limits_hold() {
    check(5, |rt| async move {
        let cache = builder(&rt)
            .idle(SECOND * 10)
            .ttl(SECOND * 15)
            .build()
            .unwrap();
        cache.insert(1, 1);
        cache.insert(2, 2);
        rt.sleep(SECOND * 9).await;
        assert_eq!(cache.get(&1), Some(1));
        rt.sleep(SECOND * 2).await;
        assert_eq!((cache.get(&1), cache.get(&2)), (Some(1), None));
        rt.sleep(SECOND * 4).await;
        assert_eq!(cache.get(&1), None);
    });
}

#[test]
fn a_value_chooses_its_life() {
    check(5, |rt| async move {
        let life = |_: &u32, value: &u64| match value {
            0 => Some(Duration::ZERO),
            1 => Some(Duration::MAX),
            2 => Some(SECOND),
            _ => None,
        };
        let cache = builder(&rt).ttl(SECOND * 5).lifetime(life).build().unwrap();
        for value in 0..4 {
            let loaded = cache
                .get_or_load(&(value as u32), |_| async move { value })
                .await;
            assert_eq!(loaded.unwrap(), value);
        }
        let there = |cache: &super::Cache| [0, 1, 2, 3].map(|key| cache.contains(&key));
        assert_eq!(there(&cache), [false, true, true, true]);
        rt.sleep(SECOND).await;
        assert_eq!(there(&cache), [false, true, false, true]);
        rt.sleep(SECOND * 4).await;
        assert_eq!(there(&cache), [false, true, false, false]);
        rt.sleep(SECOND * 1_000_000).await;
        assert_eq!(there(&cache), [false, true, false, false]);
    });
}

#[test]
fn jitter_stays_in_its_bounds() {
    check(20, |rt| async move {
        let cache = builder(&rt).ttl(SECOND).jitter(0.25).build().unwrap();
        for key in 0..200 {
            cache.insert(key, 0);
        }
        rt.sleep(SECOND * 3 / 4 - NANO).await;
        let left = || (0..200).filter(|key| cache.contains(key)).count();
        assert_eq!(left(), 200);
        rt.sleep(SECOND / 8).await;
        assert!((50..150).contains(&left()), "{}", left());
        rt.sleep(SECOND / 8 + NANO).await;
        assert_eq!(left(), 0);
    });
}

#[test]
fn a_stale_value_is_served_while_one_load_brings_a_new_one() {
    check(100, |rt| async move {
        let cache = builder(&rt)
            .ttl(SECOND)
            .stale_for(SECOND * 10)
            .build()
            .unwrap();
        let runs = Count::default();
        let load = |result: Result<u64, &'static str>| {
            let (rt, runs) = (rt.clone(), runs.clone());
            move |_| async move {
                runs.up();
                rt.sleep(SECOND / 2).await;
                result
            }
        };
        cache.insert(1, 1);
        rt.sleep(SECOND).await;
        assert_eq!(cache.get(&1), None, "`get` gives nothing stale");
        for _ in 0..3 {
            assert_eq!(
                cache.get_or_try_load(&1, load(Err("down"))).await.unwrap(),
                1
            );
        }
        rt.sleep(SECOND).await;
        assert_eq!(runs.get(), 1, "one at a time");
        assert_eq!(
            cache.get_or_try_load(&1, load(Ok(2))).await.unwrap(),
            1,
            "a failure changes nothing"
        );
        rt.sleep(SECOND).await;
        assert_eq!(
            (cache.get(&1), runs.get()),
            (Some(2), 2),
            "loaded half a second ago"
        );
        rt.sleep(SECOND / 2).await;
        assert_eq!(cache.get_or_try_load(&1, load(Ok(3))).await.unwrap(), 2);
        rt.sleep(SECOND * 12).await;
        assert_eq!(
            cache.get_or_try_load(&1, load(Ok(4))).await.unwrap(),
            4,
            "waits: it is past its limit"
        );
        let stats = cache.stats();
        assert_eq!(
            (stats.stale_hits, stats.refreshes, stats.in_flight),
            (5, 3, 0)
        );
    });
}

/// Asks its cache how full it is when it goes, which waits for ever under a lock of that cache.
#[derive(Debug, Clone, Default)]
struct Asks(Arc<OnceLock<AsyncCache<SimRuntime, u32, Asks>>>);

impl Drop for Asks {
    fn drop(&mut self) {
        if let Some(cache) = self.0.get() {
            cache.len();
        }
    }
}

#[test]
fn a_value_goes_under_no_lock() {
    check(5, |rt| async move {
        let cache = AsyncCache::builder(&rt)
            .capacity(2)
            .ttl(SECOND)
            .stale_for(SECOND)
            .build()
            .unwrap();
        let asks = Asks::default();
        cache.insert(1, asks.clone());
        asks.0.set(cache.clone()).unwrap();
        assert!(cache.get(&1).is_some());
        rt.sleep(SECOND).await;
        assert!(cache.get(&1).is_none(), "stale");
        assert!(cache.get_or_load(&1, |_| pending()).await.is_ok());
        rt.sleep(SECOND).await;
        assert!(cache.get(&1).is_none(), "gone");
        assert_eq!(cache.len(), 0);
    });
}

#[test]
fn a_get_of_what_is_stale_is_no_read() {
    check(5, |rt| async move {
        let cache = builder(&rt)
            .ttl(SECOND)
            .idle(SECOND * 4)
            .stale_for(SECOND * 100)
            .build()
            .unwrap();
        cache.insert(1, 1);
        rt.sleep(SECOND * 3).await;
        assert_eq!(cache.get(&1), None);
        rt.sleep(SECOND).await;
        assert_eq!(cache.get_or_load(&1, |_| async { 2 }).await.unwrap(), 2);
    });
}

#[test]
fn a_refresh_replaces_what_is_fresh_too() {
    check(30, |rt| async move {
        let gone = Arc::new(Mutex::new(Vec::new()));
        let told = gone.clone();
        let cache = builder(&rt)
            .on_evict(move |_, value, cause| told.lock().unwrap().push((value, cause)))
            .build()
            .unwrap();
        cache.insert(1, 1);
        for (result, after) in [(Ok(2), 2), (Err("down"), 2)] {
            let slow = rt.clone();
            assert!(cache.try_refresh(&1, |_| async move {
                slow.sleep(SECOND).await;
                result
            }));
            assert!(cache.get(&1).is_some(), "served meanwhile");
            rt.sleep(SECOND * 2).await;
            assert_eq!(cache.get(&1), Some(after));
        }
        assert_eq!(*gone.lock().unwrap(), [(1, Cause::Reloaded)]);
        assert_eq!(cache.stats().refreshes, 2);
    });
}

#[test]
fn errors_are_kept_for_as_long_as_is_asked_for() {
    check(30, |rt| async move {
        let cache = builder(&rt).errors_for(SECOND * 5).build().unwrap();
        let runs = Count::default();
        let fail = |_| {
            runs.up();
            async { Err("no") }
        };
        for _ in 0..4 {
            assert!(cache.get_or_try_load(&1, fail).await.is_err());
            rt.sleep(SECOND).await;
        }
        assert_eq!(runs.get(), 1);
        rt.sleep(SECOND).await;
        assert!(cache.get_or_try_load(&1, fail).await.is_err());
        assert_eq!(runs.get(), 2);
        cache.insert(1, 4);
        cache.remove(&1);
        assert_eq!(
            cache.get_or_load(&1, |_| async { 7 }).await.unwrap(),
            7,
            "forgotten with the key"
        );
        assert!(cache.get_or_try_load(&2, fail).await.is_err());
        cache.run_pending();
        assert_eq!(cache.stats().failures, 3);
    });
}

#[test]
fn what_is_past_its_time_leaves_untouched() {
    check(5, |rt| async move {
        let cause = Arc::new(Mutex::new(Vec::new()));
        let told = cause.clone();
        let cache: AsyncCache<_, u32, u64> = AsyncCache::builder(&rt)
            .capacity(4000)
            .ttl(SECOND)
            .on_evict(move |_, _, cause| told.lock().unwrap().push(cause))
            .build()
            .unwrap();
        for key in 0..1000 {
            cache.insert(key, 0);
        }
        rt.sleep(SECOND).await;
        // Writes of other keys, half as many as there were entries in the largest part.
        for key in 1000..1700 {
            cache.insert(key, 0);
        }
        assert_eq!(cache.len(), 700, "all of the first thousand have gone");
        rt.sleep(SECOND / 2).await;
        cache.insert(5000, 1);
        rt.sleep(SECOND / 2).await;
        // Reads do as much: four for an entry.
        for _ in 0..4 * 800 {
            assert_eq!(cache.get(&5000), Some(1));
        }
        assert!(cache.len() < 700, "{}", cache.len());
        cache.run_pending();
        assert_eq!(cache.len(), 1);
        let cause = cause.lock().unwrap();
        assert_eq!(cause.len(), 1700);
        assert!(cause.iter().all(|cause| *cause == Cause::Expired));
    });
}

#[test]
fn the_clock_is_not_asked_where_nothing_depends_on_it() {
    check(2, |rt| async move {
        let cache = cache(&rt);
        cache.insert(1, 1);
        rt.sleep(SECOND * 10_000_000).await;
        assert_eq!(cache.get(&1), Some(1));
        drop(rt.spawn(async {}));
        assert!(rt.now().as_nanos() > 0);
    });
}
