//! What a cache has done so far.

use std::ops::AddAssign;

/// Counts since the cache was made, and what it holds now. The shards are read one after another: what
/// others do meanwhile is in some of the numbers, and not in others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Reads that found a fresh value.
    pub hits: u64,
    /// Reads that were served a stale one.
    pub stale_hits: u64,
    /// Reads that found nothing they could use.
    pub misses: u64,
    /// Misses without a load of their own: one was under way, had just ended, or its error was kept.
    pub shared: u64,
    /// Loads that began, refreshes included.
    pub loads: u64,
    /// Loads that gave an error or panicked.
    pub failures: u64,
    /// Loads that began while a value was there.
    pub refreshes: u64,
    /// Entries that had to go for others.
    pub evicted: u64,
    /// Entries whose time was over.
    pub expired: u64,
    /// Values that were too heavy to be kept at all.
    pub rejected: u64,
    /// Panics of `on_evict`.
    pub listener_panics: u64,
    /// Entries that are there now; some may be past their time.
    pub entries: u64,
    /// What they weigh.
    pub weight: u64,
    /// Loads that are under way now.
    pub in_flight: u64,
}

impl CacheStats {
    /// The part of reads that were served from the cache, stale values included: between 0 and 1, and 0
    /// before the first.
    pub fn hit_ratio(&self) -> f64 {
        let served = self.hits + self.stale_hits;
        match served + self.misses {
            0 => 0.0,
            reads => served as f64 / reads as f64,
        }
    }
}

impl AddAssign for CacheStats {
    fn add_assign(&mut self, other: Self) {
        self.hits += other.hits;
        self.stale_hits += other.stale_hits;
        self.misses += other.misses;
        self.shared += other.shared;
        self.loads += other.loads;
        self.failures += other.failures;
        self.refreshes += other.refreshes;
        self.evicted += other.evicted;
        self.expired += other.expired;
        self.rejected += other.rejected;
        self.listener_panics += other.listener_panics;
        self.entries += other.entries;
        self.weight += other.weight;
        self.in_flight += other.in_flight;
    }
}
