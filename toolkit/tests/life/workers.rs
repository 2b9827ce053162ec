//! Workers: so many at once, in order, and nobody left waiting.

use super::{Count, SECOND, draw, is_ready_now, left_by, polled, up_to_polls};
use anyrt_core::{
    JoinError,
    rt::{JoinHandle, Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::{SimRuntime, check};
use anyrt_toolkit::workers::{Progress, SubmitError, TaskPool};
use std::{
    future::{pending, ready},
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
};

fn pool(rt: &SimRuntime, workers: usize, capacity: usize) -> TaskPool<SimRuntime> {
    let builder = TaskPool::builder(rt).workers(workers).capacity(capacity);
    builder.build().unwrap()
}

#[test]
fn so_many_run_at_once() {
    check(300, |rt| async move {
        let (pool, running) = (pool(&rt, 2, 3), Count::default());
        let mut handles = Vec::new();
        for n in 0..12_u64 {
            let (rt2, running) = (rt.clone(), running.clone());
            let job = async move {
                let _running = running.held();
                assert!(running.get() <= 2, "three at once");
                rt2.sleep(SECOND * draw(&rt2, 2) as u32).await;
                n
            };
            handles.push(pool.submit(job).await.unwrap());
            assert!(pool.progress().queued() <= 4, "{:?}", pool.progress());
        }
        pool.join().await;
        for (n, handle) in (0..).zip(handles) {
            assert_eq!(handle.await.unwrap(), n);
        }
        let Progress {
            submitted,
            running,
            done,
            ..
        } = pool.progress();
        assert_eq!((submitted, running, done), (12, 0, 12));
        pool.shutdown().await;
    });
}

#[test]
fn a_full_queue_pushes_back() {
    check(200, |rt| async move {
        let pool = pool(&rt, 1, 1);
        let order: Arc<Mutex<Vec<u32>>> = Arc::default();
        let job = |n| {
            let (rt, order) = (rt.clone(), order.clone());
            async move {
                order.lock().unwrap().push(n);
                rt.sleep(SECOND).await;
            }
        };
        let first = pool.submit(job(0)).await.unwrap();
        while pool.progress().running == 0 {
            yield_now().await;
        }
        let second = pool.try_submit(job(1)).unwrap();
        let Err(SubmitError::Full { job: third, .. }) = pool.try_submit(job(2)) else {
            panic!("a third job in a queue of one");
        };
        let mut waiting = pin!(pool.submit(third));
        assert!(!is_ready_now(waiting.as_mut()).await);
        let third = waiting.await.unwrap();
        for handle in [first, second, third] {
            handle.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [0, 1, 2]);
    });
}

#[test]
fn an_aborted_job_keeps_its_room_until_a_worker_comes() {
    check(100, |rt| async move {
        let pool = pool(&rt, 1, 1);
        let rt2 = rt.clone();
        let first = pool.submit(async move { rt2.sleep(SECOND).await });
        let first = first.await.unwrap();
        while pool.progress().running == 0 {
            yield_now().await;
        }
        let begun = Count::default();
        let count = begun.clone();
        let queued = pool.try_submit(async move { count.up() }).unwrap();
        queued.abort();
        let mut queued = pin!(queued);
        assert!(!is_ready_now(queued.as_mut()).await);
        assert!(matches!(
            pool.try_submit(ready(())),
            Err(SubmitError::Full { .. })
        ));
        first.await.unwrap();
        assert!(queued.await.unwrap_err().is_cancelled());
        assert_eq!(begun.get(), 0);
        pool.try_submit(ready(())).unwrap().await.unwrap();
    });
}

#[test]
fn a_panic_and_an_abort_cost_one_job() {
    check(200, |rt| async move {
        let reports: Arc<Mutex<Vec<u64>>> = Arc::default();
        let told = reports.clone();
        let pool = TaskPool::builder(&rt)
            .workers(1)
            .capacity(4)
            .on_progress(move |progress| {
                told.lock().unwrap().push(progress.done);
                panic!("ignored");
            })
            .build()
            .unwrap();
        let panics = pool.submit(async { panic!("oh") }).await.unwrap();
        let hangs = pool.submit(pending::<()>()).await.unwrap();
        let queued = pool.submit(pending::<()>()).await.unwrap();
        let good = pool.submit(async { 7 }).await.unwrap();
        let never: Result<(), _> = panics.await;
        assert!(never.unwrap_err().is_panic());
        queued.abort();
        hangs.abort();
        assert!(hangs.await.unwrap_err().is_cancelled());
        assert!(queued.await.unwrap_err().is_cancelled());
        assert_eq!(good.await.unwrap(), 7);
        pool.shutdown().await;
        assert_eq!(*reports.lock().unwrap(), [1, 2, 3, 4]);
    });
}

#[test]
fn a_shutdown_finishes_what_is_there() {
    check(200, |rt| async move {
        let (pool, done) = (pool(&rt, 1, 2), Count::default());
        let mut handles = Vec::new();
        for _ in 0..3 {
            let (rt2, done) = (rt.clone(), done.clone());
            let job = async move {
                rt2.sleep(SECOND).await;
                done.up();
            };
            handles.push(pool.submit(job).await.unwrap());
        }
        let late = pool.clone();
        let waiting = rt.spawn(async move { late.submit(async {}).await.is_ok() });
        yield_now().await;
        pool.shutdown().await;
        let admitted = waiting.await.unwrap();
        assert_eq!(done.get(), 3);
        for refused in [
            pool.submit(ready(7)).await.unwrap_err(),
            pool.try_submit(ready(7)).unwrap_err(),
        ] {
            assert!(matches!(refused, SubmitError::Closed { .. }));
            assert_eq!(refused.into_inner().await, 7, "it comes back");
        }
        let Progress {
            submitted, done, ..
        } = pool.progress();
        assert_eq!(
            (submitted, done),
            (3 + u64::from(admitted), 3 + u64::from(admitted))
        );
    });
}

/// The last handle gone, or the executor: no handle hangs.
#[test]
fn nobody_hangs_on_a_pool_that_is_gone() {
    check(200, |rt| async move {
        let gone = pool(&rt, 1, 2);
        let running = gone.submit(pending::<()>()).await.unwrap();
        let queued = gone.submit(pending::<()>()).await.unwrap();
        drop(gone);
        assert!(running.await.unwrap_err().is_cancelled());
        assert!(queued.await.unwrap_err().is_cancelled());
    });
    let (pool, jobs) = left_by(|rt| async move {
        let pool = pool(&rt, 1, 2);
        let running = pool.submit(pending::<()>()).await.unwrap();
        let queued = pool.submit(pending::<()>()).await.unwrap();
        (pool, [running, queued])
    });
    for job in jobs {
        let cancelled = |ended: Result<(), JoinError>| ended.unwrap_err().is_cancelled();
        assert_eq!(polled(job).map(cancelled), Poll::Ready(true));
    }
    assert!(matches!(polled(pool.submit(async {})), Poll::Ready(Err(_))));
    assert!(polled(pool.join()).is_ready());
    assert!(polled(pool.shutdown()).is_ready());
}

#[test]
fn users_come_and_go() {
    check(300, |rt| async move {
        let (pool, began) = (pool(&rt, 2, 2), Count::default());
        let users: Vec<_> = (0..5)
            .map(|_| {
                let (rt2, pool, began) = (rt.clone(), pool.clone(), began.clone());
                rt.spawn(async move {
                    for _ in 0..3 {
                        let (rt3, began) = (rt2.clone(), began.clone());
                        let job = async move {
                            began.up();
                            rt3.sleep(SECOND).await;
                        };
                        let polls = draw(&rt2, 4);
                        if let Some(handle) = up_to_polls(polls, pool.submit(job)).await {
                            let handle = handle.unwrap();
                            if draw(&rt2, 1) == 0 {
                                handle.abort();
                            }
                            handle.await.ok();
                        }
                    }
                })
            })
            .collect();
        for user in users {
            user.await.unwrap();
        }
        pool.shutdown().await;
        let Progress {
            submitted,
            running,
            done,
            ..
        } = pool.progress();
        assert_eq!((done, running), (submitted, 0));
        assert!(began.get() as u64 <= submitted);
    });
}
