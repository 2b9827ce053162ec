//! The contract on every kind of smol runtime, and what only [`Smol`] has: executors of its own.

use anyrt_core::rt::{BlockOn, Runtime, Spawn};
use anyrt_smol::Smol;
use std::num::NonZeroUsize;

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
use suite;

mod owned {
    super::suite!(anyrt_smol::Smol::new());
}

mod abort;
mod nesting;
mod panics;
mod shutdown;

mod one_thread {
    use std::num::NonZeroUsize;

    super::suite!(anyrt_smol::Smol::with_threads(NonZeroUsize::MIN));
}

#[test]
fn it_has_the_threads_that_it_was_given() {
    assert_eq!(Smol::with_threads(NonZeroUsize::MIN).parallelism().get(), 1);
    assert_eq!(Smol::new().parallelism(), Smol::default().parallelism());
}

#[test]
fn the_global_executor_runs_tasks_too() {
    let rt = Smol::global();
    let answer = rt.block_on(async { rt.spawn(async { 42 }).await });
    assert_eq!(answer.unwrap(), 42);
}
