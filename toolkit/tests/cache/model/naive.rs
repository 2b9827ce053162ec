//! The cache as its docs have it, without a thought for speed: lists, searched from the front.
//!
//! What the docs leave open, who has to go and how much a life is shortened by chance, it takes from what
//! the cache did, and looks whether that may be.

use super::rules::{End, Got, Rules};
use anyrt_toolkit::cache::Cause;
use std::collections::VecDeque;

/// An entry that left, as `on_evict` is told of it.
pub(super) type Gone = (u32, u64, Cause);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Fresh,
    Stale,
    Dead,
}

#[derive(Debug)]
struct Entry {
    key: u32,
    value: u64,
    /// The first and the last instant that may be the first at which it is no longer fresh.
    ends: (u64, u64),
    used: u64,
}

/// A load that is under way.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) number: usize,
    pub(super) key: u32,
    /// Its value will enter.
    pub(super) current: bool,
    /// Nobody's: it has a task.
    pub(super) background: bool,
    /// Who drives it, of its callers; none where that one has gone.
    pub(super) driver: Option<usize>,
    pub(super) callers: Vec<usize>,
    pub(super) end: Option<End>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) hits: u64,
    pub(super) stale_hits: u64,
    pub(super) misses: u64,
    pub(super) shared: u64,
    pub(super) loads: u64,
    pub(super) failures: u64,
    pub(super) evicted: u64,
    pub(super) rejected: u64,
}

#[derive(Debug)]
pub(super) struct Naive {
    pub(super) rules: Rules,
    entries: Vec<Entry>,
    pub(super) flights: Vec<Flight>,
    /// Key, until when, and the error; forgotten ones have their place until they are too many.
    errors: VecDeque<(Option<u32>, u64, u64)>,
    pub(super) counts: Counts,
}

/// Which entries an operation may make leave: that of a key, and why.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Work {
    pub(super) key: Option<u32>,
    pub(super) new: Option<u64>,
    pub(super) lands: bool,
    pub(super) clears: bool,
}

impl Naive {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            entries: Vec::new(),
            flights: Vec::new(),
            errors: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn weight(&self) -> u64 {
        let weights = self.entries.iter();
        weights.map(|entry| self.rules.weight(entry.value)).sum()
    }

    pub(super) fn keys(&self) -> Vec<u32> {
        self.entries.iter().map(|entry| entry.key).collect()
    }

