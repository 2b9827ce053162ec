//! Boundaries and best effort: what is kept, what goes through.

use crate::support::{MS, at, panics_of};
use anyrt_core::{
    Instant,
    cancel::CancellationToken,
    context::Context,
    group::Cause,
    rt::{Runtime, Sleep},
};
use anyrt_sim::check;
use anyrt_toolkit::{
    resilience::{Boundary, best_effort},
    retry::{Backoff, GaveUp, Retry, RetryError},
    testing::Watch,
};
use std::{
    future::ready,
    sync::{Arc, Mutex},
};

/// An error that cannot be cloned.
#[derive(Debug, PartialEq)]
struct Refused(u32);

fn policy() -> Retry<Refused> {
    let policy = Retry::builder().backoff(Backoff::constant(MS));
    policy.build().expect("permitted")
}

#[test]
fn a_fallback_takes_the_place_of_an_error() {
    check(10, |rt| async move {
        let log = Arc::new(Mutex::new(Vec::new()));
        let [first, then] = [(); 2].map(|()| log.clone());
        let policy = Retry::builder()
            .backoff(Backoff::constant(MS))
            .on_give_up(move |_| first.lock().unwrap().push(0));
        let boundary = Boundary::new()
            .retry(policy.build().expect("permitted"))
            .on_error(move |error: &RetryError<Refused>| then.lock().unwrap().push(error.attempts))
            .catches(|refused: &Refused| refused.0 != 3)
            .fallback(|error| error.last().expect("it failed").0 * 100);
        let fails = |number| move |_| ready(Err(Refused(number)));
        assert_eq!(boundary.run(&rt, fails(7)).await, Ok(700));
        assert_eq!(at(&rt), MS * 2, "after all attempts");
        assert_eq!(boundary.clone().run(&rt, |_| ready(Ok(5))).await, Ok(5));
        let through = boundary
            .run(&rt, fails(3))
            .await
            .expect_err("it is not caught");
        assert_eq!(through.into_last(), Some(Refused(3)));
        assert_eq!(
            *log.lock().unwrap(),
            [0, 3, 0, 3],
            "the policy's hook first"
        );
    });
}

#[test]
fn without_anything_it_is_one_attempt() {
    check(10, |rt| async move {
        let boundary = Boundary::<(), Refused>::default();
        let error = boundary.run(&rt, |_| ready(Err(Refused(1)))).await;
        let error = error.expect_err("there is no fallback");
        assert_eq!((error.attempts, &error.gave_up), (1, &GaveUp::Attempts));
    });
}

#[test]
fn a_limit_that_passed_is_caught() {
    check(10, |rt| async move {
        let limited = Retry::builder()
            .max_elapsed(MS * 5)
            .build()
            .expect("permitted");
        let boundary = Boundary::new()
            .retry(limited)
            .catches(|_: &Refused| panic!("it is not asked"))
            .fallback(|_| 1);
        let pending = boundary.run(&rt, |_| std::future::pending());
        assert_eq!(pending.await, Ok(1));
        assert_eq!(at(&rt), MS * 5);
    });
}

#[test]
fn a_cancellation_and_a_panic_go_through() {
    check(10, |rt| async move {
        let boundary = Boundary::<u32, Refused>::new()
            .retry(policy())
            .fallback(|_| 1);
        let token = CancellationToken::new();
        token.cancel_with("enough");
        let attempts = boundary.run(&rt, |_| ready(Err(Refused(1))));
        let context = Context::default().with_token(token);
        let error = context.scope(attempts).await.expect_err("no fallback");
        assert!(matches!(error.gave_up, GaveUp::Cancelled(_)), "{error:?}");

        let panics = boundary.run(&rt, |_| async { panic!("attempt") });
        assert_eq!(panics_of(panics)[0], "attempt");
        let fails = |_| ready(Err(Refused(1)));
        for (boundary, text) in [
            (
                Boundary::<u32, Refused>::new().on_error(|_| panic!("hook")),
                "hook",
            ),
            (Boundary::new().fallback(|_| panic!("fallback")), "fallback"),
            (
                Boundary::new()
                    .catches(|_| panic!("catches"))
                    .fallback(|_| 1),
                "catches",
            ),
        ] {
            assert_eq!(panics_of(boundary.run(&rt, fails))[0], text);
            let ok = boundary.run(&rt, |_| ready(Ok(2)));
            assert_eq!(ok.await, Ok(2), "it is none the worse");
        }
    });
}

#[test]
fn it_can_be_spawned_by_generic_code() {
    fn spawned<R: Runtime>(rt: R) -> R::JoinHandle<bool> {
        let boundary = Boundary::<u32, Refused>::new().fallback(|_| 1);
        rt.clone().spawn(async move {
            let attempts = boundary.run(&rt, |_| ready(Err(Refused(1))));
            attempts.await.is_ok()
        })
    }
    check(1, |rt| async move {
        assert!(spawned(rt).await.expect("it ends"));
    });
}

#[test]
fn what_comes_in_time_is_taken() {
    check(30, |rt| async move {
        let watch = Watch::new();
        let futures = (1..=6).map(|n| {
            let rt = rt.clone();
            watch.on(async move {
                assert_eq!(
                    Context::current().deadline(),
                    Some(Instant::ORIGIN + MS * 4)
                );
                rt.sleep(MS * n).await;
                match n {
                    2 => Err(Refused(2)),
                    3 => panic!("three"),
                    n => Ok(n),
                }
            })
        });
        let settled = best_effort(&rt, MS * 4, futures).await;
        assert_eq!(at(&rt), MS * 4);
        assert_eq!(watch.inside(), 0, "the late ones have been dropped");
        assert!(
            matches!(settled[0], Ok(1)) && matches!(settled[3], Ok(4)),
            "{settled:?}"
        );
        let causes: Vec<_> = settled
            .into_iter()
            .filter_map(Result::err)
            .map(|e| e.cause)
            .collect();
        let [
            Cause::Failed(refused),
            Cause::Panicked(_),
            Cause::TimedOut(five),
            Cause::TimedOut(six),
        ] = &causes[..]
        else {
            panic!("{causes:?}");
        };
        assert_eq!(*refused, Refused(2));
        for late in [five, six] {
            assert_eq!(late.elapsed, MS * 4);
        }
        let none = best_effort(
            &rt,
            None,
            Vec::<std::future::Ready<Result<(), Refused>>>::new(),
        );
        assert!(none.await.is_empty());
    });
}
