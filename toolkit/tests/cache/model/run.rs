//! One run: each operation on both caches, and what is the same then.

use super::{
    Op, Told, What,
    calls::{Call, Load},
    naive::{Age, Naive, Work},
    rules::{Cache, Got, Rules},
};
use anyrt_core::rt::{Clock, Sleep};
use anyrt_sim::SimRuntime;
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

const NANO: Duration = Duration::from_nanos(1);

pub(super) struct Both {
    rt: SimRuntime,
    pub(super) cache: Cache,
    pub(super) naive: Naive,
    pub(super) told: Told,
    pub(super) calls: Vec<Call>,
    /// Of the flights that are under way.
    pub(super) loads: BTreeMap<usize, Arc<Load>>,
    /// What those get who have not asked yet.
    pub(super) landed: BTreeMap<usize, Got>,
    numbers: usize,
}

pub(super) async fn run(rt: SimRuntime, rules: Rules, ops: Vec<Op>) {
    let told = Told::default();
    let mut both = Both {
        cache: rules.cache(&rt, told.clone()),
        rt,
        naive: Naive::new(rules),
        told,
        calls: Vec::new(),
        loads: BTreeMap::new(),
        landed: BTreeMap::new(),
        numbers: 0,
    };
    for op in ops {
        both.step(op).await;
        both.compare();
    }
    while !both.calls.is_empty() {
        both.drop_call(0);
        both.compare();
    }
    // With the last handle, what is left in the background.
    let (rt, loads) = (both.rt.clone(), std::mem::take(&mut both.loads));
    drop(both);
    rt.sleep(NANO).await;
    assert!(loads.values().all(|load| load.gone.load(SeqCst)));
}

impl Both {
    pub(super) fn now(&self) -> u64 {
        self.rt.now().as_nanos()
    }

    pub(super) fn number(&mut self) -> usize {
        self.numbers += 1;
        self.numbers
    }

    pub(super) fn account(&mut self, work: Work) {
        let gone = std::mem::take(&mut *self.told.lock().unwrap());
        self.naive.account(gone, work, self.now());
    }

    fn compare(&self) {
        let (stats, counts) = (self.cache.stats(), self.naive.counts);
        let naive = (self.naive.len() as u64, self.naive.weight());
        assert_eq!((stats.entries, stats.weight), naive, "entries, and weight");
        assert!(stats.weight <= self.naive.rules.capacity);
        let same = |ours: u64, its: u64, what: &str| assert_eq!(ours, its, "{what}");
        same(stats.hits, counts.hits, "hits");
        same(stats.stale_hits, counts.stale_hits, "stale hits");
        same(stats.misses, counts.misses, "misses");
        same(stats.shared, counts.shared, "shared");
        same(stats.loads, counts.loads, "loads");
        same(stats.failures, counts.failures, "failures");
        same(stats.evicted, counts.evicted, "evicted");
        same(stats.rejected, counts.rejected, "rejected");
        let current = self.naive.flights.iter().filter(|flight| flight.current);
        same(stats.in_flight, current.count() as u64, "in flight");
        for call in &self.calls {
            let over = call
                .flight
                .is_some_and(|flight| self.landed.contains_key(&flight));
            assert!(
                !over || call.is_woken(),
                "one waits for a load that is over"
            );
        }
        for flight in &self.naive.flights {
            let gone = self.loads[&flight.number].gone.load(SeqCst);
            assert!(!gone, "a load went while somebody waits");
            let mut waiting = self
                .calls
                .iter()
                .filter(|call| call.flight == Some(flight.number));
            let orphan = !flight.background && flight.driver.is_none();
            assert!(
                !orphan || waiting.any(Call::is_woken),
                "an orphan is nobody's"
            );
        }
    }

