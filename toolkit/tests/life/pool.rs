//! The pool, case by case.

use super::{
    SECOND, is_ready_now,
    numbers::{Fault, Numbered, builder},
};
use anyrt_core::{
    rt::{Clock, JoinHandle, Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::{Sim, SimRuntime, check};
use anyrt_toolkit::pool::{Manager, Pool, PoolBuilder, PoolError, PoolStats, Pooled};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

fn pool(rt: &SimRuntime, max: usize) -> Numbered {
    builder(rt).max_size(max).build().unwrap()
}

/// Whether as many can be had as there may be, and all that there are are known.
async fn is_whole(pool: &Numbered) {
    pool.manager().next_fault(Fault::None);
    let PoolStats {
        max_size: max,
        live,
        ..
    } = pool.stats();
    assert_eq!(live, pool.manager().there.get(), "what is live");
    let mut all = Vec::new();
    for _ in 0..max {
        all.push(pool.get().await.unwrap());
    }
    assert_eq!(pool.manager().there.get(), max, "all of them");
    let mut ids: Vec<_> = all.iter().map(|number| number.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), max, "one of them twice");
    assert!(!is_ready_now(pin!(pool.get())).await, "one too many");
    drop(all);
    let stats = pool.stats();
    assert_eq!((stats.idle, stats.waiting), (max, 0));
}

#[test]
fn an_object_is_used_again() {
    check(100, |rt| async move {
        let pool = pool(&rt, 2);
        let (first, second) = (pool.get().await.unwrap(), pool.get().await.unwrap());
        assert_eq!((first.id, second.id), (1, 2));
        drop(first);
        drop(second);
        assert_eq!(pool.get().await.unwrap().id, 2, "the last that came back");
        assert_eq!(pool.stats().created, 2);
        is_whole(&pool).await;
    });
}

#[test]
fn waiters_are_served_in_order() {
    check(200, |rt| async move {
        let pool = pool(&rt, 1);
        let held = pool.get().await.unwrap();
        let order: Arc<Mutex<Vec<u32>>> = Arc::default();
        let mut tasks = Vec::new();
        for n in 0..4 {
            let (pool2, order) = (pool.clone(), order.clone());
            tasks.push(rt.spawn(async move {
                let number = pool2.get().await.unwrap();
                order.lock().unwrap().push(n);
                yield_now().await;
                // Once a place comes free instead of an object.
                if n == 1 {
                    Pooled::discard(number);
                }
            }));
            while pool.stats().waiting <= n as usize {
                yield_now().await;
            }
        }
        drop(held);
        assert!(!is_ready_now(pin!(pool.get())).await, "a newcomer is first");
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3]);
        is_whole(&pool).await;
    });
}

#[test]
fn each_limit_has_its_error() {
    check(100, |rt| async move {
        let pool = builder(&rt)
            .max_size(1)
            .wait_timeout(SECOND)
            .create_timeout(2 * SECOND)
            .recycle_timeout(3 * SECOND)
            .build()
            .unwrap();
        let start = rt.now();
        pool.manager().next_fault(Fault::CreateHangs);
        let error = pool.get().await.unwrap_err();
        assert!(matches!(error, PoolError::CreateTimedOut { .. }), "{error}");
        assert_eq!(rt.now() - start, 2 * SECOND);

        pool.manager().next_fault(Fault::None);
        let held = pool.get().await.unwrap();
        let start = rt.now();
        let error = pool.get().await.unwrap_err();
        assert!(matches!(error, PoolError::WaitTimedOut { .. }), "{error}");
        assert_eq!(rt.now() - start, SECOND);
        let id = held.id;
        drop(held);

        let start = rt.now();
        pool.manager().next_fault(Fault::RecycleHangs);
        let other = pool.get().await.unwrap();
        assert_eq!(rt.now() - start, 3 * SECOND);
        assert_ne!(other.id, id, "the one that could not be checked");
        drop(other);
        let stats = pool.stats();
        assert_eq!((stats.create_failures, stats.wait_timeouts), (1, 1));
        assert_eq!((stats.unfit, stats.waits), (1, 1));
        is_whole(&pool).await;
    });
}

