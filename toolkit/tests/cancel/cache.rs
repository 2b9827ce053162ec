//! Loads: dropped alone, and where others wait for them.

use crate::kit::{Count, step};
use anyrt_core::rt::Spawn;
use anyrt_sim::{SimHandle, SimRuntime, check_cancel};
use anyrt_toolkit::AsyncCache;
use std::sync::{Arc, Mutex};

type Cache = AsyncCache<SimRuntime, u32, usize, String>;

fn cache(rt: &SimRuntime) -> Cache {
    let builder = AsyncCache::builder(rt).fallible().capacity(10);
    builder.build().unwrap()
}

/// The last one that waits takes the load along.
pub(crate) fn get_or_load() {
    dropped_alone(async |rt, cache, count| {
        let value = cache.get_or_load(&1, |_| count.work(&rt)).await;
        assert_eq!(value.unwrap(), 1);
    });
}

pub(crate) fn get_or_load_with() {
    dropped_alone(async |rt, cache, count| {
        let value = cache.get_or_load_with(&1, count.trial(&rt)).await;
        assert_eq!(value.unwrap(), 1);
    });
}

/// Nothing is left of a load that nobody waits for.
fn dropped_alone(op: impl AsyncFn(SimRuntime, Cache, Count) + Sync) {
    check_cancel(
        |rt| async move { (cache(&rt), Count::default()) },
        |rt, (cache, count)| op(rt, cache, count),
        |_, (cache, count)| async move {
            assert_eq!((cache.stats().in_flight, count.get()), (0, 0));
        },
    );
}

/// Somebody else who waits goes on with the load, where it stands.
pub(crate) fn get_or_try_load() {
    check_cancel(
        |rt| async move {
            let (cache, live, begun) = (cache(&rt), Count::default(), Count::default());
            let (soon, asked, load) = (rt.clone(), cache.clone(), live.trial(&rt));
            let noted = begun.clone();
            let other = rt.spawn(async move {
                step(&soon).await;
                let load = move |_| {
                    noted.add();
                    load
                };
                asked.get_or_try_load(&1, load).await.unwrap()
            });
            Shared {
                cache,
                live,
                begun,
                other: Arc::new(Mutex::new(Some(other))),
            }
        },
        |rt, shared| async move {
            let load = |_| {
                shared.begun.add();
                shared.live.trial(&rt)
            };
            shared.cache.get_or_try_load(&1, load).await.unwrap();
        },
        |_, shared| async move {
            let other = shared.other.lock().unwrap().take();
            if let Some(other) = other {
                assert_eq!(other.await.unwrap(), 1);
            }
            assert_eq!(shared.cache.get(&1), Some(1));
            let left = (shared.cache.stats().in_flight, shared.live.get());
            assert_eq!(left, (0, 0));
            // A second one only where the first was nobody's any more.
            assert!(shared.begun.get() <= 2, "{:?} loads", shared.begun);
        },
    );
}

#[derive(Clone)]
struct Shared {
    cache: Cache,
    /// Loads that are alive.
    live: Count,
    /// Loads that were begun.
    begun: Count,
    other: Arc<Mutex<Option<SimHandle<usize>>>>,
}
