//! Schedules and faults: each is what it says, and strikes.

use anyrt_core::{
    FutureSet, Instant, race,
    rt::{Clock, Lock, Runtime, Semaphore, Sleep, Spawn},
    sync::Event,
    task::yield_now,
};
use anyrt_sim::{Failure, Schedule, Sim, check, sometimes};
use std::{
    collections::BTreeSet,
    future::{Future, poll_fn},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Poll, Waker},
    time::Duration,
};

#[test]
fn each_schedule_is_what_it_says() {
    let order = |schedule, seed| {
        let order = Arc::new(Mutex::new(Vec::new()));
        let seen = order.clone();
        let run = Sim::new()
            .without_faults()
            .schedule(schedule)
            .run(seed, |rt| async move {
                let tasks = (0..4).map(|n| {
                    let order = order.clone();
                    rt.spawn(async move { order.lock().unwrap().push(n) })
                });
                for task in tasks.collect::<Vec<_>>() {
                    task.await.unwrap();
                }
            });
        assert_eq!(run.failure, None);
        Arc::into_inner(seen).unwrap().into_inner().unwrap()
    };
    let orders = |schedule| {
        (0..1_000)
            .map(|seed| order(schedule, seed))
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(orders(Schedule::Fifo).len(), 1);
    for schedule in [
        Schedule::Random,
        Schedule::Pct { depth: 1 },
        Schedule::Pct { depth: 3 },
    ] {
        assert_eq!(
            orders(schedule).len(),
            24,
            "orders of four tasks under {schedule:?}"
        );
    }
}

/// Polls that nobody asked for, and wakers that are not those of the first poll.
#[test]
fn faults_strike() {
    struct Stubborn(Option<Waker>, Arc<AtomicUsize>);
    impl Future for Stubborn {
        type Output = ();
        fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<()> {
            self.1.fetch_add(1, Relaxed);
            match self.0.take() {
                // It wakes the waker of its first poll only.
                Some(first) if self.1.load(Relaxed) > 3 => {
                    let stale = !first.will_wake(cx.waker());
                    first.wake();
                    if stale {
                        Poll::Pending
                    } else {
                        Poll::Ready(())
                    }
                }
                first => {
                    self.0 = Some(first.unwrap_or_else(|| cx.waker().clone()));
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
            }
        }
    }
    let fails = |sim: &Sim| {
        let failed = (0..100).filter(|seed| {
            let run = sim.run(*seed, |_| Stubborn(None, Arc::default()));
            matches!(run.failure, Some(Failure::Deadlock { .. }))
        });
        failed.count()
    };
    assert_eq!(fails(&Sim::new().without_faults()), 0);
    assert!(fails(&Sim::new().new_wakers(4)) > 10);

    let polls = |sim: &Sim| {
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = polls.clone();
        let run = sim.run(1, |rt| async move {
            let mut sleep = std::pin::pin!(rt.sleep(Duration::from_secs(1)));
            drop(rt.spawn(async {
                for _ in 0..50 {
                    yield_now().await;
                }
            }));
            poll_fn(|cx| {
                counted.fetch_add(1, Relaxed);
                sleep.as_mut().poll(cx)
            })
            .await;
        });
        assert_eq!(run.failure, None);
        polls.load(Relaxed)
    };
    assert_eq!(polls(&Sim::new().without_faults()), 2);
    assert!(polls(&Sim::new().spurious_polls(2)) > 3);
}

#[test]
fn late_timers_are_late() {
    let late = (0..100).filter(|seed| {
        let mut late = false;
        let seen = &mut late;
        let run = Sim::new().late_timers(4).run(*seed, |rt| async move {
            rt.sleep(Duration::from_secs(1)).await;
            *seen = rt.now() - Instant::ORIGIN > Duration::from_secs(1);
        });
        run.failure.is_none() && late
    });
    let late = late.count();
    assert!((5..60).contains(&late), "{late} of 100");
}

#[test]
fn nobody_is_polled_while_the_thread_stands_still() {
    const SECOND: Duration = Duration::from_secs(1);
    check(200, |rt| async move {
        let woken = Arc::new(Mutex::new(Vec::new()));
        // One polls its timer itself, one through a `race!`, and one is due later.
        let tasks = [1, 2, 9].map(|due| {
            let (soon, woken) = (rt.clone(), woken.clone());
            rt.spawn(async move {
                match due {
                    2 => race!(soon.sleep(SECOND * due), std::future::pending()),
                    due => soon.sleep(SECOND * due).await,
                }
                woken.lock().unwrap().push(due);
                soon.now() - Instant::ORIGIN
            })
        });
        rt.sleep(SECOND / 2).await;
        rt.stall(SECOND * 5);
        assert_eq!(rt.now() - Instant::ORIGIN, SECOND * 11 / 2);
        assert!(woken.lock().unwrap().is_empty());
        rt.sleep(SECOND).await;
        let mut ends = Vec::new();
        for task in tasks {
            ends.push(task.await.unwrap());
        }
        let late = SECOND * 11 / 2;
        assert_eq!(ends, [late, late, SECOND * 9]);
        let woken = woken.lock().unwrap();
        sometimes!(woken[..2] == [1, 2]);
        sometimes!(woken[..2] == [2, 1]);
    });
}

#[test]
fn permits_can_be_waited_for_under_every_fault() {
    Sim::new()
        .spurious_polls(2)
        .new_wakers(2)
        .late_timers(2)
        .forbid_leaks()
        .check(300, |rt| async move {
            let semaphore = Arc::new(rt.semaphore(2).unwrap());
            let tasks = (0..5).map(|n| {
                let (rt, semaphore) = (rt.clone(), semaphore.clone());
                rt.clone().spawn(async move {
                    let permit = semaphore.acquire_many(1 + n % 2).await.unwrap();
                    rt.sleep(Duration::from_millis(1)).await;
                    drop(permit);
                })
            });
            for task in tasks.collect::<Vec<_>>() {
                task.await.unwrap();
            }
            assert_eq!(semaphore.available_permits(), 2);
        });
}

/// A future with a waker of its own is polled where that was woken and nowhere else: who lets others go first has to
/// wake it, too.
#[test]
fn one_of_several_in_a_task_may_let_others_go_first() {
    Sim::new().yields(2).check(100, |rt| async move {
        let (lock, event) = (Arc::new(rt.lock(0)), Arc::new(Event::new()));
        let mut set: FutureSet<_> = (0..2)
            .map(|_| {
                let (lock, event) = (lock.clone(), event.clone());
                async move {
                    event.wait().await;
                    *lock.lock().await += 1;
                }
            })
            .collect();
        drop(rt.spawn(async move { event.set() }));
        while set.next().await.is_some() {}
        assert_eq!(*lock.lock().await, 2);
    });
}

/// A schedule draws where a race begins its rounds but the first.
#[test]
fn either_of_two_that_are_ready_wins_a_race() {
    check(60, |rt| async move {
        let events = [(); 2].map(|()| Arc::new(Event::new()));
        for event in &events {
            let event = event.clone();
            drop(rt.spawn(async move { event.set() }));
        }
        let [one, other] = &events;
        let first = race!(
            async {
                one.wait().await;
                true
            },
            async {
                other.wait().await;
                false
            },
        );
        let both = one.is_set() && other.is_set();
        sometimes!(both && first);
        sometimes!(both && !first);
    });
}

/// One polls its timer with the task's own waker, the other through a `race!`, which has wakers of its own.
#[test]
fn timers_of_one_time_wake_in_the_order_in_which_they_were_set() {
    const SECOND: Duration = Duration::from_secs(1);
    for raced_first in [true, false] {
        let run = Sim::new()
            .schedule(Schedule::Fifo)
            .without_faults()
            .run(0, |rt| async move {
                let woken = Arc::new(Mutex::new(Vec::new()));
                let tasks = [raced_first, !raced_first, raced_first].map(|raced| {
                    let (soon, woken) = (rt.clone(), woken.clone());
                    rt.spawn(async move {
                        match raced {
                            true => race!(soon.sleep(SECOND), std::future::pending()),
                            false => soon.sleep(SECOND).await,
                        }
                        woken.lock().unwrap().push(raced);
                    })
                });
                for task in tasks {
                    task.await.unwrap();
                }
                let woken = woken.lock().unwrap();
                assert_eq!(*woken, [raced_first, !raced_first, raced_first]);
            });
        assert!(run.failure.is_none(), "{:?}", run.failure);
    }
}
