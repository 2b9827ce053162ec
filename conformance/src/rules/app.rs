//! *LC*: an application's life.

use super::app_stop;
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Expected, OnDrop, PATIENCE, Wakes},
};
use anyrt_core::{
    cancel::{CancellationToken, shield},
    context::Context,
    group::TaskGroup,
    rt::{Receiver, Sender},
    task::yield_now,
};
use anyrt_toolkit::lifecycle::{App, Report, StopReason, Stopping, Subsystem};
use std::{
    convert::Infallible,
    future::pending,
    panic::panic_any,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

pub(super) const LONG: Duration = Duration::from_secs(3600);
pub(super) const SHORT: Duration = Duration::from_millis(20);

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What happened, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(super) fn add(&self, line: impl Into<String>) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line.into());
    }

    pub(super) fn taken(&self) -> Vec<String> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *lines)
    }

    /// Ends when it is told to.
    pub(super) fn polite<R: Backend>(
        &self,
        around: &Subsystem<R>,
        name: &'static str,
    ) -> Result<Subsystem<R>, Stopping> {
        let log = self.clone();
        let spawned = around.spawn(name, move |me| async move {
            me.token().cancelled().await;
            yield_now().await;
            log.add(me.path());
            Ok::<_, BoxError>(())
        });
        Ok(spawned?.subsystem().clone())
    }

    pub(super) fn clean_up<R: Backend>(&self, app: &Subsystem<R>, name: &'static str) {
        let log = self.clone();
        app.defer(name, move || async move {
            yield_now().await;
            log.add(name);
            Ok::<_, Infallible>(())
        });
    }
}

/// Who never ends by itself.
pub(super) fn stubborn<R: Backend>(
    around: &Subsystem<R>,
    name: &'static str,
    begun: &Arc<Wakes>,
) -> Result<(), Stopping> {
    let begun = begun.clone();
    let spawned = around.spawn(name, move |_| async move {
        begun.bump();
        pending::<Result<(), BoxError>>().await
    });
    spawned.map(drop)
}

fn texts(report: &Report) -> Vec<String> {
    report.failures.iter().map(ToString::to_string).collect()
}

/// A signal or a failure, the token, the grace, the abort, the report.
pub fn lc_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let (rt, log, begun) = (ctx.rt(), Log::default(), Wakes::new());
        let (signal, signals) = rt.unbounded_channel::<&'static str>();
        let app = App::new(rt).grace(SHORT).signals(signals.into_stream());
        let start = rt.now();
        let report = app.run(|app| async {
            let app = app;
            log.polite(&app, "good")?;
            stubborn(&app, "bad", &begun)?;
            begun.reached(1).await;
            signal.send("SIGTERM").await.ok();
            Ok::<_, BoxError>(())
        });
        let report = report.await;
        let wanted = StopReason::Requested("SIGTERM".into());
        ensure_eq!(report.stopped_for, wanted, "the reason");
        ensure_eq!(report.late, ["bad"], "who was late");
        ensure!(
            rt.now() - start >= SHORT,
            "aborted before the grace was over"
        );
        ensure_eq!(log.taken(), ["good"], "who ended");
        ensure!(report.into_result().is_err(), "a late subsystem is clean");

        for panics in [false, true] {
            let report = App::new(rt).grace(LONG).run(|app| async {
                let app = app;
                log.polite(&app, "good")?;
                app.spawn("bad", move |_| async move {
                    if panics {
                        panic_any(Expected(1));
                    }
                    Err::<(), _>("broken")
                })?;
                Ok::<_, BoxError>(())
            });
            let report = report.await;
            ensure_eq!(
                report.stopped_for,
                StopReason::Failed("bad".into()),
                "the reason"
            );
            ensure_eq!(texts(&report).len(), 1, "failures");
            ensure!(report.late.is_empty(), "late: {:?}", report.late);
            ensure_eq!(log.taken(), ["good"], "who ended");
        }
        let report = App::new(rt).run(|app| async move {
            app.spawn("once", |_| async { Ok::<_, BoxError>(()) })?;
            Ok::<_, BoxError>(())
        });
        let report = report.await;
        ensure!(report.is_clean(), "nothing was wrong, but: {report}");
        ensure_eq!(report.stopped_for, StopReason::Finished, "the reason");
        stops_in_one_grace(rt).await?;
        app_stop::gives_up(rt).await
    })
}

