//! *BA*: how long, and in which order.

use super::batch::{Loads, built};
use crate::{
    outcome::{Backend, Outcome, ensure, ensure_eq},
    probe::Probe,
};
use anyrt_core::join_all;
use std::time::Duration;

/// Keys that come while the first one waits do not prolong that.
pub(super) async fn waits_since_the_first<R: Backend>(rt: &R) -> Outcome {
    let loads = Loads::default();
    let builder = loads.builder(rt).max_size(10_000);
    let tens = built(builder.interval(Duration::from_millis(20)).build())?;
    let mut calls = Vec::new();
    while loads.begun.count() == 0 {
        // Ten seconds and more, by now: a slow machine is no such thing.
        ensure!(calls.len() < 2_000, "the first key waits for the last");
        let mut call = Probe::new(tens.load(1));
        ensure!(call.is_pending(), "loaded behind a gate");
        calls.push(call);
        rt.sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// Room goes to who was polled first at first, whoever is now.
pub(super) async fn room_is_in_order<R: Backend>(rt: &R) -> Outcome {
    let loads = Loads::default();
    let tens = built(loads.builder(rt).max_size(1).capacity(1).build())?;
    let mut calls = Vec::new();
    for key in 0..5 {
        let mut call = Probe::new(tens.load(key));
        ensure!(call.is_pending(), "loaded behind a gate");
        calls.push(call);
        if key == 0 {
            loads.begun.reached(1).await;
        }
    }
    ensure_eq!(tens.len(), 1, "keys that wait, of room for one");
    loads.gate.open();
    join_all(calls.iter_mut().rev().map(Probe::finish)).await;
    let batches = loads.taken();
    ensure_eq!(batches, [[0], [1], [2], [3], [4]], "the batches");
    Ok(())
}