#[test]
fn what_fails_its_check_is_replaced() {
    check(100, |rt| async move {
        let pool = pool(&rt, 2);
        let both = [pool.get().await.unwrap(), pool.get().await.unwrap()];
        drop(both);
        pool.manager().next_fault(Fault::RecycleFails);
        assert_eq!(pool.get().await.unwrap().id, 3);
        assert_eq!(pool.stats().unfit, 2, "both were tried");
        pool.manager().next_fault(Fault::Broken);
        drop(pool.get().await.unwrap());
        assert_eq!(pool.stats().live, 0, "it was not kept");
        pool.manager().next_fault(Fault::CreateFails);
        let failed = pool.get().await.unwrap_err();
        assert_eq!(failed.error(), Some(&"no number"));
        assert!(matches!(failed, PoolError::CreateFailed { pool: None, .. }));
        is_whole(&pool).await;
    });
}

#[test]
fn a_panic_costs_one_object() {
    Sim::new().check(100, |rt| async move {
        let pool = pool(&rt, 1);
        for fault in [Fault::CreatePanics, Fault::RecyclePanics, Fault::KeepPanics] {
            if fault != Fault::CreatePanics {
                drop(pool.get().await.unwrap());
            }
            pool.manager().next_fault(fault);
            let user = pool.clone();
            let task = rt.spawn(async move {
                let number = user.get().await.unwrap();
                let dropped = catch_unwind(AssertUnwindSafe(|| drop(number)));
                dropped.expect_err("it panics");
            });
            let panicked = task.await.is_err();
            assert_eq!(panicked, fault != Fault::KeepPanics, "{fault:?}");
            assert_eq!(pool.stats().live, 0, "{fault:?}");
            is_whole(&pool).await;
        }
    });
}

#[test]
fn a_pool_shrinks_and_grows() {
    check(200, |rt| async move {
        let pool = pool(&rt, 3);
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(pool.get().await.unwrap());
        }
        drop(held.pop());
        pool.resize(1).unwrap();
        assert_eq!(pool.manager().there.get(), 2, "the idle one is gone");
        drop(held.pop());
        assert_eq!(pool.manager().there.get(), 1, "and one that came back");
        let mut get = pin!(pool.get());
        assert!(!is_ready_now(get.as_mut()).await);
        pool.resize(2).unwrap();
        drop(get.await.unwrap());
        drop(held);
        is_whole(&pool).await;
        assert_eq!(pool.resize(0).unwrap_err().field, "max_size");
    });
}

/// Two that were given an object whose check fails, and no place any more.
#[test]
fn who_has_to_wait_again_is_before_who_came_later() {
    for later_fails_first in [false, true] {
        // What one poll does is what this is about: nobody may come before it.
        Sim::new().new_wakers(8).check(50, move |rt| async move {
            let pool = pool(&rt, 3);
            let held = pool.get().await.unwrap();
            drop((pool.get().await.unwrap(), pool.get().await.unwrap()));
            let (mut first, mut second) = (pin!(pool.get()), pin!(pool.get()));
            assert!(!is_ready_now(first.as_mut()).await);
            assert!(!is_ready_now(second.as_mut()).await);
            pool.resize(1).unwrap();
            pool.manager().next_fault(Fault::RecycleFails);
            if later_fails_first {
                assert!(!is_ready_now(second.as_mut()).await);
            }
            assert!(!is_ready_now(first.as_mut()).await);
            assert!(!is_ready_now(second.as_mut()).await);
            assert_eq!(pool.stats().waiting, 2);
            pool.manager().next_fault(Fault::None);
            drop(held);
            let first = first.await.unwrap();
            assert!(!is_ready_now(second.as_mut()).await);
            drop(first);
            drop(second.await.unwrap());
        });
    }
}

