//! The contract on every kind of tokio runtime, and what only tokio has: handles, contexts, a paused clock.

use std::task::{Context, Poll};
use tokio::task::coop::{has_budget_remaining, poll_proceed};

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

mod multi_thread {
    super::suite!(anyrt_tokio::Tokio::multi_thread().unwrap());
}

mod current_thread {
    super::suite!(anyrt_tokio::Tokio::current_thread().unwrap());
}

mod erased {
    use anyrt_core::erased::DynRuntime;

    anyrt_conformance::suite!(DynRuntime::new(anyrt_tokio::Tokio::multi_thread().unwrap()));
}

mod contexts;
mod groups;
mod growth;
mod handles;
mod paused;
mod timers;

/// Uses up what tokio lets a task do in one poll.
fn use_up_the_budget(cx: &mut Context<'_>) {
    while has_budget_remaining() {
        if let Poll::Ready(used) = poll_proceed(cx) {
            used.made_progress();
        }
    }
}
