//! bb8#122: a caller waits for a connection that lies idle.
//!
//! A caller found no idle connection, and between that look and its place among the waiters one came
//! back; the wake-up had nobody to go to. Looking and lining up were two steps, with an await between.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Shared, Slot, join, round_trips, spawn},
};
use anyrt_core::rt::Runtime;
use std::collections::VecDeque;

pub(crate) const BUG: Bug = Bug {
    name: "pool_lost_wakeup",
    library: "bb8#122",
    symptom: Symptom::Deadlock,
    within: 60,
    run: both!(scenario),
};

#[derive(Clone, Default)]
struct Pool(Shared<State>);

#[derive(Default)]
struct State {
    idle: u32,
    waiters: VecDeque<Slot<()>>,
}

impl Pool {
    async fn get<R: Runtime, const FIXED: bool>(&self, rt: &R) {
        let take = |state: &mut State| state.idle.checked_sub(1).map(|idle| state.idle = idle);
        while self.0.with(take).is_none() {
            note_that_the_pool_is_empty(rt).await;
            let slot = Slot::default();
            let came_back = self.0.with(|state| {
                let came_back = FIXED && state.idle > 0;
                if !came_back {
                    state.waiters.push_back(slot.clone());
                }
                came_back
            });
            if !came_back {
                slot.filled().await;
            }
        }
    }

    fn put(&self) {
        let waiter = self.0.with(|state| {
            state.idle += 1;
            state.waiters.pop_front()
        });
        if let Some(waiter) = waiter {
            waiter.put(());
        }
    }
}

async fn note_that_the_pool_is_empty<R: Runtime>(rt: &R) {
    round_trips(rt, 1).await;
}

/// Each gets the connection in turn.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let pool = Pool::default();
    pool.put();
    let tasks = [(); 3].map(|()| {
        let pool = pool.clone();
        spawn(&rt, |rt| async move {
            pool.get::<_, FIXED>(&rt).await;
            round_trips(&rt, 1).await;
            pool.put();
        })
    });
    join(tasks).await;
}
