//! Wakers, values and destructors that panic: each costs what it belongs to, and nobody else.

use super::{
    SECOND, is_ready_now,
    numbers::{Fault, builder},
};
use anyrt_core::{
    channel::oneshot,
    group::Cause,
    rt::{Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::{Sim, check, sometimes};
use anyrt_toolkit::{
    batch::{BatchError, Batcher},
    lifecycle::App,
    pool::{Manager, Pool, PoolError},
    workers::TaskPool,
};
use std::{
    convert::Infallible,
    future::{Future, pending},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

/// A waker that panics when it is woken.
struct Loud;

impl Wake for Loud {
    fn wake(self: Arc<Self>) {
        panic!("woken");
    }
}

pub(crate) fn poll_loudly<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(Arc::new(Loud))))
}

#[test]
fn a_waker_of_a_submitter_costs_no_job() {
    check(100, |rt| async move {
        let pool = TaskPool::builder(&rt).workers(1).capacity(1);
        let pool = pool.build().unwrap();
        let (end, ended) = oneshot::channel();
        let first = pool.submit(async { ended.await.unwrap() }).await.unwrap();
        while pool.progress().running == 0 {
            yield_now().await;
        }
        let second = pool.submit(async { 2 }).await.unwrap();
        let mut third = Box::pin(pool.submit(async { 3 }));
        assert!(poll_loudly(third.as_mut()).is_pending());
        let mut drained = Box::pin(pool.join());
        assert!(poll_loudly(drained.as_mut()).is_pending());
        end.send(1).unwrap();
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (1, 2));
        assert_eq!(third.await.unwrap().await.unwrap(), 3);
        drained.await;
        assert_eq!(pool.submit(async { 4 }).await.unwrap().await.unwrap(), 4);
        pool.shutdown().await;
    });
}

/// The first clone panics.
#[derive(Debug)]
struct Once(Arc<AtomicU32>);

impl Clone for Once {
    fn clone(&self) -> Self {
        assert!(self.0.fetch_add(1, SeqCst) > 0, "cloned");
        Self(self.0.clone())
    }
}

