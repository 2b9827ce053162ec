//! Wall time of caches, beside their peers'.

use crate::{
    harness::{Table, timed},
    ops::cache::{self, Anyrt, HERD, Quick, Store},
    rig,
};
use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

/// Measures, and prints: the tables with `part` in their titles.
pub fn measure(part: &str) {
    let tables: [(&str, fn(Table) -> Table); 9] = [
        ("A hit", hit),
        ("A hit, with a time to live", timed_hit),
        ("A hit in each of two threads", two_threads),
        ("A timed hit in each of two threads", two_timed_threads),
        ("A miss, and an insertion that evicts", miss),
        ("The same, with a time to live", timed_miss),
        ("Get or load, a hit", load_hit),
        ("Get or load, a miss whose load is ready", load_miss),
        ("A herd of 64 for one key, a waiter", herd),
    ];
    for (title, rows) in tables {
        if title.contains(part) {
            rows(Table::new(title)).measure_warm();
        }
    }
}

type Run = Box<dyn FnMut(u64) -> Duration>;

fn took(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn many<T>(op: impl Fn() -> T + 'static) -> Run {
    let each = move || drop(black_box(op()));
    Box::new(move |n| took(|| (0..n).for_each(|_| each())))
}

fn hits<S: Store>(store: &Arc<S>) -> Run {
    let store = store.clone();
    Box::new(move |n| took(|| cache::hits(&*store, n)))
}

fn hits_of_two<S: Store>(store: &Arc<S>) -> Run {
    let store = store.clone();
    Box::new(move |n| cache::hits_of_two(&*store, n))
}

/// Each row has keys of its own: `place` says which.
fn misses<S: Store>(store: &Arc<S>, place: u64) -> Run {
    let store = store.clone();
    let mut from = place << 40;
    // Full, and what is kept of those who left is there.
    cache::misses(&*store, &mut from, 50_000);
    Box::new(move |n| took(|| cache::misses(&*store, &mut from, n)))
}

fn map() -> Arc<cache::Map> {
    cache::filled(cache::Map::default())
}

fn hit(table: Table) -> Table {
    let (anyrt, _, quick, _) = cache::all();
    table
        .row("quick_cache", "", hits(&quick))
        .row("quick_cache, again", "A/A", hits(&quick))
        .row("anyrt", "exact counts", hits(&anyrt))
        .row("moka", "", hits(&cache::moka(false)))
        .row("`Mutex<HashMap>`", "grows", hits(&map()))
}

fn timed_hit(table: Table) -> Table {
    use anyrt::prelude::*;
    let (_, anyrt, _, quick) = cache::all();
    let rt = anyrt::tokio::Tokio::default();
    table
        .row("quick_cache, a time by hand", "", hits(&quick))
        .row("quick_cache, again", "A/A", hits(&quick))
        .row("anyrt", "exact counts", hits(&anyrt))
        .row("moka", "", hits(&cache::moka(true)))
        .row("`Instant::now`", "floor", many(Instant::now))
        .row("`rt.now()`", "floor of anyrt", many(move || rt.now()))
}

fn two_threads(table: Table) -> Table {
    let (anyrt, _, quick, _) = cache::all();
    table
        .row("quick_cache", "", hits_of_two(&quick))
        .row("quick_cache, again", "A/A", hits_of_two(&quick))
        .row("anyrt", "exact counts", hits_of_two(&anyrt))
        .row("moka", "", hits_of_two(&cache::moka(false)))
        .row("`Mutex<HashMap>`", "one lock", hits_of_two(&map()))
}

fn two_timed_threads(table: Table) -> Table {
    let (_, anyrt, _, quick) = cache::all();
    table
        .row("quick_cache, a time by hand", "", hits_of_two(&quick))
        .row("quick_cache, again", "A/A", hits_of_two(&quick))
        .row("anyrt", "exact counts", hits_of_two(&anyrt))
        .row("moka", "", hits_of_two(&cache::moka(true)))
}

fn miss(table: Table) -> Table {
    let (anyrt, _, quick, _) = cache::all();
    table
        .row("quick_cache", "", misses(&quick, 1))
        .row("quick_cache, again", "A/A", misses(&quick, 2))
        .row("anyrt", "", misses(&anyrt, 1))
        .row("moka", "", misses(&cache::moka(false), 1))
}

fn timed_miss(table: Table) -> Table {
    let (_, anyrt, _, quick) = cache::all();
    table
        .row("quick_cache, a time by hand", "", misses(&quick, 1))
        .row("quick_cache, again", "A/A", misses(&quick, 2))
        .row("anyrt", "sweeps", misses(&anyrt, 1))
        .row("moka", "sweeps", misses(&cache::moka(true), 1))
}

/// Awaits `$call` so many times, with the next of `$keys` each time.
macro_rules! calls {
    ($runtime:ident, $store:ident, $keys:expr, |$key:ident| $call:expr) => {{
        let ($runtime, $store) = ($runtime.clone(), $store.clone());
        let mut keys = $keys;
        move |n| {
            $runtime.block_on(timed(async {
                for _ in 0..n {
                    let $key = keys.next().expect("they have no end");
                    black_box($call.await).ok();
                }
            }))
        }
    }};
}

fn load_hit(table: Table) -> Table {
    loads(table, |_| (0..cache::ENTRIES).cycle())
}

fn load_miss(table: Table) -> Table {
    loads(table, |place| (place << 40)..)
}

fn loads<I: Iterator<Item = u64> + 'static>(table: Table, keys: fn(u64) -> I) -> Table {
    let runtime = Arc::new(rig::tokio());
    let (anyrt, _, quick, _) = cache::all();
    let moka = cache::moka_future();
    for key in 0..cache::ENTRIES {
        runtime.block_on(moka.insert(key, key));
    }
    let quick_row = |place| {
        calls!(runtime, quick, keys(place), |key| quick
            .get_or_insert_async(&key, async { Ok::<_, ()>(key) }))
    };
    let anyrt_row = calls!(runtime, anyrt, keys(3), |key| anyrt
        .get_or_load(&key, |key| async move { key }));
    let moka_row = calls!(runtime, moka, keys(4), |key| moka
        .try_get_with(key, async move { Ok::<_, ()>(key) }));
    table
        .row("quick_cache", "restarts with its caller", quick_row(1))
        .row("quick_cache, again", "A/A", quick_row(2))
        .row("anyrt", "goes on without its caller", anyrt_row)
        .row("moka", "restarts with its caller", moka_row)
}

