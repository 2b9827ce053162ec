//! An application's end: in order, in time, and told of.

use super::{Count, SECOND, draw};
use anyrt_core::{
    cancel::{CancellationToken, shield},
    context::Context,
    rt::{Clock, ReceiverStream, Runtime, Sender, Signal, Signals, Sleep, Spawn},
    task::yield_now,
};
use anyrt_sim::{SimRuntime, check, sometimes};
use anyrt_toolkit::lifecycle::{App, Report, StopReason, Subsystem};
use std::{
    convert::Infallible,
    future::{Future, pending},
    sync::{Arc, Mutex},
    time::Duration,
};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Waits until it is told to stop, and takes so long for it.
async fn polite(
    rt: SimRuntime,
    log: Log,
    me: Subsystem<SimRuntime>,
    takes: Duration,
) -> Result<(), BoxError> {
    assert!(Context::current().token().unwrap().is_same(me.token()));
    me.token().cancelled().await;
    log.add(format!("{} told", me.path()));
    rt.sleep(takes).await;
    log.add(format!("{} ended", me.path()));
    Ok(())
}

fn spawn(
    rt: &SimRuntime,
    log: &Log,
    around: &Subsystem<SimRuntime>,
    name: &'static str,
    secs: u32,
) -> Subsystem<SimRuntime> {
    let (rt, log) = (rt.clone(), log.clone());
    let spawned = around.spawn(name, move |me| polite(rt, log, me, SECOND * secs));
    spawned.unwrap().subsystem().clone()
}

fn clean_up(rt: &SimRuntime, log: &Log, app: &Subsystem<SimRuntime>, name: &'static str) {
    let (rt, log) = (rt.clone(), log.clone());
    app.defer(name, move || async move {
        rt.sleep(SECOND).await;
        assert!(!Context::current().is_cancelled());
        log.add(format!("{name} cleaned"));
        Ok::<_, Infallible>(())
    });
}

/// `db` below `http`, `mail` beside it.
fn run(
    rt: &SimRuntime,
    log: &Log,
    app: App<SimRuntime>,
) -> impl Future<Output = Report> + Send + use<> {
    let (rt, log) = (rt.clone(), log.clone());
    app.run(|app| async move {
        clean_up(&rt, &log, &app, "first");
        clean_up(&rt, &log, &app, "second");
        let http = spawn(&rt, &log, &app, "http", 2);
        spawn(&rt, &log, &http, "db", 3);
        spawn(&rt, &log, &app, "mail", 4);
        Ok::<_, BoxError>(())
    })
}

fn signals(
    rt: &SimRuntime,
) -> (
    impl Sender<String>,
    ReceiverStream<String, impl anyrt_core::rt::Receiver<String> + use<>>,
) {
    use anyrt_core::rt::Receiver;
    let (sender, receiver) = rt.unbounded_channel();
    (sender, receiver.into_stream())
}

#[test]
fn children_stop_before_parents_and_clean_up_is_last() {
    check(200, |rt| async move {
        let log = Log::default();
        let (signal, stream) = signals(&rt);
        let app = App::new(&rt).signals(stream).grace(10 * SECOND);
        let running = rt.spawn(run(&rt, &log, app));
        rt.sleep(SECOND).await;
        let start = rt.now();
        signal.send("SIGTERM".into()).await.unwrap();
        let report = running.await.unwrap();
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.stopped_for, StopReason::Requested("SIGTERM".into()));
        let log = log.taken();
        let at = |line: &str| log.iter().position(|found| found == line).unwrap();
        assert!(at("http/db told") < at("http/db ended"));
        assert!(at("http/db ended") < at("http told"), "{log:?}");
        assert!(
            at("mail told") < at("http/db ended"),
            "side by side: {log:?}"
        );
        assert_eq!(log[6..], ["second cleaned", "first cleaned"]);
        assert_eq!(rt.now() - start, 7 * SECOND);
    });
}

#[test]
fn who_is_late_is_aborted_and_named() {
    check(200, |rt| async move {
        let log = Log::default();
        let (signal, stream) = signals(&rt);
        // `db` is in time, and `http` only began with that.
        let app = App::new(&rt).signals(stream).grace(3 * SECOND + SECOND / 2);
        let running = rt.spawn(run(&rt, &log, app));
        rt.sleep(SECOND).await;
        let start = rt.now();
        signal.send("SIGTERM".into()).await.unwrap();
        let report = running.await.unwrap();
        assert_eq!(report.late, ["http", "mail"]);
        assert_eq!(rt.now() - start, 5 * SECOND + SECOND / 2);
        assert!(report.to_string().contains("mail: late, and aborted"));
        assert!(report.into_result().is_err());
        assert_eq!(log.taken().last().unwrap(), "first cleaned");
    });
}

