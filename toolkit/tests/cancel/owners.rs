//! Batchers, workers, applications: who stays gets what is his, and nothing is left of who goes.

use crate::kit::{Count, Live, SECOND, nobody_stays, step};
use anyrt_core::{
    channel::oneshot,
    rt::{Lock, Runtime, Sleep, Spawn},
};
use anyrt_sim::{SimHandle, SimRuntime, check_cancel};
use anyrt_toolkit::{
    batch::{Batcher, BatcherBuilder},
    lifecycle::{App, Background, StopReason},
    workers::TaskPool,
};
use futures_core::Stream;
use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

type Tens = Batcher<SimRuntime, u32, u32, Infallible>;
type Building = BatcherBuilder<SimRuntime, u32, u32, Infallible>;

/// A batcher, what others asked it for, and the keys whose batch has begun.
#[derive(Clone)]
struct Asked {
    tens: Tens,
    others: Arc<Mutex<Vec<SimHandle<u32>>>>,
    begun: Arc<Mutex<Vec<u32>>>,
}

/// Ten times the key, in batches of two, of which one at a time is loaded; three others ask, too.
async fn tens(rt: SimRuntime) -> Asked {
    asked(rt, |tens| tens).await
}

async fn asked(rt: SimRuntime, set: fn(Building) -> Building) -> Asked {
    let begun = Arc::new(Mutex::new(Vec::new()));
    let (soon, noted) = (rt.clone(), begun.clone());
    let tens = Batcher::builder(&rt, move |keys: Vec<u32>| {
        let rt = soon.clone();
        noted.lock().unwrap().extend(&keys);
        async move {
            step(&rt).await;
            rt.sleep(SECOND).await;
            Ok(keys.iter().map(|key| key * 10).collect())
        }
    });
    let tens = set(tens).max_size(2).capacity(2).max_concurrent(1);
    let tens = tens.interval(SECOND).build().unwrap();
    let others = [1, 2, 3].map(|key| {
        let tens = tens.clone();
        rt.spawn(async move { tens.load(key).await.unwrap() })
    });
    Asked {
        tens,
        others: Arc::new(Mutex::new(others.into())),
        begun,
    }
}

/// The others get what they asked for, nothing is left, and what was given up in time is not loaded.
async fn others_get_theirs(rt: SimRuntime, asked: Asked) {
    // A batch that was full by then begins.
    rt.sleep(Duration::from_millis(1)).await;
    let mine = || {
        let begun = asked.begun.lock().unwrap();
        begun.iter().filter(|key| **key > 3).count()
    };
    let before = mine();
    let others = std::mem::take(&mut *asked.others.lock().unwrap());
    for (other, value) in others.into_iter().zip([10, 20, 30]) {
        assert_eq!(other.await.unwrap(), value);
    }
    assert_eq!((asked.tens.len(), asked.tens.in_flight()), (0, 0));
    assert_eq!(mine(), before, "keys that nobody waits for were loaded");
}

/// Where keys are loaded once, also one that another waits for.
pub(crate) fn batch_load() {
    let plain: fn(Building) -> Building = |tens| tens;
    for (set, key) in [
        (plain, 4),
        (BatcherBuilder::dedup, 4),
        (BatcherBuilder::dedup, 3),
    ] {
        check_cancel(
            |rt| asked(rt, set),
            |_, asked| async move {
                assert_eq!(asked.tens.load(key).await.unwrap(), key * 10);
            },
            others_get_theirs,
        );
    }
}

pub(crate) fn batch_load_many() {
    check_cancel(
        tens,
        |_, asked| async move {
            let values = asked.tens.load_many([4, 5, 6]).await.into_iter();
            let values: Result<Vec<_>, _> = values.collect();
            assert_eq!(values.unwrap(), [40, 50, 60]);
        },
        others_get_theirs,
    );
}

/// It can be waited for again, and what was in by then is loaded.
pub(crate) fn batch_shutdown() {
    check_cancel(
        |rt| async move {
            let asked = tens(rt.clone()).await;
            // Two are being loaded, and one is in.
            rt.sleep(SECOND / 2).await;
            asked
        },
        |_, asked| async move { asked.tens.shutdown().await },
        |rt, asked| async move {
            others_get_theirs(rt, asked.clone()).await;
            asked.tens.shutdown().await;
            assert!(asked.tens.load(4).await.is_err());
        },
    );
}

/// One worker, and room for one more job: both are taken for a while.
async fn busy(rt: SimRuntime) -> (TaskPool<SimRuntime>, Count) {
    let pool = TaskPool::builder(&rt).workers(1).capacity(1);
    let (pool, count) = (pool.build().unwrap(), Count::default());
    for _ in 0..2 {
        drop(pool.submit(count.work(&rt)).await.unwrap());
    }
    (pool, count)
}

