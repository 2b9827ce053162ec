//! Who may stop an application, how urgently, and who hears of it.

use super::{Count, SECOND};
use anyrt_core::{
    cancel::CancellationToken,
    context::Context,
    rt::{Clock, Receiver, Runtime, Sender, Sleep, Spawn, Timeout},
};
use anyrt_sim::{SimRuntime, check};
use anyrt_toolkit::lifecycle::{App, StopReason, Stopping, Subsystem};
use std::{
    convert::Infallible,
    future::{Future, pending},
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Ends so long after it was asked to.
fn polite(app: &Subsystem<SimRuntime>, name: &'static str, takes: Duration) {
    let spawned = app.spawn(name, move |me| async move {
        me.token().cancelled().await;
        me.rt().sleep(takes).await;
        Ok::<_, Infallible>(())
    });
    spawned.expect("it does not stop");
}

/// Two subsystems that each ask, the code around, and one who presses a key: nobody insists.
#[test]
fn who_asks_politely_costs_nobody_the_grace() {
    check(200, |rt| async move {
        let (signal, signals) = rt.unbounded_channel::<&'static str>();
        let app = App::new(&rt)
            .grace(9 * SECOND)
            .signals(signals.into_stream());
        let token = CancellationToken::new();
        let outside = token.clone();
        let report = app.run(|app| async move {
            polite(&app, "slow", 5 * SECOND);
            for at in [1, 2, 2] {
                app.spawn("asks", move |me| async move {
                    me.rt().sleep(SECOND * at).await;
                    me.request_shutdown(format!("asked at {at}"));
                    Ok::<_, Infallible>(())
                })?;
            }
            app.spawn("in the clean-up", |_| async { Ok::<_, Infallible>(()) })?;
            let asks = app.clone();
            app.defer("asks", move || async move {
                asks.request_shutdown("asked in the clean-up");
                asks.rt().sleep(SECOND).await;
                Ok::<_, Infallible>(())
            });
            let rt = app.rt().clone();
            app.rt().spawn_detached(async move {
                rt.sleep(3 * SECOND).await;
                outside.cancel();
                signal.send("SIGTERM").await.ok();
            });
            Ok::<_, BoxError>(())
        });
        let around = Context::default().with_token(token);
        let report = around.scope(report).await;
        let asked = StopReason::Requested("asked at 1".into());
        assert_eq!(report.stopped_for, asked);
        assert!(report.is_clean(), "{report}");
        assert_eq!(rt.now().as_nanos(), 7 * SECOND.as_nanos() as u64);
    });
}

#[test]
fn signals_count_among_themselves() {
    check(200, |rt| async move {
        // When the application is asked in code, when signals come, and what becomes of it.
        for (asked, signals, aborted, abandoned, took) in [
            (None, vec![1], false, 0, 10),
            (None, vec![1, 3], true, 0, 7),
            (None, vec![1, 3, 4], true, 1, 4),
            (Some(1), vec![3], false, 0, 10),
            (Some(1), vec![3, 4], true, 0, 8),
            (Some(1), vec![3, 7], false, 1, 7),
        ] {
            let start = rt.now();
            let (sender, stream) = rt.unbounded_channel::<String>();
            let app = App::new(&rt).signals(stream.into_stream());
            let report = app.run(|app| async move {
                let rt = app.rt().clone();
                app.defer("slow", move || async move {
                    rt.sleep(4 * SECOND).await;
                    Ok::<_, Infallible>(())
                });
                polite(&app, "slow", 5 * SECOND);
                let rt = app.rt().clone();
                app.rt().spawn_detached(async move {
                    for at in signals {
                        rt.sleep_until(start + SECOND * at).await;
                        sender.send(format!("signal at {at}")).await.ok();
                    }
                    pending::<()>().await;
                });
                if let Some(at) = asked {
                    let asks = app.clone();
                    app.rt().spawn_detached(async move {
                        asks.rt().sleep_until(start + SECOND * at).await;
                        asks.request_shutdown("asked");
                    });
                }
                Ok::<_, Infallible>(())
            });
            let report = report.await;
            assert_eq!(!report.late.is_empty(), aborted, "{report}");
            assert_eq!(report.aborted_by.is_some(), aborted, "{report}");
            assert_eq!(report.abandoned, abandoned, "{report}");
            assert_eq!(rt.now() - start, SECOND * took);
        }
    });
}

#[test]
fn an_abort_needs_no_request_before_it() {
    check(200, |rt| async move {
        let cleaned = Count::default();
        let counted = cleaned.clone();
        let report = App::new(&rt).run(|app| async move {
            app.defer("count", move || async move {
                counted.up();
                Ok::<_, Infallible>(())
            });
            app.spawn("stubborn", |_| pending::<Result<(), Infallible>>())?;
            app.spawn("worried", |me| async move {
                me.rt().sleep(SECOND).await;
                me.abort("disk on fire");
                pending::<Result<(), Infallible>>().await
            })?;
            Ok::<_, Stopping>(())
        });
        let report = report.await;
        let reason = StopReason::Requested("disk on fire".into());
        assert_eq!((&report.stopped_for, cleaned.get()), (&reason, 1));
        assert_eq!(report.late, ["stubborn", "worried"]);
        let told = report.to_string();
        assert!(told.contains("stubborn: aborted (disk on fire)"), "{told}");
        assert_eq!(rt.now().as_nanos(), SECOND.as_nanos() as u64);
    });
}

/// Who is late is told apart from who was aborted.
#[test]
fn an_abort_after_the_grace_has_aborted_nobody() {
    check(200, |rt| async move {
        let report = App::new(&rt).grace(SECOND).run(|app| async move {
            app.spawn("stubborn", |_| pending::<Result<(), Infallible>>())?;
            let asks = app.clone();
            app.defer("insists", move || async move {
                asks.abort("enough");
                Ok::<_, Infallible>(())
            });
            app.request_shutdown("asked");
            Ok::<_, Stopping>(())
        });
        let report = report.await;
        assert_eq!(report.aborted_by, None);
        assert!(report.to_string().contains("stubborn: late"), "{report}");
    });
}

#[test]
fn a_request_counts_from_the_next_line_on() {
    check(200, |rt| async move {
        let report = App::new(&rt).run(|app| async move {
            app.spawn("asks", |me| async move {
                me.rt().sleep(SECOND).await;
                me.request_shutdown("asked");
                let refused = me.spawn("late", |_| async { Ok::<_, Infallible>(()) });
                refused.expect_err("it stops");
                Ok::<_, Infallible>(())
            })?;
            app.spawn("cancels", |me| async move {
                me.rt().sleep(SECOND).await;
                Ok::<_, Infallible>(())
            })?;
            Ok::<_, Stopping>(())
        });
        assert!(report.await.is_clean());
    });
}

#[test]
fn to_cancel_the_applications_token_is_a_request() {
    check(200, |rt| async move {
        let report = App::new(&rt).grace(2 * SECOND).run(|app| async move {
            polite(&app, "polite", SECOND);
            app.spawn("cancels", {
                let token = app.token().clone();
                move |me| async move {
                    me.rt().sleep(SECOND).await;
                    token.cancel_with("enough");
                    let refused = me.spawn("late", |_| async { Ok::<_, Infallible>(()) });
                    refused.expect_err("it stops");
                    me.token().cancelled().await;
                    Ok::<_, Infallible>(())
                }
            })?;
            Ok::<_, Stopping>(())
        });
        let report = report.await;
        assert_eq!(report.stopped_for, StopReason::Requested("enough".into()));
        assert!(report.is_clean(), "{report}");
        assert_eq!(rt.now().as_nanos(), 2 * SECOND.as_nanos() as u64);
    });
}

/// What `fails` or `asks` does, each subsystem's token says, whether it stops or has gone.
#[test]
fn a_subsystems_token_has_the_reason_of_the_stop() {
    check(100, |rt| async move {
        for fails in [true, false] {
            let report = App::new(&rt).run(|app| async move {
                let waits = |me: Subsystem<SimRuntime>| async move {
                    let reason = me.token().cancelled().await;
                    Ok::<_, Infallible>(reason)
                };
                let waiting = app.spawn("waits", waits)?;
                let gone = app.spawn("gone", |me| async move {
                    Ok::<_, Infallible>(me.token().clone())
                })?;
                let gone = gone.await.expect("it ends");
                app.spawn("bad", move |me| async move {
                    match fails {
                        true => Err("no disk"),
                        false => {
                            me.request_shutdown("enough");
                            Ok(())
                        }
                    }
                })?;
                Ok::<_, Stopping>((waiting, gone))
            });
            let (waiting, gone) = report.await.output.expect("it starts");
            let told = waiting.await.expect("it ends");
            let wanted = if fails { "bad failed" } else { "enough" };
            assert_eq!(told.text, wanted);
            assert_eq!(gone.reason().map(|gone| &*gone.text), Some(wanted));
            if !fails {
                assert_eq!(told.at.file(), file!(), "where it was asked");
            }
        }
    });
}

/// Whether or not there is something to close in the background.
#[test]
fn tokens_of_a_dropped_application_are_cancelled() {
    check(200, |rt| async move {
        for closes in [false, true] {
            let tokens: Arc<Mutex<Vec<CancellationToken>>> = Arc::default();
            let kept = tokens.clone();
            let parts: Arc<Mutex<Option<Subsystem<_>>>> = Arc::default();
            let part = parts.clone();
            let app = App::new(&rt).run(move |app| async move {
                if closes {
                    app.defer("closes", || async { Ok::<_, Infallible>(()) });
                }
                let inside = kept.clone();
                kept.lock().unwrap().push(app.token().clone());
                app.spawn("busy", move |me| async move {
                    inside.lock().unwrap().push(me.token().clone());
                    pending::<Result<(), Infallible>>().await
                })?;
                *part.lock().unwrap() = Some(app);
                Ok::<_, Stopping>(())
            });
            rt.timeout(SECOND, app).await.unwrap_err();
            let tokens = tokens.lock().unwrap().clone();
            let app = parts.lock().unwrap().take().unwrap();
            assert!(tokens[0].is_cancelled(), "its own, at once");
            app.spawn("late", |_| async { Ok::<_, Infallible>(()) })
                .expect_err("it was dropped");
            tokens[1].cancelled().await;
        }
    });
}

type Run = Pin<Box<dyn Future<Output = Result<(), Infallible>> + Send>>;

/// Goes on in one below itself.
fn generation<R: Runtime>(me: Subsystem<R>, left: u32) -> Run {
    Box::pin(async move {
        match left {
            0 => drop(me.token().cancelled().await),
            _ => drop(me.spawn("next", move |next| generation(next, left - 1))),
        }
        Ok(())
    })
}

#[test]
fn a_tree_of_any_depth_can_be_stopped() {
    for late in [false, true] {
        check(1, move |rt| async move {
            let grace = if late { Duration::ZERO } else { SECOND };
            let report = App::new(&rt).grace(grace).run(|app| async move {
                app.spawn("first", |first| generation(first, 3000))?;
                app.rt().sleep(SECOND).await;
                app.request_shutdown("enough");
                Ok::<_, Stopping>(())
            });
            let report = report.await;
            assert!(late || report.is_clean(), "{report}");
            assert_eq!(rt.now().as_nanos(), SECOND.as_nanos() as u64);
        });
    }
}

/// One below a subsystem that has ended keeps those around from being asked, as that one would.
#[test]
fn who_is_left_below_one_that_ended_goes_first() {
    check(200, |rt| async move {
        let report = App::new(&rt).run(|app| async move {
            let outer = app.spawn("outer", |me| async move {
                me.token().cancelled().await;
                Ok::<_, Infallible>(me.rt().now())
            })?;
            let middle = outer
                .subsystem()
                .spawn("middle", |_| async { Ok::<_, Infallible>(()) })?;
            let part = middle.subsystem().clone();
            middle.await;
            polite(&part, "inner", 3 * SECOND);
            app.rt().sleep(SECOND).await;
            app.request_shutdown("enough");
            Ok::<_, Stopping>(outer)
        });
        let outer = report.await.output.expect("it starts");
        let asked = outer.await.expect("it ends");
        assert_eq!(asked.as_nanos(), 4 * SECOND.as_nanos() as u64);
    });
}
