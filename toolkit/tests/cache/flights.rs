//! One load for all, whoever goes away.

use super::{Cache, Count, Down, SECOND, builder, cache, draw, polls};
use anyrt_core::{
    rt::{Clock, JoinHandle, Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::{Sim, SimRuntime, check};
use anyrt_toolkit::{AsyncCache, cache::LoadError};
use std::{
    cell::RefCell,
    future::{Future, pending, poll_fn},
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

#[test]
fn overlapping_callers_share_one_load() {
    check(300, |rt| async move {
        let (cache, runs) = (cache(&rt), Count::default());
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (cache, runs, rt2) = (cache.clone(), runs.clone(), rt.clone());
                rt.spawn(async move {
                    let load = |key| async move {
                        rt2.sleep(SECOND).await;
                        u64::from(key) * 10 + runs.up() as u64
                    };
                    cache.get_or_load(&7, load).await.unwrap()
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), 71);
        }
        assert_eq!(cache.get(&7), Some(71));
        let stats = cache.stats();
        assert_eq!((stats.loads, stats.in_flight), (1, 0));
        assert_eq!(stats.shared + stats.hits, 8);
    });
}

/// What a load that is watched may not do: overlap another one, or be given up while somebody waits.
#[derive(Debug, Clone, Default)]
struct Watch {
    running: Count,
    begun: Count,
    ended: Count,
    waiting: Count,
}

impl Watch {
    async fn load(self, rt: SimRuntime, steps: u64) -> Result<u64, &'static str> {
        assert_eq!(self.running.up(), 1, "two loads of one key at once");
        let _running = Down(self.running.clone());
        self.begun.up();
        let mut unended = Unended(Some(self.waiting.clone()));
        for step in 0..steps {
            match step % 2 {
                0 => yield_now().await,
                _ => rt.sleep(SECOND).await,
            }
        }
        unended.0 = None;
        Ok(self.ended.up() as u64)
    }
}

/// A load that was dropped before its end: nobody may be waiting for it.
struct Unended(Option<Count>);

impl Drop for Unended {
    fn drop(&mut self) {
        if let Some(waiting) = &self.0 {
            assert_eq!(waiting.get(), 0, "a load was given up while one waits");
        }
    }
}

async fn caller(cache: Cache, rt: SimRuntime, watch: Watch, most: u64, steps: u64) -> bool {
    let waits = watch.waiting.clone();
    let seen = watch.clone();
    let load = {
        let rt = rt.clone();
        move |_| watch.load(rt, steps)
    };
    for _ in 0..draw(&rt, 3) {
        yield_now().await;
    }
    let mut gone = Some(Waits::new(waits));
    let call = async { cache.get_or_try_load(&1, load).await };
    let mut call = std::pin::pin!(polls(most, call));
    let outcome = std::future::poll_fn(|cx| {
        // It waits no more from the moment that it is dropped, which is inside its last poll.
        if call.left == 1 {
            gone = None;
        }
        call.as_mut().poll(cx)
    })
    .await;
    drop(gone);
    match outcome {
        Some(value) => {
            assert!(value.unwrap() <= seen.begun.get() as u64);
            true
        }
        None => false,
    }
}

struct Waits(Count);

impl Waits {
    fn new(count: Count) -> Self {
        count.up();
        Self(count)
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.down();
    }
}

/// Each caller is dropped after its n-th poll, with n swept for the first and drawn for the others.
#[test]
fn a_load_outlives_whoever_drives_it() {
    for first in 1..8 {
        Sim::new()
            .forbid_leaks()
            .spurious_polls(7)
            .check(1_500, move |rt| async move {
                let (cache, watch) = (cache(&rt), Watch::default());
                let tasks: Vec<_> = (0..5)
                    .map(|index| {
                        let most = match index {
                            0 => first,
                            4 => u64::MAX,
                            _ => 1 + draw(&rt, 6),
                        };
                        rt.spawn(caller(cache.clone(), rt.clone(), watch.clone(), most, 6))
                    })
                    .collect();
                let mut got = Vec::new();
                for task in tasks {
                    got.push(task.await.unwrap());
                }
                assert!(got[4], "the one who stays gets the value");
                assert_eq!(watch.running.get(), 0);
                assert_eq!(cache.stats().in_flight, 0);
                assert_eq!(cache.get(&1), Some(watch.ended.get() as u64));
            });
    }
}

#[test]
fn the_last_who_goes_takes_the_load_along() {
    Sim::new().spurious_polls(7).check(200, |rt| async move {
        let (cache, watch) = (cache(&rt), Watch::default());
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let most = 1 + draw(&rt, 4);
                rt.spawn(caller(cache.clone(), rt.clone(), watch.clone(), most, 100))
            })
            .collect();
        for task in tasks {
            assert!(!task.await.unwrap());
        }
        assert_eq!((watch.running.get(), watch.ended.get()), (0, 0));
        assert_eq!(cache.stats().in_flight, 0);
        assert_eq!(cache.get_or_load(&1, |_| async { 5 }).await.unwrap(), 5);
    });
}

