//! `block_on` where it could never return: it panics and says so, on every kind of executor.

use anyrt_core::{
    JoinError,
    rt::{BlockOn, Spawn},
};
use anyrt_smol::Smol;
use std::num::NonZeroUsize;

fn message(outcome: Result<u8, JoinError>) -> String {
    outcome
        .expect_err("blocking inside a task went through")
        .to_string()
}

#[test]
fn tasks_that_block_on_one_another_do_not_hang() {
    for rt in [Smol::with_threads(NonZeroUsize::MIN), Smol::global()] {
        let inner = rt.clone();
        let first = rt.spawn(async move { inner.block_on(inner.spawn(async { 1 })).unwrap() });
        let inner = rt.clone();
        let second = rt.spawn(async move { inner.block_on(first).map_or(0, |one| one + 1) });
        let outcome = rt.block_on(second);
        assert!(message(outcome).contains("`block_on` inside a task"));
    }
}
