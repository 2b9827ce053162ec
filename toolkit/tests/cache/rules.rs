//! Each rule of the cache that a schedule or a dropped call could break, over 10,000 runs and more.
//!
//! | rule | checked in | runs | calls are dropped |
//! |---|---|---:|---|
//! | *CA-1*, *CA-2*, *CA-3* | here, and in [`model`](super::model) | 12,000 each | after any poll |
//! | *CA-4*, *CA-5* | here; [`flights`](super::flights) sweeps the poll after which the first goes | 12,000; 10,500 | after any poll |
//! | *CA-6*, *CA-7* | [`model`](super::model), [`history`](super::history) | 12,000 each | between any two operations; after any poll |
//! | *CA-8*, *CA-9*, *CA-10*, *CA-12* | [`model`](super::model): all times, weights, causes and counts | 12,000 | between any two operations |
//! | *CA-11* | nowhere: that a value is `None` is nothing to the cache | | |
//! | *CA-20* | here: tasks, aborted at any moment; on threads, in the suite | 12,000 | by an abort |
//! | *CA-21* | here: loaders that load one another's keys | 12,000 | after any poll |
//! | *CA-22* | here: callers with tokens and values of their own, which are gone half way | 12,000 | after any poll |
//! | *CA-23* | [`model`](super::model): calls that are never polled, polls that nobody asked for, new wakers | 12,000 | between any two operations |
//! | *CA-24*, *CA-26* | nowhere: no schedule has a part in what compiles, and in settings | | |
//! | *CA-25*, *CA-29* | [`model`](super::model): refreshes, and the last handle | 12,000 | between any two operations |
//! | *CA-27* | here: a listener that uses the cache, and panics | 12,000 | after any poll |
//! | *CA-28* | [`model`](super::model): a change in the middle of a change | 12,000 | between any two operations |
//!
//! In `check`, two thirds of the seeds have polls that nobody asked for, too. All run on the thread of their test, in
//! less than 3 seconds of a debug build. Of the faults in `conformance/mutants/cache.txt`, these find all that are not about
//! settings, messages, or a panic of a destructor ([`landing`](super::landing)).

use super::{Cache, Count, Down, Drawn, SECOND, builder, cache, polls};
use anyrt_core::{
    cancel::CancellationToken,
    context::Context,
    rt::{Entropy, JoinHandle, Sleep, Spawn},
    task::yield_now,
    task_local,
};
use anyrt_sim::{Sim, SimRuntime, sometimes};
use anyrt_toolkit::cache::LoadError;
use std::{
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
};

const RUNS: u64 = 12_000;

fn check<Fut: Future<Output = ()>>(body: impl Fn(SimRuntime) -> Fut + Sync) {
    Sim::new().same_thread().forbid_leaks().check(RUNS, body);
}

/// Numbers of their own for each task.
fn drawn(rt: &SimRuntime) -> Drawn {
    Drawn::new(rt.random_u64())
}

/// A load of three steps that fails, panics or gives the number of its kind; only one may be alive.
async fn load(alive: Count, number: usize, end: u64) -> Result<u64, &'static str> {
    assert_eq!(alive.up(), 1, "two loads of one key at once");
    let _alive = Down(alive);
    for _ in 0..3 {
        yield_now().await;
    }
    match end {
        0 => Err("no"),
        1 => panic!("expected: a load that panics"),
        _ => Ok(number as u64),
    }
}

/// *CA-1* to *CA-5*: callers of one key, each of which may go after any of its polls.
#[test]
fn calls_share_loads_whoever_goes() {
    check(|rt| async move {
        let (cache, alive, begun) = (cache(&rt), Count::default(), Count::default());
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (cache, alive, begun) = (cache.clone(), alive.clone(), begun.clone());
                let mut drawn = drawn(&rt);
                rt.spawn(async move {
                    let (most, end) = (1 + drawn.below(8), drawn.below(4));
                    let load = |_| load(alive, begun.up(), end);
                    polls(most, async { cache.get_or_try_load(&1, load).await }).await
                })
            })
            .collect();
        let (mut values, mut failed) = (Vec::new(), 0);
        for task in tasks {
            match task.await.unwrap() {
                Some(Ok(value)) => values.push(value),
                Some(Err(_)) => failed += 1,
                None => {}
            }
        }
        let stats = cache.stats();
        // A value stays, so there is one at most; each load that failed did so for somebody.
        assert!(
            values.windows(2).all(|pair| pair[0] == pair[1]),
            "{values:?}"
        );
        assert_eq!(values.first().copied().or(cache.get(&1)), cache.get(&1));
        assert!(stats.failures <= failed, "{stats:?}, {failed}");
        assert_eq!(stats.loads, begun.get() as u64);
        assert_eq!((stats.in_flight, alive.get()), (0, 0));
        sometimes!(stats.loads == 1 && values.len() == 4, "one load for all");
        sometimes!(stats.failures == 1 && failed == 4, "one failure for all");
        sometimes!(stats.loads == 4, "a load each");
    });
}

/// *CA-20*: tasks that are aborted.
#[test]
fn aborted_tasks_leave_nothing_under_way() {
    check(|rt| async move {
        let (cache, alive, begun) = (cache(&rt), Count::default(), Count::default());
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (cache, alive, begun) = (cache.clone(), alive.clone(), begun.clone());
                rt.spawn(async move {
                    let load = |_| load(alive, begun.up(), 2);
                    cache.get_or_try_load(&1, load).await.unwrap()
                })
            })
            .collect();
        let mut drawn = drawn(&rt);
        for task in &tasks {
            for _ in 0..drawn.below(3) {
                yield_now().await;
            }
            if drawn.below(2) == 0 {
                task.abort();
            }
        }
        let mut ended = 0;
        for task in tasks {
            ended += u32::from(task.await.is_ok());
        }
        assert_eq!((cache.stats().in_flight, alive.get()), (0, 0));
        assert!(ended == 0 || cache.get(&1).is_some());
        sometimes!(begun.get() > 1, "a load was given up");
        sometimes!(
            begun.get() == 1 && (1..4).contains(&ended),
            "a load was handed on"
        );
    });
}