#[test]
fn aborted_tasks_hand_their_load_on() {
    check(200, |rt| async move {
        let (cache, watch) = (cache(&rt), Watch::default());
        let tasks: Vec<_> = (0..5)
            .map(|_| {
                rt.spawn(caller(
                    cache.clone(),
                    rt.clone(),
                    watch.clone(),
                    u64::MAX,
                    8,
                ))
            })
            .collect();
        for task in &tasks[..4] {
            rt.sleep(SECOND / 3).await;
            task.abort();
        }
        for (index, task) in tasks.into_iter().enumerate() {
            let joined = task.await;
            assert!(index < 4 || joined.unwrap());
        }
        assert_eq!(watch.running.get(), 0);
    });
}

#[test]
fn an_error_goes_to_all_and_is_not_kept() {
    check(100, |rt| async move {
        let (cache, runs) = (cache(&rt), Count::default());
        let tasks: Vec<_> = (0..6)
            .map(|_| {
                let (cache, runs, rt2) = (cache.clone(), runs.clone(), rt.clone());
                rt.spawn(async move {
                    let load = |_| async move {
                        rt2.sleep(SECOND).await;
                        runs.up();
                        Err("no such thing")
                    };
                    cache.get_or_try_load(&1, load).await.unwrap_err()
                })
            })
            .collect();
        let mut errors = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                LoadError::Failed(error) => errors.push(error),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(runs.get(), 1);
        assert!(errors.iter().all(|error| Arc::ptr_eq(error, &errors[0])));
        assert_eq!(cache.get_or_load(&1, |_| async { 3 }).await.unwrap(), 3);
        assert_eq!(cache.stats().failures, 1);
    });
}

#[test]
fn a_panic_fails_its_flight_once() {
    for early in [false, true] {
        check(100, move |rt| async move {
            let (cache, runs) = (cache(&rt), Count::default());
            let tasks: Vec<_> = (0..20)
                .map(|_| {
                    let (cache, runs, rt2) = (cache.clone(), runs.clone(), rt.clone());
                    rt.spawn(async move {
                        rt2.sleep(SECOND).await;
                        let load = |_| {
                            runs.up();
                            assert!(!early, "before its future");
                            async move {
                                yield_now().await;
                                rt2.sleep(SECOND).await;
                                panic!("in its future")
                            }
                        };
                        cache.get_or_load(&1, load).await.map(|value: u64| value)
                    })
                })
                .collect();
            for task in tasks {
                let error = task.await.unwrap().unwrap_err();
                assert!(error.is_panic(), "{error:?}");
            }
            // Before its future is there, it overlaps nobody.
            assert_eq!(runs.get(), if early { 20 } else { 1 });
            assert_eq!(cache.get(&1), None);
            assert_eq!(cache.get_or_load(&1, |_| async { 9 }).await.unwrap(), 9);
        });
    }
}

#[test]
fn a_late_value_never_enters() {
    for how in 0..4 {
        check(150, move |rt| async move {
            let cache = cache(&rt);
            let (slow, rt2) = (cache.clone(), rt.clone());
            let old = rt.spawn(async move {
                let load = |_| async move {
                    rt2.sleep(SECOND * 2).await;
                    1
                };
                slow.get_or_load(&1, load).await.unwrap()
            });
            rt.sleep(SECOND).await;
            let after = match how {
                0 => {
                    cache.insert(1, 2);
                    Some(2)
                }
                1 => {
                    cache.remove(&1);
                    None
                }
                2 => {
                    cache.clear();
                    None
                }
                _ => cache.update(&1, |value| Some(value.unwrap_or(20) + 1)),
            };
            assert_eq!(cache.get(&1), after);
            // A flight of after that is not touched by the one of before, which ends first.
            let (newer, rt2) = (cache.clone(), rt.clone());
            let new = rt.spawn(async move {
                let load = |_| async move {
                    rt2.sleep(SECOND * 5).await;
                    3
                };
                newer.get_or_load(&1, load).await.unwrap()
            });
            assert_eq!(old.await.unwrap(), 1, "who waited gets what was loaded");
            assert_eq!(cache.get(&1), after);
            let new = new.await.unwrap();
            assert_eq!(new, after.unwrap_or(3));
            assert_eq!(cache.get(&1), Some(new));
        });
    }
}

