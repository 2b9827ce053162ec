//! Batches: when they are loaded, and whose results are whose.

use super::{SECOND, draw, is_ready_now, left_by, polled, up_to_polls};
use anyrt_core::{
    rt::{Clock, JoinHandle, Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::{SimRuntime, check, sometimes};
use anyrt_toolkit::batch::{BatchError, Batcher, BatcherBuilder};
use std::{
    iter,
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

type Tens = Batcher<SimRuntime, u32, u64, &'static str>;
type Batches = Arc<Mutex<Vec<Vec<u32>>>>;

/// Ten times the key, after a second. 13 panics, 14 fails, 15 is forgotten, 16 answered twice.
fn builder(
    rt: &SimRuntime,
    batches: &Batches,
) -> BatcherBuilder<SimRuntime, u32, u64, &'static str> {
    let (rt2, batches) = (rt.clone(), batches.clone());
    Batcher::builder(rt, move |keys: Vec<u32>| {
        batches.lock().unwrap().push(keys.clone());
        let rt = rt2.clone();
        async move {
            rt.sleep(SECOND).await;
            assert!(!keys.contains(&13), "13");
            if keys.contains(&14) {
                return Err("14");
            }
            let answers = keys.iter().flat_map(|key| {
                let times = match key {
                    15 => 0,
                    16 => 2,
                    _ => 1,
                };
                iter::repeat_n(u64::from(*key) * 10, times)
            });
            Ok(answers.collect())
        }
    })
    .interval(10 * SECOND)
}

fn spawned<I: IntoIterator<Item = u32>>(
    rt: &SimRuntime,
    tens: &Tens,
    keys: I,
) -> Vec<impl JoinHandle<Result<u64, BatchError<&'static str>>> + use<I>> {
    keys.into_iter()
        .map(|key| {
            let tens = tens.clone();
            rt.spawn(async move { tens.load(key).await })
        })
        .collect()
}

async fn buffered(tens: &Tens, keys: usize) {
    while tens.len() < keys {
        yield_now().await;
    }
}

fn taken(batches: &Batches) -> Vec<Vec<u32>> {
    let mut batches = std::mem::take(&mut *batches.lock().unwrap());
    batches.iter_mut().for_each(|keys| keys.sort_unstable());
    batches
}

#[test]
fn a_full_batch_is_loaded_at_once() {
    check(200, |rt| async move {
        let batches = Batches::default();
        let tens = builder(&rt, &batches)
            .max_size(3)
            .max_concurrent(9)
            .build()
            .unwrap();
        let start = rt.now();
        for (n, load) in (0..6).zip(spawned(&rt, &tens, 0..6)) {
            assert_eq!(load.await.unwrap().unwrap(), n * 10);
        }
        assert_eq!(rt.now() - start, SECOND);
        let sizes: Vec<_> = taken(&batches).iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 3]);
    });
}

#[test]
fn the_first_waits_for_the_interval() {
    check(200, |rt| async move {
        let batches = Batches::default();
        let tens = builder(&rt, &batches).build().unwrap();
        let start = rt.now();
        let first = spawned(&rt, &tens, [1]);
        rt.sleep(6 * SECOND).await;
        let second = spawned(&rt, &tens, [2]);
        for load in first.into_iter().chain(second) {
            load.await.unwrap().unwrap();
            assert_eq!(rt.now() - start, 11 * SECOND);
        }
        assert_eq!(taken(&batches), [[1, 2]]);
    });
}

/// With the first one gone, the second one's time counts.
#[test]
fn the_interval_is_that_of_who_is_there() {
    check(200, |rt| async move {
        let batches = Batches::default();
        let tens = builder(&rt, &batches).build().unwrap();
        let start = rt.now();
        let first = spawned(&rt, &tens, [1]).remove(0);
        rt.sleep(6 * SECOND).await;
        let second = spawned(&rt, &tens, [2]).remove(0);
        buffered(&tens, 2).await;
        first.abort();
        first.await.unwrap_err();
        assert_eq!(second.await.unwrap().unwrap(), 20);
        assert_eq!(rt.now() - start, 17 * SECOND);
        assert_eq!(taken(&batches), [[2]]);
    });
}