/// *CA-21*: each loader may load another key; callers come for all, and go.
#[test]
fn circles_are_told_and_nothing_hangs() {
    type Nested = Pin<Box<dyn Future<Output = Result<u64, &'static str>> + Send>>;
    fn nested(cache: Cache, mut drawn: Drawn, key: u32, depth: u64) -> Nested {
        Box::pin(async move {
            yield_now().await;
            if depth == 0 {
                return Ok(0);
            }
            let next = drawn.below(3) as u32;
            let (inner, rest) = (cache.clone(), Drawn::new(drawn.next()));
            let load = move |key| nested(inner, rest, key, depth - 1);
            match cache.get_or_try_load(&next, load).await {
                Ok(value) => Ok(value + 1),
                Err(error) if error.is_deadlock() => {
                    sometimes!(next == key, "its own key");
                    sometimes!(next != key, "a circle around a corner");
                    Err("a circle")
                }
                Err(_) => Err("what it loads failed"),
            }
        })
    }
    check(|rt| async move {
        let cache = cache(&rt);
        let tasks: Vec<_> = (0..3_u32)
            .map(|key| {
                let (cache, mut drawn) = (cache.clone(), drawn(&rt));
                rt.spawn(async move {
                    let (most, inner) = (1 + drawn.below(8), cache.clone());
                    let load = |key| nested(inner, Drawn::new(drawn.next()), key, 3);
                    polls(most, async { cache.get_or_try_load(&key, load).await }).await
                })
            })
            .collect();
        for task in tasks {
            // Who called from outside of a loader waits for nobody who waits for it.
            if let Some(Err(error)) = task.await.unwrap() {
                assert!(matches!(error, LoadError::Failed(_)), "{error:?}");
            }
        }
        assert_eq!(cache.stats().in_flight, 0);
    });
}

task_local! { static CALLER: u64; }

/// *CA-22*: whoever began the load, and whoever drives it.
#[test]
fn loads_have_nobodys_context() {
    check(|rt| async move {
        let (cache, alive) = (cache(&rt), Count::default());
        let tasks: Vec<_> = (0..3)
            .map(|caller| {
                let (cache, alive, mut drawn) = (cache.clone(), alive.clone(), drawn(&rt));
                let most = if caller == 0 {
                    u64::MAX
                } else {
                    1 + drawn.below(6)
                };
                let load = |_| async move {
                    alive.up();
                    let _alive = Down(alive);
                    for _ in 0..3 {
                        assert_eq!(CALLER.get(), None);
                        assert!(Context::current().token().is_none());
                        yield_now().await;
                    }
                    Ok(7)
                };
                let token = CancellationToken::new();
                let call = async move { cache.get_or_try_load(&1, load).await };
                let own = Context::default().with_token(token.clone());
                let call = CALLER.set_in(&own, caller).scope(polls(most, call));
                rt.spawn(async move {
                    if drawn.below(2) == 0 {
                        token.cancel();
                    }
                    call.await
                })
            })
            .collect();
        for (caller, task) in tasks.into_iter().enumerate() {
            let outcome = task.await.unwrap();
            assert!(
                caller > 0 || matches!(outcome, Some(Ok(7))),
                "the one who stays"
            );
        }
        assert_eq!(alive.get(), 0);
    });
}

/// *CA-27*: all that leaves is told of once, though the listener puts some back, and panics at others.
#[test]
fn the_listener_may_do_anything() {
    check(|rt| async move {
        let (told, again) = (
            Arc::new(AtomicU32::new(0)),
            Arc::new(OnceLock::<Cache>::new()),
        );
        let (tells, uses) = (told.clone(), again.clone());
        let cache = builder(&rt)
            .capacity(2)
            .on_evict(move |key, value, _| {
                tells.fetch_add(1, SeqCst);
                let cache = uses.get().unwrap();
                assert!(value % 5 != 0, "expected: a listener that panics");
                if value % 3 == 0 {
                    cache.insert(key, value + 1);
                }
                cache.get(&key);
            })
            .build()
            .unwrap();
        again.set(cache.clone()).unwrap();
        let inserted = Count::default();
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let (cache, mut drawn, inserted) = (cache.clone(), drawn(&rt), inserted.clone());
                rt.spawn(async move {
                    for _ in 0..4 {
                        let (key, value) = (drawn.below(4) as u32, drawn.below(30));
                        let load = |_| async move {
                            yield_now().await;
                            Ok(value)
                        };
                        let most = 1 + drawn.below(3);
                        let call = async { cache.get_or_try_load(&key, load).await };
                        if drawn.below(2) == 0 {
                            drop(polls(most, call).await);
                        } else if cache.insert(key, value).is_none() {
                            inserted.up();
                        }
                        assert!(cache.weight() <= 2);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        cache.run_pending();
        let stats = cache.stats();
        assert_eq!(
            u64::from(told.load(SeqCst)),
            stats.evicted,
            "told once each"
        );
        assert!(stats.evicted + stats.entries >= inserted.get() as u64);
        sometimes!(stats.listener_panics > 0, "a listener panics");
        sometimes!(stats.evicted > 3, "a listener puts back what leaves");
        // It holds its own cache.
        cache.clear();
        rt.sleep(SECOND).await;
    });
}