#[test]
fn a_load_sees_no_callers_context() {
    use anyrt_core::{cancel::CancellationToken, context, group::TaskGroup};
    anyrt_core::task_local! { static WHO: u32; }
    check(20, |rt| async move {
        let cache = cache(&rt);
        let token = CancellationToken::new();
        let group = TaskGroup::<_, (), ()>::builder(&rt).token(&token).build();
        let run = group.run(|_| async {
            let load = |_| async {
                assert_eq!(WHO.get(), None);
                assert!(context::Context::current().token().is_none());
                4
            };
            assert_eq!(WHO.scope(8, cache.get_or_load(&1, load)).await.unwrap(), 4);
            Ok(())
        });
        run.await.unwrap();
    });
}

#[test]
fn a_future_that_is_not_polled_does_nothing() {
    check(5, |rt| async move {
        let cache = cache(&rt);
        drop(cache.get_or_load(&1, |_| pending::<u64>()));
        assert_eq!(cache.stats(), Default::default());
        let made = Count::default();
        let up = made.clone();
        let future = async move {
            up.up();
            Ok(1)
        };
        cache.insert(1, 6);
        assert_eq!(cache.get_or_load_with(&1, future).await.unwrap(), 6);
        assert_eq!(made.get(), 0);
    });
}

#[test]
fn the_last_handle_takes_the_background_along() {
    Sim::new().forbid_leaks().check(50, |rt| async move {
        let cache = builder(&rt)
            .ttl(SECOND)
            .stale_for(SECOND * 100)
            .build()
            .unwrap();
        cache.insert(1, 1);
        assert!(cache.try_refresh(&1, |_| pending()));
        assert!(!cache.try_refresh(&1, |_| pending()), "it is under way");
        yield_now().await;
        let other = cache.clone();
        drop(cache);
        assert_eq!(other.stats().in_flight, 1);
        drop(other);
        rt.sleep(SECOND).await;
        let _ = rt.now();
    });
}

/// Between the look that misses and the load there is the key's `Clone`: here it does what another thread may.
#[test]
fn a_miss_is_a_load_or_shares_one() {
    thread_local!(static BETWEEN: RefCell<Option<Box<dyn FnOnce()>>> = RefCell::default());
    #[derive(Debug, PartialEq, Eq, Hash)]
    struct Key;
    impl Clone for Key {
        fn clone(&self) -> Self {
            let between = BETWEEN.with(RefCell::take);
            between.into_iter().for_each(|between| between());
            Self
        }
    }
    for ended in [true, false] {
        // What one poll does is what this is about: nobody may come before it.
        Sim::new().new_wakers(8).check(5, move |rt| async move {
            let cache: AsyncCache<_, Key, u64> =
                AsyncCache::builder(&rt).capacity(10).build().unwrap();
            let (other, rt2) = (cache.clone(), rt.clone());
            let mut load = Box::pin(async move {
                let load = |_| async move {
                    rt2.sleep(SECOND).await;
                    1
                };
                other.get_or_load(&Key, load).await.unwrap()
            });
            let driver = Arc::new(Mutex::new(None));
            let (other, drives) = (cache.clone(), driver.clone());
            BETWEEN.set(Some(Box::new(move || match ended {
                true => drop(other.insert(Key, 1)),
                false => {
                    let mut cx = Context::from_waker(Waker::noop());
                    assert!(load.as_mut().poll(&mut cx).is_pending());
                    *drives.lock().unwrap() = Some(load);
                }
            })));
            let mut call = Box::pin(cache.get_or_load(&Key, |_| async { 2 }));
            let looked = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
            assert_eq!(looked.is_ready(), ended);
            let begun = driver.lock().unwrap().take();
            if let Some(driver) = begun {
                let driver = rt.spawn(driver);
                assert_eq!((call.await.unwrap(), driver.await.unwrap()), (1, 1));
            }
            let stats = cache.stats();
            assert_eq!(stats.misses, stats.loads + stats.shared, "{stats:?}");
        });
    }
}
