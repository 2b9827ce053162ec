//! A manager that hangs, where nobody has set a limit.

use super::{Count, Held, SECOND, is_ready_now};
use anyrt_core::{
    rt::{Clock, JoinHandle, Sleep, Spawn, Timeout},
    task::yield_now,
};
use anyrt_sim::{SimRuntime, check, sometimes};
use anyrt_toolkit::pool::{Manager, Pool, PoolBuilder, PoolError};
use std::{
    future::pending,
    pin::pin,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

/// Makes so many, and hangs from then on.
#[derive(Debug, Default)]
struct Hangs {
    after: AtomicUsize,
    /// Those that are there, or being made.
    there: Count,
    begun: Count,
    /// A check does not end before this, and fails.
    unfit: AtomicBool,
}

impl Manager for Hangs {
    type Object = Held;
    type Error = &'static str;

    async fn create(&self) -> Result<Held, &'static str> {
        let there = self.there.held();
        if self.begun.up() > self.after.load(SeqCst) {
            pending::<()>().await;
        }
        Ok(there)
    }

    async fn recycle(&self, _: &mut Held) -> Result<(), &'static str> {
        yield_now().await;
        match self.unfit.load(SeqCst) {
            true => Err("not fit"),
            false => Ok(()),
        }
    }
}

fn hanging(rt: &SimRuntime, after: usize) -> PoolBuilder<SimRuntime, Hangs> {
    let hangs = Hangs::default();
    hangs.after.store(after, SeqCst);
    Pool::builder(rt, hangs)
}

#[test]
fn a_close_does_not_wait_for_what_is_made_in_the_background() {
    check(100, |rt| async move {
        let pool = hanging(&rt, 1).min_idle(2).build().unwrap();
        rt.sleep(SECOND).await;
        assert_eq!((pool.stats().idle, pool.manager().there.get()), (1, 2));
        let start = rt.now();
        pool.close();
        let closed = rt.timeout(60 * SECOND, pool.closed()).await;
        assert!(closed.is_ok(), "an object is still being made");
        assert_eq!(rt.now(), start);
        assert_eq!((pool.stats().live, pool.manager().there.get()), (0, 0));
        assert_eq!(pool.stats().create_failures, 0, "it was given up");
    });
}

#[test]
fn a_pool_may_be_closed_at_any_time() {
    check(400, |rt| async move {
        let pool = hanging(&rt, 1).min_idle(2).idle(2 * SECOND);
        let pool = pool.build().unwrap();
        for _ in 0..super::draw(&rt, 6) {
            yield_now().await;
        }
        sometimes!(pool.stats().live == 2, "one is being made");
        pool.close();
        let closed = rt.timeout(60 * SECOND, pool.closed()).await;
        assert!(closed.is_ok(), "an object is still being made");
        assert_eq!(pool.manager().there.get(), 0);
    });
}

#[test]
fn what_is_idle_goes_in_time_while_another_one_is_made() {
    check(100, |rt| async move {
        let pool = hanging(&rt, 1).min_idle(2).idle(10 * SECOND);
        let pool = pool.build().unwrap();
        rt.sleep(9 * SECOND).await;
        assert_eq!((pool.stats().idle, pool.stats().live), (1, 2));
        rt.sleep(2 * SECOND).await;
        let stats = pool.stats();
        assert_eq!((stats.idle, stats.live, stats.expired), (0, 1, 1));
        // One at a time is made.
        assert_eq!(pool.manager().begun.get(), 2);
    });
}

/// It is the caller's: as long as he waits, there may yet be one.
#[test]
fn a_close_waits_for_what_a_caller_has_made() {
    check(100, |rt| async move {
        let pool = hanging(&rt, 0).build().unwrap();
        let caller = pool.clone();
        let caller = rt.spawn(async move { caller.get().await.map(drop) });
        while pool.manager().begun.get() == 0 {
            yield_now().await;
        }
        pool.close();
        let mut closed = pin!(pool.closed());
        rt.sleep(60 * SECOND).await;
        assert!(!is_ready_now(closed.as_mut()).await, "one is being made");
        caller.abort();
        closed.await;
        assert_eq!(pool.manager().there.get(), 0);
    });
}

#[test]
fn a_closed_pool_makes_none_in_place_of_another() {
    check(100, |rt| async move {
        let pool = hanging(&rt, 1).build().unwrap();
        drop(pool.get().await.unwrap());
        pool.manager().unfit.store(true, SeqCst);
        let mut caller = pin!(pool.get());
        assert!(!is_ready_now(caller.as_mut()).await);
        pool.close();
        let refused = rt.timeout(60 * SECOND, caller).await;
        assert!(matches!(refused.unwrap(), Err(PoolError::Closed { .. })));
        assert_eq!(pool.manager().begun.get(), 1);
        pool.closed().await;
    });
}
