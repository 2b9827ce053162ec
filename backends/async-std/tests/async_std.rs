//! The contract on async-std, and `block_on` where it could never return.

use anyrt_async_std::AsyncStd;
use anyrt_core::rt::{BlockOn, Spawn};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
    time::Duration,
};

/// The contract, with signals where they are compiled in.
macro_rules! suite {
    ($make:expr) => {
        #[cfg(feature = "signal")]
        anyrt_conformance::suite!(
            $make,
            signals = |_, signal| anyrt_conformance::raise(signal)
        );
        #[cfg(not(feature = "signal"))]
        anyrt_conformance::suite!($make);
    };
}

suite!(anyrt_async_std::AsyncStd);

/// What `work` gives on a thread of its own. A hang is a failure, too, after a while.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (outcome, outcomes) = mpsc::channel();
    thread::spawn(move || outcome.send(work()).ok());
    outcomes
        .recv_timeout(Duration::from_secs(10))
        .expect("it neither hangs nor panics")
}

#[test]
fn tasks_that_block_on_one_another_do_not_hang() {
    let outcome = in_time(|| {
        let rt = AsyncStd;
        // More of them than there are threads.
        let first: Vec<_> = (0..64)
            .map(|_| rt.spawn(async move { rt.block_on(rt.spawn(async { 1 })).unwrap() }))
            .collect();
        let pairs = first
            .into_iter()
            .map(|first| rt.spawn(async move { rt.block_on(first).unwrap() }));
        let pairs: Vec<_> = pairs.collect();
        rt.block_on(async move {
            let mut outcomes = Vec::new();
            for pair in pairs {
                outcomes.push(pair.await);
            }
            outcomes
        })
    });
    for outcome in outcome {
        let error = outcome.expect_err("blocking inside a task went through");
        assert!(error.to_string().contains("`block_on` inside a task"));
    }
}

#[test]
fn blocking_twice_on_a_thread_panics_and_says_so() {
    let nested = in_time(|| {
        let outer = AsyncStd.block_on(async {
            catch_unwind(AssertUnwindSafe(|| AsyncStd.block_on(async {})))
                .map_err(|payload| *payload.downcast::<&str>().unwrap())
        });
        // And the mark is gone after it.
        AsyncStd.block_on(async {});
        outer
    });
    assert!(nested.unwrap_err().contains("inside another `block_on`"));
}
