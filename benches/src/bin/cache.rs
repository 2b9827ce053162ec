//! Caches: hit ratios on seeded traces, bytes an entry, instructions, and wall time.
//! `cargo run --release --bin cache [part]`, of `ratios`, `ir`, `wall`, and `bytes` (with `--features count`); exits with 1 where a gate is broken.

use anyrt_benches::{
    allocated, cache_ir, cache_wall,
    ops::cache::{self, Store},
    traces,
};
use std::{env, time::Duration};

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
        cache_wall::measure(&env::args().nth(2).unwrap_or_default());
    }
}