#[test]
fn a_flush_and_a_close_do_not_wait() {
    check(200, |rt| async move {
        let batches = Batches::default();
        let tens = builder(&rt, &batches).build().unwrap();
        let start = rt.now();
        let loads = spawned(&rt, &tens, [1, 2]);
        buffered(&tens, 2).await;
        tens.flush();
        for load in loads {
            load.await.unwrap().unwrap();
        }
        assert_eq!(rt.now() - start, SECOND);
        let loads = spawned(&rt, &tens, [3]);
        buffered(&tens, 1).await;
        tens.shutdown().await;
        assert_eq!(rt.now() - start, 2 * SECOND);
        for load in loads {
            assert_eq!(load.await.unwrap().unwrap(), 30);
        }
        assert!(matches!(tens.load(4).await, Err(BatchError::Closed { .. })));
        tens.shutdown().await;
        assert_eq!(taken(&batches), [vec![1, 2], vec![3]]);
    });
}

#[test]
fn what_befalls_a_batch_befalls_no_other() {
    check(200, |rt| async move {
        let tens = builder(&rt, &Batches::default())
            .max_size(2)
            .max_concurrent(2)
            .build()
            .unwrap();
        for bad in [13, 14, 15, 16] {
            let loads = spawned(&rt, &tens, [1, bad]);
            while tens.in_flight() == 0 {
                yield_now().await;
            }
            let others = spawned(&rt, &tens, [2, 3]);
            for load in loads {
                let failed = load.await.unwrap().unwrap_err();
                assert_eq!(failed.error(), (bad == 14).then_some(&"14"));
                match (bad, failed) {
                    (13, BatchError::Panicked { panic, .. }) => assert_eq!(panic.message(), "13"),
                    (14, BatchError::Failed { .. }) => {}
                    (
                        15,
                        BatchError::WrongLength {
                            keys: 2, values: 1, ..
                        },
                    ) => {}
                    (
                        16,
                        BatchError::WrongLength {
                            keys: 2, values: 3, ..
                        },
                    ) => {}
                    (_, error) => panic!("{bad}: {error}"),
                }
            }
            for (load, value) in others.into_iter().zip([20, 30]) {
                assert_eq!(load.await.unwrap().unwrap(), value);
            }
        }
        assert_eq!(tens.in_flight(), 0);
    });
}

/// Whose value is missing, or too many, nobody knows.
#[test]
fn each_caller_hears_of_a_wrong_number_of_values() {
    check(100, |rt| async move {
        let tens = builder(&rt, &Batches::default()).dedup().max_size(2);
        let tens = tens.build().unwrap();
        for bad in [15, 16] {
            for (key, load) in [bad, bad, 1]
                .into_iter()
                .zip(spawned(&rt, &tens, [bad, bad, 1]))
            {
                match load.await.unwrap() {
                    Err(BatchError::WrongLength { keys, values, .. }) => {
                        assert_eq!(values, keys + 1 - 2 * usize::from(bad == 15));
                        sometimes!(key == 1, "in one batch");
                    }
                    // It was loaded alone.
                    Ok(10) if key == 1 => {}
                    other => panic!("{bad}: {other:?}"),
                }
            }
        }
    });
}

#[test]
fn the_same_key_is_loaded_once() {
    check(200, |rt| async move {
        let batches = Batches::default();
        let tens = builder(&rt, &batches)
            .dedup()
            .max_size(3)
            .capacity(3)
            .build()
            .unwrap();
        let loads = spawned(&rt, &tens, [7, 7, 8, 7, 7]);
        buffered(&tens, 2).await;
        for _ in 0..20 {
            yield_now().await;
        }
        // One of them goes: the others still want it.
        loads[0].abort();
        for (n, load) in loads.into_iter().enumerate() {
            let value = if n == 2 { 80 } else { 70 };
            match load.await {
                Ok(loaded) => assert_eq!(loaded.unwrap(), value),
                Err(_) => assert_eq!(n, 0),
            }
        }
        assert_eq!(taken(&batches), [[7, 8]]);
        let alone = spawned(&rt, &tens, [7]).remove(0);
        buffered(&tens, 1).await;
        alone.abort();
        alone.await.unwrap_err();
        assert_eq!(tens.len(), 0);
        let again = tens.load(7);
        assert_eq!(again.await.unwrap(), 70, "nothing is left of the old one");
    });
}

