//! The concurrency limiter: shares, changes, adaptation, and what ends waiting otherwise.

use crate::support::{Census, MS, SEC, at, cut_after, poll_once};
use anyrt_core::{
    cancel::CancellationToken,
    context::Context,
    rt::{Entropy, Runtime, Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::{Sim, check};
use anyrt_toolkit::limit::{Aimd, Limiter};
use std::{collections::BTreeMap, pin::pin, sync::Arc, sync::Mutex, time::Duration};

fn limiter<R: Runtime, K: Ord + Clone>(rt: &R, limit: usize) -> Limiter<R, K> {
    Limiter::new(rt, limit).expect("it is permitted")
}

fn draw(rt: &impl Entropy, end: u32) -> u32 {
    u32::try_from(rt.random_u64() % u64::from(end)).expect("it is small")
}

#[test]
fn never_more_than_the_limit_whoever_is_dropped() {
    let faults = Sim::new().spurious_polls(4);
    faults.check(300, |rt| async move {
        let limit = 1 + draw(&rt, 4) as usize;
        let limiter = limiter::<_, u32>(&rt, limit);
        let census = Census::default();
        let tasks: Vec<_> = (0..16)
            .map(|n| {
                let (rt, limiter, census) = (rt.clone(), limiter.clone(), census.clone());
                rt.clone().spawn(async move {
                    rt.sleep(MS * draw(&rt, 8)).await;
                    let polls = draw(&rt, 4) as usize;
                    let acquire = limiter.acquire_for(n % 3);
                    let slot = match polls {
                        0 => Some(acquire.await),
                        polls => cut_after(polls, acquire).await,
                    };
                    if let Some(slot) = slot {
                        let _slot = slot.expect("nobody is cancelled");
                        let _alive = census.enter();
                        assert!(census.alive() <= limit, "{} of {limit}", census.alive());
                        rt.sleep(MS * draw(&rt, 6)).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("it ends");
        }
        assert_eq!(limiter.in_flight(), 0);
        let all: Vec<_> = (0..limit)
            .map_while(|_| limiter.try_acquire_for(7))
            .collect();
        assert_eq!(all.len(), limit, "all slots are back");
        assert!(limiter.try_acquire_for(7).is_none());
    });
}

/// Who waits, by key, in order of arrival; a model of whom a slot goes to.
#[derive(Default)]
struct Model {
    running: BTreeMap<u32, usize>,
    waiting: Vec<(u32, u32)>,
}

impl Model {
    fn next(&mut self) -> Option<u32> {
        let running = |key| self.running.get(&key).copied().unwrap_or(0);
        // Of equals the first is the one that has waited longest.
        let place = (0..self.waiting.len()).min_by_key(|&n| running(self.waiting[n].0))?;
        let (key, caller) = self.waiting.remove(place);
        *self.running.entry(key).or_default() += 1;
        Some(caller)
    }
}

#[test]
fn slots_go_where_a_naive_model_says() {
    check(300, |rt| async move {
        let limiter = limiter::<_, u32>(&rt, 1 + draw(&rt, 3) as usize);
        let (mut model, mut slots, mut waits) = (Model::default(), Vec::new(), BTreeMap::new());
        for caller in 0..60 {
            let key = draw(&rt, 3);
            match draw(&rt, 3) {
                0 if !slots.is_empty() => {
                    let at = draw(&rt, u32::try_from(slots.len()).expect("few")) as usize;
                    let (key, slot) = slots.swap_remove(at);
                    drop(slot);
                    *model.running.get_mut(&key).expect("it ran") -= 1;
                }
                1 if !model.waiting.is_empty() => {
                    let at = draw(&rt, u32::try_from(waits.len()).expect("few")) as usize;
                    let gone = *waits.keys().nth(at).expect("it waits");
                    waits.remove(&gone);
                    model.waiting.retain(|(_, caller)| *caller != gone);
                }
                _ => {
                    let limiter = limiter.clone();
                    waits.insert(
                        caller,
                        Box::pin(async move { (key, limiter.acquire_for(key).await) }),
                    );
                    model.waiting.push((key, caller));
                    let polled = poll_once(waits.get_mut(&caller).expect("new").as_mut());
                    if let std::task::Poll::Ready((key, slot)) = polled {
                        assert_eq!(model.next(), Some(caller));
                        waits.remove(&caller);
                        slots.push((key, slot.expect("nobody is cancelled")));
                    }
                }
            }
            while slots.len() < limiter.limit()
                && let Some(next) = model.next()
            {
                // It has its slot; nobody else has.
                let mut wait = waits.remove(&next).expect("it waits");
                let std::task::Poll::Ready((key, slot)) = poll_once(wait.as_mut()) else {
                    panic!("{next} should have a slot");
                };
                slots.push((key, slot.expect("nobody is cancelled")));
            }
            assert!(
                waits
                    .values_mut()
                    .all(|wait| poll_once(wait.as_mut()).is_pending())
            );
            assert_eq!(limiter.in_flight(), slots.len());
        }
    });
}

#[test]
fn a_key_that_asks_for_a_lot_leaves_the_others_their_share() {
    check(20, |rt| async move {
        let limiter = limiter::<_, &str>(&rt, 2);
        let ends = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for (key, calls) in [("greedy", 20), ("modest", 2)] {
            for _ in 0..calls {
                let (limiter, ends) = (limiter.clone(), ends.clone());
                tasks.push(rt.spawn({
                    let rt = rt.clone();
                    async move {
                        let wait = if key == "modest" { MS } else { Duration::ZERO };
                        rt.sleep(wait).await;
                        let _slot = limiter.acquire_for(key).await.expect("nobody is cancelled");
                        rt.sleep(MS * 10).await;
                        ends.lock().unwrap().push((key, at(&rt)));
                    }
                }));
            }
        }
        for task in tasks {
            task.await.expect("it ends");
        }
        let ends = ends.lock().unwrap();
        let modest = ends
            .iter()
            .filter(|(key, _)| *key == "modest")
            .map(|(_, at)| *at);
        let last = modest.max().expect("there are two");
        // The first two slots are taken when it comes; it gets one of those that come free at 10, and at 20.
        assert!(last <= MS * 30, "{ends:?}");
        assert_eq!(ends.last().expect("22").1, MS * 110, "no slot is idle");
    });
}

#[test]
fn a_new_limit_counts_at_once() {
    check(20, |rt| async move {
        let limiter = limiter::<_, ()>(&rt, 1);
        let first = limiter.acquire().await.expect("it is free");
        let mut second = pin!(limiter.acquire());
        let mut third = pin!(limiter.acquire());
        assert!(poll_once(second.as_mut()).is_pending() && poll_once(third.as_mut()).is_pending());
        limiter.set_limit(2).expect("permitted");
        let second = second.await.expect("there is room");
        assert!(poll_once(third.as_mut()).is_pending());
        limiter.set_limit(1).expect("permitted");
        drop(first);
        assert!(
            poll_once(third.as_mut()).is_pending(),
            "one too many still runs"
        );
        drop(second);
        drop(third.await.expect("there is room"));
        assert_eq!(limiter.set_limit(0).expect_err("refused").field, "limit");
        assert_eq!(limiter.limit(), 1);
    });
}

#[test]
fn a_slot_that_was_given_and_not_seen_goes_on() {
    check(5, |rt| async move {
        let limiter = limiter::<_, ()>(&rt, 1);
        let slot = limiter.acquire().await.expect("it is free");
        let mut first = Box::pin(limiter.acquire());
        let mut second = pin!(limiter.acquire());
        assert!(poll_once(first.as_mut()).is_pending() && poll_once(second.as_mut()).is_pending());
        drop(slot);
        assert!(
            poll_once(second.as_mut()).is_pending(),
            "it is the first one's"
        );
        drop(first);
        drop(second.await.expect("it went on"));
        assert_eq!(limiter.in_flight(), 0);
    });
}

#[test]
fn a_token_ends_a_wait() {
    check(20, |rt| async move {
        let limiter = limiter::<_, ()>(&rt, 1);
        let token = CancellationToken::new();
        let context = Context::default().with_token(token.clone());
        let slot = context
            .clone()
            .scope(limiter.acquire())
            .await
            .expect("it is free");
        let mut waits = pin!(context.clone().scope(limiter.acquire()));
        assert!(poll_once(waits.as_mut()).is_pending());
        token.cancel_with("enough");
        assert_eq!(waits.await.expect_err("cancelled").reason.text, "enough");
        assert!(context.clone().scope(limiter.acquire()).await.is_err());
        drop(slot);
        assert_eq!(limiter.in_flight(), 0);
        assert!(
            context.scope(limiter.acquire()).await.is_ok(),
            "it need not wait"
        );
    });
}

#[test]
fn dropped_after_any_poll_it_leaves_nothing() {
    for polls in 0..4 {
        // What one poll does is what this is about: nobody may come before it.
        Sim::new().new_wakers(8).check(30, |rt| async move {
            let limiter = limiter::<_, ()>(&rt, 1);
            let slot = limiter.acquire().await.expect("it is free");
            let cut = rt.spawn({
                let limiter = limiter.clone();
                async move { cut_after(polls, limiter.acquire()).await.is_some() }
            });
            yield_now().await;
            let next = rt.spawn({
                let limiter = limiter.clone();
                async move { limiter.acquire().await.is_ok() }
            });
            rt.sleep(MS).await;
            drop(slot);
            assert_eq!(cut.await.expect("it ends"), polls > 1);
            assert!(next.await.expect("it ends"));
            assert_eq!(limiter.in_flight(), 0);
        });
    }
}

#[test]
fn an_adaptive_limit_follows_the_latency() {
    check(20, |rt| async move {
        let aimd = Aimd::new(MS * 100).bounds(4, 40).backoff(0.5);
        let limiter: Limiter<_> = Limiter::adaptive(&rt, aimd).expect("permitted");
        let round = async |takes: Duration| {
            let slots: Vec<_> = std::iter::from_fn(|| limiter.try_acquire()).collect();
            let full = slots.len();
            rt.sleep(takes).await;
            drop(slots);
            (full, limiter.limit())
        };
        assert_eq!(limiter.limit(), 4);
        // About one more a round: those at the end of a round see the limit half in use no longer.
        let mut before = 4;
        for _ in 0..30 {
            let (full, after) = round(MS * 100).await;
            assert_eq!(full, before, "all of it could be used");
            assert!(
                after == before || after == before + 1,
                "{before} to {after}"
            );
            before = after;
        }
        assert!(before > 15, "it has grown to {before}");
        // A whole round is slow: it goes down once, and not once a call.
        assert_eq!(round(MS * 101).await.1, before / 2);
        // Never below, or above, its bounds.
        for _ in 0..9 {
            round(SEC).await;
        }
        assert_eq!(limiter.limit(), 4);
        limiter.set_limit(9999).expect("permitted");
        assert_eq!(limiter.limit(), 40);
        round(MS).await;
        assert_eq!(limiter.limit(), 40);
        rt.sleep(MS).await;
        limiter.try_acquire().expect("a slot").overloaded();
        assert_eq!(limiter.limit(), 20);
        let slow = limiter.try_acquire().expect("a slot");
        rt.sleep(SEC).await;
        slow.unmeasured();
        assert_eq!(limiter.limit(), 20);
        // One of twenty says nothing about more than one.
        drop(limiter.try_acquire());
        assert_eq!(limiter.limit(), 20);
    });
}

#[test]
fn bad_settings_are_refused() {
    check(1, |rt| async move {
        assert_eq!(
            Limiter::<_>::new(&rt, 0).expect_err("refused").field,
            "limit"
        );
        let plain = || Aimd::new(SEC);
        for (aimd, field) in [
            (Aimd::new(Duration::ZERO), "target"),
            (plain().bounds(0, 9), "min"),
            (plain().bounds(9, 8), "max"),
            (plain().backoff(0.0), "backoff"),
            (plain().backoff(1.0), "backoff"),
            (plain().backoff(f64::NAN), "backoff"),
            (plain().backoff(-1.0), "backoff"),
        ] {
            let refused = Limiter::<_>::adaptive(&rt, aimd).expect_err("refused");
            assert_eq!(refused.field, field);
        }
        let most = Limiter::<_>::adaptive(&rt, plain().bounds(usize::MAX, usize::MAX));
        let most = most.expect("permitted");
        assert_eq!(most.limit(), usize::MAX);
        drop(most.acquire().await);
        assert!(Limiter::<_>::new(&rt, usize::MAX).is_ok());
    });
}

#[test]
fn it_can_be_spawned_by_generic_code() {
    fn spawned<R: Runtime>(rt: R) -> R::JoinHandle<usize> {
        let limiter = limiter::<R, String>(&rt, 3);
        rt.spawn(async move {
            let _slot = limiter.acquire_for("one".to_owned()).await;
            yield_now().await;
            limiter.in_flight()
        })
    }
    check(1, |rt| async move {
        assert_eq!(spawned(rt).await.expect("it ends"), 1);
    });
}
