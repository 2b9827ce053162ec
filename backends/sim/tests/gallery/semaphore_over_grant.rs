//! anyio#1170: more holders than permits.
//!
//! A release woke the first waiter, and a newcomer got in before that waiter ran; both held the one
//! permit. From the release to the wake-up the permit was counted twice: as the waiter's and as free.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Shared, Slot, join, round_trips, spawn},
};
use anyrt_core::rt::Runtime;
use std::collections::VecDeque;

pub(crate) const BUG: Bug = Bug {
    name: "semaphore_over_grant",
    library: "anyio#1170",
    symptom: Symptom::Violated("holders of one permit"),
    within: 200,
    run: both!(scenario),
};

struct State {
    free: u32,
    queue: VecDeque<Slot<()>>,
}

#[derive(Clone)]
struct Semaphore(Shared<State>);

impl Semaphore {
    async fn acquire<const FIXED: bool>(&self) {
        let slot = self.0.with(|state| {
            if state.free > 0 {
                state.free -= 1;
                return None;
            }
            let slot = Slot::default();
            state.queue.push_back(slot.clone());
            Some(slot)
        });
        if let Some(slot) = slot {
            slot.filled().await;
            if !FIXED {
                self.0
                    .with(|state| state.free = state.free.saturating_sub(1));
            }
        }
    }

    fn release<const FIXED: bool>(&self) {
        let next = self.0.with(|state| {
            let next = state.queue.pop_front();
            if next.is_none() || !FIXED {
                state.free += 1;
            }
            next
        });
        if let Some(next) = next {
            next.put(());
        }
    }
}

/// One permit has one holder.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let semaphore = Semaphore(Shared::new(State {
        free: 1,
        queue: VecDeque::new(),
    }));
    let holders = Shared::new(0);
    let tasks = [(); 3].map(|()| {
        let (semaphore, holders) = (semaphore.clone(), holders.clone());
        spawn(&rt, |rt| async move {
            semaphore.acquire::<FIXED>().await;
            let count = holders.with(|count| {
                *count += 1;
                *count
            });
            assert_eq!(count, 1, "holders of one permit");
            round_trips(&rt, 1).await;
            holders.with(|count| *count -= 1);
            semaphore.release::<FIXED>();
        })
    });
    join(tasks).await;
}
