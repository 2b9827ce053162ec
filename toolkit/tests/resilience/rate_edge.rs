//! The rate limiter where several things happen at once: leaks and drops, calls and other quotas.

use crate::support::{SEC, at, poll_once};
use anyrt_core::{
    Instant, delegate,
    rt::{Clock, Entropy, Runtime, Sleep, Spawn, SpawnBlocking},
    task::yield_now,
};
use anyrt_sim::{SimRuntime, check};
use anyrt_toolkit::limit::{KeyedRateLimiter, Quota, RateLimitError, RateLimiter};
use std::{
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

fn limiter<R: Runtime>(rt: &R, quota: Quota) -> RateLimiter<R> {
    RateLimiter::new(rt, quota).expect("it is permitted")
}

/// One behind a waiter that is leaked and another one waits; then the one in the middle goes.
#[test]
fn behind_one_that_is_leaked_others_move_up() {
    check(50, |rt| async move {
        let limiter = &*Box::leak(Box::new(limiter(&rt, Quota::per_second(1).burst(3))));
        limiter.acquire_many(3).await.expect("it is full");
        let mut leaked = Box::pin(limiter.acquire());
        assert!(poll_once(leaked.as_mut()).is_pending());
        std::mem::forget(leaked);
        let mut goes = Box::pin(limiter.acquire_many(3));
        assert!(poll_once(goes.as_mut()).is_pending());
        let (rt2, waits) = (rt.clone(), limiter.acquire());
        let last = rt.spawn(async move {
            waits.await.expect("its turn comes");
            at(&rt2)
        });
        while !format!("{limiter:?}").contains("waiting: 3") {
            yield_now().await;
        }
        drop(goes);
        let RateLimitError::NotYet { retry_at, .. } = limiter.try_acquire().unwrap_err() else {
            panic!("it is not too heavy");
        };
        assert_eq!(retry_at - Instant::ORIGIN, SEC * 3);
        assert_eq!(last.await.expect("it ends"), SEC * 2);
    });
}

#[test]
fn what_is_given_back_reaches_those_behind_one_that_is_leaked() {
    check(50, |rt| async move {
        let limiter = &*Box::leak(Box::new(limiter(&rt, Quota::per_second(1).burst(3))));
        limiter.acquire_many(3).await.expect("it is full");
        let mut leaked = Box::pin(limiter.acquire_many(3));
        assert!(poll_once(leaked.as_mut()).is_pending());
        std::mem::forget(leaked);
        let (rt2, waits) = (rt.clone(), limiter.acquire());
        let last = rt.spawn(async move {
            waits.await.expect("its turn comes");
            at(&rt2)
        });
        while !format!("{limiter:?}").contains("waiting: 2") {
            yield_now().await;
        }
        limiter.refund(1);
        // The one before it could come for 10 ms more.
        let turn = SEC * 3 + Duration::from_millis(10);
        assert_eq!(last.await.expect("it ends"), turn);
    });
}

#[test]
fn those_behind_one_that_became_too_heavy_move_up() {
    check(50, |rt| async move {
        let limiter = limiter(&rt, Quota::per_second(1).burst(3));
        limiter.acquire_many(3).await.expect("it is full");
        let mut first = Box::pin(limiter.acquire());
        let mut heavy = Box::pin(limiter.acquire_many(3));
        assert!(poll_once(first.as_mut()).is_pending() && poll_once(heavy.as_mut()).is_pending());
        limiter
            .set_quota(Quota::per_second(1).burst(2))
            .expect("it is permitted");
        let RateLimitError::NotYet { retry_at, .. } = limiter.try_acquire().unwrap_err() else {
            panic!("it is not too heavy");
        };
        // Three are missing from two: the first comes at 2 s.
        assert_eq!(retry_at - Instant::ORIGIN, SEC * 3);
    });
}

type Interruption = Box<dyn FnOnce() + Send>;

/// A simulated runtime whose clock, when it is read, does first what another thread may do at that moment.
#[derive(Clone)]
pub(crate) struct Interrupted {
    inner: SimRuntime,
    /// How many more looks, and then what.
    next: Arc<Mutex<Option<(u32, Interruption)>>>,
}

impl Interrupted {
    pub(crate) fn new(inner: &SimRuntime) -> Self {
        let inner = inner.clone();
        Self {
            inner,
            next: Arc::default(),
        }
    }

    pub(crate) fn at_look(&self, looks: u32, interruption: impl FnOnce() + Send + 'static) {
        *self.next.lock().unwrap() = Some((looks, Box::new(interruption)));
    }
}

impl fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interrupted")
    }
}

impl Clock for Interrupted {
    fn now(&self) -> Instant {
        let mut next = self.next.lock().unwrap();
        if let Some((looks, _)) = &mut *next {
            *looks -= 1;
        }
        let now = next.take_if(|(looks, _)| *looks == 0);
        drop(next);
        if let Some((_, interruption)) = now {
            interruption();
        }
        self.inner.now()
    }

    fn wall_time(&self) -> SystemTime {
        self.inner.wall_time()
    }
}

impl Sleep for Interrupted {
    type Timer = <SimRuntime as Sleep>::Timer;

    fn sleep_until(&self, deadline: Instant) -> Self::Timer {
        self.inner.sleep_until(deadline)
    }
}

impl Spawn for Interrupted {
    delegate!(Spawn => inner: SimRuntime);
}

impl SpawnBlocking for Interrupted {
    delegate!(SpawnBlocking => inner: SimRuntime);
}

impl Entropy for Interrupted {
    delegate!(Entropy => inner: SimRuntime);
}

impl Runtime for Interrupted {
    delegate!(Runtime => inner: SimRuntime, except name);

    fn name(&self) -> &'static str {
        "interrupted"
    }
}

/// Between the look that finds no tokens and the place in the line, the quota is changed.
#[test]
fn what_becomes_too_heavy_as_it_joins_is_told() {
    check(1, |rt| async move {
        let rt = Interrupted::new(&rt);
        let limiter = limiter(&rt, Quota::per_second(1).burst(3));
        limiter.acquire_many(3).await.expect("it is full");
        let other = limiter.clone();
        rt.at_look(2, move || {
            other.set_quota(Quota::per_second(1).burst(2)).unwrap();
        });
        let refused = limiter.acquire_many(3).await;
        assert_eq!(
            refused,
            Err(RateLimitError::TooHeavy {
                limiter: None,
                weight: 3,
                burst: 2
            })
        );
        assert_eq!(limiter.quota(), Quota::per_second(1).burst(2));
        rt.sleep(Duration::from_secs(9)).await;
        assert_eq!(limiter.available(), 2);
    });
}

#[test]
fn of_two_quotas_for_all_keys_one_wins() {
    for look in 1..4 {
        check(1, move |rt| async move {
            let rt = Interrupted::new(&rt);
            let keys = KeyedRateLimiter::<_, u32>::new(&rt, Quota::per_second(1)).unwrap();
            let kept = [keys.key(&1), keys.key(&2)];
            let other = keys.clone();
            rt.at_look(look, move || other.set_quota(Quota::per_second(2)).unwrap());
            keys.set_quota(Quota::per_second(3)).unwrap();
            let later = keys.key(&3).quota();
            assert_eq!(kept.map(|limiter| limiter.quota()), [later; 2]);
        });
    }
}
