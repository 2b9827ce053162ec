//! Times that objects may be idle or live, and what is done in the background.

use super::{
    SECOND,
    numbers::{Fault, builder},
};
use anyrt_core::rt::{Clock, Sleep, Spawn};
use anyrt_sim::check;
use anyrt_toolkit::pool::PoolStats;

#[test]
fn what_was_idle_for_too_long_goes() {
    check(100, |rt| async move {
        let pool = builder(&rt).idle(10 * SECOND).build().unwrap();
        for _ in 0..3 {
            // In use again in time: it lives on.
            assert_eq!(pool.get().await.unwrap().id, 1);
            rt.sleep(9 * SECOND).await;
        }
        rt.sleep(2 * SECOND).await;
        assert_eq!(pool.manager().there.get(), 0, "nobody had to ask");
        assert_eq!(pool.get().await.unwrap().id, 2);
        assert_eq!(pool.stats().expired, 1);
    });
}

/// At the very moment, the keeper may not have come to it.
#[test]
fn what_is_too_old_is_not_handed_out() {
    check(200, |rt| async move {
        let pool = builder(&rt).max_lifetime(10 * SECOND).build().unwrap();
        let number = pool.get().await.unwrap();
        let made = rt.now();
        rt.sleep_until(made + 5 * SECOND).await;
        drop(number);
        rt.sleep_until(made + 10 * SECOND).await;
        let number = pool.get().await.unwrap();
        assert_eq!(number.id, 2);
        rt.sleep(11 * SECOND).await;
        drop(number);
        assert_eq!(pool.manager().there.get(), 0, "it came back too old");
        assert_eq!(pool.stats().expired, 2);
    });
}

/// One that came back later may have to go sooner.
#[test]
fn the_keeper_wakes_for_the_first_that_expires() {
    check(100, |rt| async move {
        let pool = builder(&rt)
            .idle(60 * SECOND)
            .max_lifetime(70 * SECOND)
            .build()
            .unwrap();
        let old = pool.get().await.unwrap();
        rt.sleep(50 * SECOND).await;
        drop(pool.get().await.unwrap());
        rt.sleep(SECOND).await;
        drop(old);
        rt.sleep(20 * SECOND).await;
        let PoolStats { idle, expired, .. } = pool.stats();
        assert_eq!((idle, expired), (1, 1));
        rt.sleep(40 * SECOND).await;
        assert_eq!(pool.stats().idle, 0);
    });
}

#[test]
fn some_are_kept_idle() {
    check(200, |rt| async move {
        let pool = builder(&rt).max_size(3).min_idle(2).build().unwrap();
        rt.sleep(SECOND).await;
        assert_eq!(pool.stats().idle, 2);
        let first = pool.get().await.unwrap();
        rt.sleep(SECOND).await;
        assert_eq!((pool.stats().idle, pool.stats().live), (2, 3));
        let second = pool.get().await.unwrap();
        rt.sleep(SECOND).await;
        assert_eq!(pool.stats().idle, 1, "there is no room for more");
        drop(first);
        drop(second);
        rt.sleep(SECOND).await;
        assert_eq!(pool.stats().idle, 3);
        pool.resize(1).unwrap();
        pool.resize(2).unwrap();
        rt.sleep(SECOND).await;
        assert_eq!(pool.stats().idle, 2);
        pool.close();
        pool.closed().await;
        assert_eq!(pool.manager().there.get(), 0);
    });
}

/// Its place goes back with the object that failed its check: what it takes instead is missed by the keeper.
#[test]
fn one_that_is_taken_instead_of_another_is_made_up_for() {
    check(50, |rt| async move {
        let pool = builder(&rt).max_size(3).min_idle(1);
        let pool = pool.recycle_timeout(2 * SECOND).build().unwrap();
        rt.sleep(SECOND).await;
        pool.manager().next_fault(Fault::RecycleHangs);
        let got = rt.spawn({
            let pool = pool.clone();
            async move { pool.get().await.unwrap() }
        });
        rt.sleep(SECOND).await;
        assert_eq!(pool.stats().idle, 1, "made up for the one that is checked");
        pool.manager().next_fault(Fault::None);
        let got = got.await.unwrap();
        assert_eq!((got.id, pool.stats().unfit), (2, 1));
        rt.sleep(SECOND).await;
        assert_eq!(pool.stats().idle, 1, "made up for the one that was taken");
    });
}

#[test]
fn the_keeper_tries_again_later() {
    check(100, |rt| async move {
        let pool = builder(&rt).min_idle(1).build().unwrap();
        pool.manager().next_fault(Fault::CreateFails);
        rt.sleep(5 * SECOND).await;
        let failures = pool.stats().create_failures;
        assert!((4..=8).contains(&failures), "{failures} in five seconds");
        pool.manager().next_fault(Fault::None);
        rt.sleep(10 * SECOND).await;
        assert_eq!(pool.stats().idle, 1);
        drop(pool.get().await.unwrap());
    });
}