#[test]
fn a_waker_or_a_clone_of_a_caller_costs_no_other_its_result() {
    check(100, |rt| async move {
        let clones = Arc::new(AtomicU32::new(0));
        let values = clones.clone();
        let batcher: Batcher<_, u32, Once, Infallible> =
            Batcher::builder(&rt, move |keys: Vec<u32>| {
                let values = keys.iter().map(|_| Once(values.clone())).collect();
                async move { Ok(values) }
            })
            .max_size(2)
            .capacity(2)
            .interval(SECOND)
            .dedup()
            .build()
            .unwrap();
        let mut calls = [1, 1, 1, 2].map(|key| Box::pin(batcher.load(key)));
        // The first of all is woken first, and one waits for room.
        let mut late = Box::pin(batcher.load(3));
        for (n, call) in calls.iter_mut().enumerate() {
            let pending = match n {
                0 => poll_loudly(call.as_mut()).is_pending(),
                _ => !is_ready_now(call.as_mut()).await,
            };
            assert!(pending);
        }
        assert!(poll_loudly(late.as_mut()).is_pending());
        let mut panicked = 0;
        for call in calls {
            match call.await {
                Ok(Once(_)) => {}
                Err(BatchError::Panicked { panic, .. }) if panic.message() == "cloned" => {
                    panicked += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
        // Where all three waited for room, each is loaded alone.
        assert!(panicked <= 1);
        sometimes!(panicked == 1, "a clone panics");
        late.await.unwrap();
        batcher.shutdown().await;
    });
}

#[test]
fn a_closed_batcher_takes_no_key_that_is_there_already() {
    check(100, |rt| async move {
        let rt2 = rt.clone();
        let batcher: Batcher<_, u32, u32, Infallible> =
            Batcher::builder(&rt, move |keys: Vec<u32>| {
                let rt = rt2.clone();
                async move {
                    rt.sleep(SECOND).await;
                    Ok(keys)
                }
            })
            .max_size(1)
            .max_concurrent(1)
            .dedup()
            .build()
            .unwrap();
        let others = batcher.clone();
        let first = rt.spawn(async move { others.load(1).await });
        while batcher.in_flight() == 0 {
            yield_now().await;
        }
        let others = batcher.clone();
        let second = rt.spawn(async move { others.load(2).await });
        while batcher.is_empty() {
            yield_now().await;
        }
        let mut closed = pin!(batcher.shutdown());
        assert!(!is_ready_now(closed.as_mut()).await);
        assert_eq!(batcher.len(), 1, "it is there");
        assert!(matches!(
            batcher.load(2).await,
            Err(BatchError::Closed { .. })
        ));
        assert_eq!(first.await.unwrap().unwrap(), 1);
        assert_eq!(second.await.unwrap().unwrap(), 2);
        closed.await;
    });
}

#[test]
fn a_panic_does_not_end_the_keeper() {
    check(100, |rt| async move {
        let pool = builder(&rt).min_idle(1).build().unwrap();
        pool.manager().next_fault(Fault::CreatePanics);
        rt.sleep(SECOND).await;
        pool.manager().next_fault(Fault::None);
        rt.sleep(10 * SECOND).await;
        assert_eq!((pool.stats().idle, pool.stats().live), (1, 1));
    });
}

/// Objects that panic as they go, the first so many of them.
#[derive(Debug, Default)]
pub(crate) struct Mines(Arc<AtomicU32>);

#[derive(Debug)]
pub(crate) struct Mine(Arc<AtomicU32>);

impl Drop for Mine {
    fn drop(&mut self) {
        let left = self.0.load(SeqCst);
        self.0.store(left.saturating_sub(1), SeqCst);
        assert!(left == 0, "a mine");
    }
}

impl Manager for Mines {
    type Object = Mine;
    type Error = Infallible;

    async fn create(&self) -> Result<Mine, Infallible> {
        Ok(Mine(self.0.clone()))
    }
}

#[test]
fn a_destructor_does_not_end_the_keeper() {
    check(100, |rt| async move {
        let pool = Pool::builder(&rt, Mines::default())
            .min_idle(2)
            .idle(5 * SECOND)
            .build()
            .unwrap();
        rt.sleep(SECOND).await;
        assert_eq!(pool.stats().idle, 2);
        pool.manager().0.store(2, SeqCst);
        rt.sleep(10 * SECOND).await;
        assert_eq!(pool.manager().0.load(SeqCst), 0, "both went off");
        assert_eq!((pool.stats().idle, pool.stats().live), (2, 2));
    });
}

#[test]
fn a_waker_of_a_waiter_costs_no_other_its_place() {
    // What one poll does is what this is about: nobody may come before it.
    Sim::new().new_wakers(8).check(50, |rt| async move {
        let pool = Pool::builder(&rt, Mines::default()).max_size(1);
        let pool = pool.build().unwrap();
        let held = pool.get().await.unwrap();
        let mut first = Box::pin(pool.get());
        let mut second = Box::pin(pool.get());
        assert!(poll_loudly(first.as_mut()).is_pending());
        assert!(!is_ready_now(second.as_mut()).await);
        let resized = catch_unwind(AssertUnwindSafe(|| pool.resize(3)));
        assert!(resized.is_err(), "the waker panics");
        drop((first.await.unwrap(), second.await.unwrap(), held));
        assert_eq!((pool.stats().idle, pool.stats().live), (3, 3));
    });
}

#[test]
fn wakers_of_waiters_are_not_in_the_way_of_a_close() {
    // What one poll does is what this is about: nobody may come before it.
    Sim::new().new_wakers(8).check(50, |rt| async move {
        let pool = Pool::builder(&rt, Mines::default()).max_size(1);
        let pool = pool.build().unwrap();
        let held = pool.get().await.unwrap();
        let mut waiting = [(); 2].map(|()| Box::pin(pool.get()));
        for waits in &mut waiting {
            assert!(poll_loudly(waits.as_mut()).is_pending());
        }
        let closed = catch_unwind(AssertUnwindSafe(|| pool.close()));
        assert!(closed.is_err(), "the wakers panic");
        for waits in waiting {
            assert!(matches!(waits.await, Err(PoolError::Closed { .. })));
        }
        drop(held);
        pool.closed().await;
    });
}

#[test]
fn destructors_of_what_is_idle_are_not_in_the_way_of_a_close() {
    check(50, |rt| async move {
        let pool = Pool::builder(&rt, Mines::default()).max_size(3);
        let pool = pool.build().unwrap();
        let all = [pool.get().await, pool.get().await, pool.get().await];
        drop(all.map(Result::unwrap));
        pool.manager().0.store(2, SeqCst);
        let closed = catch_unwind(AssertUnwindSafe(|| pool.close()));
        assert!(closed.is_err(), "they panic");
        pool.closed().await;
        assert_eq!(pool.stats().live, 0);
    });
}

/// A mine in what an application drops.
#[test]
fn an_application_that_drops_what_panics_has_its_report() {
    check(100, |rt| async move {
        let mines = Arc::new(AtomicU32::new(2));
        let (late, unclosed) = (Mine(mines.clone()), Mine(mines.clone()));
        let rt2 = rt.clone();
        let app = App::new(&rt).grace(SECOND).run(|app| async move {
            let _late = late;
            app.defer("unclosed", move || {
                let _unclosed = unclosed;
                async { Ok::<_, Infallible>(()) }
            });
            let last = app.clone();
            app.defer("last", move || async move {
                last.abort("enough");
                pending::<Result<(), Infallible>>().await
            });
            app.spawn("other", |_| async move {
                rt2.sleep(9 * SECOND).await;
                Ok::<_, Infallible>(())
            })
            .unwrap();
            app.request_shutdown("now");
            pending::<Result<(), Infallible>>().await
        });
        let report = app.await;
        assert_eq!(report.late, ["start-up", "other"]);
        assert!(matches!(report.startup, Some(Cause::Panicked(_))));
        assert_eq!(report.abandoned, 2, "{report}");
        assert_eq!(mines.load(SeqCst), 0, "both went off");
    });
}

/// Panics at each thing that it is asked in turn.
#[derive(Default)]
struct Panics {
    create: bool,
    recycle: bool,
    keep: bool,
}

impl Manager for Panics {
    type Object = ();
    type Error = Infallible;

    async fn create(&self) -> Result<(), Infallible> {
        assert!(!self.create, "create");
        Ok(())
    }

    async fn recycle(&self, (): &mut ()) -> Result<(), Infallible> {
        assert!(!self.recycle, "recycle");
        Ok(())
    }

    fn keep(&self, (): &mut ()) -> bool {
        assert!(!self.keep, "keep");
        true
    }
}

#[test]
fn panics_of_a_pools_manager_are_counted() {
    check(20, |rt| async move {
        // What panics, whether recycling has a limit, what is counted.
        let cases = [
            (0, false, (1, 0)),
            (1, false, (0, 1)),
            (1, true, (0, 1)),
            (2, false, (0, 1)),
        ];
        for (what, limited, counted) in cases {
            let panics = Panics {
                create: what == 0,
                recycle: what == 1,
                keep: what == 2,
            };
            let pool = Pool::builder(&rt, panics).max_size(1);
            let pool = pool.recycle_timeout(limited.then_some(SECOND)).build();
            let pool = pool.unwrap();
            for n in 0..2 {
                let used = pool.clone();
                let used = rt.spawn(async move { drop(used.get().await.unwrap()) });
                // To be recycled, it has been used before.
                let well = what == 1 && n == 0;
                assert_eq!(used.await.is_ok(), well);
                if what != 1 {
                    break;
                }
            }
            let stats = pool.stats();
            assert_eq!((stats.create_failures, stats.unfit), counted, "{what}");
            assert_eq!((stats.live, stats.idle), (0, 0));
        }
    });
}

#[test]
fn what_a_pool_fails_at_in_the_background_is_told() {
    struct Later(AtomicU32);
    impl Manager for Later {
        type Object = u32;
        type Error = &'static str;

        async fn create(&self) -> Result<u32, &'static str> {
            match self.0.fetch_add(1, SeqCst) {
                0 => Err("not yet"),
                1 => panic!("create"),
                2 => pending().await,
                n => Ok(n),
            }
        }
    }
    check(20, |rt| async move {
        let told = Arc::new(std::sync::Mutex::new(Vec::new()));
        let hook = told.clone();
        let pool = Pool::builder(&rt, Later(AtomicU32::new(0))).min_idle(1);
        let pool = pool
            .create_timeout(SECOND)
            .on_error(move |cause: &Cause<_>| {
                hook.lock().unwrap().push(format!("{cause:#}"));
                panic!("of the hook");
            });
        let pool = pool.build().unwrap();
        rt.sleep(60 * SECOND).await;
        let limit = "took too long: pool create timed out after 1s (limit: 1s)";
        let told = told
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        assert_eq!(*told, ["failed: not yet", "panicked: create", limit]);
        let stats = pool.stats();
        assert_eq!((stats.idle, stats.create_failures), (1, 3));
    });
}
