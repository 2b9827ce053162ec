//! The concurrency limiter, with keys that panic.

use crate::support::poll_once;
use anyrt_sim::SimRuntime;
use anyrt_toolkit::limit::Limiter;
use std::{
    cell::Cell,
    cmp,
    panic::{AssertUnwindSafe, catch_unwind},
    thread::LocalKey,
};

/// A key that panics when it is cloned, or compared, for so many times.
#[derive(Debug, PartialEq, Eq)]
struct Fragile(u32);

thread_local! {
    static CLONES: Cell<u32> = const { Cell::new(u32::MAX) };
    static COMPARISONS: Cell<u32> = const { Cell::new(u32::MAX) };
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

/// Whichever use of a key panics: no slot goes to who is not there any more.
fn survives(left: &'static LocalKey<Cell<u32>>, and_release: bool) {
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
            if and_release {
                held = None;
                let _ = poll_once(waiting[0].as_mut());
            }
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
    survives(&COMPARISONS, false);
}

#[test]
fn a_clone_of_a_key_that_panics_costs_no_slot() {
    survives(&CLONES, true);
}
