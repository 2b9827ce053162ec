//! Retries: when attempts begin, what ends them, what is left.

use crate::support::{Late, MS, SEC, ZERO, at, panics_of, poll_once};
use anyrt_core::{
    cancel::CancellationToken,
    context::Context,
    rt::{Clock, Sleep, Spawn},
    time::wait_for,
};
use anyrt_sim::check;
use anyrt_toolkit::{
    retry::{AttemptError, Backoff, GaveUp, Retry, RetryBudget, RetryBuilder, retry},
    testing::Watch,
};
use std::{
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

fn policy(set: impl FnOnce(RetryBuilder<u32>) -> RetryBuilder<u32>) -> Retry<u32> {
    let plain = Retry::builder().backoff(Backoff::exponential(MS * 50));
    set(plain).build().expect("it is permitted")
}

/// An attempt that fails with its own number.
async fn fails<R: Sleep>(rt: &R, takes: Duration, number: u32) -> Result<(), u32> {
    rt.sleep(takes).await;
    Err(number)
}

#[test]
fn attempts_begin_when_they_should() {
    check(20, |rt| async move {
        let policy = policy(|p| p.attempts(4));
        let mut begun = Vec::new();
        let error = retry(&rt, &policy, |attempt| {
            assert_eq!(attempt.is_first(), attempt.number() == 1);
            begun.push(at(&rt));
            fails(&rt, MS * 10, attempt.number())
        })
        .named("page")
        .await
        .expect_err("no attempt succeeds");
        assert_eq!(begun, [ZERO, MS * 60, MS * 170, MS * 380]);
        assert_eq!(error.attempts, 4, "the first included");
        assert_eq!(error.gave_up, GaveUp::Attempts);
        assert_eq!(error.last, AttemptError::Failed(4));
        assert_eq!(error.elapsed, MS * 390);
        assert_eq!(
            format!("{error:#}"),
            "page failed after 4 attempts in 390ms (no attempt is left): 4"
        );
        assert_eq!(error.into_last(), Some(4));
    });
}

#[test]
fn the_first_ok_ends_it() {
    check(20, |rt| async move {
        let policy = policy(|p| p.attempts(None));
        let mut left = 5;
        let output = retry(&rt, policy, |attempt| {
            left -= 1;
            let ok = left == 0;
            async move { if ok { Ok(attempt.number()) } else { Err(0) } }
        });
        assert_eq!(output.await, Ok(5));
        assert_eq!(at(&rt), MS * (50 + 100 + 200 + 400));
    });
}

#[test]
fn max_elapsed_covers_attempts_and_waits() {
    check(20, |rt| async move {
        // A wait that would reach the end is not begun.
        let waits = policy(|p| p.attempts(None).max_elapsed(MS * 150));
        let error = retry(&rt, &waits, |_| fails(&rt, ZERO, 7)).await;
        let error = error.expect_err("no attempt succeeds");
        assert_eq!((error.attempts, error.elapsed), (2, MS * 50));
        assert_eq!(error.gave_up, GaveUp::MaxElapsed);
        // Neither is one that would reach it to the nanosecond.
        let exact = policy(|p| p.max_elapsed(MS * 50));
        let error = retry(&rt, &exact, |_| async { Err::<(), _>(7) }).await;
        assert_eq!(error.expect_err("fails").attempts, 1);

        // An attempt that would go past it is dropped there, and could have known.
        let watch = Watch::new();
        let before = rt.now();
        let long = policy(|p| p.attempts(None).max_elapsed(MS * 90));
        let error = retry(&rt, &long, |attempt| {
            assert_eq!(watch.inside(), 0, "the attempt before has been dropped");
            let rt = rt.clone();
            watch.on(async move {
                let end = Context::current().deadline();
                assert_eq!(end, Some(before + MS * 90));
                rt.sleep(if attempt.is_first() { MS * 10 } else { SEC })
                    .await;
                Err::<(), _>(attempt.number())
            })
        })
        .named("page")
        .await
        .expect_err("no attempt succeeds");
        assert_eq!((error.attempts, error.elapsed), (2, MS * 90));
        assert_eq!(error.gave_up, GaveUp::MaxElapsed);
        assert_eq!(watch.inside(), 0);
        let AttemptError::TimedOut(elapsed) = &error.last else {
            panic!("{error:?}");
        };
        assert_eq!(elapsed.operation.as_deref(), Some("page"));
        assert_eq!(elapsed.elapsed, MS * 30, "of the second attempt");
    });
}

#[test]
fn an_attempt_has_a_limit_of_its_own() {
    check(20, |rt| async move {
        let asked = Arc::new(AtomicU32::new(0));
        let count = asked.clone();
        let policy = policy(|p| {
            p.attempt_timeout(MS * 20).when(move |_| {
                count.fetch_add(1, SeqCst);
                true
            })
        });
        let output = retry(&rt, &policy, |attempt| {
            let rt = &rt;
            async move {
                if attempt.is_first() {
                    rt.sleep(SEC).await;
                }
                Ok(attempt.number())
            }
        });
        assert_eq!(output.await, Ok(2));
        assert_eq!(at(&rt), MS * 70);
        assert_eq!(asked.load(SeqCst), 0, "a limit is no error of the caller's");
    });
}

#[test]
fn no_wait_goes_past_the_deadline() {
    check(20, |rt| async move {
        let policy = policy(|p| p.attempts(None));
        let attempts = retry(&rt, &policy, |_| fails(&rt, MS * 1, 7));
        let error = wait_for(&rt, MS * 151, attempts)
            .await
            .expect("it gives up before the limit ends it")
            .expect_err("no attempt succeeds");
        assert_eq!(error.gave_up, GaveUp::Deadline);
        // At 0, 51, and not at 152.
        assert_eq!((error.attempts, error.elapsed), (2, MS * 52));
        assert_eq!(at(&rt), MS * 52, "at once");
    });
}

#[test]
fn a_cancellation_ends_a_wait_and_is_not_retried() {
    // At 100 it races with the second attempt, which waits from 60 on.
    for cancel_at in [0, 5, 30, 100, 110] {
        check(40, |rt| async move {
            let token = CancellationToken::new();
            let canceller = rt.spawn({
                let (rt, token) = (rt.clone(), token.clone());
                async move {
                    rt.sleep(MS * cancel_at).await;
                    token.cancel_with("enough");
                }
            });
            let policy = policy(|p| p.attempts(None).backoff(Backoff::constant(MS * 50)));
            let begun = || assert!(!token.is_cancelled() || at(&rt) == ZERO);
            let attempts = retry(&rt, &policy, |attempt| {
                begun();
                fails(&rt, MS * 10, attempt.number())
            });
            let context = Context::current().with_token(token.clone());
            let error = context.scope(attempts).await.expect_err("cancelled");
            let GaveUp::Cancelled(reason) = &error.gave_up else {
                panic!("{error:?}");
            };
            assert_eq!(reason.text, "enough");
            // The attempt in hand ends as it will; a wait ends at once.
            let in_attempt = MS * (cancel_at % 60) < MS * 10;
            let end = if in_attempt {
                MS * (cancel_at / 60 * 60 + 10)
            } else {
                MS * cancel_at
            };
            assert_eq!(at(&rt), end);
            assert_eq!(error.last, AttemptError::Failed(error.attempts));
            canceller.await.expect("it ends");
        });
    }
}

#[test]
fn a_token_beats_a_timer_that_fires_at_the_same_time() {
    check(40, |rt| async move {
        let token = CancellationToken::new();
        let policy = policy(|p| p.backoff(Backoff::constant(MS * 50)));
        let attempts = retry(&rt, &policy, |attempt| async move {
            Err::<(), _>(attempt.number())
        });
        let mut attempts = pin!(Context::default().with_token(token.clone()).scope(attempts));
        assert!(poll_once(attempts.as_mut()).is_pending());
        rt.sleep(MS * 60).await;
        token.cancel();
        assert_eq!(attempts.await.expect_err("cancelled").attempts, 1);
    });
}

#[test]
fn the_errors_own_delay_overrides_the_backoff() {
    check(20, |rt| async move {
        let delays = [Some(MS * 700), None, Some(ZERO)];
        let policy = policy(|p| {
            p.attempts(4)
                .backoff(Backoff::constant(MS * 50).max_delay(MS * 50))
                .retry_after(move |n| delays[*n as usize - 1])
        });
        let mut begun = Vec::new();
        let error = retry(&rt, &policy, |attempt| {
            begun.push(at(&rt));
            async move { Err::<(), _>(attempt.number()) }
        });
        assert_eq!(error.await.expect_err("fails").attempts, 4);
        assert_eq!(begun, [ZERO, MS * 700, MS * 750, MS * 750]);
    });
}

#[test]
fn jitter_stays_in_its_bounds_below_a_second() {
    let seen = Mutex::new(Vec::new());
    check(200, |rt| {
        let seen = &seen;
        async move {
            let backoff = Backoff::constant(MS * 10).equal_jitter();
            let policy = policy(|p| p.attempts(2).backoff(backoff));
            let error = retry(&rt, &policy, |_| async { Err::<(), _>(1) }).await;
            let waited = error.expect_err("fails").elapsed;
            assert!((MS * 5..=MS * 10).contains(&waited), "{waited:?}");
            seen.lock().unwrap().push(waited);
        }
    });
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    seen.dedup();
    assert!(seen.len() > 150, "{} waits of 200 differ", seen.len());
    let (shortest, longest) = (seen[0], seen[seen.len() - 1]);
    assert!(longest - shortest > MS * 4, "{shortest:?} to {longest:?}");
}

#[test]
fn errors_that_are_refused_are_not_retried() {
    check(20, |rt| async move {
        let policy = policy(|p| p.attempts(9).when(|n| *n < 3));
        let attempts = retry(&rt, &policy, |attempt| async move {
            Err::<(), _>(attempt.number())
        });
        let error = attempts.await.expect_err("fails");
        assert_eq!((error.attempts, &error.gave_up), (3, &GaveUp::Refused));
    });
}

#[test]
fn calls_share_a_budget() {
    check(50, |rt| async move {
        let budget = RetryBudget::new(5, 0.5).expect("permitted");
        let policy = policy(|p| p.attempts(None).budget(&budget));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (rt, policy) = (rt.clone(), policy.clone());
                rt.clone().spawn(async move {
                    let error = retry(&rt, policy, |_| async { Err::<(), _>(1) }).await;
                    error.expect_err("fails")
                })
            })
            .collect();
        let mut attempts = 0;
        for task in tasks {
            let error = task.await.expect("it ends");
            assert_eq!(error.gave_up, GaveUp::Budget);
            attempts += error.attempts;
        }
        assert_eq!(attempts, 4 + 5, "first attempts are free");
        for _ in 0..2 {
            assert_eq!(budget.available(), 0);
            retry(&rt, &policy, |_| async { Ok(()) }).await.expect("ok");
        }
        assert_eq!(budget.available(), 1);
    });
}

