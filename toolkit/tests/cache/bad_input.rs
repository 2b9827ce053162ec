//! What nobody should do, and what comes of it.

use super::{SECOND, builder, cache};
use anyrt_core::{
    group::TaskGroup,
    rt::{Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::{Sim, SimRuntime, check};
use anyrt_toolkit::cache::{AsyncCache, Cause, LoadError};
use std::{
    convert::Infallible,
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    sync::{Arc, Mutex, OnceLock},
    task::{Context, Wake, Waker},
    time::Duration,
};

#[test]
fn a_capacity_of_0_keeps_nothing_and_shares_loads() {
    check(50, |rt| async move {
        let cache = builder(&rt).capacity(0).build().unwrap();
        cache.insert(1, 1);
        assert_eq!((cache.get(&1), cache.len(), cache.weight()), (None, 0, 0));
        let rt2 = rt.clone();
        let slow = |_| async move {
            rt2.sleep(SECOND).await;
            2
        };
        let other = cache.clone();
        let first = rt.spawn(async move { other.get_or_load(&1, slow).await });
        rt.sleep(SECOND / 2).await;
        assert_eq!(cache.get_or_load(&1, |_| async { 3 }).await.unwrap(), 2);
        assert_eq!(first.await.unwrap().unwrap(), 2);
        assert_eq!(cache.get_or_load(&1, |_| async { 4 }).await.unwrap(), 4);
        assert_eq!(cache.stats().rejected, 3);
    });
}

#[test]
fn settings_that_cannot_be_used_are_errors() {
    check(1, |rt| async move {
        let new = || AsyncCache::<_, u32, u64>::builder(&rt);
        let error = |built: Result<AsyncCache<SimRuntime, u32, u64>, _>| {
            let error: anyrt_core::ConfigError = built.unwrap_err();
            error.field
        };
        assert_eq!(error(new().build()), "capacity");
        assert_eq!(error(new().capacity(1).ttl(Duration::ZERO).build()), "ttl");
        assert_eq!(
            error(new().capacity(1).idle(Duration::ZERO).build()),
            "idle"
        );
        for jitter in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(error(new().capacity(1).jitter(jitter).build()), "jitter");
        }
        for jitter in [1.0, 1e-20] {
            let forever = new()
                .capacity(1)
                .ttl(Duration::MAX)
                .stale_for(Duration::MAX);
            let forever = forever.idle(Duration::MAX).jitter(jitter);
            let forever = forever.build().unwrap();
            forever.insert(1, 1);
            rt.sleep(SECOND).await;
            assert_eq!(forever.get(&1), Some(1));
        }
    });
}

#[test]
fn weights_of_0_count_and_too_heavy_ones_are_not_kept() {
    check(1, |rt| async move {
        let gone = Arc::new(Mutex::new(Vec::new()));
        let told = gone.clone();
        let cache = builder(&rt)
            .capacity(10)
            .weigher(|_, value| u32::try_from(*value).unwrap())
            .on_evict(move |key, value, cause| told.lock().unwrap().push((key, value, cause)))
            .build()
            .unwrap();
        for key in 0..100 {
            cache.insert(key, 0);
        }
        assert_eq!((cache.len(), cache.weight()), (10, 10));
        cache.clear();
        gone.lock().unwrap().clear();
        cache.insert(1, 3);
        assert_eq!(
            cache.insert(1, 11),
            Some(3),
            "the value before has gone, too"
        );
        assert_eq!((cache.get(&1), cache.weight()), (None, 0));
        assert_eq!(
            cache
                .get_or_load(&1, |_| async { 4_000_000_000 })
                .await
                .unwrap(),
            4_000_000_000
        );
        assert_eq!(cache.insert(2, 10), None);
        assert_eq!(cache.get(&2), Some(10), "as heavy as the capacity is fine");
        let gone = gone.lock().unwrap().clone();
        assert_eq!(
            gone,
            [(1, 11, Cause::Size), (1, 4_000_000_000, Cause::Size)]
        );
        assert_eq!(cache.stats().rejected, 2);
    });
}

#[test]
fn a_loader_that_waits_for_itself_is_told() {
    check(50, |rt| async move {
        let cache = builder(&rt).name("users").build().unwrap();
        let inner = cache.clone();
        let load = |key| async move {
            yield_now().await;
            match inner.get_or_load(&key, |_| async { 1 }).await {
                Err(LoadError::Deadlock(deadlock)) => {
                    assert!(
                        deadlock
                            .to_string()
                            .starts_with("deadlock in cache \"users\"")
                    );
                    assert!(deadlock.at.file().ends_with("bad_input.rs"));
                    Err("itself")
                }
                other => panic!("{other:?}"),
            }
        };
        let error = cache.get_or_try_load(&1, load).await.unwrap_err();
        assert_eq!(error.error(), Some(&"itself"));
        assert_eq!(cache.get_or_load(&1, |_| async { 2 }).await.unwrap(), 2);
    });
}

/// A child of the loader's asks for its key when the load is over.
#[test]
fn a_load_that_is_over_is_no_circle() {
    check(50, |rt| async move {
        let kept = builder(&rt).errors_for(9 * SECOND).build().unwrap();
        let group = TaskGroup::<_, (), Infallible>::builder(&rt)
            .supervisor()
            .build();
        let (children, inner, rt2) = (group.spawner(), kept.clone(), rt.clone());
        let load = |_| async move {
            let child = async move {
                rt2.sleep(SECOND).await;
                let error = inner.get_or_load(&1, |_| async { 1 }).await.unwrap_err();
                assert_eq!(error.error(), Some(&"down"), "{error}");
                Ok(())
            };
            children.spawn(child).unwrap();
            Err("down")
        };
        kept.get_or_try_load(&1, load).await.unwrap_err();
        group.join().await.unwrap();
    });
}

/// Nobody drives the load then, but what left for it is told of.
#[test]
fn what_leaves_is_told_though_a_waker_of_a_failed_load_panics() {
    struct Loud;
    impl Wake for Loud {
        fn wake(self: Arc<Self>) {
            panic!("woken");
        }
    }
    // What one poll does is what this is about: nobody may come before it.
    Sim::new().new_wakers(8).check(5, |rt| async move {
        let gone = Arc::new(Mutex::new(Vec::new()));
        let told = gone.clone();
        let cache = builder(&rt)
            .ttl(SECOND)
            .on_evict(move |key, value, cause| told.lock().unwrap().push((key, value, cause)))
            .build()
            .unwrap();
        cache.insert(1, 7);
        rt.sleep(2 * SECOND).await;
        let mut joins = Box::pin(cache.get_or_load(&1, |_| async { 1 }));
        let began = catch_unwind(AssertUnwindSafe(|| {
            cache.refresh(&1, |_| -> std::future::Ready<_> {
                let waker = Waker::from(Arc::new(Loud));
                let polled = joins.as_mut().poll(&mut Context::from_waker(&waker));
                assert!(polled.is_pending());
                panic!("the loader")
            })
        }));
        assert!(began.is_err(), "the waker panics");
        assert_eq!(*gone.lock().unwrap(), [(1, 7, Cause::Expired)]);
        assert!(joins.await.unwrap_err().is_panic());
    });
}

type Loaded = std::pin::Pin<Box<dyn Future<Output = Result<u64, LoadError<&'static str>>> + Send>>;

/// Key n loads key n + 1, the last one the first: in one task each, or in one task.
#[test]
fn a_circle_of_loaders_is_told() {
    for tasks in [false, true] {
        check(200, move |rt| async move {
            fn load(caches: Arc<[super::Cache; 2]>, rt: SimRuntime, key: u32) -> Loaded {
                Box::pin(async move {
                    let cache = caches[key as usize % 2].clone();
                    let loader = |key: u32| async move {
                        rt.sleep(SECOND).await;
                        match load(caches, rt, (key + 1) % 4).await {
                            Err(LoadError::Deadlock(_)) => Err("a circle"),
                            Err(LoadError::Failed(error)) => Err(*error),
                            other => panic!("{other:?}"),
                        }
                    };
                    cache.get_or_try_load(&key, loader).await
                })
            }
            let caches = Arc::new([cache(&rt), cache(&rt)]);
            let begin = if tasks { 4 } else { 1 };
            let tasks: Vec<_> = (0..begin)
                .map(|key| rt.spawn(load(caches.clone(), rt.clone(), key)))
                .collect();
            for task in tasks {
                let error = task.await.unwrap().unwrap_err();
                assert_eq!(error.error(), Some(&"a circle"));
            }
        });
    }
}

#[test]
fn loaders_that_share_what_they_need_are_no_circle() {
    check(200, |rt| async move {
        let cache = cache(&rt);
        let tasks: Vec<_> = (1..5)
            .map(|key| {
                let (cache, inner, rt2) = (cache.clone(), cache.clone(), rt.clone());
                rt.spawn(async move {
                    let base = {
                        let rt2 = rt2.clone();
                        |_| async move {
                            rt2.sleep(SECOND).await;
                            100
                        }
                    };
                    let load = |key: u32| async move {
                        let base = inner.get_or_load(&0, base).await.unwrap();
                        Ok(base + u64::from(key))
                    };
                    cache.get_or_try_load(&key, load).await.unwrap()
                })
            })
            .collect();
        for (index, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap(), 101 + index as u64);
        }
        assert_eq!(cache.stats().loads, 5);
    });
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bad(u32);

impl Hash for Bad {
    fn hash<H: Hasher>(&self, state: &mut H) {
        assert!(self.0 != 13, "this one cannot be hashed");
        self.0.hash(state);
    }
}

#[test]
fn a_hash_that_panics_changes_nothing() {
    check(1, |rt| async move {
        let cache: AsyncCache<_, Bad, u32> = AsyncCache::builder(&rt).capacity(10).build().unwrap();
        cache.insert(Bad(1), 1);
        let before = cache.stats();
        assert!(catch_unwind(AssertUnwindSafe(|| cache.insert(Bad(13), 1))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| cache.get(&Bad(13)))).is_err());
        assert_eq!(cache.stats(), before);
        assert_eq!(cache.get(&Bad(1)), Some(1));
    });
}

