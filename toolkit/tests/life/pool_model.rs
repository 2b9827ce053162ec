//! Users who come, give up, break and take away objects while the pool is resized: never too many, none lost.

use super::{Count, Held, SECOND, draw, up_to_polls};
use anyrt_core::{
    rt::{Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::{Sim, SimRuntime, sometimes};
use anyrt_toolkit::pool::{Manager, Pool, PoolError, Pooled};
use std::sync::Arc;

/// Objects that know how many of them there may be.
#[derive(Debug, Clone)]
struct Checked {
    rt: SimRuntime,
    max: Count,
    there: Count,
}

#[derive(Debug)]
struct Object {
    half_checked: bool,
    users: Count,
    there: Option<Held>,
}

impl Manager for Checked {
    type Object = Object;
    type Error = &'static str;

    async fn create(&self) -> Result<Object, &'static str> {
        let there = self.there.held();
        let (there_now, max) = (self.there.get(), self.max.get());
        assert!(there_now <= max, "{there_now} of {max}");
        steps(&self.rt).await;
        if draw(&self.rt, 5) == 0 {
            return Err("no object");
        }
        Ok(Object {
            half_checked: false,
            users: Count::default(),
            there: Some(there),
        })
    }

    async fn recycle(&self, object: &mut Object) -> Result<(), &'static str> {
        assert!(!object.half_checked, "half checked, and handed out");
        object.half_checked = true;
        steps(&self.rt).await;
        object.half_checked = false;
        match draw(&self.rt, 5) {
            0 => Err("not fit"),
            _ => Ok(()),
        }
    }

    fn keep(&self, _: &mut Object) -> bool {
        draw(&self.rt, 7) > 0
    }
}

async fn steps(rt: &SimRuntime) {
    for _ in 0..draw(rt, 2) {
        match draw(rt, 2) {
            0 => rt.sleep(SECOND).await,
            _ => yield_now().await,
        }
    }
}

async fn user(rt: SimRuntime, pool: Pool<SimRuntime, Checked>) {
    for _ in 0..4 {
        // A third of them give up at some point.
        let polls = match draw(&rt, 2) {
            0 => draw(&rt, 5),
            _ => u64::MAX,
        };
        let got = up_to_polls(polls, pool.get()).await;
        sometimes!(got.is_none(), "somebody gave up");
        let mut object = match got {
            Some(Ok(object)) => object,
            Some(Err(error)) => {
                assert!(
                    !matches!(error, PoolError::Closed { .. }),
                    "nobody closed it"
                );
                continue;
            }
            None => continue,
        };
        let using = object.users.held();
        assert_eq!(object.users.get(), 1, "two have it");
        steps(&rt).await;
        drop(using);
        match draw(&rt, 6) {
            0 => {
                // It is no longer the pool's: it does not count.
                object.there = None;
                drop(Pooled::detach(object));
            }
            1 => Pooled::discard(object),
            _ => drop(object),
        }
    }
}

fn run(seeds: u64, ages: bool) {
    Sim::new().check(seeds, move |rt| async move {
        let numbers = Checked {
            rt: rt.clone(),
            max: Count::default(),
            there: Count::default(),
        };
        numbers.max.set(2);
        let mut builder = Pool::builder(&rt, numbers.clone()).max_size(2);
        if ages {
            builder = builder
                .min_idle(1)
                .wait_timeout(30 * SECOND)
                .create_timeout(SECOND)
                .recycle_timeout(SECOND)
                .idle(2 * SECOND)
                .max_lifetime(5 * SECOND);
        }
        let pool = builder.build().unwrap();
        let users: Vec<_> = (0..4)
            .map(|_| rt.spawn(user(rt.clone(), pool.clone())))
            .collect();
        for _ in 0..4 {
            steps(&rt).await;
            let max = 1 + draw(&rt, 2) as usize;
            numbers.max.set(max);
            pool.resize(max).unwrap();
        }
        for user in users {
            user.await.unwrap();
        }
        if ages {
            // The keeper may be about to make one.
            rt.sleep(SECOND / 2).await;
        }
        let stats = pool.stats();
        assert_eq!(stats.waiting, 0);
        if !ages {
            assert_eq!(stats.live, stats.idle, "a place was lost");
            assert_eq!(stats.live, numbers.there.get());
        }
        let numbers = Arc::new(numbers);
        pool.close();
        pool.closed().await;
        assert_eq!(numbers.there.get(), 0, "one is left");
    });
}

#[test]
fn never_too_many_and_none_lost() {
    run(600, false);
}

#[test]
fn never_too_many_and_none_lost_with_ages() {
    run(600, true);
}