#[test]
fn a_detached_object_frees_its_place() {
    check(100, |rt| async move {
        let pool = pool(&rt, 1);
        let number = pool.get().await.unwrap();
        let waiter = pool.clone();
        let task = rt.spawn(async move { waiter.get().await.unwrap().id });
        yield_now().await;
        let number = Pooled::detach(number);
        assert_eq!((number.id, task.await.unwrap()), (1, 2));
        drop(number);
        is_whole(&pool).await;
    });
}

#[test]
fn a_closed_pool_fails_everyone() {
    check(200, |rt| async move {
        let pool = pool(&rt, 2);
        let (held, idle) = (pool.get().await.unwrap(), pool.get().await.unwrap());
        pool.resize(1).unwrap();
        drop(idle);
        let waiters = [(); 2].map(|()| {
            let pool = pool.clone();
            rt.spawn(async move { pool.get().await.map(drop) })
        });
        while pool.stats().waiting < 2 {
            yield_now().await;
        }
        pool.close();
        for waiter in waiters {
            assert_eq!(waiter.await.unwrap(), Err(PoolError::Closed { pool: None }));
        }
        assert_eq!(
            pool.get().await.unwrap_err(),
            PoolError::Closed { pool: None }
        );
        let mut closed = pin!(pool.closed());
        assert!(!is_ready_now(closed.as_mut()).await, "one is out");
        drop(held);
        closed.await;
        assert_eq!((pool.stats().live, pool.manager().there.get()), (0, 0));
    });
}

#[test]
fn what_is_made_as_the_pool_closes_is_not_handed_out() {
    check(200, |rt| async move {
        let pool = pool(&rt, 1);
        let user = pool.clone();
        let task = rt.spawn(async move { user.get().await.map(|number| number.id) });
        yield_now().await;
        pool.close();
        let outcome = task.await.unwrap();
        assert!(matches!(outcome, Err(PoolError::Closed { .. }) | Ok(1)));
        pool.closed().await;
        assert_eq!(pool.manager().there.get(), 0);
    });
}

#[test]
fn the_last_handle_closes_it() {
    check(100, |rt| async move {
        let pool = builder(&rt).min_idle(1).build().unwrap();
        let numbers = pool.manager().clone();
        let held = pool.get().await.unwrap();
        while pool.stats().idle == 0 {
            rt.sleep(SECOND).await;
        }
        drop(pool);
        rt.sleep(SECOND).await;
        assert_eq!(numbers.there.get(), 1, "the one that is out");
        drop(held);
        assert_eq!(numbers.there.get(), 0);
    });
}

#[test]
fn bad_settings_are_errors() {
    check(1, |rt| async move {
        let field = |builder: PoolBuilder<_, _>| builder.build().unwrap_err().field;
        assert_eq!(field(builder(&rt).max_size(0)), "max_size");
        assert_eq!(field(builder(&rt).max_size(2).min_idle(3)), "min_idle");
        // None is made by then: it would fill the memory.
        for idle in [(1 << 20) + 1, usize::MAX] {
            let many = builder(&rt).max_size(usize::MAX).min_idle(idle);
            let error = many.build().unwrap_err().to_string();
            let wanted = format!("min_idle: {idle} is not permitted (want: at most 1048576)");
            assert_eq!(error, wanted);
        }
        assert_eq!(field(builder(&rt).idle(Duration::ZERO)), "idle");
        assert_eq!(
            field(builder(&rt).max_lifetime(Duration::ZERO)),
            "max_lifetime"
        );
        let zero = builder(&rt).create_timeout(Duration::ZERO);
        assert_eq!(field(zero), "create_timeout");
        let zero = builder(&rt).recycle_timeout(Duration::ZERO);
        assert_eq!(field(zero), "recycle_timeout");
    });
}

/// From code that is generic over the runtime.
#[test]
fn a_get_can_be_spawned() {
    fn spawned<R: anyrt_core::rt::Runtime, M: Manager>(
        rt: &R,
        pool: Pool<R, M>,
    ) -> impl JoinHandle<bool> + use<R, M> {
        rt.spawn(async move { pool.get().await.is_ok() })
    }
    check(10, |rt| async move {
        assert!(spawned(&rt, pool(&rt, 1)).await.unwrap());
    });
}
