//! Instructions of caches, under callgrind: a difference of two runs, so that what comes before does not count.

use crate::{ops::cache, rig};
use std::{env, hint::black_box, process::Command};

/// `(operation, the most that it may cost in terms of the table's first)`: what is kept.
type Row = (&'static str, Option<f64>);

const TABLES: &[(&str, &[Row])] = &[
    (
        "A hit",
        &[
            ("hit: quick_cache", None),
            ("hit: anyrt", Some(1.40)),
            ("hit: moka", None),
            ("hit: `Mutex<HashMap>`", None),
        ],
    ),
    (
        "A hit, with a time to live",
        &[
            ("timed hit: quick_cache, by hand", None),
            ("timed hit: anyrt", Some(2.02)),
            ("timed hit: moka", None),
        ],
    ),
    (
        "A miss, and an insertion that evicts",
        &[
            ("miss: quick_cache", None),
            ("miss: anyrt", Some(1.72)),
            ("miss: moka", None),
        ],
    ),
    (
        "Get or load, a hit",
        &[
            ("load hit: quick_cache", None),
            ("load hit: anyrt", Some(0.96)),
            ("load hit: moka", None),
        ],
    ),
    (
        "Get or load, a miss whose load is ready",
        &[
            ("load miss: quick_cache", None),
            ("load miss: anyrt", Some(2.75)),
            ("load miss: moka", None),
        ],
    ),
    (
        "A herd of 64, a waiter",
        &[
            ("herd: quick_cache", None),
            ("herd: anyrt", Some(0.90)),
            ("herd: moka", None),
            ("herd: tasks that yield once", None),
        ],
    ),
];

const FEW: u64 = 64 * 100;
const MANY: u64 = 64 * 300;

/// Does an operation so many times.
pub fn run(operation: &str, n: u64) {
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
    // Made only where it is needed: what it does in the background counts, too.
    let moka = || {
        let moka = cache::moka_future();
        let insert = async |from| {
            for key in from..from + 2 * cache::ENTRIES {
                moka.insert(key, key).await;
            }
            moka.run_pending_tasks().await;
        };
        match operation.contains("miss") {
            true => runtime.block_on(insert(1 << 42)),
            false => runtime.block_on(insert(0)),
        }
        moka
    };
    match operation {
        "hit: moka" => cache::hits(&*cache::moka(false), n),
        "hit: `Mutex<HashMap>`" => cache::hits(&*cache::filled(cache::Map::default()), n),
        "timed hit: moka" => cache::hits(&*cache::moka(true), n),
        "miss: moka" => {
            let moka = cache::moka(false);
            cache::misses(&*moka, &mut next, 20_000);
            moka.run_pending_tasks();
            cache::misses(&*moka, &mut next, n);
        }
        "load hit: moka" => {
            let moka = moka();
            runtime.block_on(async {
                for step in 0..n {
                    let key = step % cache::ENTRIES;
                    black_box(
                        moka.try_get_with(key, async move { Ok::<_, ()>(key) })
                            .await,
                    )
                    .ok();
                }
            });
        }
        "load miss: moka" => {
            let moka = moka();
            runtime.block_on(async {
                for _ in 0..n {
                    let key = miss();
                    black_box(
                        moka.try_get_with(key, async move { Ok::<_, ()>(key) })
                            .await,
                    )
                    .ok();
                }
            });
        }
        "herd: moka" => {
            let moka = moka();
            runtime.block_on(cache::herd(n, &mut next, |key| {
                let moka = moka.clone();
                async move { moka.get_with(key, load()).await }
            }));
        }
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

/// Measures, prints, and says how many gates are broken.
pub fn measure() -> usize {
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
