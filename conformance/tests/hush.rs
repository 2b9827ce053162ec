//! Panics that rules raise on purpose are kept out of the output, all others are printed.
//!
//! A binary of its own: the hook is the process's.

use anyrt_conformance::probe::{EXPECTED, Expected, hush_expected_panics};
use std::{
    any::Any,
    panic::{catch_unwind, panic_any, set_hook},
    sync::atomic::{AtomicUsize, Ordering},
};

static PRINTED: AtomicUsize = AtomicUsize::new(0);

/// How many messages a panic with this payload prints.
fn printed(payload: impl Any + Send) -> usize {
    let before = PRINTED.load(Ordering::SeqCst);
    let payload = std::sync::Mutex::new(Some(payload));
    catch_unwind(move || panic_any(payload.into_inner().unwrap().unwrap())).unwrap_err();
    PRINTED.load(Ordering::SeqCst) - before
}

#[test]
fn only_what_is_not_expected_is_printed() {
    set_hook(Box::new(|_| {
        PRINTED.fetch_add(1, Ordering::SeqCst);
    }));
    hush_expected_panics();
    hush_expected_panics();
    assert_eq!(printed(Expected(1)), 0);
    assert_eq!(printed(EXPECTED), 0);
    assert_eq!(printed(format!("{EXPECTED} with a number: {}", 1)), 0);
    assert_eq!(printed("something else"), 1);
    assert_eq!(printed(format!("not {EXPECTED}")), 1);
    assert_eq!(printed(1_u8), 1);
}
