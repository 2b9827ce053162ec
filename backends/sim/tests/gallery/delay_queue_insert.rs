//! tokio#2285 (`DelayQueue`): what is due first comes out late.
//!
//! An entry that was due before all others was inserted while somebody waited for the queue; it came
//! out when the one after it was due. The sleeper had looked at the queue once, and no insertion woke
//! it.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Shared, draw, join, round_trips, spawn},
};
use anyrt_core::{Instant, race, rt::Runtime};
use std::{collections::BTreeSet, time::Duration};

pub(crate) const BUG: Bug = Bug {
    name: "delay_queue_insert",
    library: "tokio#2285",
    symptom: Symptom::Violated("an entry comes out late"),
    within: 40,
    run: both!(scenario),
};

#[derive(Clone, Default)]
struct DelayQueue(Shared<BTreeSet<Instant>>);

impl DelayQueue {
    fn insert(&self, due: Instant) {
        self.0.change(|queue| queue.insert(due));
    }

    async fn next<R: Runtime, const FIXED: bool>(&self, rt: &R) -> Instant {
        loop {
            let first = self.0.until(|queue| queue.first().copied()).await;
            let is_late = |queue: &mut BTreeSet<Instant>| {
                (FIXED && queue.first() != Some(&first)).then_some(false)
            };
            let is_due = race!(self.0.until(is_late), async {
                rt.sleep_until(first).await;
                true
            });
            if is_due {
                self.0.with(|queue| queue.remove(&first));
                return first;
            }
        }
    }
}

/// Each comes out when it is due.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let queue = DelayQueue::default();
    let start = rt.now();
    let last = start + Duration::from_millis(10);
    let inserting = {
        let queue = queue.clone();
        let dues = [(); 3].map(|()| start + Duration::from_millis(1 + draw(&rt, 5)));
        spawn(&rt, |rt| async move {
            for due in dues {
                queue.insert(due);
                round_trips(&rt, 1).await;
            }
            queue.insert(last);
        })
    };
    loop {
        let due = queue.next::<_, FIXED>(&rt).await;
        assert_eq!(rt.now(), due, "an entry comes out late");
        if due == last {
            break;
        }
    }
    join([inserting]).await;
}
