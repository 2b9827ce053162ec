//! Random operations, beside a map that does the same without being clever.

use super::{Cache, SECOND, builder, draw};
use anyrt_core::rt::{Clock, Sleep};
use anyrt_sim::{SimRuntime, check};
use anyrt_toolkit::cache::Cause;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

const TTL: Duration = Duration::from_secs(20);
const IDLE: Duration = Duration::from_secs(8);
const STALE: Duration = Duration::from_secs(5);
const KEYS: u64 = 24;

/// A value, when it was written, when it was last read or written.
type Entry = (u64, Duration, Duration);
type Gone = Arc<Mutex<Vec<(u32, u64, Cause)>>>;

struct Model {
    entries: HashMap<u32, Entry>,
    gone: Gone,
    capacity: usize,
}

impl Model {
    /// What the cache says that it let go has to be explained.
    fn account(&mut self, now: Duration) {
        for (key, value, cause) in std::mem::take(&mut *self.gone.lock().unwrap()) {
            let entry = self.entries.remove(&key);
            let (known, written, used) = entry.unwrap_or_else(|| panic!("{key} left twice"));
            assert_eq!(known, value, "another value of {key} left");
            match cause {
                Cause::Size => assert!(self.entries.len() + 1 >= self.capacity),
                Cause::Expired => assert!(now >= written + TTL || now >= used + IDLE),
                other => panic!("{other:?}"),
            }
        }
    }

    fn fresh(&self, key: u32, now: Duration) -> Option<u64> {
        let (value, written, used) = self.entries.get(&key)?;
        (now < *written + TTL && now < *used + IDLE).then_some(*value)
    }

    fn stale(&self, key: u32, now: Duration) -> Option<u64> {
        let (value, written, used) = self.entries.get(&key)?;
        (now >= *written + TTL && now < *written + TTL + STALE && now < *used + IDLE)
            .then_some(*value)
    }

    fn read(&mut self, key: u32, now: Duration) -> Option<u64> {
        let value = self.fresh(key, now)?;
        self.entries.get_mut(&key)?.2 = now;
        Some(value)
    }

    fn write(&mut self, key: u32, value: u64, now: Duration) {
        self.entries.insert(key, (value, now, now));
    }
}

async fn step(rt: &SimRuntime, cache: &Cache, model: &mut Model, value: u64) {
    let key = u32::try_from(draw(rt, KEYS)).unwrap();
    let now = rt.now() - anyrt_core::Instant::ORIGIN;
    match draw(rt, 13) {
        0..=3 => {
            let got = cache.get(&key);
            assert_eq!(got, model.read(key, now));
        }
        4..=6 => {
            let before = cache.insert(key, value);
            assert_eq!(before, model.fresh(key, now));
            // A stale one is told of, and so is the one that had to go.
            model.account(now);
            model.write(key, value, now);
        }
        7 => {
            let expected = model.fresh(key, now);
            assert_eq!(cache.remove(&key), expected);
            if expected.is_some() {
                model.entries.remove(&key);
            }
        }
        8..=9 => {
            let got = cache
                .get_or_load(&key, |_| async move { value })
                .await
                .unwrap();
            if let Some(known) = model.read(key, now) {
                assert_eq!(got, known);
            } else if let Some(known) = model.stale(key, now) {
                assert_eq!(got, known);
                // The new one comes in the background: make an end of it here.
                if let Some(entry) = model.entries.get_mut(&key) {
                    entry.2 = now;
                }
                cache.remove(&key);
            } else {
                assert_eq!(got, value);
                model.account(now);
                model.write(key, value, now);
            }
        }
        10 => {
            let changed = cache.update(&key, |value| match value {
                Some(value) if value % 3 == 0 => None,
                value => Some(value.unwrap_or(1) + 1),
            });
            let known = model.fresh(key, now);
            let expected = match known {
                Some(value) if value % 3 == 0 => None,
                value => Some(value.unwrap_or(1) + 1),
            };
            assert_eq!(changed, expected);
            match expected {
                Some(value) => {
                    model.account(now);
                    model.write(key, value, now);
                }
                None => {
                    model.entries.remove(&key);
                }
            }
        }
        11 => {
            assert_eq!(cache.contains(&key), model.fresh(key, now).is_some());
            let mut all: Vec<_> = cache.iter().collect();
            all.sort_unstable();
            let keys = 0..=u32::try_from(KEYS).unwrap();
            let known: Vec<_> = keys
                .filter_map(|key| Some((key, model.fresh(key, now)?)))
                .collect();
            assert_eq!(all, known);
        }
        12 => rt.sleep(SECOND * u32::try_from(draw(rt, 4)).unwrap()).await,
        _ => cache.run_pending(),
    }
    model.account(rt.now() - anyrt_core::Instant::ORIGIN);
    assert_eq!(cache.len(), model.entries.len());
    assert!(cache.weight() <= cache.capacity());
}

#[test]
fn it_does_what_a_map_would() {
    for capacity in [1, 5, 40] {
        check(40, move |rt| async move {
            let gone = Gone::default();
            let told = gone.clone();
            let cache = builder(&rt)
                .capacity(capacity)
                .ttl(TTL)
                .idle(IDLE)
                .stale_for(STALE)
                .on_evict(move |key, value, cause| {
                    told.lock().unwrap().push((key, value, cause));
                })
                .build()
                .unwrap();
            let mut model = Model {
                entries: HashMap::new(),
                gone,
                capacity: usize::try_from(capacity).unwrap(),
            };
            for value in 0..500 {
                step(&rt, &cache, &mut model, value).await;
            }
        });
    }
}
