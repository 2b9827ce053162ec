//! Caches: hit ratios on seeded traces, bytes an entry, instructions, and wall time.
//! `cargo run --release --bin cache [part]`, of `ratios`, `bytes`, `ir` and `wall`; exits with 1 where a gate is broken.

use anyrt_benches::{
    harness::{Table, timed},
    ops::cache::{self, Anyrt, HERD, Quick, Store},
    rig, traces,
};
use std::{
    env, fs,
    hint::black_box,
    process::Command,
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

/// The process's memory, in bytes.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = statm.split(' ').nth(1).expect("a second field");
    pages.parse::<u64>().expect("a number") * 4096
}

fn bytes() {
    const MILLION: u64 = 1_000_000;
    fn fill<S: Store>(store: S) -> f64 {
        let before = resident();
        // Three times as many as there is room for: what remembers who left is full, too.
        for key in 0..3 * MILLION {
            store.insert(key, key);
        }
        (resident() - before) as f64 / MILLION as f64
    }
    println!(
        "\n### Bytes an entry, of a million full ones (u64 to u64)\n\n| | bytes |\n|---|---:|"
    );
    let name = env::args().nth(2);
    let bytes = match name.as_deref() {
        Some("anyrt") => fill(cache::anyrt(MILLION, None)),
        Some("anyrt-ttl") => fill(cache::anyrt(MILLION, Some(Duration::from_secs(60)))),
        Some("quick_cache") => fill(cache::quick(MILLION)),
        Some("quick_cache-ttl") => fill(cache::QuickTimed::new(MILLION as usize)),
        Some("moka-ttl") => {
            let minute = Duration::from_secs(60);
            let builder = moka::sync::Cache::builder().max_capacity(MILLION);
            fill(builder.time_to_live(minute).build())
        }
        _ => {
            for name in [
                "anyrt",
                "anyrt-ttl",
                "quick_cache",
                "quick_cache-ttl",
                "moka-ttl",
            ] {
                // A process each, so that none takes what another one gave back.
                let program = env::current_exe().expect("this program");
                let run = std::process::Command::new(program)
                    .args(["bytes", name])
                    .output();
                let said = run.expect("it runs").stdout;
                let said = String::from_utf8_lossy(&said);
                println!("{}", said.lines().last().unwrap_or_default());
            }
            return;
        }
    };
    println!("| {} | {bytes:.1} |", name.unwrap_or_default());
}