/// As many wait in the buffer as may, while one batch is loaded; the next ones wait for room, in order.
#[test]
fn a_full_buffer_pushes_back() {
    check(200, |rt| async move {
        let batches = Batches::default();
        let tens = builder(&rt, &batches)
            .max_size(2)
            .capacity(3)
            .build()
            .unwrap();
        let mut loads = Vec::new();
        for key in 0..8 {
            loads.extend(spawned(&rt, &tens, [key]));
            for _ in 0..20 {
                yield_now().await;
            }
        }
        assert_eq!((tens.len(), tens.in_flight()), (3, 1));
        assert!(!is_ready_now(pin!(tens.load(9))).await);
        for (key, load) in (0..).zip(loads) {
            assert_eq!(load.await.unwrap().unwrap(), key * 10);
        }
        let sizes: Vec<_> = taken(&batches).iter().map(Vec::len).collect();
        assert_eq!(sizes, [2, 2, 2, 2]);
    });
}

/// Callers who come and go: who stays gets its own value, once.
#[test]
fn everyone_gets_its_own() {
    check(400, |rt| async move {
        let batches = Batches::default();
        let mut builder = builder(&rt, &batches)
            .interval(Duration::from_millis(draw(&rt, 1500)))
            .max_size(1 + draw(&rt, 3) as usize)
            .max_concurrent(1 + draw(&rt, 2) as usize);
        if draw(&rt, 1) == 0 {
            builder = builder.dedup();
        }
        let tens = builder.build().unwrap();
        let callers: Vec<_> = (0..6)
            .map(|_| {
                let (rt2, tens) = (rt.clone(), tens.clone());
                rt.spawn(async move {
                    for _ in 0..3 {
                        let key = draw(&rt2, 5) as u32;
                        let polls = match draw(&rt2, 2) {
                            0 => draw(&rt2, 4),
                            _ => u64::MAX,
                        };
                        let value = up_to_polls(polls, tens.load(key)).await;
                        sometimes!(value.is_none(), "somebody gave up");
                        if let Some(value) = value {
                            assert_eq!(value.unwrap(), u64::from(key) * 10);
                        }
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.await.unwrap();
        }
        tens.shutdown().await;
        assert_eq!((tens.len(), tens.in_flight()), (0, 0));
        assert!(
            taken(&batches).iter().all(|keys| !keys.is_empty()),
            "a batch of none"
        );
    });
}

/// Nobody hangs on a batcher whose executor is gone.
#[test]
fn an_executor_that_is_gone_fails_the_callers() {
    let (tens, load) = left_by(|rt| async move {
        let tens = builder(&rt, &Batches::default()).build().unwrap();
        let tens2 = tens.clone();
        let mut load = Box::pin(async move { tens2.load(1).await });
        assert!(!is_ready_now(load.as_mut()).await);
        (tens, Mutex::new(load))
    });
    let load = load.into_inner().unwrap();
    assert!(matches!(
        polled(load),
        Poll::Ready(Err(BatchError::Aborted { .. }))
    ));
    let refused = polled(tens.load(2));
    assert!(matches!(
        refused,
        Poll::Ready(Err(BatchError::Closed { .. }))
    ));
    assert!(polled(tens.shutdown()).is_ready());
}

#[test]
fn many_at_once() {
    check(20, |rt| async move {
        let batches = Batches::default();
        let tens = builder(&rt, &batches)
            .interval(Duration::ZERO)
            .build()
            .unwrap();
        let values = tens.load_many([3, 1, 2]).await;
        let values: Vec<_> = values.into_iter().map(Result::unwrap).collect();
        assert_eq!(values, [30, 10, 20]);
        assert_eq!(taken(&batches).concat().len(), 3);
    });
}
