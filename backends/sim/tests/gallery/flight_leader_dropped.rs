//! dataloader, and many a single-flight: one caller is cancelled, and the others wait for ever.
//!
//! The caller who came first ran the load for all in its own future; when it was dropped, so was the
//! load, and those who waited for its result were told nothing.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Defer, Shared, draw, join, round_trips, spawn},
};
use anyrt_core::rt::{JoinHandle, Runtime};

pub(crate) const BUG: Bug = Bug {
    name: "flight_leader_dropped",
    library: "dataloader",
    symptom: Symptom::Deadlock,
    within: 100,
    run: both!(scenario),
};

#[derive(Clone, Default)]
struct Flight(Shared<State>);

#[derive(Default)]
struct State {
    has_leader: bool,
    value: Option<u32>,
}

impl Flight {
    async fn get<R: Runtime, const FIXED: bool>(&self, rt: &R) -> u32 {
        let turn = |state: &mut State| {
            let leads = state.value.is_none() && !state.has_leader;
            state.has_leader |= leads;
            (leads || state.value.is_some()).then_some(state.value)
        };
        if let Some(value) = self.0.until(turn).await {
            return value;
        }
        let leaving = Defer::new(|| {
            if FIXED {
                self.0.change(|state| state.has_leader = false);
            }
        });
        let value = load(rt).await;
        leaving.disarm();
        self.0.change(|state| state.value = Some(value));
        value
    }
}

async fn load<R: Runtime>(rt: &R) -> u32 {
    round_trips(rt, 2).await;
    42
}

/// Whoever is not cancelled gets the value.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let flight = Flight::default();
    let [cancelled, others @ ..] = [(); 3].map(|()| {
        let flight = flight.clone();
        spawn(&rt, |rt| async move { flight.get::<_, FIXED>(&rt).await })
    });
    round_trips(&rt, draw(&rt, 6)).await;
    cancelled.abort();
    assert_eq!(join(others).await, [42, 42]);
}
