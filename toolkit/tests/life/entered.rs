//! Pools, task pools and batchers that an application has entered.

use super::{Count, SECOND, numbers::builder};
use anyrt_core::{
    error::BoxError,
    group::Cause,
    rt::{Clock, Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::{SimRuntime, check};
use anyrt_toolkit::{
    batch::Batcher,
    lifecycle::{App, Report},
    pool::PoolError,
    resource::AsyncClose,
    workers::TaskPool,
};
use std::convert::Infallible;

const LIMIT: u32 = 20;

fn app(rt: &SimRuntime) -> App<SimRuntime> {
    App::new(rt).close_timeout(LIMIT * SECOND)
}

/// Either all was closed, or the one of this name was late.
#[track_caller]
fn closed(report: &Report, late: bool, name: &str) {
    if !late {
        return assert!(report.is_clean(), "{report}");
    }
    let [close] = &report.closes[..] else {
        panic!("{report}");
    };
    assert_eq!(close.name.as_deref(), Some(name));
    assert!(matches!(close.cause, Cause::TimedOut(_)), "{close}");
}

/// How long somebody is busy, and whether that is longer than a close may take.
const BUSY: [(u32, bool); 2] = [(5, false), (500, true)];

#[test]
fn a_close_that_nobody_awaits_closes_a_pool() {
    check(1, |rt| async move {
        let pool = builder(&rt).build().unwrap();
        let kept = pool.clone();
        drop(pool.close());
        assert!(matches!(kept.get().await, Err(PoolError::Closed { .. })));
    });
}

#[test]
fn a_pool_is_closed_once_its_objects_are_back() {
    check(50, |rt| async move {
        for (busy, late) in BUSY {
            let pool = builder(&rt).max_size(2).build().unwrap();
            let (kept, user) = (pool.clone(), pool.clone());
            let begun = rt.now();
            let report = app(&rt).run(|app| async move {
                drop(app.enter_named("numbers", pool));
                let number = user.get().await.unwrap();
                let rt = app.rt().clone();
                drop(user.get().await.unwrap());
                app.rt().spawn_detached(async move {
                    rt.sleep(busy * SECOND).await;
                    drop(number);
                });
                Ok::<_, BoxError>(())
            });
            closed(&report.await, late, "numbers");
            assert_eq!(rt.now() - begun, busy.min(LIMIT) * SECOND);
            assert_eq!(kept.stats().live, usize::from(late), "what is out");
            assert!(kept.is_closed() && kept.get().await.is_err());
        }
    });
}

#[test]
fn a_task_pool_is_drained() {
    check(50, |rt| async move {
        for (busy, late) in BUSY {
            let pool = TaskPool::builder(&rt).workers(1).capacity(9);
            let pool = pool.build().unwrap();
            let (kept, user, done) = (pool.clone(), pool.clone(), Count::default());
            let (begun, jobs) = (rt.now(), done.clone());
            let report = app(&rt).run(|app| async move {
                drop(app.enter_named("thumbnails", pool));
                for _ in 0..2 {
                    let (rt, jobs) = (app.rt().clone(), jobs.clone());
                    let job = async move {
                        rt.sleep(busy * SECOND).await;
                        jobs.up();
                    };
                    drop(user.submit(job).await);
                }
                Ok::<_, BoxError>(())
            });
            closed(&report.await, late, "thumbnails");
            assert_eq!(rt.now() - begun, (2 * busy).min(LIMIT) * SECOND);
            assert_eq!(done.get(), if late { 0 } else { 2 }, "jobs that ended");
            assert!(kept.submit(async {}).await.is_err());
        }
    });
}

#[test]
fn a_batcher_loads_what_it_has() {
    check(50, |rt| async move {
        for (busy, late) in BUSY {
            let (loaded, slow) = (Count::default(), rt.clone());
            let loads = loaded.clone();
            let batcher = Batcher::builder(&rt, move |keys: Vec<u8>| {
                let (rt, loads) = (slow.clone(), loads.clone());
                async move {
                    rt.sleep(busy * SECOND).await;
                    loads.up();
                    Ok::<_, Infallible>(keys)
                }
            });
            let batcher = batcher.interval(100 * SECOND).build().unwrap();
            let (kept, user) = (batcher.clone(), batcher.clone());
            let begun = rt.now();
            let report = app(&rt).run(|app| async move {
                drop(app.enter_named("names", batcher));
                let asks = user.clone();
                app.rt().spawn_detached(async move {
                    asks.load(1).await.ok();
                });
                while user.is_empty() {
                    yield_now().await;
                }
                Ok::<_, BoxError>(())
            });
            closed(&report.await, late, "names");
            assert_eq!(rt.now() - begun, busy.min(LIMIT) * SECOND);
            assert_eq!(loaded.get(), usize::from(!late), "loads that ended");
            assert!(kept.load(2).await.is_err());
        }
    });
}
