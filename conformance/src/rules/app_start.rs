//! *LC*: an application that does not get beyond its start-up.

use super::app::{BoxError, LONG, Log, SHORT};
use crate::{
    outcome::{Backend, Ctx, Outcome, ensure, ensure_eq},
    probe::Expected,
};
use anyrt_core::{group::Cause, task::yield_now};
use anyrt_toolkit::lifecycle::{App, StopReason, Subsystem};
use std::{collections::BTreeSet, future::pending, panic::panic_any};

/// A start-up that fails, panics or is late is cleaned up, and all errors are told.
pub fn lc_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let log = Log::default();
        for panics in [false, true] {
            let report = App::new(ctx.rt()).grace(LONG).run(|app| async {
                let app = app;
                log.clean_up(&app, "cleaned");
                app.defer("bad", || async { Err("stuck") });
                log.polite(&app, "good")?;
                if panics {
                    panic_any(Expected(4));
                }
                Err::<(), BoxError>("no port".into())
            });
            let report = report.await;
            ensure_eq!(report.stopped_for, StopReason::StartupFailed, "the reason");
            ensure!(report.startup.is_some(), "the start-up's error is missing");
            ensure_eq!(report.closes.len(), 1, "errors of the clean-up");
            ensure_eq!(
                log.taken(),
                ["good", "cleaned"],
                "what was stopped and cleaned up"
            );
        }
        let report = App::new(ctx.rt()).grace(SHORT).run(|app| async {
            let app = app;
            log.clean_up(&app, "cleaned");
            app.request_shutdown("never mind");
            pending::<Result<(), BoxError>>().await
        });
        ensure_eq!(report.await.late, ["start-up"], "who was late");
        ensure_eq!(log.taken(), ["cleaned"], "the clean-up");
        tells_of_all(ctx.rt()).await?;
        goes_on_all_the_same(ctx.rt()).await
    })
}

/// What fails on the way out is told beside the start-up's error.
async fn tells_of_all<R: Backend>(rt: &R) -> Outcome {
    let report = App::new(rt).grace(LONG).run(|app| async move {
        for name in ["one", "other"] {
            app.spawn(name, |me| async move {
                me.token().cancelled().await;
                Err::<(), _>("broken")
            })?;
        }
        Err::<(), BoxError>("no port".into())
    });
    let report = report.await;
    ensure!(
        matches!(&report.startup, Some(Cause::Failed(error)) if error.to_string() == "no port"),
        "the start-up's error: {:?}",
        report.startup
    );
    let failed = report.failures.iter().map(|failure| &*failure.path);
    let failed: BTreeSet<_> = failed.collect();
    ensure_eq!(failed, BTreeSet::from(["one", "other"]), "who failed");
    Ok(())
}

/// A start-up that pays no attention to the stop.
async fn goes_on_all_the_same<R: Backend>(rt: &R) -> Outcome {
    let log = Log::default();
    let report = App::new(rt).grace(LONG).run(|app| async {
        let (app, lines) = (app, log.clone());
        let before = app.spawn("before", move |me| async move {
            me.token().cancelled().await;
            lines.add("before");
            Ok::<_, BoxError>(1)
        })?;
        app.request_shutdown("never mind");
        let ended = before.await;
        let after = log.polite(&app, "after")?;
        for _ in 0..3 {
            yield_now().await;
        }
        ensure_untold(&after)?;
        log.add("started");
        Ok::<_, BoxError>(ended)
    });
    let report = report.await;
    ensure!(report.is_clean(), "nothing was wrong, but: {report}");
    ensure_eq!(report.output, Some(Some(1)), "the start-up's output");
    ensure_eq!(log.taken(), ["before", "started", "after"], "the order");
    Ok(())
}

fn ensure_untold<R: Backend>(late: &Subsystem<R>) -> Result<(), BoxError> {
    match late.token().is_cancelled() {
        false => Ok(()),
        true => Err("what begins after the stop is asked at once".into()),
    }
}