fn herd(table: Table) -> Table {
    let runtime = Arc::new(rig::tokio());
    let load = || async {
        tokio::task::yield_now().await;
        1
    };
    let anyrt: Arc<Anyrt> = cache::anyrt(10_000, None).into();
    let quick: Arc<Quick> = cache::quick(10_000).into();
    let moka = cache::moka_future();
    macro_rules! row {
        ($from:expr, |$key:ident| $call:expr) => {{
            let (runtime, mut next) = (runtime.clone(), $from << 40);
            move |n| {
                let took = runtime.block_on(timed(cache::herd(n, &mut next, |$key| $call)));
                // For each task of a herd, however many were asked for.
                took.mul_f64(n as f64 / (n.div_ceil(HERD) * HERD) as f64)
            }
        }};
    }
    let quick_row = |place: u64| {
        let quick = quick.clone();
        row!(place, |key| {
            let quick = quick.clone();
            async move {
                let load = async { Ok::<_, ()>(load().await) };
                let loaded = quick.get_or_insert_async(&key, load).await;
                loaded.expect("it loads")
            }
        })
    };
    let anyrt_row = row!(3, |key| {
        let anyrt = anyrt.clone();
        async move { anyrt.get_or_load(&key, |_| load()).await.expect("it loads") }
    });
    let moka_row = row!(4, |key| {
        let moka = moka.clone();
        async move { moka.get_with(key, load()).await }
    });
    table
        .row("quick_cache", "restarts with its caller", quick_row(1))
        .row("quick_cache, again", "A/A", quick_row(2))
        .row("anyrt", "goes on without its caller", anyrt_row)
        .row("moka", "restarts with its caller", moka_row)
        .row("tasks that yield once", "floor", row!(5, |_key| load()))
}
