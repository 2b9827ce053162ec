//! What operations allocate: counted, so that it does not grow unseen.

mod calls;
#[cfg(feature = "tower")]
mod layers;
mod metered;
mod tasks;

use allocation_counter::measure;
use anyrt_sim::{SimRuntime, check};
use std::{
    future::{Future, ready},
    pin::pin,
    task::{self, Poll, Waker},
};

/// How often `run` allocates on this thread.
fn allocations(run: impl FnOnce()) -> u64 {
    measure(run).count_total
}

fn granted<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut task::Context::from_waker(Waker::noop())) {
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
