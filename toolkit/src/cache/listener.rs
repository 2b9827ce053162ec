//! Tells the user's closure of entries that leave, one at a time and under no lock.

use crate::{lock::lock, unwind::quietly};
use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

/// Why an entry left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// Others needed the room, or it was too heavy to be kept at all.
    Size,
    /// Its time was over, or it was given none.
    Expired,
    /// A load brought a newer value.
    Reloaded,
    /// The cache was cleared.
    Cleared,
}

/// An entry that left.
#[derive(Debug)]
pub(super) struct Departure<K, V> {
    pub(super) key: K,
    pub(super) value: V,
    pub(super) cause: Cause,
}

/// So many departures beyond its own are told in one operation.
const MORE: usize = 64;

type Call<K, V> = Box<dyn Fn(K, V, Cause) + Send + Sync>;

/// The closure, and what it has not been told yet.
pub(super) struct Listener<K, V> {
    call: Call<K, V>,
    backlog: Mutex<Backlog<K, V>>,
    panics: AtomicU64,
}

struct Backlog<K, V> {
    departures: VecDeque<Departure<K, V>>,
    told: bool,
}

impl<K, V> Listener<K, V> {
    pub(super) fn new(call: Call<K, V>) -> Self {
        Self {
            call,
            backlog: Mutex::new(Backlog {
                departures: VecDeque::new(),
                told: false,
            }),
            panics: AtomicU64::new(0),
        }
    }

    pub(super) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    fn backlog(&self) -> MutexGuard<'_, Backlog<K, V>> {
        lock(&self.backlog)
    }

    /// Tells of these, and of what comes meanwhile. Where that is going on already, which is so when the
    /// closure itself uses the cache, they are left to who does it; so it never nests. It has an end, too:
    /// a closure that puts back each entry it is told of finds the rest of its work left for the
    /// next operation.
    pub(super) fn tell(&self, departures: impl IntoIterator<Item = Departure<K, V>>) {
        let mut backlog = self.backlog();
        backlog.departures.extend(departures);
        if backlog.told {
            return;
        }
        backlog.told = true;
        let most = backlog.departures.len() + MORE;
        for _ in 0..most {
            let Some(next) = backlog.departures.pop_front() else {
                break;
            };
            drop(backlog);
            let Departure { key, value, cause } = next;
            // The caller had no part in it: it is not the one to be unwound.
            if quietly(|| (self.call)(key, value, cause)) {
                self.panics.fetch_add(1, Ordering::Relaxed);
            }
            backlog = self.backlog();
        }
        backlog.told = false;
    }
}

impl<K, V> fmt::Debug for Listener<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener(..)")
    }
}
