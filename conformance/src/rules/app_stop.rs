//! *LC*: who asks an application to stop, and who insists.

use super::app::{BoxError, LONG, Log, SHORT, stubborn};
use crate::{
    outcome::{Backend, Ctx, Outcome, ensure, ensure_eq},
    probe::Wakes,
};
use anyrt_core::{
    JoinError,
    rt::{Receiver, Sender},
};
use anyrt_toolkit::lifecycle::{App, StopReason, Stopping};
use std::{convert::Infallible, future::pending};

/// The second signal ends the grace, or an abort does; one in the clean-up ends that.
pub fn lc_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        ends_the_grace(rt).await?;
        ends_the_clean_up(rt).await?;
        asks_politely(rt).await?;
        signals_after_a_failure(rt).await
    })
}

async fn ends_the_grace<R: Backend>(rt: &R) -> Outcome {
    let (log, begun, start) = (Log::default(), Wakes::new(), rt.now());
    let (signal, signals) = rt.unbounded_channel::<&'static str>();
    let app = App::new(rt).grace(LONG).signals(signals.into_stream());
    let report = app.run(|app| async {
        let app = app;
        log.clean_up(&app, "cleaned");
        stubborn(&app, "bad", &begun)?;
        begun.reached(1).await;
        signal.send("first").await.ok();
        signal.send("second").await.ok();
        Ok::<_, BoxError>(())
    });
    let report = report.await;
    let wanted = StopReason::Requested("first".into());
    ensure_eq!(report.stopped_for, wanted, "the reason");
    ensure_eq!(report.late, ["bad"], "who was aborted");
    let by = report.aborted_by.as_deref();
    ensure_eq!(by, Some("second"), "by whom");
    ensure_eq!(log.taken(), ["cleaned"], "the clean-up");
    ensure!(rt.now() - start < LONG, "the grace went on");

    let report = App::new(rt).grace(LONG).run(|app| async {
        let app = app;
        log.clean_up(&app, "cleaned");
        stubborn(&app, "bad", &begun)?;
        app.request_shutdown("first");
        app.abort("second");
        pending::<Result<(), BoxError>>().await
    });
    let late = report.await.late;
    ensure_eq!(late, ["start-up", "bad"], "who was aborted in the start-up");
    ensure_eq!(log.taken(), ["cleaned"], "the clean-up");
    ensure!(rt.now() - start < LONG, "the grace of a start-up went on");
    Ok(())
}

async fn ends_the_clean_up<R: Backend>(rt: &R) -> Outcome {
    let log = Log::default();
    let report = App::new(rt).close_timeout(LONG).run(|app| async {
        let app = app;
        log.clean_up(&app, "never");
        let asked = app.clone();
        app.defer("hangs", move || async move {
            asked.abort("enough");
            pending::<Result<(), BoxError>>().await
        });
        app.defer("fails", || async { Err("stuck") });
        app.request_shutdown("first");
        Ok::<_, BoxError>(())
    });
    let report = report.await;
    ensure_eq!(report.abandoned, 2, "what was not cleaned up");
    ensure_eq!(report.closes.len(), 1, "what had failed by then");
    ensure!(log.taken().is_empty(), "cleaned up after all");
    Ok(())
}

/// Those who ask in code do not know of one another, nor of a signal.
async fn asks_politely<R: Backend>(rt: &R) -> Outcome {
    let log = Log::default();
    let (signal, signals) = rt.unbounded_channel::<&'static str>();
    let app = App::new(rt).grace(LONG).signals(signals.into_stream());
    let report = app.run(|app| async {
        let (app, lines) = (app, log.clone());
        let asked = app.clone();
        app.defer("asks", move || async move {
            asked.request_shutdown("in the clean-up");
            asked.rt().sleep(SHORT).await;
            Ok::<_, Infallible>(())
        });
        app.spawn("asks", move |me| async move {
            me.token().cancelled().await;
            me.request_shutdown("third");
            signal.send("SIGTERM").await.ok();
            me.rt().sleep(SHORT).await;
            lines.add(me.path());
            Ok::<_, BoxError>(())
        })?;
        app.request_shutdown("first");
        app.request_shutdown("second");
        Ok::<_, BoxError>(())
    });
    let report = report.await;
    ensure!(report.is_clean(), "nobody insisted, but: {report}");
    ensure_eq!(log.taken(), ["asks"], "who ended");
    Ok(())
}

async fn signals_after_a_failure<R: Backend>(rt: &R) -> Outcome {
    let log = Log::default();
    let (signal, signals) = rt.unbounded_channel::<&'static str>();
    let app = App::new(rt).grace(LONG).signals(signals.into_stream());
    let report = app.run(|app| async {
        let app = app;
        log.clean_up(&app, "second");
        let (asked, lines) = (app.clone(), log.clone());
        app.defer("first", move || async move {
            signal.send("once").await.ok();
            asked.rt().sleep(SHORT).await;
            lines.add("first");
            Ok::<_, Infallible>(())
        });
        Err::<(), BoxError>("no port".into())
    });
    let report = report.await;
    ensure_eq!(report.abandoned, 0, "abandoned by one signal");
    ensure_eq!(log.taken(), ["first", "second"], "the clean-up");
    Ok(())
}

/// Once it stops, to end by its refusal or a cancellation is what was asked for; before that, it is a failure.
pub(super) async fn gives_up<R: Backend>(rt: &R) -> Outcome {
    for (refused, stops) in [(true, true), (true, false), (false, true), (false, false)] {
        let report = App::new(rt).grace(LONG).run(|app| async move {
            app.spawn("gives up", move |me| async move {
                if stops {
                    me.token().cancelled().await;
                }
                match refused {
                    true if stops => me.spawn("late", |_| async { Ok::<_, BoxError>(()) })?,
                    true => return Err(Stopping.into()),
                    false => return Err::<(), BoxError>(JoinError::Cancelled.into()),
                };
                Ok(())
            })?;
            if stops {
                app.request_shutdown("enough");
            }
            Ok::<_, BoxError>(())
        });
        let report = report.await;
        let failed = !report.failures.is_empty();
        ensure_eq!(failed, !stops, "that it failed, of who ends so");
    }
    Ok(())
}
