//! tokio#3660 (`Notify`): a stored permit is lost to a `notify_waiters`.
//!
//! `notify_one` came while nobody waited, and left a permit for the next; then `notify_waiters`, which
//! concerns only those who wait, set the state back to empty. Whoever came next waited for ever.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Shared, Slot, join, round_trips, spawn},
};
use anyrt_core::rt::Runtime;
use std::collections::VecDeque;

pub(crate) const BUG: Bug = Bug {
    name: "notify_forgets_permit",
    library: "tokio#3660",
    symptom: Symptom::Deadlock,
    within: 60,
    run: both!(scenario),
};

#[derive(Clone, Default)]
struct Notify(Shared<State>);

#[derive(Default)]
struct State {
    has_permit: bool,
    waiting: VecDeque<Slot<()>>,
}

impl Notify {
    fn notify_one(&self) {
        let first = self.0.with(|state| {
            let first = state.waiting.pop_front();
            state.has_permit |= first.is_none();
            first
        });
        if let Some(first) = first {
            first.put(());
        }
    }

    fn notify_waiters<const FIXED: bool>(&self) {
        let all = self.0.with(|state| {
            state.has_permit &= FIXED;
            std::mem::take(&mut state.waiting)
        });
        all.iter().for_each(|slot| slot.put(()));
    }

    async fn notified(&self) {
        let slot = Slot::default();
        let had_permit = self.0.with(|state| {
            let had_permit = std::mem::take(&mut state.has_permit);
            if !had_permit {
                state.waiting.push_back(slot.clone());
            }
            had_permit
        });
        if !had_permit {
            slot.filled().await;
        }
    }
}

/// What `notify_one` promised is kept: it is one's turn, now or later.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let notify = Notify::default();
    let waiting = {
        let notify = notify.clone();
        spawn(&rt, |rt| async move {
            round_trips(&rt, 2).await;
            notify.notified().await;
        })
    };
    let all = {
        let notify = notify.clone();
        spawn(&rt, |rt| async move {
            round_trips(&rt, 1).await;
            notify.notify_waiters::<FIXED>();
        })
    };
    let one = spawn(&rt, |rt| async move {
        round_trips(&rt, 1).await;
        notify.notify_one();
    });
    join([waiting, all, one]).await;
}
