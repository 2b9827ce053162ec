//! One run: each operation on both caches, and what is the same then.

use super::{
    Op, Told, What,
    calls::{Call, Load},
    naive::{Age, Flight, Naive, Work},
    rules::{Cache, End, Got, Rules},
};
use anyrt_core::rt::{Clock, Sleep};
use anyrt_sim::SimRuntime;
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering::SeqCst},
    task::Poll,
    time::Duration,
};

const NANO: Duration = Duration::from_nanos(1);

struct Both {
    rt: SimRuntime,
    cache: Cache,
    naive: Naive,
    told: Told,
    calls: Vec<Call>,
    /// Of the flights that are under way.
    loads: BTreeMap<usize, Arc<Load>>,
    /// What those get who have not asked yet.
    landed: BTreeMap<usize, Got>,
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
    fn now(&self) -> u64 {
        self.rt.now().as_nanos()
    }

    fn number(&mut self) -> usize {
        self.numbers += 1;
        self.numbers
    }

    fn account(&mut self, work: Work) {
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
                self.poll(at, number % 5 == 0);
            }
            What::Drop if !self.calls.is_empty() => {
                self.drop_call(number as usize % self.calls.len())
            }
            What::End => self.end(number),
            What::Refresh => self.refresh(key, number % 8 == 0),
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
        let mut meddles = number % 3 == 0;
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

    fn call(&mut self, key: u32, number: u64) {
        let (now, panics) = (self.now(), number % 8 == 0);
        let mut call = Call::new(self.number(), &self.cache, key, panics);
        if number % 16 == 1 {
            return; // Never polled.
        }
        let before = self.cache.stats();
        let polled = call.poll(false);
        let after = self.cache.stats();
        let hits = after.hits > before.hits;
        if hits || after.stale_hits > before.stale_hits {
            let Some(value) = self.naive.value(key) else {
                panic!("{key} is not there, and was hit")
            };
            assert_eq!(polled, Poll::Ready(Got::Value(value)));
            let age = if hits { Age::Fresh } else { Age::Stale };
            self.naive.read(key, value, age, now);
            self.naive.counts.hits += u64::from(hits);
            self.naive.counts.stale_hits += u64::from(!hits);
            let refreshes = !hits && self.may_refresh(key, now);
            assert_eq!(
                call.load.called.load(SeqCst),
                refreshes,
                "a refresh of {key}"
            );
            if refreshes {
                self.begin(key, None, call.load, panics);
            }
            return;
        }
        self.naive.counts.misses += 1;
        let pending = self.naive.pending(key, now);
        self.naive.counts.shared += u64::from(pending.is_some());
        let began = call.load.called.load(SeqCst);
        assert_eq!(began, pending.is_none(), "a load of {key}");
        if let Some(Ok(flight)) = pending {
            call.flight = Some(flight);
            self.flight(flight).callers.push(call.number);
            self.calls.push(call);
            return self.polled(self.calls.len() - 1, polled);
        }
        self.account(Work::default());
        assert_eq!(self.naive.value(key), None, "a miss, and it is there");
        if let Some(Err(error)) = pending {
            assert_eq!(polled, Poll::Ready(Got::Error(error)));
            return;
        }
        let got = panics.then_some(Got::Panic);
        assert_eq!(polled, got.map_or(Poll::Pending, Poll::Ready));
        let flight = self.begin(key, Some(call.number), call.load.clone(), panics);
        if !panics {
            call.flight = Some(flight);
            self.calls.push(call);
        }
    }

    fn may_refresh(&self, key: u32, now: u64) -> bool {
        let room = self.naive.refreshing() < self.naive.rules.max_refreshes;
        room && self.naive.pending(key, now).is_none()
    }

    fn refresh(&mut self, key: u32, panics: bool) {
        let (load, now) = (Arc::new(Load::default()), self.now());
        let begins = load.clone();
        let may = self.may_refresh(key, now);
        let began = self.cache.refresh(&key, move |_| begins.begin(panics));
        self.account(Work::default());
        assert_eq!(began, may, "a refresh of {key}");
        if began {
            self.begin(key, None, load, panics);
        }
    }

    fn begin(&mut self, key: u32, driver: Option<usize>, load: Arc<Load>, panics: bool) -> usize {
        self.naive.counts.loads += 1;
        let number = self.number();
        let flight = Flight {
            number,
            key,
            current: true,
            background: driver.is_none(),
            driver,
            callers: driver.into_iter().collect(),
            end: None,
        };
        if panics {
            self.naive.fail(&flight, None, self.now());
        } else {
            self.naive.flights.push(flight);
            self.loads.insert(number, load);
        }
        number
    }

    fn flight(&mut self, number: usize) -> &mut Flight {
        let mut flights = self.naive.flights.iter_mut();
        flights
            .find(|flight| flight.number == number)
            .expect("it is under way")
    }

    fn poll(&mut self, at: usize, anew: bool) {
        let polled = self.calls[at].poll(anew);
        self.polled(at, polled);
    }

    /// A call was polled: it drives, or waits, or there is what it waited for.
    fn polled(&mut self, at: usize, polled: Poll<Got>) {
        let (call, now) = (self.calls[at].number, self.now());
        let number = self.calls[at].flight.expect("calls that are kept wait");
        if !self.landed.contains_key(&number) {
            let flight = self.flight(number);
            if !flight.background {
                flight.driver.get_or_insert(call);
            }
            if flight.driver == Some(call) && flight.end.is_some() {
                self.land(number, now);
            }
        }
        match self.landed.get(&number) {
            Some(got) => {
                assert_eq!(polled, Poll::Ready(*got));
                self.calls.swap_remove(at);
            }
            None => assert_eq!(polled, Poll::Pending),
        }
        self.account(Work::default());
    }

    fn end(&mut self, number: u64) {
        let value = self.number() as u64;
        let flights = self.naive.flights.iter_mut();
        let mut under_way: Vec<_> = flights.filter(|flight| flight.end.is_none()).collect();
        let count = under_way.len();
        if count == 0 {
            return;
        }
        let flight = &mut under_way[number as usize % count];
        let end = match number / 64 % 6 {
            0 | 1 => End::Error(value),
            2 => End::Panic,
            _ => End::Value(value),
        };
        flight.end = Some(end);
        self.loads[&flight.number].end(end);
    }

    fn land(&mut self, number: usize, now: u64) {
        let at = self
            .naive
            .flights
            .iter()
            .position(|flight| flight.number == number);
        let flight = self.naive.flights.remove(at.expect("it is under way"));
        let load = self.loads.remove(&number);
        assert!(
            load.is_some_and(|load| load.gone.load(SeqCst)),
            "it is over, and there"
        );
        let end = flight.end.expect("it has ended");
        let (got, work) = self.naive.land(&flight, end, now);
        self.landed.insert(number, got);
        let gone = std::mem::take(&mut *self.told.lock().unwrap());
        self.naive.account(gone, work, now);
    }

    fn drop_call(&mut self, at: usize) {
        let call = self.calls.swap_remove(at);
        let (number, flight) = (call.number, call.flight.expect("calls that are kept wait"));
        drop(call);
        if self.landed.contains_key(&flight) {
            return;
        }
        let left = self.flight(flight);
        left.callers.retain(|caller| *caller != number);
        if left.driver == Some(number) {
            left.driver = None;
        }
        if left.callers.is_empty() && !left.background {
            self.naive.flights.retain(|other| other.number != flight);
            let load = self.loads.remove(&flight);
            assert!(
                load.is_some_and(|load| load.gone.load(SeqCst)),
                "nobody waits for it"
            );
        }
    }
}