#[test]
fn hooks_see_each_retry_and_the_end() {
    check(20, |rt| async move {
        let log = Arc::new(Mutex::new(Vec::new()));
        let (retries, ends) = (log.clone(), log.clone());
        let policy = policy(|p| {
            p.on_retry(move |r| {
                let line = format!("{} {:?} {:?}", r.attempt, r.error, r.delay);
                retries.lock().unwrap().push(line);
            })
            .on_give_up(move |error| ends.lock().unwrap().push(error.to_string()))
        });
        let attempts = retry(&rt, &policy, |attempt| async move {
            Err::<(), _>(attempt.number())
        });
        attempts.await.expect_err("fails");
        let log = log.lock().unwrap();
        assert_eq!(log[..2], ["1 Failed(1) 50ms", "2 Failed(2) 100ms"]);
        assert!(log[2].starts_with("operation failed after 3 attempts"));
        assert_eq!(log.len(), 3);
    });
}

#[test]
fn a_panic_unwinds_and_begins_nothing_again() {
    check(5, |rt| async move {
        let again = "a retry was polled again after it was ready";
        let made = AtomicU32::new(0);
        let operation = |_| {
            made.fetch_add(1, SeqCst);
            async { Err::<(), _>(1) }
        };
        let plain = policy(|p| p);
        let in_attempt = retry(&rt, &plain, |_| async {
            panic!("attempt") as Result<(), u32>
        });
        // An attempt's future says itself what it thinks of being polled again.
        assert_eq!(panics_of(in_attempt)[0], "attempt");
        let in_operation = retry(&rt, &plain, |n| -> std::future::Ready<Result<(), u32>> {
            panic!("operation {}", n.number())
        });
        assert_eq!(panics_of(in_operation), ["operation 1", again]);

        let predicate = policy(|p| p.when(|_| panic!("predicate")));
        assert_eq!(
            panics_of(retry(&rt, &predicate, operation)),
            ["predicate", again]
        );
        let after = policy(|p| p.retry_after(|_| panic!("after")));
        assert_eq!(panics_of(retry(&rt, &after, operation)), ["after", again]);
        let hook = policy(|p| p.on_retry(|_| panic!("hook")));
        assert_eq!(panics_of(retry(&rt, &hook, operation)), ["hook", again]);
        let end = policy(|p| p.attempts(1).on_give_up(|_| panic!("end")));
        assert_eq!(panics_of(retry(&rt, &end, operation)), ["end", again]);
        assert_eq!(made.load(SeqCst), 4);

        // The policy is none the worse.
        let calls = AtomicU32::new(0);
        let sometimes = policy(|p| p.on_retry(move |_| assert!(calls.fetch_add(1, SeqCst) > 0)));
        panics_of(retry(&rt, &sometimes, operation));
        let output = retry(&rt, &sometimes, |n| async move {
            n.is_first().then_some(()).ok_or(1)
        });
        assert_eq!(output.await, Ok(()));
    });
}

#[test]
fn at_the_end_of_time_no_wait_is_begun() {
    check(5, |rt| async move {
        let rt = Late::before_the_end(&rt, MS * 75);
        let policy = policy(|p| p.attempts(None));
        let error = retry(&rt, &policy, |_| async { Err::<(), _>(1) }).await;
        let error = error.expect_err("fails");
        assert_eq!((error.attempts, &error.gave_up), (2, &GaveUp::Deadline));

        let rt = Late::before_the_end(&anyrt_sim::SimRuntime::new(0), Duration::ZERO);
        let none = Retry::builder().attempts(None).backoff(Backoff::none());
        let none = none.build().expect("permitted");
        let error = retry(&rt, none, |_| async { Err::<(), _>(1) }).await;
        assert_eq!(error.expect_err("fails").gave_up, GaveUp::Deadline);
        // Limits that reach beyond it do not pass.
        let limited = Retry::<u32>::builder()
            .max_elapsed(SEC)
            .attempt_timeout(SEC);
        let limited = limited.build().expect("permitted");
        assert_eq!(retry(&rt, limited, |_| async { Ok(3) }).await, Ok(3));
    });
}
