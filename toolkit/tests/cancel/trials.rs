//! Attempts, calls and what is for tests: what is dropped drops all that is inside.

use crate::kit::{Count, SECOND, nobody_stays, nothing_stays, step};
use anyrt_core::rt::Sleep;
use anyrt_sim::{SimRuntime, check_cancel};
use anyrt_toolkit::{
    resilience::{Boundary, BreakerState, CircuitBreaker, best_effort},
    retry::{Attempt, Backoff, Retry, RetryBudget, retry},
    testing::{CallEnd, MockFn, Watch},
};
use std::sync::Arc;

/// The third attempt succeeds.
async fn third(rt: SimRuntime, count: Count, attempt: Attempt) -> Result<usize, String> {
    let live = count.work(&rt).await;
    match attempt.number() {
        3 => Ok(live),
        _ => Err("not yet".to_owned()),
    }
}

/// Three attempts, as they are, or with limits of time that none of them reaches.
fn policies(budget: &RetryBudget) -> [Retry<String>; 2] {
    let plain = || {
        Retry::builder()
            .attempts(3)
            .backoff(Backoff::constant(SECOND))
            .budget(budget)
    };
    let limited = plain().attempt_timeout(SECOND).max_elapsed(60 * SECOND);
    [plain(), limited].map(|policy| policy.build().unwrap())
}

/// What was taken from the budget stays taken, and nothing else is.
pub(crate) fn retried() {
    for limited in [0, 1] {
        check_cancel(
            |_| async { (Count::default(), Count::default(), budget()) },
            |rt, (count, begun, budget)| async move {
                let attempt = |attempt: Attempt| {
                    if !attempt.is_first() {
                        begun.add();
                    }
                    third(rt.clone(), count.clone(), attempt)
                };
                let output = retry(&rt, &policies(&budget)[limited], attempt).await;
                assert_eq!(output.unwrap(), 1);
            },
            |_, (count, begun, budget)| async move {
                assert_eq!(count.get(), 0, "what was dropped is alive");
                let taken = (100 - budget.available()) as usize;
                // A retry that was waited for was not begun.
                let most = begun.get() + 1;
                assert!(
                    (begun.get()..=most).contains(&taken),
                    "{taken} of {begun:?}"
                );
            },
        );
    }
}

fn budget() -> RetryBudget {
    RetryBudget::new(100, 0.0).unwrap()
}

/// Its attempts fail, and the fallback takes their place.
pub(crate) fn boundary() {
    nothing_stays(|rt, count| async move {
        let boundary = Boundary::new()
            .retry(policies(&budget())[0].clone())
            .fallback(|error| error.attempts as usize * 100);
        let attempt = |_| {
            let work = count.work(&rt);
            async move { Err(work.await.to_string()) }
        };
        assert_eq!(boundary.run(&rt, attempt).await.unwrap(), 300);
        assert_eq!(count.get(), 0, "the last attempt is gone");
    });
}

pub(crate) fn best_efforts() {
    nobody_stays(|rt, count| async move {
        let outputs = best_effort(&rt, SECOND, [count.trial(&rt), count.trial(&rt)]).await;
        assert!(outputs.iter().all(Result::is_ok));
        assert_eq!(count.get(), 0);
    });
}

/// A breaker that lets one trial through.
async fn half_open(rt: SimRuntime) -> (CircuitBreaker<SimRuntime>, Count) {
    let breaker = CircuitBreaker::builder(&rt).open_for(SECOND).trials(1);
    let breaker = breaker.build().unwrap();
    breaker.open();
    rt.sleep(SECOND).await;
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    (breaker, Count::default())
}

/// The trial's place is another's, and nothing was counted.
async fn lets_through(breaker: CircuitBreaker<SimRuntime>, count: Count) {
    assert_eq!(count.get(), 0, "what was dropped is alive");
    assert_ne!(breaker.state(), BreakerState::Open);
    drop(breaker.begin().unwrap());
}

pub(crate) fn breaker_call() {
    check_cancel(
        half_open,
        |rt, (breaker, count)| async move {
            breaker.call(count.trial(&rt)).await.unwrap();
            assert_eq!(breaker.state(), BreakerState::Closed);
        },
        |_, (breaker, count)| lets_through(breaker, count),
    );
}

pub(crate) fn breaker_call_when() {
    check_cancel(
        half_open,
        |rt, (breaker, count)| async move {
            let work = count.work(&rt);
            let call = async move { Err::<(), _>(work.await) };
            breaker.call_when(call, |_| false).await.unwrap_err();
            assert_eq!(breaker.state(), BreakerState::Closed);
        },
        |_, (breaker, count)| lets_through(breaker, count),
    );
}

/// Each call has its line of the script, and the log knows how it ended.
pub(crate) fn mock_call() {
    check_cancel(
        |rt| async move {
            let script = (0..2).fold(MockFn::new(&rt), |mock, n| mock.then_after(SECOND, n));
            Arc::new(script)
        },
        |_, mock: Arc<MockFn<SimRuntime, u32, u32>>| async move {
            let line = 2 - mock.lines_left();
            assert_eq!(mock.call(7).await as usize, line);
            assert_eq!(mock.calls()[line].end.unwrap().0, CallEnd::Answered);
        },
        |_, mock| async move {
            let calls = mock.calls();
            assert_eq!(calls.len() + mock.lines_left(), 2);
            assert!(calls.iter().all(|call| call.end.is_some()), "{calls:?}");
        },
    );
}

pub(crate) fn watched() {
    check_cancel(
        |_| async { (Watch::new(), Count::default()) },
        |rt, (watch, count)| async move {
            watch.on(count.work(&rt)).await;
            step(&rt).await;
        },
        |_, (watch, count)| async move {
            assert_eq!((watch.inside(), count.get()), (0, 0));
            assert!(watch.exited() <= watch.entered());
        },
    );
}
