//! The rate limiter where callers are late for their turns: the bound holds at the times at which they go on.

use crate::support::{MS, SEC, assert_windows, at, poll_once};
use anyrt_core::{
    Instant,
    context::Context,
    rt::{Clock, Entropy, JoinHandle, Runtime, Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::{Sim, SimRuntime, check, sometimes};
use anyrt_toolkit::limit::{Quota, RateLimiter};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

fn limiter<R: Runtime>(rt: &R, quota: Quota) -> RateLimiter<R> {
    RateLimiter::new(rt, quota).expect("it is permitted")
}

fn draw(rt: &impl Entropy, end: u32) -> u32 {
    u32::try_from(rt.random_u64() % u64::from(end)).expect("it is small")
}

/// Who began, when, and with what weight.
type Log = Arc<Mutex<Vec<(usize, Instant, u32)>>>;

type Tasks = Vec<<SimRuntime as Spawn>::JoinHandle<()>>;

/// So many tasks, in the line one after the other, where so many wait already.
async fn queue(
    rt: &SimRuntime,
    limiter: &RateLimiter<SimRuntime>,
    before: usize,
    tasks: usize,
) -> (Log, Tasks) {
    let log = Log::default();
    let mut queued = Vec::new();
    for n in 0..tasks {
        let (now, log) = (rt.clone(), log.clone());
        let turn = limiter.clone();
        queued.push(rt.spawn(async move {
            turn.acquire().await.expect("its turn comes");
            log.lock().unwrap().push((n, now.now(), 1));
        }));
        // `finish_non_exhaustive` has something behind it.
        let waiting = format!("waiting: {},", before + n + 1);
        while !format!("{limiter:?}").contains(&waiting) {
            yield_now().await;
        }
    }
    (log, queued)
}

fn windows(log: &Log, burst: u32, token: Duration) {
    let log: Vec<_> = log
        .lock()
        .unwrap()
        .iter()
        .map(|one| (one.1, one.2))
        .collect();
    assert_windows(&log, burst, token);
}

#[test]
fn after_a_stall_a_burst_passes_and_then_the_rate_in_order() {
    check(200, |rt| async move {
        let burst = 1 + draw(&rt, 5);
        let limiter = limiter(&rt, Quota::new(1, MS).burst(burst));
        limiter.acquire_many(burst).await.expect("it is full");
        let (log, tasks) = queue(&rt, &limiter, 0, 100).await;
        rt.stall(SEC);
        for task in tasks {
            task.await.expect("it ends");
        }
        windows(&log, burst, MS);
        for &(n, when, _) in log.lock().unwrap().iter() {
            let behind = (n as u32 + 1).saturating_sub(burst);
            assert_eq!(when - Instant::ORIGIN, SEC + MS * behind, "{n}");
        }
    });
}

#[test]
fn two_of_which_one_is_late_begin_a_token_apart() {
    check(50, |rt| async move {
        let limiter = limiter(&rt, Quota::new(1, MS * 100).burst(1));
        limiter.acquire().await.expect("it is full");
        let mut late = Box::pin(limiter.acquire());
        assert!(poll_once(late.as_mut()).is_pending());
        let next = rt.spawn({
            let (rt, limiter) = (rt.clone(), limiter.clone());
            async move {
                limiter.acquire().await.expect("its turn comes");
                at(&rt)
            }
        });
        rt.sleep(MS * 150).await;
        late.await.expect("its turn has come");
        assert_eq!(at(&rt), MS * 150);
        assert_eq!(next.await.expect("it ends"), MS * 250);
    });
}

/// Whoever stands still, is polled when it likes, or leaves meanwhile.
#[test]
fn no_window_has_more_than_its_share_however_late_they_are() {
    let faults = Sim::new().late_timers(4).spurious_polls(4);
    faults.check(300, |rt| async move {
        let burst = 1 + draw(&rt, 5);
        let limiter = limiter(&rt, Quota::new(1, MS).burst(burst));
        let log = Log::default();
        let tasks: Vec<_> = (0..30)
            .map(|n| {
                let (rt, limiter, log) = (rt.clone(), limiter.clone(), log.clone());
                rt.clone().spawn(async move {
                    rt.sleep(MS * draw(&rt, 30)).await;
                    let weight = 1 + draw(&rt, burst);
                    let mut turn = Box::pin(limiter.acquire_many(weight));
                    let begun = match draw(&rt, 8) {
                        0 => limiter.try_acquire_many(weight).is_ok(),
                        // It looks when it likes to, and may leave.
                        1 | 2 => {
                            let mut ready = false;
                            for _ in 0..4 {
                                ready = ready || poll_once(turn.as_mut()).is_ready();
                                if ready {
                                    break;
                                }
                                rt.sleep(MS * draw(&rt, 40)).await;
                            }
                            ready
                        }
                        _ => turn.await.is_ok(),
                    };
                    if begun {
                        log.lock().unwrap().push((n, rt.now(), weight));
                    }
                })
            })
            .collect();
        for _ in 0..4 {
            rt.sleep(MS * draw(&rt, 30)).await;
            rt.stall(MS * draw(&rt, 60));
        }
        for task in tasks {
            task.await.expect("it ends");
        }
        windows(&log, burst, MS);
        sometimes!(log.lock().unwrap().len() < 30);
    });
}

/// Of many, each second one is never polled again: they cost their tokens, and once no more than twice the 10 ms for
/// which those who are late are waited for.
#[test]
fn behind_many_that_are_leaked_turns_come_in_time() {
    for token in [MS * 200, MS, Duration::from_micros(10)] {
        check(30, move |rt| async move {
            let limiter = &*Box::leak(Box::new(limiter(&rt, Quota::new(1, token).burst(1))));
            limiter.acquire().await.expect("it is full");
            for _ in 0..100 {
                let mut leaked = Box::pin(limiter.acquire());
                assert!(poll_once(leaked.as_mut()).is_pending());
                std::mem::forget(leaked);
            }
            let (log, tasks) = queue(&rt, limiter, 100, 10).await;
            for task in tasks {
                task.await.expect("it ends");
            }
            windows(&log, 1, token);
            for (place, &(n, when, _)) in log.lock().unwrap().iter().enumerate() {
                assert_eq!(place, n);
                let turn = token * (101 + n as u32);
                let late = (when - Instant::ORIGIN) - turn;
                assert!(late <= MS * 20, "{n} is {late:?} late");
            }
        });
    }
}

#[test]
fn who_was_passed_by_takes_its_place_again() {
    check(50, |rt| async move {
        let limiter = limiter(&rt, Quota::per_second(1).burst(1));
        limiter.acquire().await.expect("it is full");
        let mut late = [(); 2].map(|()| Box::pin(limiter.acquire()));
        for one in &mut late {
            assert!(poll_once(one.as_mut()).is_pending());
        }
        let (log, tasks) = queue(&rt, &limiter, 2, 2).await;
        rt.sleep(MS * 3500).await;
        // The first of them has gone on, for two had not come.
        assert_eq!(log.lock().unwrap().len(), 1);
        let [first, second] = late;
        first.await.expect("its turn comes");
        assert_eq!(at(&rt), MS * 4010);
        second.await.expect("its turn comes");
        assert_eq!(at(&rt), MS * 5010);
        for task in tasks {
            task.await.expect("it ends");
        }
        assert_eq!(at(&rt), MS * 6010);
        windows(&log, 1, SEC);
    });
}

#[test]
fn who_was_passed_by_and_comes_goes_before_those_who_have_not() {
    check(5, |rt| async move {
        let limiter = limiter(&rt, Quota::per_second(1).burst(1));
        limiter.acquire().await.expect("it is full");
        let [mut first, mut second] = [(); 2].map(|()| Box::pin(limiter.acquire()));
        assert!(poll_once(first.as_mut()).is_pending() && poll_once(second.as_mut()).is_pending());
        for look in [MS * 2000, MS * 2010] {
            rt.sleep_until(Instant::ORIGIN + look).await;
            assert!(limiter.try_acquire().is_err());
        }
        // The second is called, in the place of the first.
        assert!(poll_once(first.as_mut()).is_ready());
        assert!(poll_once(second.as_mut()).is_pending());
        second.await.expect("its turn comes");
        assert_eq!(at(&rt), MS * 3010);
    });
}

/// The first is so late that the second, which is leaked, would be past its deadline, and so would the third, behind it.
#[test]
fn who_is_late_by_anothers_fault_makes_room_for_those_behind_at_once() {
    check(20, |rt| async move {
        let limiter = &*Box::leak(Box::new(limiter(&rt, Quota::per_second(1).burst(3))));
        limiter.acquire_many(3).await.expect("it is full");
        let by = |millis: u32| Context::default().with_deadline(Instant::ORIGIN + MS * millis);
        let mut late = Box::pin(limiter.acquire());
        assert!(poll_once(late.as_mut()).is_pending());
        let mut leaked = Box::pin(by(4500).scope(limiter.acquire_many(3)));
        assert!(poll_once(leaked.as_mut()).is_pending());
        std::mem::forget(leaked);
        let (now, behind) = (rt.clone(), by(5500));
        let third = rt.spawn(async move {
            let passed = behind.scope(limiter.acquire()).await;
            (passed, at(&now))
        });
        rt.sleep(MS * 4900).await;
        assert!(poll_once(late.as_mut()).is_ready());
        let (passed, when) = third.await.expect("it ends");
        // It may be polled before its turn.
        assert!(
            passed.is_ok() && when >= MS * 4900 && when <= SEC * 5,
            "{when:?}"
        );
    });
}

/// When the last in line has its turn, behind those who leave and those who are not polled again.
async fn behind_the_busy(rt: &SimRuntime, leave: usize, busy: usize, given_back: u32) -> Duration {
    let limiter = limiter(rt, Quota::per_second(1).burst(2));
    limiter.acquire_many(2).await.expect("it is full");
    let began = rt.now();
    let (_, leaving) = queue(rt, &limiter, 0, leave).await;
    let mut never_again = Vec::new();
    for _ in 0..busy {
        let mut turn = Box::pin(limiter.acquire());
        assert!(poll_once(turn.as_mut()).is_pending());
        never_again.push(turn);
    }
    let (log, _last) = queue(rt, &limiter, leave + busy, 1).await;
    rt.sleep(SEC / 2).await;
    leaving.iter().for_each(JoinHandle::abort);
    limiter.refund(given_back);
    rt.sleep(SEC * 600).await;
    let log = log.lock().unwrap();
    log.first().expect("its turn comes").1 - began
}

#[test]
fn behind_those_who_are_busy_nobody_is_late_for_those_who_left() {
    check(20, |rt| async move {
        // A look for the busy one, another one; and what nobody is woken for.
        let patience = MS * 30;
        for leave in [0, 1, 2, 3, 100] {
            let last = behind_the_busy(&rt, leave, 1, 0).await;
            assert!(last <= SEC * 2 + patience, "{leave}: {last:?}");
        }
        for busy in 1..5 {
            let last = behind_the_busy(&rt, 0, busy, 1).await;
            let turn = SEC * u32::try_from(busy).unwrap();
            assert!(last <= turn + patience, "{busy}: {last:?}");
        }
    });
}

#[test]
fn at_a_high_rate_nobody_is_late_by_what_left_bit_by_bit() {
    check(20, |rt| async move {
        let limiter = limiter(&rt, Quota::per_second(1000).burst(1));
        limiter.acquire().await.expect("it is full");
        let (_, leaving) = queue(&rt, &limiter, 0, 500).await;
        let mut busy = Box::pin(limiter.acquire());
        assert!(poll_once(busy.as_mut()).is_pending());
        let (log, _last) = queue(&rt, &limiter, 501, 1).await;
        for one in &leaving {
            one.abort();
            yield_now().await;
        }
        rt.sleep(SEC).await;
        let last = log.lock().unwrap()[0].1 - Instant::ORIGIN;
        assert!(last <= MS * 40, "{last:?}");
    });
}
