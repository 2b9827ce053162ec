//! Settings: each that is refused is told in full, and each extreme that is permitted is one to work with.

use super::{
    SECOND,
    kit::refused::{SOME, TIME, refused},
    numbers::builder,
};
use anyrt_core::{rt::Sleep, sync::MAX_PERMITS, time::wait_for};
use anyrt_sim::{SimRuntime, check};
use anyrt_toolkit::{
    batch::{Batcher, BatcherBuilder},
    lifecycle::{App, Background, Overlap, Restart},
    resource::ExitStack,
    workers::TaskPool,
};
use std::{convert::Infallible, future::ready, time::Duration};

const MAX: Duration = Duration::MAX;
const ZERO: Duration = Duration::ZERO;

fn batcher(rt: &SimRuntime) -> BatcherBuilder<SimRuntime, u32, u32, Infallible> {
    Batcher::builder(rt, |keys| ready(Ok(keys)))
}

#[test]
fn bad_pools_are_refused() {
    check(1, |rt| async move {
        let plain = || builder(&rt);
        let pool = plain().max_size(3).build().unwrap();
        let named = plain().name("db").build().unwrap();
        let whose = "at least 1, for pool \"db\"";
        refused! {
            plain().max_size(0).build() => "max_size", "0", SOME;
            plain().name("db").max_size(0).build() => "max_size", "0", whose;
            pool.resize(0) => "max_size", "0", SOME;
            named.resize(0) => "max_size", "0", whose;
            plain().create_timeout(ZERO).build() => "create_timeout", "0ns", TIME;
            plain().recycle_timeout(ZERO).build() => "recycle_timeout", "0ns", TIME;
            plain().idle(ZERO).build() => "idle", "0ns", TIME;
            plain().max_lifetime(ZERO).build() => "max_lifetime", "0ns", TIME;
        }
        assert_eq!(pool.stats().max_size, 3, "it is as it was");
    });
}

#[test]
fn bad_workers_are_refused() {
    check(1, |rt| async move {
        let plain = || TaskPool::builder(&rt);
        let whose = "at least 1, for task pool \"mails\"";
        let (large, most) = too_many(MAX_PERMITS);
        refused! {
            plain().workers(0).build() => "workers", "0", SOME;
            plain().capacity(0).build() => "capacity", "0", SOME;
            plain().name("mails").workers(0).build() => "workers", "0", whose;
            plain().capacity(MAX_PERMITS + 1).build() => "capacity", &large, &most;
        }
        // No worker was spawned by then: it would take for ever.
        for workers in [(1 << 20) + 1, usize::MAX] {
            let (value, most) = (workers.to_string(), "at most 1048576");
            refused! {
                plain().workers(workers).build() => "workers", &value, most;
                plain().capacity(1).workers(workers).build() => "workers", &value, most;
            }
        }
    });
}

#[test]
fn bad_batches_are_refused() {
    check(1, |rt| async move {
        let plain = || batcher(&rt);
        let whose = "at least 1, for batcher \"users\"";
        let (large, most) = too_many(MAX_PERMITS);
        refused! {
            plain().max_size(0).build() => "max_size", "0", SOME;
            plain().max_concurrent(0).build() => "max_concurrent", "0", SOME;
            plain().name("users").max_size(0).build() => "max_size", "0", whose;
            plain().capacity(0).build() => "capacity", "0", "at least `max_size`, 100";
            plain().capacity(99).build() => "capacity", "99", "at least `max_size`, 100";
            plain().capacity(MAX_PERMITS + 1).build() => "capacity", &large, &most;
            plain().max_size(MAX_PERMITS + 1).build() => "max_size", &large, &most;
        }
    });
}

/// One more than there may be, and what is said of it.
fn too_many(most: usize) -> (String, String) {
    ((most + 1).to_string(), format!("at most {most}"))
}

