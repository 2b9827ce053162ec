//! How operations end.

use crate::kit::MS;
use anyrt_core::{
    Instant, JoinError,
    cancel::{Cancellable, CancellationToken},
    error::Panic,
    rt::{Clock, JoinHandle, Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::check;
use anyrt_toolkit::operation::{Operation, Outcome, Tracker};
use std::{
    any::Any,
    future::{Future, pending, poll_fn, ready},
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

fn outcomes(tracker: &Tracker) -> Vec<Outcome> {
    assert_eq!(tracker.running(), []);
    let finished = tracker.finished().into_iter();
    finished.map(|one| one.outcome).collect()
}

fn panicked(text: &str) -> Outcome {
    Outcome::Panicked(text.to_owned())
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn message(payload: Box<dyn Any + Send>) -> String {
    Panic::new(payload).message().to_owned()
}

/// What a poll panics with.
fn panic_of<F: Future + ?Sized>(future: Pin<&mut F>) -> String {
    let mut cx = Context::from_waker(Waker::noop());
    let polled = catch_unwind(AssertUnwindSafe(|| future.poll(&mut cx).is_ready()));
    message(polled.expect_err("it panics"))
}

/// Panics when it is dropped.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any(self.0);
    }
}

#[test]
fn outputs_errors_and_cancellations() {
    check(20, |rt| async move {
        let tracker = Tracker::new(9);
        let operation = || Operation::new("op").tracker(&tracker);
        let began = rt.now();
        let slow = async {
            rt.sleep(MS * 5).await;
            Err::<(), _>("late")
        };
        assert_eq!(operation().run(&rt, ready(3)).await, 3);
        assert_eq!(operation().try_run(&rt, slow).await, Err("late"));
        let token = CancellationToken::new();
        token.cancel();
        let given_up = pending::<()>().cancellable(&token);
        assert!(operation().try_run(&rt, given_up).await.is_err());
        let joined = ready(Err::<(), _>(JoinError::Cancelled));
        assert!(operation().try_run(&rt, joined).await.is_err());
        let judge = |status: &u16| match status {
            500.. => Outcome::Error(format!("status {status}")),
            _ => Outcome::Success,
        };
        for status in [200, 503] {
            let output = operation().run_with(&rt, ready(status), judge).await;
            assert_eq!(output, status);
        }
        let wanted = [
            Outcome::Success,
            Outcome::Error("late".to_owned()),
            Outcome::Cancelled,
            Outcome::Cancelled,
            Outcome::Success,
            Outcome::Error("status 503".to_owned()),
        ];
        assert_eq!(outcomes(&tracker), wanted);
        let late = &tracker.finished()[1];
        assert_eq!((late.started, late.duration), (began, MS * 5));
        let counts = tracker.counts("op");
        assert_eq!((counts.success, counts.error, counts.cancelled), (2, 2, 2));
        assert_eq!((counts.panicked, counts.total()), (0, 6));
    });
}

#[test]
fn the_end_comes_once_the_future_is_gone() {
    /// Looks at what is under way when it is dropped.
    struct Looks(Tracker);
    impl Drop for Looks {
        fn drop(&mut self) {
            let inner = Tracker::current().expect("it is dropped inside");
            assert_eq!((inner.running().len(), self.0.finished().len()), (1, 0));
        }
    }
    check(5, |rt| async move {
        for polls in [0, 1, 2] {
            let tracker = Tracker::new(9);
            let looks = Looks(tracker.clone());
            // What an async block holds goes with its last poll; what a closure holds, with the closure.
            let mut yields = Box::pin(yield_now());
            let work = poll_fn(move |cx| {
                let _looks = &looks;
                yields.as_mut().poll(cx)
            });
            let mut work = Box::pin(Operation::new("op").tracker(&tracker).run(&rt, work));
            for _ in 0..polls {
                let _ = poll(work.as_mut());
            }
            if polls == 0 {
                // Never begun, it is dropped outside of any operation.
                work.as_mut().await;
            }
            drop(work);
            let wanted = [Outcome::Success, Outcome::Cancelled, Outcome::Success];
            assert_eq!(outcomes(&tracker), wanted[polls..=polls]);
        }
    });
}

#[test]
fn panics_go_on_and_are_told() {
    check(5, |rt| async move {
        let tracker = Tracker::new(9);
        let operation = || Operation::new("op").tracker(&tracker);

        let work = operation().run(&rt, async { panic_any("in a poll") });
        let mut work: Pin<Box<dyn Future<Output = ()>>> = Box::pin(work);
        assert_eq!(panic_of(work.as_mut()), "in a poll");

        let bomb = Bomb("in its destructor");
        let held = poll_fn(move |_| {
            let _bomb = &bomb;
            Poll::Ready(())
        });
        assert_eq!(
            panic_of(pin!(operation().run(&rt, held))),
            "in its destructor"
        );

        let judge = |_: &()| -> Outcome { panic_any("in the judge") };
        let judged = operation().run_with(&rt, ready(()), judge);
        assert_eq!(panic_of(pin!(judged)), "in the judge");

        let bomb = Bomb("given up");
        let held = async move {
            let _bomb = &bomb;
            pending::<()>().await;
        };
        let mut work = Some(Box::pin(operation().run(&rt, held)));
        let first = work.as_mut().map(|work| poll(work.as_mut()));
        assert_eq!(first, Some(Poll::Pending));
        let dropped = catch_unwind(AssertUnwindSafe(|| work = None));
        assert_eq!(message(dropped.expect_err("it panics")), "given up");

        let wanted = ["in a poll", "in its destructor", "in the judge", "given up"];
        assert_eq!(outcomes(&tracker), wanted.map(panicked));
    });
}

/// Its poll panics, its destructor panics, and so does the destructor of what that panics with.
struct Thrice;

impl Future for Thrice {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        panic!("first")
    }
}

impl Drop for Thrice {
    fn drop(&mut self) {
        struct Third;
        impl Drop for Third {
            fn drop(&mut self) {
                panic!("third");
            }
        }
        panic_any(Third);
    }
}

#[test]
fn the_first_of_three_panics_goes_on() {
    check(1, |rt| async move {
        let tracker = Tracker::new(9);
        let mut panics = Box::pin(Operation::new("op").tracker(&tracker).run(&rt, Thrice));
        assert_eq!(panic_of(panics.as_mut()), "first");
        assert_eq!(outcomes(&tracker), [panicked("first")]);
    });
}

#[test]
fn who_is_dropped_by_anothers_panic_was_cancelled() {
    check(5, |rt| async move {
        let tracker = Tracker::new(9);
        let work = Operation::new("op")
            .tracker(&tracker)
            .run(&rt, pending::<()>());
        let task = rt.spawn(async move {
            let mut work = pin!(work);
            let panics = poll_fn(|cx| -> Poll<()> {
                assert!(work.as_mut().poll(cx).is_pending());
                panic_any("another's")
            });
            panics.await;
        });
        assert!(task.await.expect_err("it panics").is_panic());
        assert_eq!(outcomes(&tracker), [Outcome::Cancelled]);
    });
}

#[test]
fn polled_again_it_panics_like_any_future() {
    check(1, |rt| async move {
        for tracked in [false, true] {
            let tracker = Tracker::new(1);
            let mut operation = Operation::new("op");
            if tracked {
                operation = operation.tracker(&tracker);
            }
            let mut work = pin!(operation.run(&rt, ready(())));
            assert!(poll(work.as_mut()).is_ready());
            let again = panic_of(work.as_mut());
            assert_eq!(again, "an operation was polled again after it was ready");
        }
    });
}

#[test]
fn aborted_tasks_are_cancelled_operations() {
    check(50, |rt| async move {
        let tracker = Tracker::new(9);
        let forever = Operation::new("op")
            .tracker(&tracker)
            .run(&rt, pending::<()>());
        let task = rt.spawn(forever);
        rt.sleep(MS * 3).await;
        assert_eq!(tracker.running()[0].started, Instant::ORIGIN);
        task.abort();
        assert!(task.await.expect_err("it was aborted").is_cancelled());
        assert_eq!(outcomes(&tracker), [Outcome::Cancelled]);
        assert_eq!(tracker.finished()[0].duration, MS * 3);
    });
}
