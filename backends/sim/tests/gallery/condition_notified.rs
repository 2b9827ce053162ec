//! CPython, gh-112202 (`asyncio.Condition`): a notification dies with whom it was for.
//!
//! `notify` chose a waiter that was cancelled before it had the lock again; the others slept on,
//! though there was something for them. A notification is for anyone, so whoever was chosen and
//! leaves has to choose somebody else.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Defer, Shared, Slot, draw, join, round_trips},
};
use anyrt_core::rt::{JoinHandle, Lock, LockOf, Runtime};
use std::{collections::VecDeque, sync::Arc};

pub(crate) const BUG: Bug = Bug {
    name: "condition_notified",
    library: "CPython, gh-112202",
    symptom: Symptom::Deadlock,
    within: 60,
    run: both!(scenario),
};

#[derive(Clone, Default)]
struct Condition(Shared<VecDeque<Slot<()>>>);

impl Condition {
    fn notify_one(&self) {
        if let Some(first) = self.0.with(VecDeque::pop_front) {
            first.put(());
        }
    }

    /// Gives the lock away while it waits.
    async fn wait<'a, L: Lock<T>, T: Send + 'static, const FIXED: bool>(
        &self,
        lock: &'a L,
        guard: L::Guard<'a>,
    ) -> L::Guard<'a> {
        let slot = Slot::default();
        self.0.with(|queue| queue.push_back(slot.clone()));
        let leaving = Defer::new(|| {
            let was_in_queue = self.0.with(|queue| {
                let before = queue.len();
                queue.retain(|other| !other.is(&slot));
                queue.len() < before
            });
            if FIXED && !was_in_queue {
                self.notify_one();
            }
        });
        drop(guard);
        slot.filled().await;
        let guard = lock.lock().await;
        leaving.disarm();
        guard
    }
}

async fn take<R: Runtime, const FIXED: bool>(items: Arc<LockOf<R, u32>>, added: Condition) {
    let mut guard = items.lock().await;
    while *guard == 0 {
        guard = added.wait::<_, _, FIXED>(&*items, guard).await;
    }
    *guard -= 1;
}

/// Whoever is not cancelled gets the item.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let items = Arc::new(rt.lock(0));
    let added = Condition::default();
    let [cancelled, other] = [(); 2].map(|()| {
        let (items, added) = (items.clone(), added.clone());
        rt.spawn(take::<R, FIXED>(items, added))
    });
    round_trips(&rt, draw(&rt, 3)).await;
    *items.lock().await += 1;
    added.notify_one();
    round_trips(&rt, draw(&rt, 3)).await;
    cancelled.abort();
    if cancelled.await.is_ok() {
        *items.lock().await += 1;
        added.notify_one();
    }
    join([other]).await;
}