/// What the start-up has spent of it, subsystems do not have once more.
async fn stops_in_one_grace<R: Backend>(rt: &R) -> Outcome {
    const GRACE: Duration = Duration::from_millis(100);
    let mut took = Duration::ZERO;
    // A machine may stand still for a grace, but not each time.
    for _ in 0..5 {
        let (begun, start) = (Wakes::new(), rt.now());
        let report = App::new(rt).grace(GRACE).run(|app| async {
            let app = app;
            stubborn(&app, "bad", &begun)?;
            begun.reached(1).await;
            app.request_shutdown("enough");
            pending::<Result<(), BoxError>>().await
        });
        ensure_eq!(report.await.late, ["start-up", "bad"], "who was late");
        took = rt.now() - start;
        ensure!(took >= GRACE, "aborted before the grace was over");
        if took < 2 * GRACE {
            return Ok(());
        }
    }
    Err(Stop::failed(format!(
        "of a grace of {GRACE:?} became {took:?}"
    )))
}

/// Children, then parents, then the clean-up, from the last to the first.
pub fn lc_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let log = Log::default();
        let report = App::new(ctx.rt()).grace(LONG).run(|app| async {
            let app = app;
            log.clean_up(&app, "first");
            log.clean_up(&app, "second");
            let outer = log.polite(&app, "a")?;
            let inner = log.polite(&outer, "b")?;
            log.polite(&inner, "c")?;
            app.request_shutdown("enough");
            ensure_told(&app)?;
            Ok::<_, BoxError>(())
        });
        let report = report.await;
        ensure!(report.is_clean(), "nothing was wrong, but: {report}");
        ensure_eq!(
            log.taken(),
            ["a/b/c", "a/b", "a", "second", "first"],
            "the order"
        );
        begins_while_it_stops(ctx.rt()).await?;
        cleans_up_shielded(ctx.rt()).await
    })
}

/// What a subsystem begins while it waits for its turn is asked before it, too.
async fn begins_while_it_stops<R: Backend>(rt: &R) -> Outcome {
    let (log, begun) = (Log::default(), Wakes::new());
    let report = App::new(rt).grace(LONG).run(|app| async {
        let (app, lines, inside) = (app, log.clone(), begun.clone());
        let above = app.spawn("above", move |me| async move {
            let both = inside.clone();
            let first = me.spawn("first", move |first| async move {
                first.token().cancelled().await;
                both.reached(2).await;
                Ok::<_, BoxError>(())
            })?;
            inside.bump();
            first.subsystem().token().cancelled().await;
            lines.polite(&me, "second")?;
            inside.bump();
            me.token().cancelled().await;
            lines.add("above");
            Ok::<_, BoxError>(())
        })?;
        begun.reached(1).await;
        app.request_shutdown("enough");
        // As long as the start-up runs, there may be further ones.
        above.await;
        Ok::<_, BoxError>(())
    });
    let report = report.await;
    ensure!(report.is_clean(), "nothing was wrong, but: {report}");
    ensure_eq!(log.taken(), ["above/second", "above"], "the order");
    Ok(())
}

/// A token around asks the application to stop, and is none of the clean-up's.
async fn cleans_up_shielded<R: Backend>(rt: &R) -> Outcome {
    let (token, log) = (CancellationToken::new(), Log::default());
    let app = App::new(rt).grace(LONG).run(|app| async {
        let (app, log) = (app, log.clone());
        log.polite(&app, "stays")?;
        app.defer("looks", move || async move {
            for _ in 0..2 {
                yield_now().await;
                let seen = Context::current().is_cancelled();
                log.add(if seen { "cancelled" } else { "shielded" });
            }
            Ok::<_, Infallible>(())
        });
        token.cancel_with("enough");
        Ok::<_, BoxError>(())
    });
    let around = Context::default().with_token(token.clone());
    let report = around.scope(app).await;
    let wanted = StopReason::Requested("enough".into());
    ensure_eq!(report.stopped_for, wanted, "the reason");
    let wanted = ["stays", "shielded", "shielded"];
    ensure_eq!(log.taken(), wanted, "what ended, and what the clean-up saw");
    Ok(())
}

