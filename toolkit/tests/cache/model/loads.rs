//! Calls that load, and their loads, on both caches.

use super::{
    calls::{Call, Load},
    naive::{Age, Flight, Work},
    rules::{End, Got},
    run::Both,
};
use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    task::Poll,
};

impl Both {
    pub(super) fn call(&mut self, key: u32, number: u64) {
        let (now, panics) = (self.now(), number.is_multiple_of(8));
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

    pub(super) fn refresh(&mut self, key: u32, panics: bool) {
        let (load, now) = (Arc::new(Load::default()), self.now());
        let begins = load.clone();
        let may = self.may_refresh(key, now);
        let began = self.cache.try_refresh(&key, move |_| begins.begin(panics));
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

    pub(super) fn poll(&mut self, at: usize, anew: bool) {
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

    pub(super) fn end(&mut self, number: u64) {
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

    pub(super) fn land(&mut self, number: usize, now: u64) {
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

    pub(super) fn drop_call(&mut self, at: usize) {
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
