//! Caches: anyrt's, its peers', and a map in a mutex.

use anyrt::{AsyncCache, tokio::Tokio};
use std::{
    collections::HashMap,
    hint::{black_box, spin_loop},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Entries that are there, of a capacity twice that.
pub const ENTRIES: u64 = 10_000;
const CAPACITY: u64 = 2 * ENTRIES;
const HOUR: Duration = Duration::from_secs(3600);
/// Callers of one key.
pub const HERD: u64 = 64;

pub type Anyrt = AsyncCache<Tokio, u64, u64>;
pub type Quick = quick_cache::sync::Cache<u64, u64>;
/// quick_cache with a time beside each value, checked by hand.
pub type QuickTimed = quick_cache::sync::Cache<u64, (Instant, u64)>;
pub type Moka = moka::future::Cache<u64, u64>;
pub type Map = Mutex<HashMap<u64, u64>>;

/// An operation, many times, synchronously.
pub trait Store: Send + Sync + 'static {
    fn get(&self, key: u64) -> Option<u64>;
    fn insert(&self, key: u64, value: u64);
}

impl Store for Anyrt {
    fn get(&self, key: u64) -> Option<u64> {
        AsyncCache::get(self, &key)
    }

    fn insert(&self, key: u64, value: u64) {
        AsyncCache::insert(self, key, value);
    }
}

impl Store for Quick {
    fn get(&self, key: u64) -> Option<u64> {
        quick_cache::sync::Cache::get(self, &key)
    }

    fn insert(&self, key: u64, value: u64) {
        quick_cache::sync::Cache::insert(self, key, value);
    }
}

impl Store for QuickTimed {
    fn get(&self, key: u64) -> Option<u64> {
        let found = quick_cache::sync::Cache::get(self, &key);
        found.and_then(|(until, value)| (Instant::now() < until).then_some(value))
    }

    fn insert(&self, key: u64, value: u64) {
        quick_cache::sync::Cache::insert(self, key, (Instant::now() + HOUR, value));
    }
}

impl Store for moka::sync::Cache<u64, u64> {
    fn get(&self, key: u64) -> Option<u64> {
        moka::sync::Cache::get(self, &key)
    }

    fn insert(&self, key: u64, value: u64) {
        moka::sync::Cache::insert(self, key, value);
    }
}

impl Store for Map {
    fn get(&self, key: u64) -> Option<u64> {
        self.lock().expect("no panic").get(&key).copied()
    }

    fn insert(&self, key: u64, value: u64) {
        self.lock().expect("no panic").insert(key, value);
    }
}

pub fn anyrt(capacity: u64, ttl: Option<Duration>) -> Anyrt {
    let builder = AsyncCache::builder(&Tokio::default()).capacity(capacity);
    let builder = match ttl {
        Some(ttl) => builder.ttl(ttl),
        None => builder,
    };
    builder.build().expect("these settings can be used")
}

pub fn quick(capacity: u64) -> Quick {
    Quick::new(capacity as usize)
}

/// With [`ENTRIES`] entries.
pub fn filled<S: Store>(store: S) -> Arc<S> {
    for key in 0..ENTRIES {
        store.insert(key, key);
    }
    Arc::new(store)
}

pub fn all() -> (Arc<Anyrt>, Arc<Anyrt>, Arc<Quick>, Arc<QuickTimed>) {
    (
        filled(anyrt(CAPACITY, None)),
        filled(anyrt(CAPACITY, Some(HOUR))),
        filled(quick(CAPACITY)),
        filled(QuickTimed::new(CAPACITY as usize)),
    )
}

pub fn moka(ttl: bool) -> Arc<moka::sync::Cache<u64, u64>> {
    let builder = moka::sync::Cache::builder().max_capacity(CAPACITY);
    let store = match ttl {
        true => builder.time_to_live(HOUR).build(),
        false => builder.build(),
    };
    let store = filled(store);
    store.run_pending_tasks();
    store
}

pub fn moka_future() -> Moka {
    Moka::builder().max_capacity(CAPACITY).build()
}

/// Keys that are there, in no order.
fn key(step: u64) -> u64 {
    step.wrapping_mul(0x9E37_79B9_7F4A_7C15) % ENTRIES
}

pub fn hits<S: Store>(store: &S, n: u64) {
    for step in 0..n {
        black_box(store.get(key(step)));
    }
}

/// Hits in two threads at once: how long both took, once both were there.
pub fn hits_of_two<S: Store>(store: &S, n: u64) -> Duration {
    let there = AtomicUsize::new(0);
    let one = || {
        there.fetch_add(1, Ordering::Relaxed);
        while there.load(Ordering::Relaxed) < 2 {
            spin_loop();
        }
        let start = Instant::now();
        hits(store, n);
        (start, Instant::now())
    };
    let (one, other) = thread::scope(|scope| {
        let other = scope.spawn(one);
        (one(), other.join().expect("no hit panics"))
    });
    one.1.max(other.1) - one.0.min(other.0)
}

/// Keys that were never there; each takes another one's place.
pub fn misses<S: Store>(store: &S, from: &mut u64, n: u64) {
    for _ in 0..n {
        *from += 1;
        if store.get(*from).is_none() {
            store.insert(*from, 0);
        }
    }
}

/// Tasks that ask for one key together, whose load yields once: `n` tasks in all.
pub async fn herd<F, Fut>(n: u64, next: &mut u64, call: F)
where
    F: Fn(u64) -> Fut,
    Fut: Future<Output = u64> + Send + 'static,
{
    for _ in 0..n.div_ceil(HERD) {
        *next += 1;
        let tasks: Vec<_> = (0..HERD).map(|_| tokio::spawn(call(*next))).collect();
        for task in tasks {
            black_box(task.await.expect("no load panics"));
        }
    }
}
