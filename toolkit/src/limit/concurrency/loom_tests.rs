//! Those who pass, beside one who has the lanes' lock, in every interleaving.

use super::{gate::Gate, lanes::Lanes};
use loom::{
    model::Builder,
    sync::{Arc, Mutex, atomic::AtomicU32},
    thread,
};
use std::{sync::atomic::Ordering::Relaxed, task::Waker};

struct Limiter {
    gate: Gate,
    lanes: Mutex<Lanes<()>>,
    /// How often the slot was used, where there is one.
    uses: AtomicU32,
}

impl Limiter {
    fn new(limit: usize) -> Arc<Self> {
        let limiter = Self {
            gate: Gate::new(),
            lanes: Mutex::new(Lanes::new(limit)),
            uses: AtomicU32::new(0),
        };
        limiter.with(|_| ());
        Arc::new(limiter)
    }

    fn with<T>(&self, change: impl FnOnce(&mut Lanes<()>) -> T) -> T {
        let mut lanes = self.lanes.lock().expect("no panic");
        self.gate.shut(&mut lanes);
        let output = change(&mut lanes);
        self.gate.open(&lanes);
        output
    }

    fn take(&self) -> bool {
        let by_lanes = || self.with(|lanes| lanes.pass(&(), &mut Vec::new()));
        self.gate.take() || by_lanes().is_some()
    }

    fn put_back(&self) {
        if !self.gate.put_back() {
            self.with(|lanes| lanes.release(0, &mut Vec::new()));
        }
    }

    /// Not at once: who has the slot is alone, and sees what those before it did.
    fn count(&self) {
        self.uses.store(self.uses.load(Relaxed) + 1, Relaxed);
    }
}

fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

#[test]
fn loom_a_slot_is_one_callers_at_a_time() {
    check(|| {
        let limiter = Limiter::new(1);
        let once = |limiter: &Limiter| {
            let took = limiter.take();
            if took {
                limiter.count();
                limiter.put_back();
            }
            u32::from(took)
        };
        let other = limiter.clone();
        let other = thread::spawn(move || once(&other));
        // A look from the lanes, in between.
        let free = limiter.with(|lanes| lanes.free_for_all());
        assert!(free.is_some_and(|free| free <= 1));
        let took = once(&limiter) + other.join().expect("no panic");
        assert!(took > 0, "one of them was first");
        assert!(limiter.take(), "it came back");
        assert_eq!(limiter.uses.load(Relaxed), took);
    });
}

#[test]
fn loom_who_joins_overlooks_no_slot_that_comes_back() {
    check(|| {
        let limiter = Limiter::new(1);
        assert!(limiter.take());
        let other = limiter.clone();
        let other = thread::spawn(move || {
            other.count();
            other.put_back();
        });
        let place = limiter.with(|lanes| {
            let waker = Waker::noop().clone();
            lanes.join(&(), waker, &mut Vec::new(), &mut Vec::new())
        });
        let granted = |lanes: &mut Lanes<()>| lanes.poll(place, &mut None);
        if limiter.with(granted) {
            assert_eq!(limiter.uses.load(Relaxed), 1);
        } else {
            other.join().expect("no panic");
            assert!(limiter.with(granted), "nobody has the slot, and it waits");
        }
        limiter.put_back();
        assert_eq!(limiter.with(|lanes| lanes.free_for_all()), Some(1));
    });
}

#[test]
fn loom_who_passes_sees_what_was_done_by_way_of_the_lanes() {
    check(|| {
        let limiter = Limiter::new(1);
        assert!(limiter.take());
        let other = limiter.clone();
        let other = thread::spawn(move || {
            other.count();
            // As where it finds the gate shut.
            other.with(|lanes| lanes.release(0, &mut Vec::new()));
        });
        if limiter.gate.take() {
            assert_eq!(limiter.uses.load(Relaxed), 1);
        }
        other.join().expect("no panic");
    });
}

#[test]
fn loom_a_smaller_limit_counts_those_who_pass() {
    check(|| {
        let limiter = Limiter::new(2);
        let other = limiter.clone();
        let other = thread::spawn(move || other.take());
        limiter.with(|lanes| lanes.set_limit(1, &mut Vec::new()));
        let mine = limiter.take();
        let took = [mine, other.join().expect("no panic")];
        let in_flight = limiter.with(|lanes| lanes.in_flight());
        assert_eq!(in_flight, took.iter().filter(|took| **took).count());
        assert_eq!(in_flight, 1, "there is one slot");
    });
}