#[test]
fn a_second_request_aborts_at_once() {
    check(200, |rt| async move {
        let log = Log::default();
        let (signal, stream) = signals(&rt);
        let app = App::new(&rt).signals(stream);
        let running = rt.spawn(run(&rt, &log, app));
        rt.sleep(SECOND).await;
        let start = rt.now();
        signal.send("SIGINT".into()).await.unwrap();
        rt.sleep(SECOND).await;
        signal.send("SIGINT".into()).await.unwrap();
        let report = running.await.unwrap();
        assert_eq!(report.late, ["http", "http/db", "mail"]);
        assert_eq!(report.abandoned, 0);
        assert_eq!(rt.now() - start, 3 * SECOND, "clean-up takes two of them");
        assert!(
            log.taken()
                .ends_with(&["second cleaned".into(), "first cleaned".into()])
        );
    });
}

#[test]
fn a_request_in_the_clean_up_abandons_it() {
    check(200, |rt| async move {
        let log = Log::default();
        let (signal, stream) = signals(&rt);
        let app = App::new(&rt).signals(stream);
        let running = rt.spawn(run(&rt, &log, app));
        rt.sleep(SECOND).await;
        signal.send("SIGINT".into()).await.unwrap();
        // Stopped after 5, cleaned up after 7.
        rt.sleep(6 * SECOND + SECOND / 2).await;
        signal.send("SIGINT".into()).await.unwrap();
        let report = running.await.unwrap();
        assert_eq!((report.late.len(), report.abandoned), (0, 1));
        rt.sleep(10 * SECOND).await;
        assert_eq!(log.taken().last().unwrap(), "second cleaned");
    });
}

#[test]
fn a_failure_stops_the_others() {
    check(200, |rt| async move {
        for panics in [false, true] {
            let log = Log::default();
            let (rt2, log2) = (rt.clone(), log.clone());
            let app = App::new(&rt).run(|app| async move {
                clean_up(&rt2, &log2, &app, "all");
                spawn(&rt2, &log2, &app, "good", 1);
                app.spawn("bad", move |_| async move {
                    rt2.sleep(SECOND).await;
                    assert!(!panics, "oh");
                    Err::<(), _>("broken")
                })?;
                Ok::<_, BoxError>(())
            });
            let report = app.await;
            assert_eq!(report.stopped_for, StopReason::Failed("bad".into()));
            let text = format!("{:#}", report.failures[0]);
            let wanted = if panics {
                "bad panicked: oh"
            } else {
                "bad failed: broken"
            };
            assert_eq!(text, wanted);
            assert!(report.late.is_empty() && report.failures.len() == 1);
            assert_eq!(log.taken(), ["good told", "good ended", "all cleaned"]);
        }
    });
}

#[test]
fn a_failed_start_up_is_cleaned_up() {
    check(200, |rt| async move {
        for panics in [false, true] {
            let log = Log::default();
            let (rt2, log2) = (rt.clone(), log.clone());
            let app = App::new(&rt).run(|app| async move {
                clean_up(&rt2, &log2, &app, "all");
                app.defer("bad", || async { Err("stuck") });
                spawn(&rt2, &log2, &app, "good", 1);
                yield_now().await;
                assert!(!panics, "oh");
                Err::<(), _>("no port")
            });
            let report = app.await;
            assert_eq!(report.stopped_for, StopReason::StartupFailed);
            assert!(report.startup.is_some());
            assert_eq!(report.closes.len(), 1);
            assert!(report.to_string().contains("stuck"), "{report}");
            assert_eq!(log.taken(), ["good told", "good ended", "all cleaned"]);
        }
    });
}

#[test]
fn a_start_up_that_hangs_is_late() {
    check(200, |rt| async move {
        let log = Log::default();
        let (signal, stream) = signals(&rt);
        let (rt2, log2) = (rt.clone(), log.clone());
        let app = App::new(&rt)
            .signals(stream)
            .grace(5 * SECOND)
            .run(|app| async move {
                clean_up(&rt2, &log2, &app, "all");
                pending::<()>().await;
                Ok::<_, BoxError>(())
            });
        let running = rt.spawn(app);
        yield_now().await;
        signal.send("SIGINT".into()).await.unwrap();
        let report = running.await.unwrap();
        assert_eq!(report.late, ["start-up"]);
        assert_eq!(rt.now().as_nanos(), 6 * 1_000_000_000);
        assert_eq!(log.taken(), ["all cleaned"]);
    });
}

#[test]
fn nothing_left_to_do_is_an_end() {
    check(100, |rt| async move {
        let rt2 = rt.clone();
        let report = App::new(&rt).run(|app| async move {
            let inner = app.spawn("once", |me| async move {
                me.spawn("more", |_| async { Ok::<_, BoxError>(()) })?;
                Ok::<_, BoxError>(())
            })?;
            assert_eq!(inner.subsystem().path(), "once");
            rt2.sleep(SECOND).await;
            Ok::<_, BoxError>(())
        });
        let report = report.await;
        assert!(report.is_clean());
        assert_eq!(report.stopped_for, StopReason::Finished);
    });
}