    async fn step(&mut self, Op { what, key, number }: Op) {
        let now = self.now();
        let mut work = Work {
            key: Some(key),
            ..Work::default()
        };
        match what {
            What::Get => match self.cache.get(&key) {
                Some(value) => {
                    self.naive.counts.hits += 1;
                    self.naive.read(key, value, Age::Fresh, now);
                }
                None => {
                    self.naive.counts.misses += 1;
                    self.naive.see_none(key, now);
                }
            },
            What::Contains => match self.cache.contains(&key) {
                true => self.naive.see(key, Age::Fresh, now),
                false => self.naive.see_none(key, now),
            },
            What::Insert => return self.insert(key),
            What::Remove => {
                let before = self.cache.remove(&key);
                self.naive.take(key, before, now);
                self.naive.supersede(|other| other == key);
            }
            What::Update => return self.update(key, number),
            What::Clear => {
                self.cache.clear();
                work.clears = true;
                self.naive.supersede(|_| true);
            }
            What::Iterate => {
                let all: BTreeMap<_, _> = self.cache.iter().collect();
                for key in self.naive.keys() {
                    match all.get(&key) {
                        Some(value) => {
                            assert_eq!(Some(*value), self.naive.value(key));
                            self.naive.see(key, Age::Fresh, now);
                        }
                        None => self.naive.see_none(key, now),
                    }
                }
                assert!(all.keys().all(|key| self.naive.keys().contains(key)));
            }
            What::Sweep => {
                self.cache.run_pending();
                self.account(Work::default());
                self.naive.assert_swept(now);
            }
            What::Wait => {
                let time = Duration::from_millis(number % 3000);
                return self.settle(time).await;
            }
            What::Call => self.call(key, number),
            What::Poll if !self.calls.is_empty() => {
                let at = number as usize % self.calls.len();
                self.poll(at, number.is_multiple_of(5));
            }
            What::Drop if !self.calls.is_empty() => {
                self.drop_call(number as usize % self.calls.len());
            }
            What::End => self.end(number),
            What::Refresh => self.refresh(key, number.is_multiple_of(8)),
            What::Poll | What::Drop => {}
        }
        if !matches!(what, What::Poll | What::End) {
            self.account(work);
        }
        if self.naive.refreshing() > 0 || matches!(what, What::Refresh | What::Call) {
            self.settle(NANO).await;
        }
    }

    /// Lets time pass, and who is in the background go on before it does.
    async fn settle(&mut self, time: Duration) {
        let now = self.now();
        self.rt.sleep(time.max(NANO)).await;
        let flights = self.naive.flights.iter();
        let over = flights.filter(|flight| flight.background && flight.end.is_some());
        for number in over.map(|flight| flight.number).collect::<Vec<_>>() {
            self.land(number, now);
        }
    }

    fn insert(&mut self, key: u32) {
        let (now, value) = (self.now(), self.number() as u64);
        let before = self.cache.insert(key, value);
        self.naive.take(key, before, now);
        self.wrote(key, value, now);
    }

    fn wrote(&mut self, key: u32, value: u64, now: u64) {
        self.naive.supersede(|other| other == key);
        self.naive.write(key, value, now);
        self.account(Work {
            key: Some(key),
            new: Some(value),
            ..Work::default()
        });
    }

    /// Somebody else may change the key while the change is made.
    fn update(&mut self, key: u32, number: u64) {
        let (cache, now, value) = (self.cache.clone(), self.now(), self.number() as u64);
        let mut meddles = number.is_multiple_of(3);
        let mut found = None;
        let changed = cache.update(&key, |before| {
            if std::mem::take(&mut meddles) {
                // What it made leave by looking.
                self.account(Work::default());
                self.insert(key);
            }
            found = before;
            before.is_none_or(|before| before % 2 == 0).then_some(value)
        });
        self.naive.take(key, found, now);
        match changed {
            Some(_) => self.wrote(key, value, now),
            None => {
                self.naive.supersede(|other| other == key);
                self.account(Work {
                    key: Some(key),
                    ..Work::default()
                });
                assert_eq!(self.naive.value(key), None);
            }
        }
    }
}
