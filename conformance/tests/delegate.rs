//! A runtime that delegates all to the one inside keeps the whole contract, and what it leaves out it is told.

#![deny(clippy::missing_trait_methods)]

use anyrt_core::{
    delegate,
    group::TaskGroup,
    rt::{BlockOn, Clock, Entropy, Runtime, Signal, Signals, Sleep, Spawn, SpawnBlocking},
};
use anyrt_sim::{Sim, SimRuntime};
use std::{convert::Infallible, future::pending};

/// A wrapper that changes nothing. Where a trait gets a method that `delegate!` does not know, the lint above fails.
#[derive(Debug, Clone)]
struct Wrapped<R>(R);

impl<R: Runtime> Spawn for Wrapped<R> {
    delegate!(Spawn => 0: R);
}

impl<R: Runtime> SpawnBlocking for Wrapped<R> {
    delegate!(SpawnBlocking => 0: R);
}

impl<R: Runtime> Clock for Wrapped<R> {
    delegate!(Clock => 0: R);
}

impl<R: Runtime> Sleep for Wrapped<R> {
    delegate!(Sleep => 0: R);
}

impl<R: Runtime> Entropy for Wrapped<R> {
    delegate!(Entropy => 0: R);
}

impl<R: Runtime> Runtime for Wrapped<R> {
    delegate!(Runtime => 0: R);
}

impl<R: Runtime + BlockOn> BlockOn for Wrapped<R> {
    delegate!(BlockOn => 0: R);
}

impl<R: Signals> Signals for Wrapped<R> {
    delegate!(Signals => 0: R);
}

anyrt_conformance::suite!(
    Wrapped(SimRuntime::new(4)),
    signals = |rt: &Wrapped<SimRuntime>, signal: Signal| {
        rt.0.raise(signal);
    }
);

/// What a trait has a default for reaches the runtime inside, too.
#[test]
fn names_of_tasks_reach_the_runtime_inside() {
    let hangs = |rt: SimRuntime| async move {
        let group = TaskGroup::<_, (), Infallible>::new(&Wrapped(rt));
        group.spawn_named("the one that hangs", pending()).unwrap();
        group.join().await.unwrap();
    };
    let failure = Sim::new().run(0, hangs).failure;
    let failure = failure.expect("it hangs").to_string();
    assert!(failure.contains("the one that hangs"), "{failure}");
}
