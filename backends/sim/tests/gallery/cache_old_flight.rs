//! async-lru: a load that ends takes a newer one out of the table.
//!
//! A key was invalidated during a load and asked for again, which began a second load. The first one
//! ended, removed the key's entry, and with it the second load, so that the next caller began a third
//! beside it. The entry was found by its key, and a key says nothing of which entry it was (ABA).

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Shared, draw, join, round_trips, spawn},
};
use anyrt_core::rt::Runtime;

pub(crate) const BUG: Bug = Bug {
    name: "cache_old_flight",
    library: "async-lru",
    symptom: Symptom::Violated("loads of one version at once"),
    within: 1000,
    run: both!(scenario),
};

/// Loads under way, of one key.
#[derive(Clone, Default)]
struct Flights(Shared<State>);

#[derive(Default)]
struct State {
    /// The one that callers join, by its number.
    entry: Option<u64>,
    started: u64,
    /// How often the key was invalidated, and for which of that each load runs.
    version: u64,
    running: Vec<u64>,
}

impl Flights {
    async fn get<R: Runtime, const FIXED: bool>(&self, rt: &R) {
        let joins = self.0.with(|state| state.entry);
        if let Some(flight) = joins {
            let landed = |state: &mut State| (state.entry != Some(flight)).then_some(());
            return self.0.until(landed).await;
        }
        let (flight, version) = self.0.with(|state| {
            state.started += 1;
            state.entry = Some(state.started);
            let version = state.version;
            assert!(
                !state.running.contains(&version),
                "two loads of one version at once"
            );
            state.running.push(version);
            (state.started, version)
        });
        round_trips(rt, 2).await;
        self.0.change(|state| {
            state.running.retain(|other| *other != version);
            if !FIXED || state.entry == Some(flight) {
                state.entry = None;
            }
        });
    }

    fn invalidate(&self) {
        self.0.change(|state| {
            state.entry = None;
            state.version += 1;
        });
    }
}

/// One load at a time, unless the key was invalidated in between.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let flights = Flights::default();
    let tasks = [(); 3].map(|()| {
        let flights = flights.clone();
        let late = draw(&rt, 2);
        spawn(&rt, |rt| async move {
            round_trips(&rt, late).await;
            flights.get::<_, FIXED>(&rt).await;
        })
    });
    round_trips(&rt, draw(&rt, 3)).await;
    flights.invalidate();
    join(tasks).await;
}
