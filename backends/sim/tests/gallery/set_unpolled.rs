//! futures-rs#2387 (`buffer_unordered`, `FuturesUnordered`): a loop waits for its own set.
//!
//! While the loop's body handles one result, the other futures of the set stand still, for only the
//! loop polls them. One of them stood still with a permit in its hand, and the body wanted that
//! permit. As tasks they go on by themselves.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Shared, draw, round_trips, spawn},
};
use anyrt_core::{FutureSet, rt::Runtime};
use std::{future::Future, pin::Pin};

pub(crate) const BUG: Bug = Bug {
    name: "set_unpolled",
    library: "futures-rs#2387",
    symptom: Symptom::Deadlock,
    within: 40,
    run: both!(scenario),
};

/// One permit, for whoever comes first.
#[derive(Clone, Default)]
struct Permit(Shared<bool>);

impl Permit {
    async fn with(&self, work: impl Future<Output = ()> + Send) {
        let free = |taken: &mut bool| (!*taken).then(|| *taken = true);
        self.0.until(free).await;
        work.await;
        self.0.change(|taken| *taken = false);
    }
}

/// What is fetched and what is handled share a limit, and all of it gets done.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let permit = Permit::default();
    let mut set = FutureSet::new();
    for _ in 0..3 {
        let (permit, late) = (permit.clone(), draw(&rt, 5));
        let fetch = |rt: R| async move {
            permit.with(round_trips(&rt, 1)).await;
            round_trips(&rt, late).await;
        };
        let fetch: Pin<Box<dyn Future<Output = ()> + Send>> = match FIXED {
            true => {
                let task = spawn(&rt, fetch);
                Box::pin(async { task.await.expect("it is not aborted") })
            }
            false => Box::pin(fetch(rt.clone())),
        };
        set.push(fetch);
    }
    while set.next().await.is_some() {
        permit.with(round_trips(&rt, 1)).await;
    }
}
