//! Tasks on the simulator, which are dropped at any of their polls: each run can be seen again.

use super::judge::{Clock, Register, Step, Timed, has_order};
use crate::{Drawn, polls};
use anyrt_core::{
    rt::{Entropy, Spawn},
    task::yield_now,
};
use anyrt_sim::{Sim, SimRuntime, sometimes};
use anyrt_toolkit::AsyncCache;
use std::sync::{Arc, Mutex};

type Cache = AsyncCache<SimRuntime, u8, u64, &'static str>;

/// What happened, with the ticks between which it did.
#[derive(Debug, Clone, Default)]
struct History {
    clock: Arc<Clock>,
    steps: Arc<Mutex<Vec<Timed>>>,
}

impl History {
    fn note(&self, step: Step, begin: u64, end: u64) {
        self.steps.lock().unwrap().push((step, begin, end));
    }

    /// At this very moment: nobody else runs between this and what it makes happen.
    fn now(&self, step: Step) {
        let now = self.clock.tick();
        self.note(step, now, now);
    }
}

/// A load that yields, and tells how it goes.
struct Flies {
    history: History,
    value: u64,
    ended: bool,
}

impl Flies {
    async fn load(mut self, steps: u64, fails: bool) -> Result<u64, &'static str> {
        for _ in 0..steps {
            yield_now().await;
        }
        self.ended = true;
        let (value, history) = (self.value, &self.history);
        history.now(if fails {
            Step::GiveUp(value)
        } else {
            Step::End(value)
        });
        if fails { Err("no") } else { Ok(value) }
    }
}

impl Drop for Flies {
    fn drop(&mut self) {
        if !self.ended {
            self.history.now(Step::GiveUp(self.value));
        }
    }
}

/// One of three tasks: what it does, three times, is the seed's to say.
async fn act(cache: Cache, history: History, mut drawn: Drawn, who: u64) {
    for turn in 0..3 {
        for _ in 0..drawn.below(2) {
            yield_now().await;
        }
        let value = who * 10 + turn;
        let flies = Flies {
            history: history.clone(),
            value,
            ended: false,
        };
        let (steps, fails) = (drawn.below(4), drawn.below(5) == 0);
        let begin = history.clock.tick();
        let done = |step| history.note(step, begin, history.clock.tick());
        match drawn.below(8) {
            0 => {
                cache.insert(1, value);
                done(Step::Insert(value));
            }
            1 => done(Step::Remove(cache.remove(&1))),
            2 => done(Step::Get(cache.get(&1))),
            3 => {
                cache.clear();
                done(Step::Clear);
            }
            4 => {
                let began = |_| {
                    history.now(Step::Refresh(value));
                    flies.load(steps, fails)
                };
                cache.try_refresh(&1, began);
            }
            _ => {
                let mut began = false;
                let load = |_| {
                    began = true;
                    history.now(Step::Begin(value));
                    flies.load(steps, fails)
                };
                let most = 1 + drawn.below(5);
                let call = async { cache.get_or_try_load(&1, load).await };
                let outcome = polls(most, call).await;
                sometimes!(outcome.is_none() && began, "who drives is dropped");
                sometimes!(outcome.is_none() && !began, "who waits is dropped");
                if let Some(Ok(seen)) = outcome
                    && !began
                {
                    sometimes!(true, "a value is shared, or was there");
                    done(Step::Serve(seen));
                }
            }
        }
    }
}

#[test]
fn every_history_of_tasks_has_an_order() {
    Sim::new().same_thread().check(12_000, |rt| async move {
        let builder = AsyncCache::builder(&rt).fallible().capacity(10);
        let cache: Cache = builder.build().unwrap();
        let history = History::default();
        let tasks = [1, 2, 3].map(|who| {
            let drawn = Drawn::new(rt.random_u64());
            rt.spawn(act(cache.clone(), history.clone(), drawn, who))
        });
        for task in tasks {
            task.await.unwrap();
        }
        // With what is still under way in the background.
        drop(cache);
        let mut steps = std::mem::take(&mut *history.steps.lock().unwrap());
        let told = steps.clone();
        assert!(has_order(&mut steps, Register::default()), "{told:?}");
    });
}