/// All that was submitted is done, and all room is free.
async fn is_idle(pool: TaskPool<SimRuntime>, count: Count) {
    pool.join().await;
    let progress = pool.progress();
    assert_eq!(progress.submitted, progress.done);
    assert_eq!((progress.running, count.get()), (0, 0));
}

pub(crate) fn workers_submit() {
    check_cancel(
        busy,
        |rt, (pool, count)| async move {
            let done = pool.submit(count.work(&rt)).await.unwrap();
            assert_eq!(done.await.unwrap(), 1);
        },
        |rt, (pool, count)| async move {
            is_idle(pool.clone(), count).await;
            // The worker has come back for more.
            rt.sleep(SECOND).await;
            drop(pool.try_submit(async {}).unwrap());
        },
    );
}

pub(crate) fn workers_join() {
    check_cancel(
        busy,
        |_, (pool, _)| async move { pool.join().await },
        |_, (pool, count)| is_idle(pool, count),
    );
}

/// It can be waited for again.
pub(crate) fn workers_shutdown() {
    check_cancel(
        busy,
        |_, (pool, _)| async move { pool.shutdown().await },
        |_, (pool, count)| async move {
            is_idle(pool.clone(), count).await;
            pool.shutdown().await;
            assert!(pool.try_submit(async {}).is_err());
        },
    );
}

/// Nothing of an application goes on, and what it has begun is cleaned up; whoever listens to signals is gone, too.
pub(crate) fn application() {
    let deaf: fn(App<SimRuntime>, Live) -> App<SimRuntime> = |app, _| app;
    let listens: fn(_, _) -> _ = |app: App<SimRuntime>, _listens| app.signals(Silent { _listens });
    for set in [deaf, listens] {
        run_an_application(set);
    }
}

/// Signals that never come.
struct Silent {
    _listens: Live,
}

impl Stream for Silent {
    type Item = &'static str;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<&'static str>> {
        Poll::Pending
    }
}

fn run_an_application(set: fn(App<SimRuntime>, Live) -> App<SimRuntime>) {
    check_cancel(
        |_| async { (Count::default(), Count::default()) },
        |rt, (count, unclean)| async move {
            let app = set(App::new(&rt).grace(5 * SECOND), count.live());
            let app = app.run(|app| {
                let (rt, count, unclean) = (rt.clone(), count.clone(), unclean.clone());
                async move {
                    let dirt = unclean.live();
                    app.defer("dirt", move || async move {
                        drop(dirt);
                        Ok::<_, Infallible>(())
                    });
                    count.work(&rt).await;
                    let work = count.trial(&rt);
                    app.spawn("works", move |me| async move {
                        work.await?;
                        me.token().cancelled().await;
                        Ok::<_, String>(())
                    })?;
                    app.request_shutdown("it is late");
                    Ok::<_, anyrt_toolkit::lifecycle::Stopping>(())
                }
            });
            let report = app.await;
            assert!(report.is_clean(), "{report:?}");
            assert!(matches!(report.stopped_for, StopReason::Requested(_)));
        },
        |rt, (count, unclean)| async move {
            count.gone(&rt).await;
            unclean.gone(&rt).await;
        },
    );
}

/// It can be waited for again.
pub(crate) fn subsystem_output() {
    check_cancel(
        |rt| async move {
            let (sender, handle) = oneshot::channel();
            let inner = rt.clone();
            let app = App::new(&rt).run(|app| async move {
                let slow = app.spawn("slow", move |_| async move {
                    step(&inner).await;
                    Ok::<_, Infallible>(7)
                });
                sender.send(slow.unwrap()).unwrap();
                Ok::<_, Infallible>(())
            });
            drop(rt.spawn(app));
            Arc::new(rt.lock((handle.await.unwrap(), None)))
        },
        |_, waited| async move {
            let mut waited = waited.lock().await;
            let (handle, output) = &mut *waited;
            if output.is_none() {
                *output = handle.await;
            }
        },
        |_, waited| async move {
            let (handle, output) = &mut *waited.lock().await;
            let output = match output.take() {
                None => handle.await,
                output => output,
            };
            assert_eq!(output, Some(7));
        },
    );
}

pub(crate) fn background_shutdown() {
    nobody_stays(|rt, count| async move {
        let background = Background::new(&rt);
        let (soon, work) = (rt.clone(), count.clone());
        let every = background.every("works", SECOND, move || {
            let work = work.trial(&soon);
            async move { work.await.map(drop) }
        });
        drop(every.start().unwrap());
        rt.sleep(SECOND).await;
        assert!(background.shutdown(SECOND).await.late.is_empty());
        assert_eq!(count.get(), 0);
    });
}
