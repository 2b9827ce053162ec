//! leaky-bucket: one waiter that is not polled stops all the others.
//!
//! The first waiter kept the time for all. It was polled once, in a `select!` that went on with another
//! branch, and then kept without being polled or dropped; nobody refilled the bucket. Whoever needs a
//! future to be polled has to be that future: each has its own timer.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Defer, Shared, join, poll_once, round_trips},
};
use anyrt_core::{Instant, rt::Runtime};
use std::{pin::pin, time::Duration};

pub(crate) const BUG: Bug = Bug {
    name: "rate_unpolled_leader",
    library: "leaky-bucket",
    symptom: Symptom::Deadlock,
    within: 80,
    run: both!(scenario),
};

const INTERVAL: Duration = Duration::from_millis(1);

/// One token in each interval.
#[derive(Clone)]
struct Bucket<R>(R, Shared<State>);

struct State {
    tokens: u32,
    has_leader: bool,
    next: Instant,
}

impl<R: Runtime> Bucket<R> {
    async fn acquire<const FIXED: bool>(&self) {
        match FIXED {
            true => self.acquire_alone().await,
            false => self.acquire_together().await,
        }
    }

    async fn acquire_together(&self) {
        let Self(rt, state) = self;
        let turn = |state: &mut State| {
            if state.tokens > 0 {
                state.tokens -= 1;
                return Some(false);
            }
            let leads = !state.has_leader;
            state.has_leader = true;
            leads.then_some(true)
        };
        while state.until(turn).await {
            // One that is dropped makes room for the next: that was seen to.
            let _leaving = Defer::new(|| state.change(|state| state.has_leader = false));
            rt.sleep(INTERVAL).await;
            state.change(|state| state.tokens += 1);
        }
    }

    async fn acquire_alone(&self) {
        let Self(rt, state) = self;
        let at = state.with(|state| {
            state.next = state.next.max(rt.now()) + INTERVAL;
            state.next
        });
        rt.sleep_until(at).await;
    }
}

/// Whoever is polled gets its token.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let empty = State {
        tokens: 0,
        has_leader: false,
        next: rt.now(),
    };
    let bucket = Bucket(rt.clone(), Shared::new(empty));
    let other = {
        let bucket = bucket.clone();
        rt.spawn(async move { bucket.acquire::<FIXED>().await })
    };
    round_trips(&rt, 1).await;
    let mut kept = pin!(bucket.acquire::<FIXED>());
    poll_once(kept.as_mut()).await;
    join([other]).await;
    kept.await;
}
