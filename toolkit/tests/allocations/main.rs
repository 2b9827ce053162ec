//! What operations allocate: counted, so that it does not grow unseen.

mod calls;
#[path = "../kit/mod.rs"]
mod kit;
#[cfg(feature = "tower")]
mod layers;
mod metered;
mod tasks;

use allocation_counter::measure;
use anyrt_sim::{SimRuntime, check};
use kit::polled;
use std::{
    future::{Future, ready},
    task::Poll,
};

/// How often `run` allocates on this thread.
fn allocations(run: impl FnOnce()) -> u64 {
    measure(run).count_total
}

fn granted<F: Future>(future: F) -> F::Output {
    match polled(future) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// How often the second and later runs of `run` allocate, each.
fn steady(mut run: impl FnMut()) -> u64 {
    run();
    let first = allocations(&mut run);
    let more: u64 = (0..10).map(|_| allocations(&mut run)).sum();
    assert_eq!(more, first * 10, "allocations of ten more runs");
    first
}

fn in_a_run(test: impl Fn(SimRuntime) + Sync) {
    check(1, |rt| {
        test(rt);
        ready(())
    });
}
