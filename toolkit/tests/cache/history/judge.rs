//! Whether a plain register could have done the same, in some order.
//!
//! A load is two steps, as the promise has it: it begins where there is neither value nor load, and its
//! value enters unless the key was changed in between. Who joins does so while it flies.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Insert(u64),
    Remove(Option<u64>),
    Get(Option<u64>),
    Clear,
    /// A load of that value begins.
    Begin(u64),
    /// One begins whether there is a value or not.
    Refresh(u64),
    /// It ends.
    End(u64),
    /// It fails, or nobody waits for it any more.
    GiveUp(u64),
    /// A caller gets that value: it is there, or on its way.
    Serve(u64),
}

/// A step, and between which ticks it happened.
pub(crate) type Timed = (Step, u64, u64);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Register {
    value: Option<u64>,
    flight: Option<u64>,
}

impl Register {
    fn after(self, step: Step) -> Option<Self> {
        let Self { value, flight } = self;
        let set = |value| {
            let flight = None;
            Self { value, flight }
        };
        let stays = |holds: bool| holds.then_some(self);
        match step {
            Step::Insert(new) => Some(set(Some(new))),
            Step::Remove(seen) => (seen == value).then_some(set(None)),
            Step::Get(seen) => stays(seen == value),
            Step::Begin(new) => (value.is_none() && flight.is_none()).then_some(Self {
                value,
                flight: Some(new),
            }),
            Step::Clear => Some(set(None)),
            Step::Refresh(new) => flight.is_none().then_some(Self {
                value,
                flight: Some(new),
            }),
            Step::GiveUp(new) if flight == Some(new) => Some(Self {
                value,
                flight: None,
            }),
            Step::GiveUp(_) => Some(self),
            Step::End(new) if flight == Some(new) => Some(set(Some(new))),
            Step::End(_) => Some(self),
            Step::Serve(seen) => stays(value == Some(seen) || flight == Some(seen)),
        }
    }
}

/// Whether the steps that are left can be put into an order.
pub(crate) fn has_order(left: &mut Vec<Timed>, state: Register) -> bool {
    if left.is_empty() {
        return true;
    }
    let first_end = left.iter().map(|(.., end)| *end).min().unwrap_or(0);
    for at in 0..left.len() {
        let (step, begin, _) = left[at];
        if begin > first_end {
            continue;
        }
        if let Some(state) = state.after(step) {
            let taken = left.swap_remove(at);
            if has_order(left, state) {
                return true;
            }
            left.push(taken);
            let last = left.len() - 1;
            left.swap(at, last);
        }
    }
    false
}

#[derive(Debug, Default)]
pub(crate) struct Clock(pub(crate) AtomicU64);

impl Clock {
    pub(crate) fn tick(&self) -> u64 {
        self.0.fetch_add(1, SeqCst)
    }
}

/// The judge is not blind.
#[test]
fn histories_without_an_order_are_found() {
    let late = vec![
        (Step::Begin(1), 0, 1),
        (Step::Insert(2), 2, 3),
        (Step::End(1), 4, 5),
        (Step::Get(Some(1)), 6, 7),
    ];
    assert!(!has_order(&mut late.clone(), Register::default()));
    let twice = vec![
        (Step::Begin(1), 0, 1),
        (Step::Begin(2), 2, 3),
        (Step::End(1), 4, 5),
    ];
    assert!(!has_order(&mut twice.clone(), Register::default()));
    let fine = vec![
        (Step::Begin(1), 0, 1),
        (Step::Serve(1), 2, 9),
        (Step::End(1), 4, 5),
    ];
    assert!(has_order(&mut fine.clone(), Register::default()));
}
