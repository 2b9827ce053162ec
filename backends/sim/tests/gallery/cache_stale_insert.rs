//! moka; guava#1881: a value comes back after it was invalidated.
//!
//! A load had read the old value when the key was invalidated, and put it into the cache afterwards,
//! where it stayed. Invalidating took out what was there, and not what was on its way.

use crate::{
    bug::{Bug, Symptom, both},
    kit::{Shared, join, round_trips, spawn},
};
use anyrt_core::rt::Runtime;

pub(crate) const BUG: Bug = Bug {
    name: "cache_stale_insert",
    library: "moka; guava#1881",
    symptom: Symptom::Violated("the cached value is the old one"),
    within: 120,
    run: both!(scenario),
};

/// Of one key.
#[derive(Clone, Default)]
struct Cache(Shared<State>);

#[derive(Default)]
struct State {
    value: Option<u32>,
    invalidations: u64,
}

impl Cache {
    async fn get<R: Runtime, const FIXED: bool>(&self, rt: &R, source: &Shared<u32>) -> u32 {
        let (cached, since) = self.0.with(|state| (state.value, state.invalidations));
        if let Some(cached) = cached {
            return cached;
        }
        let loaded = load(rt, source).await;
        self.0.with(|state| {
            if !FIXED || state.invalidations == since {
                state.value = Some(loaded);
            }
        });
        loaded
    }

    fn invalidate(&self) {
        self.0.with(|state| {
            state.value = None;
            state.invalidations += 1;
        });
    }
}

async fn load<R: Runtime>(rt: &R, source: &Shared<u32>) -> u32 {
    round_trips(rt, 1).await;
    let value = source.with(|value| *value);
    round_trips(rt, 1).await;
    value
}

/// Once a change was announced, the value before it is not given out.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let (cache, source) = <(Cache, Shared<u32>)>::default();
    let reader = {
        let (cache, source) = (cache.clone(), source.clone());
        spawn(&rt, |rt| async move {
            cache.get::<_, FIXED>(&rt, &source).await;
        })
    };
    let writer = {
        let (cache, source) = (cache.clone(), source.clone());
        spawn(&rt, |rt| async move {
            round_trips(&rt, 4).await;
            source.with(|value| *value = 1);
            cache.invalidate();
        })
    };
    join([reader, writer]).await;
    let value = cache.get::<_, FIXED>(&rt, &source).await;
    assert_eq!(value, 1, "the cached value is the old one");
}