/// `(operation, the most that it may cost in terms of the table's first)`: what is kept.
type Row = (&'static str, Option<f64>);

const TABLES: &[(&str, &[Row])] = &[
    (
        "A hit",
        &[("hit: quick_cache", None), ("hit: anyrt", Some(1.55))],
    ),
    (
        "A hit, with a time to live",
        &[
            ("timed hit: quick_cache, by hand", None),
            ("timed hit: anyrt", Some(1.80)),
        ],
    ),
    (
        "A miss, and an insertion that evicts",
        &[("miss: quick_cache", None), ("miss: anyrt", Some(1.95))],
    ),
    (
        "Get or load, a hit",
        &[
            ("load hit: quick_cache", None),
            ("load hit: anyrt", Some(1.06)),
        ],
    ),
    (
        "Get or load, a miss whose load is ready",
        &[
            ("load miss: quick_cache", None),
            ("load miss: anyrt", Some(2.95)),
        ],
    ),
    (
        "A herd of 64, a waiter",
        &[
            ("herd: quick_cache", None),
            ("herd: anyrt", Some(0.90)),
            ("herd: tasks that yield once", None),
        ],
    ),
];

const FEW: u64 = 64 * 100;
const MANY: u64 = 64 * 300;

fn run(operation: &str, n: u64) {
    let runtime = rig::tokio();
    let _entered = runtime.enter();
    let load = || async {
        tokio::task::yield_now().await;
        1
    };
    let (plain, timed, quick, quick_timed) = cache::all();
    let mut next = 1 << 40;
    let mut miss = || {
        next += 1;
        next
    };
    // Full, so that each insertion evicts.
    if operation.contains("miss") {
        let mut from = 1 << 41;
        cache::misses(&*plain, &mut from, 20_000);
        cache::misses(&*quick, &mut from, 20_000);
    }
    match operation {
        "hit: quick_cache" => cache::hits(&*quick, n),
        "hit: anyrt" => cache::hits(&*plain, n),
        "timed hit: quick_cache, by hand" => cache::hits(&*quick_timed, n),
        "timed hit: anyrt" => cache::hits(&*timed, n),
        "miss: quick_cache" => cache::misses(&*quick, &mut next, n),
        "miss: anyrt" => cache::misses(&*plain, &mut next, n),
        "load hit: quick_cache" => runtime.block_on(async {
            for step in 0..n {
                let key = step % cache::ENTRIES;
                black_box(
                    quick
                        .get_or_insert_async(&key, async { Ok::<_, ()>(key) })
                        .await,
                )
                .ok();
            }
        }),
        "load hit: anyrt" => runtime.block_on(async {
            for step in 0..n {
                let key = step % cache::ENTRIES;
                black_box(plain.get_or_load(&key, |key| async move { key }).await).ok();
            }
        }),
        "load miss: quick_cache" => runtime.block_on(async {
            for _ in 0..n {
                let key = miss();
                black_box(
                    quick
                        .get_or_insert_async(&key, async { Ok::<_, ()>(key) })
                        .await,
                )
                .ok();
            }
        }),
        "load miss: anyrt" => runtime.block_on(async {
            for _ in 0..n {
                black_box(plain.get_or_load(&miss(), |key| async move { key }).await).ok();
            }
        }),
        "herd: quick_cache" => runtime.block_on(cache::herd(n, &mut next, |key| {
            let quick = quick.clone();
            async move {
                let load = async { Ok::<_, ()>(load().await) };
                quick
                    .get_or_insert_async(&key, load)
                    .await
                    .expect("it loads")
            }
        })),
        "herd: anyrt" => runtime.block_on(cache::herd(n, &mut next, |key| {
            let plain = plain.clone();
            async move { plain.get_or_load(&key, |_| load()).await.expect("it loads") }
        })),
        "herd: tasks that yield once" => {
            runtime.block_on(cache::herd(n, &mut next, |_| load()));
        }
        _ => panic!("there is no operation {operation:?}"),
    }
}

/// All instructions of a run of `n`.
fn count(operation: &str, n: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().expect("the operating system knows this binary"))
        .args(["--run", operation, &n.to_string()])
        .output()
        .expect("valgrind is installed");
    let log = String::from_utf8_lossy(&output.stderr);
    let collected = log.lines().find_map(|line| line.split_once("Collected : "));
    let (_, collected) = collected.unwrap_or_else(|| panic!("{operation}: {log}"));
    collected.trim().parse().expect("it is a number")
}

/// Says how many gates are broken.
fn instructions() -> usize {
    let mut broken = 0;
    for (title, rows) in TABLES {
        println!("\n#### {title}\n\n| | Ir | ratio | gate |\n|---|---:|---:|---|");
        let mut base = None;
        for (operation, gate) in *rows {
            let each =
                (count(operation, MANY) - count(operation, FEW)) as f64 / (MANY - FEW) as f64;
            let ratio = each / *base.get_or_insert(each);
            let verdict = match gate {
                None => String::new(),
                Some(most) if ratio <= *most => format!("≤ ×{most:.2} kept"),
                Some(most) => {
                    broken += 1;
                    format!("≤ ×{most:.2} **broken**")
                }
            };
            println!("| {operation} | {each:.1} | ×{ratio:.3} | {verdict} |");
        }
    }
    broken
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [flag, operation, n] = arguments.as_slice() {
        assert_eq!(flag, "--run");
        run(operation, n.parse().expect("a number of repetitions"));
        return;
    }
    let part = env::args().nth(1).unwrap_or_default();
    let is = |name| part.is_empty() || part == name;
    if is("ratios") {
        traces::print();
    }
    if is("bytes") {
        bytes();
    }
    if is("ir") && instructions() > 0 {
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