fn ensure_told<R: Backend>(app: &Subsystem<R>) -> Result<(), BoxError> {
    match app.token().is_cancelled() {
        true => Ok(()),
        false => Err("the application's own token is not cancelled".into()),
    }
}

/// Dropped while a subsystem is busy: the clean-up comes after it, and the group around waits.
pub fn lc_23<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let (rt, log, begun) = (ctx.rt().clone(), Log::default(), Wakes::new());
        let group = TaskGroup::<R, (), Infallible>::new(ctx.rt());
        let (inside, lines) = (begun.clone(), log.clone());
        // The group's cancellation may be heard as a request first: then there is a grace.
        let app = App::new(ctx.rt()).grace(SHORT).run(|app| async move {
            lines.clean_up(&app, "cleaned");
            app.spawn("busy", move |_| async move {
                let _gone = OnDrop::new(|| lines.add("gone"));
                inside.bump();
                // Time for a clean-up that must not begin.
                shield(rt.sleep(SHORT)).await;
                pending::<Result<(), BoxError>>().await
            })?;
            Ok::<_, BoxError>(())
        });
        let spawned = group.spawn(async {
            drop(app.await);
            Ok(())
        });
        ensure!(spawned.is_ok(), "a group that is open refuses a child");
        begun.reached(1).await;
        let ended = group.shutdown().await;
        ensure!(ended.is_ok(), "a group that was shut down: {ended:?}");
        ensure_eq!(log.taken(), ["gone", "cleaned"], "by the group's end");
        cancels_when_dropped(ctx.rt()).await
    })
}

/// Who still has a token of an application that nobody has asked to stop.
async fn cancels_when_dropped<R: Backend>(rt: &R) -> Outcome {
    for closes in [false, true] {
        let tokens = OnceLock::new();
        let app = App::new(rt).run(|app| async {
            let app = app;
            if closes {
                Log::default().clean_up(&app, "cleaned");
            }
            let busy = app.spawn("busy", |_| pending::<Result<(), BoxError>>())?;
            let below = busy.subsystem().token().clone();
            tokens.set([app.token().clone(), below]).ok();
            Ok::<_, BoxError>(())
        });
        ensure!(rt.timeout(SHORT, app).await.is_err(), "nobody stopped it");
        for token in tokens.into_inner().into_iter().flatten() {
            let told = rt.timeout(PATIENCE, token.cancelled()).await;
            ensure!(told.is_ok(), "who has its token hears nothing");
        }
    }
    Ok(())
}

/// Outputs, of the start-up and of subsystems.
pub fn lc_25<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let begun = Wakes::new();
        let report = App::new(ctx.rt()).grace(SHORT).run(|app| async {
            let app = app;
            let late = app.spawn("late", {
                let begun = begun.clone();
                move |_| async move {
                    begun.bump();
                    pending::<Result<u32, BoxError>>().await
                }
            })?;
            let good = app.spawn("good", |_| async { Ok::<_, BoxError>(1) })?;
            // It is there although the application goes on.
            let first = good.await;
            let then = app.spawn("then", |me| async move {
                me.token().cancelled().await;
                Ok::<_, BoxError>(2)
            })?;
            begun.reached(1).await;
            let bad = app.spawn("bad", |_| async { Err::<u32, _>("broken") })?;
            Ok::<_, BoxError>((first, then, bad, late))
        });
        let mut report = report.await;
        let Some((first, then, bad, late)) = report.output.take() else {
            return Err(Stop::failed(format!("no output of the start-up: {report}")));
        };
        let outputs = [first, then.await, bad.await, late.await];
        ensure_eq!(outputs, [Some(1), Some(2), None, None], "the outputs");
        Ok(())
    })
}