#[test]
fn bad_periods_are_refused() {
    check(1, |rt| async move {
        let background = Background::new(&rt);
        let every = |period| background.every("x", period, || ready(Ok::<_, &str>(())));
        let longest = "18446744073709551615.999999999s";
        let less = "less than 1s, for periodic work \"x\"";
        let some = "at least 1, for periodic work \"x\"";
        let time = "more than zero, for periodic work \"x\"";
        refused! {
            every(ZERO).start() => "period", "0ns", time;
            every(SECOND).jitter(SECOND).start() => "jitter", "1s", less;
            every(SECOND).jitter(MAX).start() => "jitter", longest, less;
            every(SECOND).overlap(Overlap::Parallel(0)).start() => "overlap", "0", some;
            every(SECOND).restart(Restart::GiveUpAfter(0)).start() => "restart", "0", some;
        }
    });
}

#[test]
fn a_pool_may_be_as_large_and_as_patient_as_there_is() {
    check(5, |rt| async move {
        let pool = builder(&rt)
            .max_size(usize::MAX)
            .wait_timeout(MAX)
            .create_timeout(MAX)
            .recycle_timeout(MAX)
            .idle(MAX)
            .max_lifetime(MAX);
        let pool = pool.build().unwrap();
        for _ in 0..2 {
            drop(pool.get().await.unwrap());
            rt.sleep(SECOND * 3600).await;
            pool.resize(usize::MAX).unwrap();
        }
        let stats = pool.stats();
        assert_eq!((stats.live, stats.idle, stats.max_size), (1, 1, usize::MAX));
        pool.close();
        pool.closed().await;
    });
}

#[test]
fn batches_and_queues_may_be_as_large_as_there_is() {
    check(5, |rt| async move {
        let batcher = batcher(&rt)
            .max_size(MAX_PERMITS)
            .capacity(MAX_PERMITS)
            .max_concurrent(usize::MAX)
            .interval(MAX)
            .build()
            .unwrap();
        let late = wait_for(&rt, SECOND * 3600, batcher.load(1)).await;
        assert!(late.is_err(), "nobody asked for it yet");
        let (loaded, ()) = anyrt_core::join!(batcher.load(2), async {
            rt.sleep(SECOND).await;
            batcher.flush();
        });
        assert_eq!(loaded.unwrap(), 2);

        let pool = TaskPool::builder(&rt).workers(1).capacity(MAX_PERMITS);
        let pool = pool.build().unwrap();
        let job = pool.submit(ready(3)).await.ok().unwrap();
        assert_eq!(job.await.unwrap(), 3);
        pool.shutdown().await;
    });
}

#[test]
fn periods_may_be_as_long_as_there_is() {
    check(5, |rt| async move {
        let background = Background::new(&rt);
        let runs = super::Count::default();
        let counted = runs.clone();
        let every = background.every("seldom", MAX, move || {
            counted.up();
            ready(Ok::<_, &str>(()))
        });
        let every = every
            .jitter(MAX - Duration::from_nanos(1))
            .overlap(Overlap::Parallel(usize::MAX))
            .restart(Restart::GiveUpAfter(u32::MAX));
        let seldom = every.start().unwrap();
        rt.sleep(SECOND * 3600).await;
        assert!(!seldom.is_stopped());
        assert!(runs.get() <= 1, "{runs:?}");
        assert!(background.shutdown(MAX).await.late.is_empty());
    });
}

#[test]
fn ends_may_take_as_long_as_there_is() {
    check(5, |rt| async move {
        let app = App::new(&rt).grace(MAX).close_timeout(MAX);
        let later = rt.clone();
        let report = app.run(|app| async move {
            let (slow, closes) = (later.clone(), later);
            app.defer("closes", move || async move {
                closes.sleep(SECOND * 3600).await;
                Ok::<_, Infallible>(())
            });
            app.spawn("slow", move |me| async move {
                me.token().cancelled().await;
                slow.sleep(SECOND * 3600).await;
                Ok::<_, Infallible>(())
            })
            .unwrap();
            app.request_shutdown("enough");
            Ok::<_, Infallible>(())
        });
        let report = report.await;
        assert!(report.is_clean(), "{report:?}");

        let stack = ExitStack::new(&rt).close_timeout(MAX);
        let later = rt.clone();
        stack.defer("closes", move || async move {
            later.sleep(SECOND * 3600).await;
            Ok::<_, Infallible>(())
        });
        stack.close().await.unwrap();
        // No close takes any time for what has nothing in it.
        let empty = ExitStack::new(&rt).close_timeout(ZERO);
        empty.close().await.unwrap();
    });
}