    pub(super) fn value(&self, key: u32) -> Option<u64> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(entry.value)
    }

    fn may_be(&self, entry: &Entry, age: Age, now: u64) -> bool {
        let (stale_for, (first, last)) = (self.rules.stale_for, entry.ends);
        let idle = now.saturating_sub(entry.used) >= self.rules.idle;
        match age {
            Age::Fresh => !idle && now < last,
            // It ended after `now - stale_for`, and not after now.
            Age::Stale => {
                let since = first.max((now + 1).saturating_sub(stale_for));
                !idle && since <= last.min(now)
            }
            Age::Dead => idle || first.saturating_add(stale_for) <= now,
        }
    }

    /// The entry of a key is seen to be of that age, which narrows what is known of its end.
    pub(super) fn see(&mut self, key: u32, age: Age, now: u64) {
        let at = self.entries.iter().position(|entry| entry.key == key);
        let at = at.unwrap_or_else(|| panic!("{key} is not there, and {age:?}"));
        assert!(
            self.may_be(&self.entries[at], age, now),
            "it cannot be {age:?} at {now}: {:?}",
            self.entries[at]
        );
        let ends = &mut self.entries[at].ends;
        match age {
            Age::Fresh => ends.0 = ends.0.max(now + 1),
            Age::Stale => {
                *ends = (
                    ends.0.max((now + 1).saturating_sub(self.rules.stale_for)),
                    ends.1.min(now),
                );
            }
            Age::Dead => {}
        }
    }

    /// No fresh value was found.
    pub(super) fn see_none(&mut self, key: u32, now: u64) {
        let Some(at) = self.entries.iter().position(|entry| entry.key == key) else {
            return;
        };
        let entry = &self.entries[at];
        let old = [Age::Stale, Age::Dead];
        assert!(
            old.iter().any(|age| self.may_be(entry, *age, now)),
            "not found at {now}: {entry:?}"
        );
        let idle = now.saturating_sub(entry.used) >= self.rules.idle;
        if !idle {
            let ends = &mut self.entries[at].ends;
            ends.1 = ends.1.min(now);
        }
    }

    /// A fresh value is read, or a stale one by who would load.
    pub(super) fn read(&mut self, key: u32, value: u64, age: Age, now: u64) {
        self.see(key, age, now);
        assert_eq!(self.value(key), Some(value), "the value of {key}");
        let mut entries = self.entries.iter_mut();
        entries
            .find(|entry| entry.key == key)
            .expect("it was seen")
            .used = now;
    }

    /// What a write found: a fresh value, which is given back and not told of, or none.
    pub(super) fn take(&mut self, key: u32, before: Option<u64>, now: u64) {
        match before {
            Some(value) => {
                self.read(key, value, Age::Fresh, now);
                self.entries.retain(|entry| entry.key != key);
            }
            None => self.see_none(key, now),
        }
    }

    pub(super) fn write(&mut self, key: u32, value: u64, now: u64) {
        let ends = self.rules.ends(value, now);
        let used = now;
        self.entries.push(Entry {
            key,
            value,
            ends,
            used,
        });
    }

    /// A load of the key is late from now on; its error is forgotten.
    pub(super) fn supersede(&mut self, is_key: impl Fn(u32) -> bool) {
        let flights = self.flights.iter_mut();
        let late = flights.filter(|flight| is_key(flight.key));
        late.for_each(|flight| flight.current = false);
        for (key, ..) in &mut self.errors {
            *key = key.filter(|key| !is_key(*key));
        }
    }

    /// The load of a key that is under way, or the error of it that is kept.
    pub(super) fn pending(&self, key: u32, now: u64) -> Option<Result<usize, u64>> {
        let mut flights = self.flights.iter();
        if let Some(flight) = flights.find(|flight| flight.current && flight.key == key) {
            return Some(Ok(flight.number));
        }
        let mut errors = self.errors.iter();
        let kept = errors.find(|(of, until, _)| *of == Some(key) && *until > now);
        kept.map(|(_, _, error)| Err(*error))
    }

    pub(super) fn refreshing(&self) -> usize {
        let flights = self.flights.iter();
        flights.filter(|flight| flight.background).count()
    }

    pub(super) fn fail(&mut self, flight: &Flight, error: Option<u64>, now: u64) {
        self.counts.failures += 1;
        if let Some(error) = error
            && flight.current
            && self.rules.errors_for > 0
        {
            let until = now.saturating_add(self.rules.errors_for);
            self.errors.push_back((Some(flight.key), until, error));
        }
        let most = self.rules.errors();
        while self.errors.len() > most || self.errors.front().is_some_and(|oldest| oldest.1 <= now)
        {
            self.errors.pop_front();
        }
    }

    /// A load is over. Says what its callers get.
    pub(super) fn land(&mut self, flight: &Flight, end: End, now: u64) -> (Got, Work) {
        let mut work = Work {
            lands: true,
            ..Work::default()
        };
        let got = match end {
            End::Value(value) => {
                if flight.current {
                    (work.key, work.new) = (Some(flight.key), Some(value));
                    self.write(flight.key, value, now);
                }
                Got::Value(value)
            }
            End::Error(error) => {
                self.fail(flight, Some(error), now);
                Got::Error(error)
            }
            End::Panic => {
                self.fail(flight, None, now);
                Got::Panic
            }
        };
        (got, work)
    }

    /// What the cache says that it let go has to be explained.
    pub(super) fn account(&mut self, gone: Vec<Gone>, work: Work, now: u64) {
        for (key, value, cause) in gone {
            let at = self.entries.iter().position(|entry| entry.value == value);
            let at = at.unwrap_or_else(|| panic!("{value} of {key} left, which is not there"));
            let (all, new) = (self.weight(), work.new == Some(value));
            let entry = self.entries.remove(at);
            assert_eq!(entry.key, key, "whose value left");
            let may = |age| self.may_be(&entry, age, now);
            let own = work.key == Some(key);
            let explained = match cause {
                Cause::Size => all > self.rules.capacity,
                Cause::Expired if new => self.rules.ends(value, now).0 <= now,
                Cause::Expired => may(Age::Dead) || (own && !work.lands && may(Age::Stale)),
                Cause::Reloaded => own && work.lands && !new,
                Cause::Cleared => work.clears,
                _ => false,
            };
            assert!(explained, "{cause:?} at {now}, {work:?}: {entry:?}");
            let too_heavy = self.rules.weight(value) > self.rules.capacity;
            self.counts.evicted += u64::from(cause == Cause::Size && !too_heavy);
            self.counts.rejected += u64::from(cause == Cause::Size && too_heavy);
        }
        let mut keys = self.keys();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), self.len(), "two entries of one key");
    }

    /// What certainly is past its time is not there.
    pub(super) fn assert_swept(&self, now: u64) {
        let ages = [Age::Fresh, Age::Stale];
        for entry in &self.entries {
            let live = ages.iter().any(|age| self.may_be(entry, *age, now));
            assert!(live, "still there at {now}: {entry:?}");
        }
    }
}
