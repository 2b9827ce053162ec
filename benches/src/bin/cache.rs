//! Caches: hit ratios on seeded traces, bytes an entry, instructions, and wall time.
//! `cargo run --release --bin cache [part]`, of `ratios`, `ir`, `wall`, and `bytes` (with `--features count`); exits with 1 where a gate is broken.

use anyrt_benches::{
    allocated, cache_ir,
    harness::{Table, timed},
    ops::cache::{self, Anyrt, HERD, Quick, Store},
    rig, traces,
};
use std::{
    env,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

fn sync(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn hits() {
    let (plain, timed, quick, quick_timed) = cache::all();
    let (moka, map) = (cache::moka(false), cache::filled(cache::Map::default()));
    let again = quick.clone();
    Table::new("A hit")
        .row("quick_cache", "", move |n| sync(|| cache::hits(&*quick, n)))
        .row("quick_cache, again", "A/A", move |n| {
            sync(|| cache::hits(&*again, n))
        })
        .row("anyrt", "exact counts", move |n| {
            sync(|| cache::hits(&*plain, n))
        })
        .row("moka", "", move |n| sync(|| cache::hits(&*moka, n)))
        .row("`Mutex<HashMap>`", "grows", move |n| {
            sync(|| cache::hits(&*map, n))
        })
        .measure();
    let (again, moka) = (quick_timed.clone(), cache::moka(true));
    Table::new("A hit, with a time to live")
        .row("quick_cache, by hand", "", move |n| {
            sync(|| cache::hits(&*quick_timed, n))
        })
        .row("quick_cache, again", "A/A", move |n| {
            sync(|| cache::hits(&*again, n))
        })
        .row("anyrt", "", move |n| sync(|| cache::hits(&*timed, n)))
        .row("moka", "", move |n| sync(|| cache::hits(&*moka, n)))
        .row("`Instant::now`", "floor", |n| {
            sync(|| {
                for _ in 0..n {
                    black_box(Instant::now());
                }
            })
        })
        .row("`rt.now()`", "floor of anyrt", |n| {
            use anyrt::prelude::*;
            let rt = anyrt::tokio::Tokio::default();
            sync(|| {
                for _ in 0..n {
                    black_box(rt.now());
                }
            })
        })
        .measure();
}

fn threads() {
    let (plain, _, quick, _) = cache::all();
    let (moka, map) = (cache::moka(false), cache::filled(cache::Map::default()));
    let again = quick.clone();
    Table::new("Hits in two threads")
        .row("quick_cache", "", move |n| cache::hits_of_two(&*quick, n))
        .row("quick_cache, again", "A/A", move |n| {
            cache::hits_of_two(&*again, n)
        })
        .row("anyrt", "", move |n| cache::hits_of_two(&*plain, n))
        .row("moka", "", move |n| cache::hits_of_two(&*moka, n))
        .row("`Mutex<HashMap>`", "one lock", move |n| {
            cache::hits_of_two(&*map, n)
        })
        .measure();
}

fn misses() {
    fn row<S: Store>(store: Arc<S>) -> impl FnMut(u64) -> Duration + 'static {
        let mut from = 1 << 40;
        cache::misses(&*store, &mut from, 50_000);
        move |n| sync(|| cache::misses(&*store, &mut from, n))
    }
    let (plain, timed, quick, _) = cache::all();
    Table::new("A miss, and an insertion that evicts")
        .row("quick_cache", "", row(quick.clone()))
        .row("quick_cache, again", "A/A", row(quick))
        .row("anyrt", "", row(plain))
        .row("anyrt, with a time to live", "sweeps", row(timed))
        .row("moka", "", row(cache::moka(false)))
        .measure();
}

fn loads() {
    let runtime = Arc::new(rig::tokio());
    let (plain, _, quick, _) = cache::all();
    let moka = cache::moka_future();
    for key in 0..cache::ENTRIES {
        runtime.block_on(moka.insert(key, key));
    }
    macro_rules! row {
        ($store:expr, |$cache:ident, $key:ident| $call:expr) => {{
            let ($cache, runtime) = ($store.clone(), runtime.clone());
            move |n| {
                runtime.block_on(timed(async {
                    for step in 0..n {
                        let $key = step % cache::ENTRIES;
                        black_box($call.await).ok();
                    }
                }))
            }
        }};
    }
    Table::new("Get or load, a hit")
        .row(
            "quick_cache",
            "",
            row!(quick, |cache, key| cache
                .get_or_insert_async(&key, async { Ok::<_, ()>(key) })),
        )
        .row(
            "quick_cache, again",
            "A/A",
            row!(quick, |cache, key| cache
                .get_or_insert_async(&key, async { Ok::<_, ()>(key) })),
        )
        .row(
            "anyrt",
            "",
            row!(plain, |cache, key| cache
                .get_or_load(&key, |key| async move { key })),
        )
        .row(
            "moka",
            "",
            row!(moka, |cache, key| cache
                .try_get_with(key, async move { Ok::<_, ()>(key) })),
        )
        .measure();

    let mut misses = 1_u64 << 41;
    let mut miss = move || {
        misses += 1;
        misses
    };
    macro_rules! miss_row {
        ($store:expr, |$cache:ident, $key:ident| $call:expr) => {{
            let ($cache, runtime) = ($store.clone(), runtime.clone());
            let mut from = miss() << 20;
            move |n| {
                runtime.block_on(timed(async {
                    for _ in 0..n {
                        from += 1;
                        let $key = from;
                        black_box($call.await).ok();
                    }
                }))
            }
        }};
    }
    Table::new("Get or load, a miss whose load is ready")
        .row(
            "quick_cache",
            "restarts with its caller",
            miss_row!(quick, |cache, key| cache
                .get_or_insert_async(&key, async { Ok::<_, ()>(key) })),
        )
        .row(
            "quick_cache, again",
            "A/A",
            miss_row!(quick, |cache, key| cache
                .get_or_insert_async(&key, async { Ok::<_, ()>(key) })),
        )
        .row(
            "anyrt",
            "goes on without its caller",
            miss_row!(plain, |cache, key| cache
                .get_or_load(&key, |key| async move { key })),
        )
        .row(
            "moka",
            "restarts with its caller",
            miss_row!(moka, |cache, key| cache
                .try_get_with(key, async move { Ok::<_, ()>(key) })),
        )
        .measure();
}

fn herds() {
    let runtime = Arc::new(rig::tokio());
    let load = || async {
        tokio::task::yield_now().await;
        1
    };
    let (anyrt, quick): (Arc<Anyrt>, Arc<Quick>) = (
        cache::anyrt(10_000, None).into(),
        cache::quick(10_000).into(),
    );
    let moka = cache::moka_future();
    macro_rules! row {
        (|$key:ident| $call:expr) => {{
            let (runtime, mut next) = (runtime.clone(), 0);
            move |n| {
                let took = runtime.block_on(timed(cache::herd(n, &mut next, |$key| $call)));
                // For each task of a herd, however many were asked for.
                took.mul_f64(n as f64 / (n.div_ceil(HERD) * HERD) as f64)
            }
        }};
    }
    let quick_row = || {
        let quick = quick.clone();
        row!(|key| {
            let quick = quick.clone();
            async move {
                let load = async { Ok::<_, ()>(load().await) };
                quick
                    .get_or_insert_async(&key, load)
                    .await
                    .expect("it loads")
            }
        })
    };
    let anyrt_row = row!(|key| {
        let anyrt = anyrt.clone();
        async move { anyrt.get_or_load(&key, |_| load()).await.expect("it loads") }
    });
    let moka_row = row!(|key| {
        let moka = moka.clone();
        async move { moka.get_with(key, load()).await }
    });
    Table::new("A herd of 64 for one key, a waiter")
        .row("quick_cache", "restarts with its caller", quick_row())
        .row("quick_cache, again", "A/A", quick_row())
        .row("anyrt", "goes on without its caller", anyrt_row)
        .row("moka", "restarts with its caller", moka_row)
        .row("tasks that yield once", "floor", row!(|_key| load()))
        .measure();
}

fn bytes() {
    const MILLION: u64 = 1_000_000;
    const MINUTE: Duration = Duration::from_secs(60);
    fn row<S: Store>(name: &str, make: impl FnOnce() -> S) {
        let before = allocated();
        let store = make();
        // Three times as many as there is room for: what remembers who left is full, too.
        for key in 0..3 * MILLION {
            store.insert(key, key);
        }
        let bytes = (allocated() - before) as f64 / MILLION as f64;
        println!("| {name} | {bytes:.1} |");
    }
    println!(
        "\n### Bytes an entry, of a million full ones (u64 to u64)\n\n| | bytes |\n|---|---:|"
    );
    row("anyrt, with or without times", || {
        cache::anyrt(MILLION, Some(MINUTE))
    });
    row("quick_cache", || cache::quick(MILLION));
    row("quick_cache, a time by hand", || {
        cache::QuickTimed::new(MILLION as usize)
    });
    row("moka, with a time to live", || {
        let builder = moka::sync::Cache::builder().max_capacity(MILLION);
        builder.time_to_live(MINUTE).build()
    });
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [flag, operation, n] = arguments.as_slice() {
        assert_eq!(flag, "--run");
        cache_ir::run(operation, n.parse().expect("a number of repetitions"));
        return;
    }
    let part = env::args().nth(1).unwrap_or_default();
    let is = |name| part.is_empty() || part == name;
    if is("ratios") {
        traces::print();
    }
    if part == "bytes" {
        bytes();
    }
    if is("ir") && cache_ir::measure() > 0 {
        std::process::exit(1);
    }
    if is("wall") {
        hits();
        threads();
        misses();
        loads();
        herds();
    }
}
