//! The circuit breaker: its states, and its ugly cases.

use crate::support::{Late, MS, SEC, cut_after, panic_of, panics_of, poll_once};
use anyrt_core::{
    Instant,
    rt::{Clock, JoinHandle, Runtime, Sleep, Spawn},
};
use anyrt_sim::check;
use anyrt_toolkit::resilience::{
    BreakerBuilder, BreakerError, BreakerState, BreakerState::*, CircuitBreaker,
};
use std::{
    future::{pending, ready},
    mem,
    pin::pin,
    process::Command,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

fn breaker<R: Runtime>(
    rt: &R,
    set: impl FnOnce(BreakerBuilder<R>) -> BreakerBuilder<R>,
) -> CircuitBreaker<R> {
    let plain = CircuitBreaker::builder(rt).open_for(SEC);
    set(plain).build().expect("it is permitted")
}

async fn fail<R: Runtime>(breaker: &CircuitBreaker<R>, times: u32) {
    for n in 0..times {
        let failed = breaker.call(ready(Err::<(), _>(n))).await;
        assert_eq!(failed, Err(BreakerError::Failed(n)));
    }
}

async fn succeed<R: Runtime>(breaker: &CircuitBreaker<R>) {
    assert_eq!(breaker.call(ready(Ok::<_, ()>(1))).await, Ok(1));
}

fn retry_at<R: Runtime>(breaker: &CircuitBreaker<R>) -> Duration {
    let open = breaker.begin().map(|_| ()).expect_err("it is open");
    open.retry_at - Instant::ORIGIN
}

#[test]
fn an_open_one_makes_no_call_and_says_when_to_come_back() {
    check(10, |rt| async move {
        let breaker = breaker(&rt, |b| b.failures_in_a_row(3));
        fail(&breaker, 2).await;
        succeed(&breaker).await;
        fail(&breaker, 2).await;
        assert_eq!(breaker.state(), Closed, "three, but not in a row");
        fail(&breaker, 1).await;
        assert_eq!(breaker.state(), Open);
        let polled = async { panic!("it was polled") as Result<(), ()> };
        let refused = breaker.call(polled).await.expect_err("it is open");
        assert!(refused.is_open());
        assert_eq!(refused.to_string_of_open(), "the circuit breaker is open");
        assert_eq!(retry_at(&breaker), SEC);
        rt.sleep(SEC - MS).await;
        assert_eq!(breaker.state(), Open);
        rt.sleep(MS).await;
        assert_eq!(breaker.state(), HalfOpen);
        succeed(&breaker).await;
        assert_eq!(breaker.state(), Closed);
        // What had failed before is forgotten.
        fail(&breaker, 2).await;
        assert_eq!(breaker.state(), Closed);
    });
}

trait OpenText {
    fn to_string_of_open(&self) -> String;
}

impl OpenText for BreakerError<()> {
    fn to_string_of_open(&self) -> String {
        match self {
            Self::Open(open) => open.to_string(),
            Self::Failed(()) => String::new(),
        }
    }
}

#[test]
fn trials_are_few_and_all_have_to_succeed() {
    check(10, |rt| async move {
        let breaker = breaker(&rt, |b| b.trials(2));
        breaker.open();
        rt.sleep(SEC).await;
        let trials = [breaker.begin(), breaker.begin()];
        let [Ok(one), Ok(other)] = trials else {
            panic!("two trials");
        };
        assert_eq!(breaker.state(), Open, "no third");
        assert_eq!(retry_at(&breaker), SEC * 2);
        one.succeeded();
        assert_eq!(
            breaker.state(),
            Open,
            "one has succeeded, one runs, and two are enough"
        );
        // One that is dropped leaves its place.
        drop(other);
        assert_eq!(breaker.state(), HalfOpen);
        succeed(&breaker).await;
        assert_eq!(breaker.state(), Closed);

        breaker.open();
        rt.sleep(SEC).await;
        let slow = breaker.begin().expect("a trial");
        fail(&breaker, 1).await;
        assert_eq!((breaker.state(), retry_at(&breaker)), (Open, SEC * 3));
        // What began before it opened again counts no more.
        slow.succeeded();
        assert_eq!(breaker.state(), Open);
    });
}

#[test]
fn a_leaked_trial_stops_nobody_for_ever() {
    check(10, |rt| async move {
        let breaker = breaker(&rt, |b| b);
        breaker.open();
        rt.sleep(SEC).await;
        mem::forget(breaker.begin());
        assert_eq!(breaker.state(), Open);
        rt.sleep(SEC).await;
        succeed(&breaker).await;
        assert_eq!(breaker.state(), Closed);
    });
}

#[test]
fn late_ends_of_an_earlier_time_count_no_more() {
    check(10, |rt| async move {
        let breaker = breaker(&rt, |b| b.failures_in_a_row(1));
        let early = [
            breaker.begin().expect("closed"),
            breaker.begin().expect("closed"),
        ];
        fail(&breaker, 1).await;
        assert_eq!(breaker.state(), Open);
        rt.sleep(MS * 500).await;
        let [one, other] = early;
        one.failed();
        assert_eq!(retry_at(&breaker), SEC, "it opened once");
        breaker.close();
        other.failed();
        assert_eq!(breaker.state(), Closed);
    });
}

#[test]
fn errors_that_do_not_count_are_successes() {
    check(10, |rt| async move {
        let breaker = breaker(&rt, |b| b.failures_in_a_row(2));
        for _ in 0..9 {
            let call = breaker.call_when(ready(Err::<(), _>(404)), |code| *code >= 500);
            assert_eq!(call.await, Err(BreakerError::Failed(404)));
        }
        for _ in 0..2 {
            let call = breaker.call_when(ready(Err::<(), _>(503)), |code| *code >= 500);
            assert_eq!(call.await, Err(BreakerError::Failed(503)));
        }
        assert_eq!(breaker.state(), Open);
    });
}

#[test]
fn panics_are_failures_and_dropped_calls_are_nothing() {
    check(10, |rt| async move {
        let again = "a call was polled again after it was ready";
        let breaker = breaker(&rt, |b| b.failures_in_a_row(2));
        // Also where the future outlives its panic.
        let mut panics = pin!(breaker.call(std::future::poll_fn(|_| panic!("call"))));
        let typed = |p| -> bool { matches!(p, Poll::Ready(Ok::<(), BreakerError<()>>(()))) };
        assert_eq!(panic_of(|| typed(poll_once(panics.as_mut()))), "call");
        let predicate = breaker.call_when(ready(Err::<(), _>(1)), |_| panic!("predicate"));
        assert_eq!(panics_of(predicate), ["predicate", again]);
        assert_eq!(breaker.state(), Open, "two panics are two failures");

        rt.sleep(SEC).await;
        for polls in 0..3 {
            // It is woken, and has nothing.
            let pends = std::future::poll_fn(|cx| {
                cx.waker().wake_by_ref();
                Poll::<Result<(), ()>>::Pending
            });
            let pends = breaker.call(pends);
            assert!(cut_after(polls, pends).await.is_none());
            assert_eq!(breaker.state(), HalfOpen, "the place is free again");
        }
        let aborted = rt.spawn({
            let breaker = breaker.clone();
            async move { breaker.call(pending::<Result<(), ()>>()).await }
        });
        rt.sleep(MS).await;
        assert_eq!(breaker.state(), Open);
        aborted.abort();
        assert!(aborted.await.is_err());
        succeed(&breaker).await;
        assert_eq!(breaker.state(), Closed);
    });
}

#[test]
fn a_call_that_the_panic_of_another_drops_is_nothing() {
    check(10, |rt| async move {
        let breaker = breaker(&rt, |b| b.failures_in_a_row(1));
        for trial in [false, true] {
            let before = breaker.state();
            let message = panic_of(|| {
                let mut call = pin!(breaker.call(pending::<Result<(), ()>>()));
                assert!(poll_once(call.as_mut()).is_pending());
                panic!("another")
            });
            assert_eq!((message.as_str(), breaker.state()), ("another", before));
            if !trial {
                breaker.open();
                rt.sleep(SEC).await;
            }
        }
        assert_eq!(breaker.state(), HalfOpen, "the place is free again");
    });
}

#[test]
fn the_hook_hears_of_each_change_and_may_panic() {
    check(10, |rt| async move {
        let log = Arc::new(Mutex::new(Vec::<(BreakerState, BreakerState)>::new()));
        let heard = log.clone();
        let breaker = breaker(&rt, |b| {
            b.failures_in_a_row(1).on_change(move |from, to| {
                heard.lock().unwrap().push((from, to));
                assert!(to != Closed, "hook");
            })
        });
        fail(&breaker, 1).await;
        rt.sleep(SEC).await;
        let hook = panics_of(breaker.call(ready(Ok::<_, ()>(()))));
        assert_eq!(hook[0], "hook");
        assert_eq!(breaker.state(), Closed, "the change stays");
        assert_eq!(
            *log.lock().unwrap(),
            [(Closed, Open), (Open, HalfOpen), (HalfOpen, Closed)]
        );
    });
}

#[test]
fn a_hook_that_panics_at_half_open_costs_no_trial() {
    check(1, |rt| async move {
        let breaker = breaker(&rt, |b| {
            b.failures_in_a_row(1)
                .on_change(|_, to| assert!(to != HalfOpen, "hook"))
        });
        for _ in 0..2 {
            fail(&breaker, 1).await;
            rt.sleep(SEC).await;
            assert_eq!(panic_of(|| breaker.begin().is_ok()), "hook");
            assert_eq!(breaker.state(), HalfOpen, "its place is free");
        }
        let trial = breaker.begin().expect("the place is free");
        assert!(breaker.begin().is_err(), "it is one place");
        trial.succeeded();
        assert_eq!(breaker.state(), Closed);
    });
}

#[test]
fn at_the_end_of_time_it_stays_open() {
    check(3, |rt| async move {
        let late = Late::before_the_end(&rt, MS * 500);
        let breaker = breaker(&late, |b| b.failures_in_a_row(1).failure_rate(1.0, SEC, 1));
        fail(&breaker, 1).await;
        let open = breaker.begin().map(drop).expect_err("open");
        assert_eq!(open.retry_at, Instant::MAX);
        rt.sleep(SEC).await;
        assert_eq!((breaker.state(), late.now()), (Open, Instant::MAX));
        breaker.close();
        succeed(&breaker).await;
    });
}

/// In a process of its own: it was the process that a panic within a panic ended.
#[test]
fn a_call_that_panics_opens_it_though_the_hook_panics() {
    const CHILD: &str = "ANYRT_BREAKER_CHILD";
    if std::env::var_os(CHILD).is_none() {
        let name = "breaker::a_call_that_panics_opens_it_though_the_hook_panics";
        let child = Command::new(std::env::current_exe().expect("it runs"))
            .args([name, "--exact"])
            .env(CHILD, "1")
            .output()
            .expect("it runs again");
        assert!(child.status.success(), "{child:?}");
        let text = String::from_utf8_lossy(&child.stdout);
        assert!(text.contains("1 passed"), "{text}");
        return;
    }
    check(1, |rt| async move {
        let breaker = breaker(&rt, |b| {
            b.failures_in_a_row(1).on_change(|_, _| panic!("the hook"))
        });
        let call = breaker.call(async { panic!("the call") as Result<(), ()> });
        let mut call = pin!(call);
        assert_eq!(panic_of(|| poll_once(call.as_mut()).is_ready()), "the call");
        assert_eq!(breaker.state(), Open);
    });
}
