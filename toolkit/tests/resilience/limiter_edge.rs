//! Limiters with keys that panic, and keys that nobody uses any more.

use crate::support::poll_once;
use anyrt_sim::SimRuntime;
use anyrt_toolkit::limit::{KeyedRateLimiter, Limiter, Quota};
use std::{
    cell::Cell,
    cmp,
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::LocalKey,
};

/// A key that panics when it is cloned, compared, or hashed for so many times.
#[derive(Debug, PartialEq, Eq)]
struct Fragile(u32);

thread_local! {
    static CLONES: Cell<u32> = const { Cell::new(u32::MAX) };
    static COMPARISONS: Cell<u32> = const { Cell::new(u32::MAX) };
    static HASHES: Cell<u32> = const { Cell::new(u32::MAX) };
}

fn count_down(left: &Cell<u32>) {
    let before = left.get();
    left.set(before.saturating_sub(1));
    assert!(before > 0, "that was one too many");
}

impl Clone for Fragile {
    fn clone(&self) -> Self {
        CLONES.with(count_down);
        Self(self.0)
    }
}

impl PartialOrd for Fragile {
    fn partial_cmp(&self, other: &Self) -> Option<cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fragile {
    fn cmp(&self, other: &Self) -> cmp::Ordering {
        COMPARISONS.with(count_down);
        self.0.cmp(&other.0)
    }
}

impl Hash for Fragile {
    fn hash<H: Hasher>(&self, state: &mut H) {
        HASHES.with(count_down);
        // Those of one time collide, and leave more marks in a table than others do as they are removed.
        (self.0 / 50).hash(state);
    }
}

/// Whichever use of a key panics: no slot goes to who is not there any more, and none is lost as it comes back.
fn survives(left: &'static LocalKey<Cell<u32>>) {
    let mut panics = 0;
    for uses in 0..100 {
        let limiter = Limiter::new(&SimRuntime::new(0), 1).expect("it is permitted");
        let mut held = limiter.try_acquire_for(Fragile(1));
        let mut waiting = [2, 2, 3].map(|key| Box::pin(limiter.acquire_for(Fragile(key))));
        left.set(uses);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            for waits in &mut waiting {
                let _ = poll_once(waits.as_mut());
                let _ = poll_once(waits.as_mut());
            }
            held = None;
            let _ = poll_once(waiting[0].as_mut());
        }));
        left.set(u32::MAX);
        panics += u32::from(outcome.is_err());
        drop(held);
        drop(waiting);
        assert_eq!(limiter.in_flight(), 0, "after {uses}");
        let next = limiter.try_acquire_for(Fragile(4));
        assert!(next.is_some(), "after {uses}");
    }
    assert!((1..100).contains(&panics), "{panics}");
}

#[test]
fn a_comparison_of_keys_that_panics_costs_no_slot() {
    survives(&COMPARISONS);
}

#[test]
fn a_clone_of_a_key_that_panics_costs_no_slot() {
    survives(&CLONES);
}

#[test]
fn slots_come_back_though_no_key_can_be_compared_any_more() {
    let limiter = Limiter::new(&SimRuntime::new(0), 2).expect("it is permitted");
    let held = [1, 2].map(|key| limiter.try_acquire_for(Fragile(key)));
    let mut waits = Box::pin(limiter.acquire_for(Fragile(3)));
    let mut leaves = Box::pin(limiter.acquire_for(Fragile(1)));
    assert!(poll_once(waits.as_mut()).is_pending() && poll_once(leaves.as_mut()).is_pending());
    COMPARISONS.set(0);
    drop(leaves);
    drop(held);
    let slot = poll_once(waits.as_mut());
    assert!(slot.is_ready());
    drop(slot);
    assert_eq!(limiter.in_flight(), 0);
    COMPARISONS.set(u32::MAX);
    let free = [1, 2].map(|key| limiter.try_acquire_for(Fragile(key)));
    assert!(free.iter().all(Option::is_some));
}

#[test]
fn keys_of_a_limiter_that_nobody_uses_are_forgotten() {
    let limiter = Limiter::new(&SimRuntime::new(0), 3).expect("it is permitted");
    let witness = Arc::new(0);
    let key = |n: u32| (n, witness.clone());
    let kept = limiter.try_acquire_for(key(9999));
    let most = (0..1000)
        .map(|n| {
            drop(limiter.try_acquire_for(key(n)).expect("a slot is free"));
            Arc::strong_count(&witness)
        })
        .max();
    assert!(most < Some(100), "{most:?} keys, of which one is in use");
    // What is in use keeps its place.
    let other = limiter.try_acquire_for(key(9999));
    assert!(kept.is_some() && other.is_some() && limiter.in_flight() == 2);
    drop((kept, other, limiter));
    assert_eq!(Arc::strong_count(&witness), 1);
}

/// The table of a limiter grows, and is tidied up in its place: other keys are hashed than the one that is asked for.
#[test]
fn a_hash_that_panics_costs_no_other_key_what_it_owes() {
    const DEBTORS: u32 = 10;
    for seed in 0..20 {
        let rt = SimRuntime::new(seed);
        let limiter = KeyedRateLimiter::new(&rt, Quota::per_second(1)).expect("it is permitted");
        for debtor in 0..DEBTORS {
            assert!(limiter.key(&Fragile(debtor)).try_acquire().is_ok());
        }
        let mut panics = 0;
        for idle in DEBTORS..1000 {
            // Every other time, so that what failed is done in the end.
            HASHES.set(if idle % 2 == 0 { idle % 9 } else { u32::MAX });
            let key = || limiter.key(&Fragile(idle));
            panics += u32::from(catch_unwind(AssertUnwindSafe(key)).is_err());
            HASHES.set(u32::MAX);
        }
        assert!(panics > 50, "{panics}");
        for debtor in 0..DEBTORS {
            let owes = limiter.key(&Fragile(debtor)).try_acquire().is_err();
            assert!(owes, "{debtor}, with seed {seed}");
        }
    }
}
