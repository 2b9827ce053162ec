//! asyncio, bpo-27585; tokio#1898: a lock is handed to a task that is gone.
//!
//! A task was cancelled between the moment at which the lock was handed to it and the moment at
//! which it would have run; all who came later waited for ever. A waiter that leaves took itself out
//! of the queue, but the hand-over had taken it out already, and nobody passed the lock on.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Defer, Shared, Slot, draw, join, round_trips, spawn},
};
use anyrt_core::rt::{JoinHandle, Runtime};
use std::collections::VecDeque;

pub(crate) const BUG: Bug = Bug {
    name: "lock_handed_over",
    library: "asyncio, bpo-27585; tokio#1898",
    symptom: Symptom::Deadlock,
    within: 400,
    run: both!(scenario),
};

#[derive(Clone, Default)]
struct Lock(Shared<State>);

#[derive(Default)]
struct State {
    is_locked: bool,
    queue: VecDeque<Slot<()>>,
}

impl Lock {
    async fn lock<const FIXED: bool>(&self) {
        let slot = Slot::default();
        let is_mine = self.0.with(|state| {
            let is_mine = !state.is_locked;
            state.is_locked = true;
            if !is_mine {
                state.queue.push_back(slot.clone());
            }
            is_mine
        });
        if is_mine {
            return;
        }
        let leaving = Defer::new(|| {
            self.0
                .with(|state| state.queue.retain(|other| !other.is(&slot)));
            if FIXED && slot.take().is_some() {
                self.unlock();
            }
        });
        slot.filled().await;
        leaving.disarm();
    }

    /// Hands the lock to the one who has waited for the longest time.
    fn unlock(&self) {
        let next = self.0.with(|state| {
            let next = state.queue.pop_front();
            state.is_locked = next.is_some();
            next
        });
        if let Some(next) = next {
            next.put(());
        }
    }
}

/// Whoever is not cancelled gets the lock.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let lock = Lock::default();
    let [cancelled, others @ ..] = [(); 3].map(|()| {
        let lock = lock.clone();
        spawn(&rt, |rt| async move {
            lock.lock::<FIXED>().await;
            let _unlock = Defer::new(|| lock.unlock());
            round_trips(&rt, 1).await;
        })
    });
    round_trips(&rt, draw(&rt, 4)).await;
    cancelled.abort();
    join(others).await;
}
