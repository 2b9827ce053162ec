//! Who ends with an error once the application stops, since it was asked to.

use super::{SECOND, draw};
use anyrt_core::{JoinError, rt::Sleep};
use anyrt_sim::{SimRuntime, check, sometimes};
use anyrt_toolkit::lifecycle::{App, Report, StopReason, Stopping};
use std::{convert::Infallible, error::Error, fmt, io};

type BoxError = Box<dyn Error + Send + Sync>;

/// The loop that everybody writes.
#[test]
fn a_refused_session_is_no_failure() {
    check(400, |rt| async move {
        let long = draw(&rt, 2) == 0;
        let after = SECOND * draw(&rt, 6) as u32;
        let report = App::new(&rt).run(|app| async move {
            let http = app.spawn("http", move |http| async move {
                let accept = || http.rt().sleep(SECOND);
                while let Some(()) = http.token().run_until_cancelled(accept()).await {
                    http.spawn("session", move |me| async move {
                        me.rt()
                            .sleep(if long { 3 * SECOND } else { SECOND / 2 })
                            .await;
                        Ok::<_, Infallible>(())
                    })?;
                }
                Ok::<_, Stopping>(())
            })?;
            app.spawn("stops", move |me| async move {
                me.rt().sleep(after).await;
                me.request_shutdown("enough");
                Ok::<_, Infallible>(())
            })?;
            Ok::<_, BoxError>(http)
        });
        let mut report = report.await;
        assert_eq!(report.stopped_for, StopReason::Requested("enough".into()));
        assert!(report.is_clean(), "{report}");
        let refused = report.output.take().unwrap().await.is_none();
        sometimes!(refused, "a session is refused");
        sometimes!(!refused, "the token is heard first");
    });
}

#[derive(Debug)]
struct Around<E>(E);

impl<E: fmt::Display> fmt::Display for Around<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "around: {}", self.0)
    }
}

impl<E: Error + 'static> Error for Around<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// The errors by which one gives up; the last one is another.
fn errors() -> Vec<BoxError> {
    vec![
        Stopping.into(),
        Around(Stopping).into(),
        io::Error::other(Stopping).into(),
        Around(io::Error::other(Around(Stopping))).into(),
        JoinError::Cancelled.into(),
        Around(JoinError::Cancelled).into(),
        "disk full".into(),
    ]
}

/// What becomes of one that ends with that error, asked to or not.
async fn ended(rt: &SimRuntime, error: BoxError, asked: bool) -> Report {
    App::new(rt)
        .run(|app| async move {
            app.spawn("ends", move |me| async move {
                if asked {
                    me.token().cancelled().await;
                }
                Err::<(), _>(error)
            })?;
            if asked {
                app.request_shutdown("enough");
            }
            Ok::<_, BoxError>(())
        })
        .await
}

#[test]
fn who_gives_up_has_failed_only_before_the_stop() {
    check(20, |rt| async move {
        let last = errors().len() - 1;
        for (n, error) in errors().into_iter().enumerate() {
            let told = error.to_string();
            let report = ended(&rt, error, true).await;
            assert_eq!(report.is_clean(), n != last, "{told}: {report}");
        }
        for error in errors() {
            let report = ended(&rt, error, false).await;
            assert_eq!(report.stopped_for, StopReason::Failed("ends".into()));
            assert_eq!(report.failures.len(), 1, "{report}");
        }
    });
}

/// It has no output, which is all that there is to be told.
#[test]
fn a_start_up_that_gives_up_has_not_failed() {
    check(20, |rt| async move {
        let last = errors().len() - 1;
        for (n, error) in errors().into_iter().enumerate() {
            let report = App::new(&rt).run(|app| async move {
                app.request_shutdown("enough");
                Err::<(), _>(error)
            });
            let report = report.await;
            assert_eq!(report.startup.is_none(), n != last, "{report}");
            assert_eq!(report.stopped_for, StopReason::Requested("enough".into()));
            assert!(report.into_result().is_err());
        }
        let report = App::new(&rt).run(|_| async { Err::<(), _>(Stopping) });
        let report = report.await;
        assert_eq!(report.stopped_for, StopReason::StartupFailed);
        assert!(report.startup.is_some());
    });
}

/// An error whose source, or destructor, panics: a failure, and no more.
#[test]
fn what_looking_at_an_error_panics_with_is_a_failure() {
    #[derive(Debug)]
    struct Bad;
    impl fmt::Display for Bad {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bad")
        }
    }
    impl Error for Bad {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            panic!("expected: it has no source")
        }
    }
    check(5, |rt| async move {
        let report = ended(&rt, Bad.into(), true).await;
        assert_eq!(report.failures.len(), 1);
        let text = report.failures[0].cause.to_string();
        assert!(text.contains("expected"), "{text}");
    });
}
