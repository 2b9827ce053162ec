//! deadpool: more objects than the maximum, once it was made smaller and larger again.
//!
//! Making a pool smaller took as many slots as were free, and forgot about those in use; making it
//! larger added the whole difference. What could not be taken at once has to be owed.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Shared, draw, join, round_trips, spawn},
};
use anyrt_core::rt::Runtime;

pub(crate) const BUG: Bug = Bug {
    name: "pool_resized",
    library: "deadpool",
    symptom: Symptom::Violated("more than the maximum"),
    within: 120,
    run: both!(scenario),
};

const MAX: usize = 2;

#[derive(Clone)]
struct Pool(Shared<State>);

struct State {
    max: usize,
    free: usize,
    /// To be taken out as it comes back.
    owed: usize,
    in_use: usize,
}

impl Pool {
    async fn get(&self) {
        let take = |state: &mut State| {
            state.free = state.free.checked_sub(1)?;
            state.in_use += 1;
            Some(state.in_use)
        };
        let in_use = self.0.until(take).await;
        assert!(in_use <= MAX, "more than the maximum: {in_use}");
    }

    fn put(&self) {
        self.0.change(|state| {
            state.in_use -= 1;
            match state.owed {
                0 => state.free += 1,
                _ => state.owed -= 1,
            }
        });
    }

    fn resize<const FIXED: bool>(&self, max: usize) {
        self.0.change(|state| {
            if max < state.max {
                let fewer = state.max - max;
                let at_once = fewer.min(state.free);
                state.free -= at_once;
                if FIXED {
                    state.owed += fewer - at_once;
                }
            } else {
                let more = max - state.max;
                let paid = more.min(state.owed);
                state.owed -= paid;
                state.free += more - paid;
            }
            state.max = max;
        });
    }
}

/// As the maximum is never set above two, no more than two are ever in use.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let pool = Pool(Shared::new(State {
        max: MAX,
        free: MAX,
        owed: 0,
        in_use: 0,
    }));
    let tasks = [(); 3].map(|()| {
        let pool = pool.clone();
        spawn(&rt, |rt| async move {
            pool.get().await;
            round_trips(&rt, 2).await;
            pool.put();
        })
    });
    round_trips(&rt, draw(&rt, 3)).await;
    pool.resize::<FIXED>(MAX - 1);
    round_trips(&rt, draw(&rt, 3)).await;
    pool.resize::<FIXED>(MAX);
    join(tasks).await;
}
