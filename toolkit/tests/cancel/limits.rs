//! Turns and slots: what is not taken goes to the next.

use crate::kit::{Count, SECOND, step};
use anyrt_core::{
    Instant,
    rt::{Clock, Sleep, Spawn},
};
use anyrt_sim::{SimHandle, SimRuntime, check_cancel};
use anyrt_toolkit::limit::{Limiter, Quota, RateLimiter};
use std::sync::{Arc, Mutex};

/// Another task, joined once.
#[derive(Clone)]
struct Other(Arc<Mutex<Option<SimHandle<()>>>>);

impl Other {
    fn spawn(rt: &SimRuntime, work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Some(rt.spawn(work)))))
    }

    async fn ends(&self) {
        let other = self.0.lock().unwrap().take();
        if let Some(other) = other {
            other.await.unwrap();
        }
    }
}

/// A limiter, somebody else who comes, and how often the operation has had its turn.
#[derive(Clone)]
struct Turns {
    limiter: Arc<RateLimiter<SimRuntime>>,
    other: Other,
    taken: Count,
}

/// Two tokens a second, and at most two, which are gone already.
async fn exhausted(rt: SimRuntime) -> Turns {
    let limiter = RateLimiter::new(&rt, Quota::per_second(2).burst(2)).unwrap();
    limiter.try_acquire_many(2).unwrap();
    let limiter = Arc::new(limiter);
    let (soon, shared) = (rt.clone(), limiter.clone());
    let other = Other::spawn(&rt, async move {
        step(&soon).await;
        shared.acquire().await.unwrap();
    });
    Turns {
        limiter,
        other,
        taken: Count::default(),
    }
}

/// Who comes behind a turn that was given up moves up, and all tokens are there again.
async fn is_full_again(rt: SimRuntime, turns: Turns) {
    let free = match turns.taken.get() {
        0 => Instant::ORIGIN + SECOND / 2,
        _ => Instant::ORIGIN + SECOND * 3 / 2,
    };
    let due = rt.now().max(free);
    turns.other.ends().await;
    assert!(
        rt.now() <= due,
        "its turn came at {:?}, not {due:?}",
        rt.now()
    );
    rt.sleep(SECOND).await;
    assert_eq!(turns.limiter.available(), 2);
    turns.limiter.try_acquire_many(2).unwrap();
}

pub(crate) fn turn() {
    check_cancel(
        exhausted,
        |_, turns| async move {
            turns.limiter.acquire().await.unwrap();
            turns.taken.add();
        },
        is_full_again,
    );
}

pub(crate) fn heavy_turn() {
    check_cancel(
        exhausted,
        |_, turns| async move {
            turns.limiter.acquire_many(2).await.unwrap();
            turns.taken.add();
        },
        is_full_again,
    );
}

/// Of what was given up half way, nothing is taken.
pub(crate) fn turns_of_chunks() {
    check_cancel(
        |rt| async move {
            let turns = exhausted(rt.clone()).await;
            // One chunk passes at once.
            turns.limiter.refund(2);
            turns
        },
        |_, turns| async move {
            turns.limiter.acquire_chunked(5).await.unwrap();
            turns.taken.add();
        },
        |rt, turns| async move {
            let free = match turns.taken.get() {
                0 => Instant::ORIGIN + SECOND / 2,
                _ => Instant::ORIGIN + SECOND * 2,
            };
            let due = rt.now().max(free);
            turns.other.ends().await;
            assert!(rt.now() <= due, "at {:?}, not {due:?}", rt.now());
            rt.sleep(SECOND).await;
            turns.limiter.try_acquire_many(2).unwrap();
        },
    );
}

type Slots = Limiter<SimRuntime, u32>;

/// The only slot is taken for a while, and somebody else waits, too.
async fn taken<K: Ord + Clone + Send + 'static>(
    rt: SimRuntime,
    key: K,
) -> (Limiter<SimRuntime, K>, Other) {
    let limiter = Limiter::new(&rt, 1).unwrap();
    let slot = limiter.try_acquire_for(key.clone()).unwrap();
    let (soon, shared) = (rt.clone(), limiter.clone());
    let other = Other::spawn(&rt, async move {
        step(&soon).await;
        drop(slot);
        let slot = shared.acquire_for(key).await.unwrap();
        step(&soon).await;
        drop(slot);
    });
    (limiter, other)
}

async fn is_free_again<K: Ord + Clone>(limiter: Limiter<SimRuntime, K>, other: Other, key: K) {
    other.ends().await;
    assert_eq!(limiter.in_flight(), 0);
    assert!(limiter.try_acquire_for(key).is_some());
}

pub(crate) fn slot() {
    check_cancel(
        |rt| taken(rt, ()),
        |_, (limiter, _)| async move { drop(limiter.acquire().await.unwrap()) },
        |_, (limiter, other)| is_free_again(limiter, other, ()),
    );
}

pub(crate) fn slot_for_a_key() {
    check_cancel(
        |rt| taken(rt, 1),
        |_, (limiter, _): (Slots, _)| async move {
            drop(limiter.acquire_for(2).await.unwrap());
        },
        |_, (limiter, other)| is_free_again(limiter, other, 2),
    );
}
