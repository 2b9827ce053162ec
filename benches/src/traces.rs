//! Hit ratios on seeded traces, with the optimum: the same in each run.

use crate::ops::cache::{self, Store};
use std::collections::{BTreeMap, BTreeSet, HashMap};

const KEYS: usize = 100_000;
const REQUESTS: usize = 1_000_000;

/// Requests by Zipf's law; with `scans`, each 20,000 are followed by 10,000 for keys of no other use.
fn trace(exponent: f64, scans: bool) -> Vec<u64> {
    let mut sums = Vec::with_capacity(KEYS);
    let mut all = 0.0;
    for rank in 1..=KEYS {
        all += (rank as f64).powf(-exponent);
        sums.push(all);
    }
    let (mut state, mut scanned) = (1_u64, KEYS as u64);
    let mut trace = Vec::with_capacity(REQUESTS);
    while trace.len() < REQUESTS {
        for _ in 0..20_000 {
            // SplitMix64.
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut bits = state;
            bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            bits ^= bits >> 31;
            let at = (bits >> 11) as f64 / (1_u64 << 53) as f64 * all;
            trace.push(sums.partition_point(|sum| *sum <= at) as u64);
        }
        if scans {
            trace.extend(scanned..scanned + 10_000);
            scanned += 10_000;
        }
    }
    trace
}

fn ratio<S: Store>(trace: &[u64], store: &S) -> f64 {
    let hit = |key: &&u64| {
        let hit = store.get(**key).is_some();
        if !hit {
            store.insert(**key, 0);
        }
        hit
    };
    trace.iter().filter(hit).count() as f64 / trace.len() as f64
}

/// moka does its work in batches, in the background unless it is told to.
fn ratio_of_moka(trace: &[u64], capacity: u64) -> f64 {
    let store = moka::sync::Cache::new(capacity);
    let hit = |(at, key): &(usize, &u64)| {
        let hit = store.get(*key).is_some();
        if !hit {
            store.insert(**key, 0);
        }
        if at % 32 == 0 {
            store.run_pending_tasks();
        }
        hit
    };
    trace.iter().enumerate().filter(hit).count() as f64 / trace.len() as f64
}

fn lru(trace: &[u64], capacity: usize) -> f64 {
    let (mut used, mut order, mut hits) = (HashMap::new(), BTreeMap::new(), 0);
    for (now, key) in trace.iter().enumerate() {
        if let Some(before) = used.insert(*key, now) {
            hits += 1;
            order.remove(&before);
        }
        order.insert(now, *key);
        if order.len() > capacity
            && let Some((_, oldest)) = order.pop_first()
        {
            used.remove(&oldest);
        }
    }
    f64::from(hits) / trace.len() as f64
}

/// Belady's: who is needed last goes first.
fn optimum(trace: &[u64], capacity: usize) -> f64 {
    let mut next = vec![usize::MAX; trace.len()];
    let mut seen = HashMap::new();
    for (at, key) in trace.iter().enumerate().rev() {
        next[at] = seen.insert(*key, at).unwrap_or(usize::MAX);
    }
    let (mut kept, mut order, mut hits) = (HashMap::new(), BTreeSet::new(), 0);
    for (at, key) in trace.iter().enumerate() {
        if let Some(due) = kept.remove(key) {
            hits += 1;
            order.remove(&(due, *key));
        }
        if next[at] == usize::MAX {
            continue;
        }
        kept.insert(*key, next[at]);
        order.insert((next[at], *key));
        if order.len() > capacity
            && let Some((_, last)) = order.pop_last()
        {
            kept.remove(&last);
        }
    }
    f64::from(hits) / trace.len() as f64
}

/// Measures, and prints; with an exit code of 1 where anyrt is behind quick_cache by more than 0.003.
pub fn print() {
    println!(
        "\n### Hit ratios\n\n| trace | room for | optimum | anyrt | quick_cache | moka | LRU |\n|---|---:|---:|---:|---:|---:|---:|"
    );
    let mut behind = false;
    for (name, exponent, scans) in [
        ("Zipf 0.9", 0.9, false),
        ("Zipf 0.9, with scans", 0.9, true),
        ("Zipf 0.7", 0.7, false),
        ("Zipf 1.1", 1.1, false),
    ] {
        let trace = trace(exponent, scans);
        for hundredths in [1, 10] {
            let capacity = KEYS * hundredths / 100;
            let anyrt = ratio(&trace, &cache::anyrt(capacity as u64, None));
            let quick = ratio(&trace, &cache::quick(capacity as u64));
            behind |= anyrt < quick - 0.003;
            println!(
                "| {name} | {hundredths} % | {:.4} | {anyrt:.4} | {quick:.4} | {:.4} | {:.4} |",
                optimum(&trace, capacity),
                ratio_of_moka(&trace, capacity as u64),
                lru(&trace, capacity),
            );
        }
    }
    if behind {
        eprintln!("anyrt is behind quick_cache by more than 0.003");
        std::process::exit(1);
    }
}