/// The token around is a request, and a shield of a subsystem's holds off its abort.
#[test]
fn a_cancellation_from_outside_is_a_request() {
    check(200, |rt| async move {
        let (log, token) = (Log::default(), CancellationToken::new());
        let (rt2, log2) = (rt.clone(), log.clone());
        let app = App::new(&rt).grace(SECOND).run(|app| async move {
            let (rt3, log3) = (rt2.clone(), log2.clone());
            app.spawn("stubborn", |_| async move {
                shield(async {
                    rt3.sleep(5 * SECOND).await;
                    log3.add("committed");
                })
                .await;
                pending::<()>().await;
                Ok::<_, BoxError>(())
            })?;
            clean_up(&rt2, &log2, &app, "all");
            Ok::<_, BoxError>(())
        });
        let context = Context::current().with_token(token.clone());
        let running = rt.spawn(context.scope(app));
        rt.sleep(SECOND).await;
        token.cancel_with("moved");
        let report = running.await.unwrap();
        assert_eq!(report.stopped_for, StopReason::Requested("moved".into()));
        assert_eq!(report.late, ["stubborn"]);
        assert_eq!(log.taken(), ["committed", "all cleaned"]);
    });
}

/// Requests at any time, subsystems that come late: it ends, and each begun one has ended before the clean-up.
#[test]
fn it_always_ends() {
    check(400, |rt| async move {
        let (signal, stream) = signals(&rt);
        let live = Count::default();
        let (rt2, live2) = (rt.clone(), live.clone());
        let app = App::new(&rt)
            .signals(stream)
            .grace(3 * SECOND)
            .run(|app| async move {
                let look = live2.clone();
                app.defer("look", move || async move {
                    assert_eq!(look.get(), 0, "still there");
                    Ok::<_, Infallible>(())
                });
                for name in ["a", "b", "c"] {
                    let (rt, live) = (rt2.clone(), live2.clone());
                    let begun = app.spawn(name, move |me| async move {
                        let _live = live.held();
                        rt.sleep(SECOND * draw(&rt, 2) as u32).await;
                        let (rt3, live3) = (rt.clone(), live.clone());
                        me.spawn("below", move |below| async move {
                            let _live = live3.held();
                            below.token().cancelled().await;
                            rt3.sleep(SECOND * draw(&rt3, 4) as u32).await;
                            Ok::<_, BoxError>(())
                        })
                        .ok();
                        match draw(&rt, 3) {
                            0 => Err("failed".into()),
                            1 => Ok(()),
                            _ => {
                                me.token().cancelled().await;
                                Ok::<_, BoxError>(())
                            }
                        }
                    });
                    if begun.is_err() {
                        break;
                    }
                    yield_now().await;
                }
                Ok::<_, BoxError>(())
            });
        let running = rt.spawn(app);
        for _ in 0..2 {
            rt.sleep(SECOND * draw(&rt, 4) as u32).await;
            signal.send("SIGINT".into()).await.ok();
        }
        let report = running.await.unwrap();
        sometimes!(!report.late.is_empty(), "somebody is late");
        sometimes!(report.is_clean(), "all went well");
        assert!(report.closes.is_empty(), "{report}");
        assert_eq!(live.get(), 0);
    });
}

#[test]
fn a_signal_stops_it_and_a_second_one_at_once() {
    check(50, |rt| async move {
        for signals in [1, 2] {
            let (log, started) = (Log::default(), rt.now());
            let heard = rt.signals(Signal::SHUTDOWN).unwrap();
            let raising = rt.spawn({
                let rt = rt.clone();
                async move {
                    for _ in 0..signals {
                        rt.sleep(SECOND).await;
                        assert_eq!(rt.raise(Signal::Terminate), 1);
                    }
                }
            });
            let app = App::new(&rt).grace(SECOND * 10).signals(heard);
            let report = app.run(|app| {
                spawn(&rt, &log, &app, "slow", 5);
                async { Ok::<_, Infallible>(()) }
            });
            let report = report.await;
            let left = rt.raise(Signal::Terminate);
            let requested = StopReason::Requested("SIGTERM".into());
            assert_eq!(report.stopped_for, requested);
            let (late, took): (&[&str], _) = match signals {
                1 => (&[], SECOND * 6),
                _ => (&["slow"], SECOND * 2),
            };
            assert_eq!(report.late, late);
            assert_eq!(rt.now() - started, took);
            raising.await.unwrap();
            assert_eq!(left, 0, "somebody still listens");
        }
    });
}
