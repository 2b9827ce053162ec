//! tokio (`Barrier::wait` is "not cancel safe", #6494), async-lock: a barrier opens for too few.
//!
//! A participant was cancelled while it waited, and still counted: the barrier opened one too early.
//! Arriving is an effect on the barrier, and nothing took it back.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Defer, Shared, Slot, draw, join, round_trips},
};
use anyrt_core::rt::{JoinHandle, Runtime};

pub(crate) const BUG: Bug = Bug {
    name: "barrier_opens_early",
    library: "tokio#6494; async-lock",
    symptom: Symptom::Violated("present as the barrier opens"),
    within: 100,
    run: both!(scenario),
};

const PARTIES: usize = 3;

#[derive(Clone, Default)]
struct Barrier(Shared<State>);

#[derive(Default)]
struct State {
    arrived: usize,
    waiting: Vec<Slot<()>>,
}

impl Barrier {
    /// True for the one who opened it.
    async fn wait<const FIXED: bool>(&self) -> bool {
        let slot = Slot::default();
        let opened = self.0.with(|state| {
            state.arrived += 1;
            if state.arrived == PARTIES {
                state.arrived = 0;
                return Some(std::mem::take(&mut state.waiting));
            }
            state.waiting.push(slot.clone());
            None
        });
        if let Some(waiting) = opened {
            waiting.iter().for_each(|slot| slot.put(()));
            return true;
        }
        let leaving = Defer::new(|| {
            self.0.with(|state| {
                let before = state.waiting.len();
                state.waiting.retain(|other| !other.is(&slot));
                if FIXED {
                    state.arrived -= before - state.waiting.len();
                }
            });
        });
        slot.filled().await;
        leaving.disarm();
        false
    }
}

#[derive(Clone, Default)]
struct Round {
    barrier: Barrier,
    present: Shared<usize>,
    is_over: Shared<bool>,
}

impl Round {
    async fn take_part<const FIXED: bool>(self) {
        self.present.with(|present| *present += 1);
        let leaving = Defer::new(|| self.present.with(|present| *present -= 1));
        let opened = self.barrier.wait::<FIXED>().await;
        leaving.disarm();
        if opened {
            self.is_over.with(|over| *over = true);
            let present = self.present.with(|present| *present);
            assert_eq!(present, PARTIES, "present as the barrier opens");
        }
    }
}

/// It opens when three are there, not when three have been there.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let round = Round::default();
    let cancelled = rt.spawn(round.clone().take_part::<FIXED>());
    let others = [(); 2].map(|()| rt.spawn(round.clone().take_part::<FIXED>()));
    round_trips(&rt, draw(&rt, 2)).await;
    cancelled.abort();
    if let Err(error) = cancelled.await {
        assert!(error.resume().is_cancelled());
    }
    let is_over = round.is_over.with(|over| *over);
    let in_its_place = (!is_over).then(|| rt.spawn(round.take_part::<FIXED>()));
    join(others.into_iter().chain(in_its_place)).await;
}
