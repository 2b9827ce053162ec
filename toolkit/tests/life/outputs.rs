//! What start-ups and subsystems give: in the report, and to one another.

use super::SECOND;
use anyrt_core::{
    cancel::CancellationToken,
    context::Context,
    rt::{Clock, Sleep},
};
use anyrt_sim::{SimRuntime, check};
use anyrt_toolkit::lifecycle::{App, StopReason, SubsystemHandle};
use std::{convert::Infallible, error::Error, future::pending, time::Duration};

type BoxError = Box<dyn Error + Send + Sync>;

/// One that waits until it is asked to stop, and then gives `output`.
fn asked(
    app: &anyrt_toolkit::lifecycle::Subsystem<SimRuntime>,
    output: u32,
) -> SubsystemHandle<SimRuntime, u32> {
    let spawned = app.spawn("asked", move |me| async move {
        me.token().cancelled().await;
        Ok::<_, Infallible>(output)
    });
    spawned.unwrap()
}

#[test]
fn the_report_has_what_the_start_up_returns() {
    check(50, |rt| async move {
        let report = App::new(&rt).run(|app| async move {
            let asked = asked(&app, 7);
            app.request_shutdown("enough");
            Ok::<_, Infallible>(asked)
        });
        let output = report.await.into_result().unwrap();
        assert_eq!(output.await, Some(7));

        let failed = App::new(&rt).run(|_| async { Err::<u32, _>("no port") });
        let failed = failed.await;
        assert_eq!(failed.output, None);
        assert!(failed.into_result().is_err());
    });
}

#[test]
fn who_failed_or_was_late_gives_nothing() {
    check(50, |rt| async move {
        for panics in [false, true] {
            let report = App::new(&rt).grace(SECOND).run(|app| async move {
                let late = app.spawn("late", |_| pending::<Result<u32, Infallible>>())?;
                let bad = app.spawn("bad", move |_| async move {
                    assert!(!panics, "expected: it panics");
                    Err::<u32, _>("broken")
                })?;
                Ok::<_, BoxError>((late, bad, asked(&app, 3)))
            });
            let mut report = report.await;
            assert_eq!(report.stopped_for, StopReason::Failed("bad".into()));
            assert_eq!(report.late, ["late"]);
            let (late, bad, good) = report.output.take().unwrap();
            assert_eq!((late.await, bad.await, good.await), (None, None, Some(3)));
        }
    });
}

/// One subsystem may wait for another, and has its output as soon as that has ended.
#[test]
fn outputs_are_there_before_the_end() {
    check(50, |rt| async move {
        let inner = rt.clone();
        let report = App::new(&rt).run(|app| async move {
            let slept = inner.clone();
            let first = app.spawn("first", |_| async move {
                slept.sleep(SECOND).await;
                Ok::<_, Infallible>(20)
            })?;
            app.spawn("second", move |_| async move {
                let first = first.await.ok_or("nothing to go on from")?;
                assert_eq!(inner.now().as_nanos(), SECOND.as_nanos() as u64);
                Ok::<_, BoxError>(first + 1)
            })
        });
        let second = report.await.into_result().unwrap();
        assert_eq!(second.await, Some(21));
    });
}

/// Whatever a start-up waits in gives up when the application is to stop, by the token or by a request.
#[test]
fn a_start_up_sees_the_request() {
    check(50, |rt| async move {
        for from_outside in [false, true] {
            let (token, start) = (CancellationToken::new(), rt.now());
            let around = Context::current().with_token(token.clone());
            let app = App::new(&rt).run(|app| async move {
                match from_outside {
                    true => token.cancel_with("asked"),
                    false => app.request_shutdown("asked"),
                };
                let stop = Context::current().token().cloned().unwrap();
                assert!(stop.is_same(app.token()));
                stop.run_until_cancelled(pending::<()>()).await;
                Ok::<_, Infallible>(())
            });
            let report = around.scope(app).await;
            assert_eq!(report.stopped_for, StopReason::Requested("asked".into()));
            assert!(report.is_clean(), "{report}");
            assert_eq!(rt.now() - start, Duration::ZERO);
        }
    });
}

/// Who ends by himself is waited for, however long that takes.
#[test]
fn a_grace_without_end() {
    check(50, |rt| async move {
        let year = SECOND * 3600 * 24 * 365;
        let inner = rt.clone();
        let report = App::new(&rt).grace(Duration::MAX).run(|app| async move {
            let slow = app.spawn("slow", move |me| async move {
                me.token().cancelled().await;
                inner.sleep(year).await;
                Ok::<_, Infallible>("done")
            });
            app.request_shutdown("enough");
            slow
        });
        let slow = report.await.into_result().unwrap();
        assert_eq!(slow.await, Some("done"));
        assert_eq!(rt.now().as_nanos(), year.as_nanos() as u64);
    });
}
