//! Requests to stop while an application starts, and while it cleans up by itself.

use super::{Count, SECOND};
use anyrt_core::{
    rt::{Clock, Receiver, Runtime, Sender, Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::{SimRuntime, check};
use anyrt_toolkit::lifecycle::{App, Report, StopReason, Stopping, Subsystem};
use std::{convert::Infallible, future::pending, time::Duration};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Ends so long after it was asked to.
fn polite(
    rt: &SimRuntime,
    app: &Subsystem<SimRuntime>,
    name: &'static str,
    takes: Duration,
) -> Result<Subsystem<SimRuntime>, Stopping> {
    let rt = rt.clone();
    let spawned = app.spawn(name, move |me| async move {
        me.token().cancelled().await;
        rt.sleep(takes).await;
        Ok::<_, Infallible>(())
    });
    Ok(spawned?.subsystem().clone())
}

/// Asks for a stop at the first of these times, and insists at the others.
fn ask_at<const N: usize>(rt: &SimRuntime, app: &Subsystem<SimRuntime>, at: [Duration; N]) {
    let (rt2, app) = (rt.clone(), app.clone());
    rt.spawn_detached(async move {
        let start = rt2.now();
        for (n, at) in at.into_iter().enumerate() {
            rt2.sleep_until(start + at).await;
            match n {
                0 => app.request_shutdown("asked"),
                _ => app.abort("asked again"),
            }
        }
    });
}

fn stopped_by_request<T>(report: &Report<T>) -> bool {
    report.stopped_for == StopReason::Requested("asked".into())
}

/// There is one grace, which begins with the stop.
#[test]
fn a_start_up_and_its_subsystems_have_one_grace() {
    check(200, |rt| async move {
        let rt2 = rt.clone();
        let app = App::new(&rt).grace(5 * SECOND).run(|app| async move {
            polite(&rt2, &app, "polite", 4 * SECOND)?;
            app.spawn("stubborn", |_| pending::<Result<(), Infallible>>())?;
            ask_at(&rt2, &app, [SECOND]);
            pending::<Result<(), BoxError>>().await
        });
        let report = app.await;
        assert!(stopped_by_request(&report));
        assert_eq!(report.late, ["start-up", "stubborn"]);
        assert_eq!(rt.now().as_nanos(), 6 * SECOND.as_nanos() as u64);
    });
}

#[test]
fn a_slow_start_up_has_the_grace_of_all() {
    check(200, |rt| async move {
        let rt2 = rt.clone();
        let app = App::new(&rt).grace(5 * SECOND).run(|app| async move {
            ask_at(&rt2, &app, [Duration::ZERO]);
            rt2.sleep(4 * SECOND).await;
            polite(&rt2, &app, "quick", SECOND / 2)?;
            polite(&rt2, &app, "slow", 2 * SECOND)?;
            Ok::<_, BoxError>(())
        });
        let report = app.await;
        assert_eq!(report.late, ["slow"]);
        assert_eq!(rt.now().as_nanos(), 5 * SECOND.as_nanos() as u64);
    });
}

/// What it begins after the stop is asked to end once it has come to its own end.
#[test]
fn a_start_up_may_ignore_a_request() {
    check(200, |rt| async move {
        let (rt2, ended) = (rt.clone(), Count::default());
        let counted = ended.clone();
        let app = App::new(&rt).grace(10 * SECOND).run(|app| async move {
            let before = polite(&rt2, &app, "before", 2 * SECOND)?;
            ask_at(&rt2, &app, [SECOND]);
            rt2.sleep(SECOND * 2).await;
            assert!(before.token().is_cancelled(), "it waits for the start-up");
            let meanwhile = polite(&rt2, &app, "meanwhile", SECOND)?;
            rt2.sleep(SECOND * 2).await;
            let after = polite(&rt2, &app, "after", SECOND)?;
            let below = polite(&rt2, &after, "below", SECOND)?;
            rt2.sleep(SECOND).await;
            for late in [meanwhile, after, below] {
                assert!(!late.token().is_cancelled(), "{}", late.path());
            }
            app.defer("look", move || async move {
                counted.up();
                Ok::<_, Infallible>(())
            });
            Ok::<_, BoxError>("started")
        });
        let report = app.await;
        assert!(stopped_by_request(&report));
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.output, Some("started"));
        assert_eq!(ended.get(), 1, "the clean-up");
        assert_eq!(rt.now().as_nanos(), 7 * SECOND.as_nanos() as u64);
    });
}

/// Those that a subsystem begins below itself, while the start-up goes on after the stop, end before it, too.
#[test]
fn who_begins_after_the_stop_is_asked_before_who_is_above() {
    check(200, |rt| async move {
        let rt2 = rt.clone();
        let app = App::new(&rt).grace(30 * SECOND).run(|app| async move {
            let inner = rt2.clone();
            app.spawn("above", move |me| async move {
                let first = polite(&inner, &me, "first", 3 * SECOND)?;
                first.token().cancelled().await;
                let second = polite(&inner, &me, "second", SECOND)?;
                me.token().cancelled().await;
                assert!(second.token().is_cancelled(), "it is asked after `above`");
                Ok::<_, BoxError>(())
            })?;
            ask_at(&rt2, &app, [SECOND]);
            rt2.sleep(10 * SECOND).await;
            Ok::<_, BoxError>(())
        });
        let report = app.await;
        assert!(report.is_clean(), "{report}");
        assert_eq!(rt.now().as_nanos(), 10 * SECOND.as_nanos() as u64);
    });
}

#[test]
fn an_abort_in_the_start_up_aborts_all() {
    check(200, |rt| async move {
        let (rt2, cleaned) = (rt.clone(), Count::default());
        let counted = cleaned.clone();
        let app = App::new(&rt).run(|app| async move {
            app.defer("count", move || async move {
                counted.up();
                Ok::<_, Infallible>(())
            });
            polite(&rt2, &app, "quick", SECOND)?;
            let slow = polite(&rt2, &app, "slow", 9 * SECOND)?;
            polite(&rt2, &slow, "below", 9 * SECOND)?;
            ask_at(&rt2, &app, [SECOND, 3 * SECOND]);
            pending::<Result<(), BoxError>>().await
        });
        let report = app.await;
        assert!(stopped_by_request(&report));
        assert_eq!(report.late, ["start-up", "slow", "slow/below"]);
        assert_eq!((report.abandoned, cleaned.get()), (0, 1));
        assert_eq!(rt.now().as_nanos(), 3 * SECOND.as_nanos() as u64);
    });
}

/// Who presses a key once, while an application that failed stops by itself, has not asked twice.
#[test]
fn one_signal_after_a_failure_changes_nothing() {
    check(200, |rt| async move {
        for (asked, late, abandoned, took) in [
            // In the grace.
            (vec![SECOND], None, 0, 9),
            (vec![SECOND, 2 * SECOND], Some("slow"), 0, 6),
            // In the clean-up.
            (vec![6 * SECOND], None, 0, 9),
            (vec![6 * SECOND, 7 * SECOND], None, 1, 7),
            // One in each.
            (vec![SECOND, 6 * SECOND], None, 1, 6),
        ] {
            let (rt2, start) = (rt.clone(), rt.now());
            let (signal, signals) = rt.unbounded_channel::<&'static str>();
            let app = App::new(&rt)
                .signals(signals.into_stream())
                .run(|app| async move {
                    let inner = rt2.clone();
                    app.defer("slow", move || async move {
                        inner.sleep(4 * SECOND).await;
                        Ok::<_, Infallible>(())
                    });
                    polite(&rt2, &app, "slow", 5 * SECOND)?;
                    app.spawn("bad", |_| async { Err::<(), _>("broken") })?;
                    yield_now().await;
                    let inner = rt2.clone();
                    rt2.spawn_detached(async move {
                        for at in asked {
                            inner.sleep_until(start + at).await;
                            signal.send("asked").await.ok();
                        }
                    });
                    Ok::<_, BoxError>(())
                });
            let report = app.await;
            assert_eq!(report.stopped_for, StopReason::Failed("bad".into()));
            assert_eq!(report.late.first().map(|late| &**late), late);
            assert_eq!(report.abandoned, abandoned, "{report}");
            assert_eq!(rt.now() - start, took * SECOND);
        }
    });
}
