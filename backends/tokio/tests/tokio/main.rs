//! The contract on every kind of tokio runtime, and what only tokio has: handles, contexts, a paused clock.

mod multi_thread {
    anyrt_conformance::suite!(anyrt_tokio::Tokio::multi_thread().unwrap());
}

mod current_thread {
    anyrt_conformance::suite!(anyrt_tokio::Tokio::current_thread().unwrap());
}

mod erased {
    use anyrt_core::erased::DynRuntime;

    anyrt_conformance::suite!(DynRuntime::new(anyrt_tokio::Tokio::multi_thread().unwrap()));
}

mod contexts;
mod groups;
mod paused;
mod timers;
