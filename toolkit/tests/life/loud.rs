//! Wakers that panic, of those who wait for what ends, and of those who are polled again: all else ends as it would.

use super::{
    is_ready_now, left_by, polled,
    ugly::{Mines, poll_loudly},
};
use anyrt_core::rt::Spawn;
use anyrt_sim::{Sim, SimRuntime, check, sometimes};
use anyrt_toolkit::{
    batch::{BatchError, Batcher},
    lifecycle::App,
    limit::Limiter,
    pool::Pool,
    workers::TaskPool,
};
use std::{
    convert::Infallible,
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    task::{Context, Poll, Wake, Waker},
};

#[test]
fn a_waker_that_waits_for_room_is_not_in_the_way_of_a_batchers_end() {
    let (batcher, loads) = left_by(|rt| async move {
        let batcher: Batcher<_, u32, u32, Infallible> =
            Batcher::builder(&rt, |keys: Vec<u32>| async { Ok(keys) })
                .max_size(1)
                .capacity(1)
                .build()
                .unwrap();
        let mut loads = [1, 2].map(|key| {
            let batcher = batcher.clone();
            Box::pin(async move { batcher.load(key).await })
        });
        assert!(!is_ready_now(loads[0].as_mut()).await);
        assert!(poll_loudly(loads[1].as_mut()).is_pending());
        (batcher, Mutex::new(loads))
    });
    let [first, second] = loads.into_inner().unwrap();
    assert!(matches!(
        polled(first),
        Poll::Ready(Err(BatchError::Aborted { .. }))
    ));
    assert!(matches!(
        polled(second),
        Poll::Ready(Err(BatchError::Closed { .. }))
    ));
    assert!(polled(batcher.shutdown()).is_ready());
}

#[test]
fn a_waker_that_waits_for_room_is_not_in_the_way_of_the_workers_end() {
    let pool = |rt: &SimRuntime| {
        TaskPool::builder(rt)
            .workers(1)
            .capacity(1)
            .build()
            .unwrap()
    };
    let submit = |pool: &TaskPool<SimRuntime>| {
        let pool = pool.clone();
        let mut submit = Box::pin(async move { pool.submit(async {}).await.is_ok() });
        assert!(poll_loudly(submit.as_mut()).is_pending());
        submit
    };
    check(20, |rt| async move {
        let pool = pool(&rt);
        let job = pool.try_submit(async {}).ok().unwrap();
        let late = submit(&pool);
        let ended = catch_unwind(AssertUnwindSafe(|| polled(pool.shutdown())));
        sometimes!(ended.is_err(), "the waker panics");
        assert!(!late.await);
        job.await.unwrap();
        pool.shutdown().await;
    });
    let (pool, job, late) = left_by(|rt| async move {
        let pool = pool(&rt);
        let job = pool.try_submit(pending::<()>()).ok().unwrap();
        let late = submit(&pool);
        (pool, job, Mutex::new(late))
    });
    let cancelled = polled(job).map(|ended| ended.unwrap_err().is_cancelled());
    assert_eq!(cancelled, Poll::Ready(true));
    assert_eq!(polled(late.into_inner().unwrap()), Poll::Ready(false));
    assert!(polled(pool.join()).is_ready());
    assert!(polled(pool.shutdown()).is_ready());
}

#[test]
fn a_waker_that_waits_for_the_stop_does_not_keep_it_from_coming() {
    check(50, |rt| async move {
        let rt2 = rt.clone();
        let app = App::new(&rt).run(|app| async move {
            app.spawn("polite", |me| async move {
                me.token().cancelled().await;
                Ok::<_, Infallible>(())
            })
            .unwrap();
            let mut loud = Box::pin(app.token().clone().cancelled_owned());
            assert!(poll_loudly(loud.as_mut()).is_pending());
            let asks = rt2.spawn(async move {
                app.request_shutdown("enough");
                drop(loud);
            });
            Ok::<_, Infallible>(asks)
        });
        let report = app.await;
        assert!(report.late.is_empty(), "{report}");
        report.output.unwrap().await.unwrap();
    });
}

/// A waker that panics when it is dropped.
struct Parting;

impl Wake for Parting {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Parting {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[test]
fn a_waker_that_another_one_replaces_panics_alone() {
    // What one poll does is what this is about: nobody may come before it.
    Sim::new().new_wakers(8).check(50, |rt| async move {
        let pool = Pool::builder(&rt, Mines::default()).max_size(1);
        let pool = pool.build().unwrap();
        let limiter = Limiter::<_>::new(&rt, 1).unwrap();
        let held = (pool.get().await.unwrap(), limiter.acquire().await.unwrap());
        let mut object = Box::pin(pool.get());
        let mut slot = Box::pin(limiter.acquire());
        for _ in 0..2 {
            let waker = Waker::from(Arc::new(Parting));
            assert!(
                object
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
            let kept = Waker::from(Arc::new(Parting));
            assert!(
                slot.as_mut()
                    .poll(&mut Context::from_waker(&kept))
                    .is_pending()
            );
        }
        assert!(!is_ready_now(object.as_mut()).await && !is_ready_now(slot.as_mut()).await);
        drop(held);
        drop((object.await.unwrap(), slot.await.unwrap()));
        assert_eq!((pool.stats().live, limiter.in_flight()), (1, 0));
    });
}