#[test]
fn a_clone_that_panics_changes_nothing() {
    #[derive(Debug, PartialEq)]
    struct Value(u32);
    impl Clone for Value {
        fn clone(&self) -> Self {
            assert!(self.0 != 13, "this one cannot be cloned");
            Self(self.0)
        }
    }
    check(1, |rt| async move {
        let cache: AsyncCache<_, u32, Value> =
            AsyncCache::builder(&rt).capacity(10).build().unwrap();
        cache.insert(1, Value(13));
        cache.insert(2, Value(2));
        assert!(catch_unwind(AssertUnwindSafe(|| cache.get(&1))).is_err());
        assert_eq!(cache.get(&2), Some(Value(2)));
        assert_eq!(cache.remove(&1), Some(Value(13)));
        // Where a load brings it, it is that load's panic.
        let error = cache
            .get_or_load(&3, |_| async { Value(13) })
            .await
            .unwrap_err();
        assert!(error.is_panic());
        assert_eq!(cache.stats().in_flight, 0);
    });
}

#[test]
fn a_listener_may_panic_and_may_use_the_cache() {
    check(1, |rt| async move {
        let itself: Arc<OnceLock<super::Cache>> = Arc::default();
        let (inner, told) = (itself.clone(), Arc::new(Mutex::new(0)));
        let counted = told.clone();
        let cache = builder(&rt)
            .capacity(4)
            .on_evict(move |key, value, _| {
                *counted.lock().unwrap() += 1;
                let cache = inner.get().unwrap();
                // It puts back each one, which makes another one leave.
                cache.insert(key, value);
                assert!(key % 2 == 0, "odd");
            })
            .build()
            .unwrap();
        itself.set(cache.clone()).unwrap();
        for key in 0..8 {
            cache.insert(key, 0);
        }
        assert_eq!(cache.len(), 4);
        let told = *told.lock().unwrap();
        assert!((4..1000).contains(&told), "{told}");
        assert!(cache.stats().listener_panics > 0);
    });
}

#[test]
fn a_listeners_panic_may_panic_itself() {
    struct Again;
    impl Drop for Again {
        fn drop(&mut self) {
            panic!("again");
        }
    }
    check(1, |rt| async move {
        let cache = builder(&rt)
            .capacity(1)
            .on_evict(|_, _, _| panic_any(Again))
            .build()
            .unwrap();
        for key in 0..4 {
            cache.insert(key, 0);
        }
        assert_eq!(cache.stats().listener_panics, 3);
    });
}

#[test]
fn what_weighs_or_gives_a_life_may_panic() {
    check(1, |rt| async move {
        let cache = builder(&rt)
            .weigher(|_, value| {
                assert!(*value != 13, "too heavy to say");
                1
            })
            .build()
            .unwrap();
        assert!(catch_unwind(AssertUnwindSafe(|| cache.insert(1, 13))).is_err());
        assert!(
            cache
                .get_or_load(&1, |_| async { 13 })
                .await
                .unwrap_err()
                .is_panic()
        );
        assert_eq!((cache.len(), cache.stats().in_flight), (0, 0));
        assert_eq!(cache.get_or_load(&1, |_| async { 1 }).await.unwrap(), 1);
    });
}
