//! What fails where nobody looks is told all the same.

use super::{Count, SECOND};
use anyrt_core::{
    group::Cause,
    rt::{Sleep, Timeout},
};
use anyrt_sim::check;
use anyrt_toolkit::{
    lifecycle::{App, Background, StopReason, Stopping},
    resource::ExitStack,
};
use futures_core::Stream;
use std::{
    convert::Infallible,
    error::Error,
    fmt::{self, Display},
    future::pending,
    io,
    panic::{panic_any, resume_unwind},
    pin::Pin,
    task::{Context, Poll},
};

#[test]
fn closes_that_failed_before_the_clean_up_was_abandoned() {
    check(100, |rt| async move {
        let report = App::new(&rt)
            .close_timeout(100 * SECOND)
            .run(|app| async move {
                let asks = app.clone();
                app.defer("never called", || async { io::Result::Ok(()) });
                app.defer("hangs", || async move {
                    asks.rt().sleep(SECOND).await;
                    asks.abort("enough");
                    pending::<io::Result<()>>().await
                });
                app.defer("fails", || async { Err(io::Error::other("disk full")) });
                Ok::<_, Infallible>(())
            });
        let report = report.await;
        assert_eq!((report.abandoned, report.closes.len()), (2, 1), "{report}");
        assert!(report.to_string().contains("disk full"), "{report}");
    });
}

#[test]
fn closes_that_failed_before_their_stack_was_dropped() {
    check(100, |rt| async move {
        let heard = Count::default();
        let hook = heard.clone();
        let stack = ExitStack::new(&rt).on_close_error(move |_| {
            hook.up();
        });
        let slow = rt.clone();
        stack.defer("slow", move || async move {
            slow.sleep(2 * SECOND).await;
            Err(io::Error::other("second"))
        });
        stack.defer("fails", || async { Err(io::Error::other("first")) });
        rt.timeout(SECOND, stack.close()).await.unwrap_err();
        rt.sleep(2 * SECOND).await;
        assert_eq!(heard.get(), 2);
    });
}

#[test]
fn a_hook_that_panics_hears_of_the_next_close() {
    check(100, |rt| async move {
        let heard = Count::default();
        let hook = heard.clone();
        let stack = ExitStack::new(&rt).on_close_error(move |_| {
            hook.up();
            resume_unwind(Box::new("loud"));
        });
        stack.defer("one", || async { Err(io::Error::other("one")) });
        stack.defer("two", || async { Err(io::Error::other("two")) });
        drop(stack);
        rt.sleep(SECOND).await;
        assert_eq!(heard.get(), 2);
    });
}

#[derive(Debug)]
struct Untold;

impl From<Untold> for Box<dyn std::error::Error + Send + Sync> {
    fn from(_: Untold) -> Self {
        resume_unwind(Box::new("no words for that"))
    }
}

#[test]
fn an_error_whose_conversion_panics() {
    check(100, |rt| async move {
        let report = App::new(&rt).run(|app| async move {
            app.spawn("bad", |_| async { Err::<(), _>(Untold) })?;
            app.spawn("good", |me| async move {
                me.token().cancelled().await;
                Ok::<_, Infallible>(())
            })?;
            Ok::<_, Stopping>(())
        });
        let report = report.await;
        assert_eq!(report.stopped_for, StopReason::Failed("bad".into()));
        assert!(matches!(report.failures[0].cause, Cause::Panicked(_)));

        let cleaned = Count::default();
        let counted = cleaned.clone();
        let report = App::new(&rt).run(|app| async move {
            app.defer("count", move || async move {
                counted.up();
                Ok::<_, Infallible>(())
            });
            Err::<(), _>(Untold)
        });
        let report = report.await;
        assert!(matches!(report.startup, Some(Cause::Panicked(_))));
        assert_eq!(cleaned.get(), 1, "by the time of the report");

        let background = Background::new(&rt);
        let work = background.every("bad", SECOND, || async { Err::<(), _>(Untold) });
        let work = work.start().unwrap();
        rt.sleep(4 * SECOND + SECOND / 2).await;
        assert_eq!((work.stats().runs, work.stats().failures), (5, 5));
        assert!(!work.is_stopped());
        background.shutdown(SECOND).await;
    });
}

struct Grenade;

impl Drop for Grenade {
    fn drop(&mut self) {
        resume_unwind(Box::new("boom"));
    }
}

#[test]
fn an_output_that_nobody_takes_and_whose_destructor_panics() {
    check(100, |rt| async move {
        let report = App::new(&rt).run(|app| async move {
            let spawned = app.spawn("bad", |_| async { Ok::<_, Infallible>(Grenade) });
            spawned.map(drop)
        });
        let report = report.await;
        assert_eq!(report.failures.len(), 1, "{report}");
        assert_eq!(report.failures[0].path, "bad");
    });
}

/// What stops nobody any more would have to be killed.
#[test]
fn signals_that_panic() {
    struct Loud;

    impl Stream for Loud {
        type Item = &'static str;

        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<&'static str>> {
            resume_unwind(Box::new("no signals here"))
        }
    }

    check(100, |rt| async move {
        let report = App::new(&rt).signals(Loud).run(|app| async move {
            app.spawn("works", |me| async move {
                me.token().cancelled().await;
                Ok::<_, Infallible>(())
            })
            .map(drop)
        });
        let report = report.await;
        assert_eq!(report.stopped_for, StopReason::Failed("signals".into()));
        assert_eq!(report.failures.len(), 1, "{report}");
    });
}

#[test]
fn work_of_a_dropped_background_is_stopped() {
    check(100, |rt| async move {
        let background = Background::new(&rt);
        let work = background.every("work", SECOND, || async { Ok::<_, Infallible>(()) });
        let work = work.start().unwrap();
        rt.sleep(3 * SECOND).await;
        assert!(!work.is_stopped());
        drop(background);
        assert!(work.is_stopped(), "no further run will begin");

        let background = Background::new(&rt);
        let work = background.every("work", SECOND, || async { Ok::<_, Infallible>(()) });
        let work = work.start().unwrap();
        drop(background.shutdown(SECOND));
        assert!(work.is_stopped(), "no further run will begin");
    });
}

/// An error, and a panic, that panics when it is dropped.
#[derive(Debug)]
struct Bad;

impl Drop for Bad {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "expected: it is dropped");
    }
}

impl Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bad")
    }
}

impl Error for Bad {}

#[test]
fn failures_that_cannot_be_dropped_do_not_end_periodic_work() {
    check(20, |rt| async move {
        for hook in [None, Some(false), Some(true)] {
            let background = Background::new(&rt);
            let fails = background.every("fails", SECOND, || async { Err(Bad) });
            let handle = match hook {
                None => fails.start(),
                Some(false) => fails.on_failure(|_| ()).start(),
                Some(true) => fails.on_failure(|_| panic_any(Bad)).start(),
            };
            let handle = handle.unwrap();
            rt.sleep(9 * SECOND + SECOND / 2).await;
            let stats = handle.stats();
            assert_eq!((stats.runs, stats.failures), (10, 10));
            drop(background.shutdown(SECOND).await);
        }
    });
}
