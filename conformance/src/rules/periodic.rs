//! *LC*: periodic work.

use super::time::pass;
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Gate, Probe, Wakes},
};
use anyrt_core::{Instant, rt::Runtime, task::yield_now};
use anyrt_toolkit::lifecycle::{Background, Overlap, Periodic, Restart};
use std::{
    error::Error,
    fmt::Debug,
    future::pending,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(20);
const PERIOD: Duration = Duration::from_millis(5);

type BoxError = Box<dyn Error + Send + Sync>;

fn bad(error: impl Debug) -> Stop {
    Stop::failed(format!("{error:?}"))
}

/// Runs that wait at a gate, and note when they began.
#[derive(Debug, Clone, Default)]
struct Runs {
    begun: Arc<Wakes>,
    at: Arc<Mutex<Vec<Instant>>>,
    gate: Gate,
}

impl Runs {
    fn start<R: Runtime>(
        &self,
        background: &Background<R>,
        rt: &R,
        period: Duration,
        overlap: Overlap,
    ) -> Result<Periodic, Stop> {
        let every = background.every("gated", period, self.work(rt));
        every.overlap(overlap).start().map_err(bad)
    }

    fn work<R: Runtime>(
        &self,
        rt: &R,
    ) -> impl FnMut() -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>> + Send + use<R>
    {
        let (runs, rt) = (self.clone(), rt.clone());
        move || {
            let mut at = runs.at.lock().unwrap_or_else(PoisonError::into_inner);
            at.push(rt.now());
            drop(at);
            runs.begun.bump();
            let gate = runs.gate.clone();
            Box::pin(async move {
                gate.wait().await;
                Ok(())
            })
        }
    }

    fn at(&self) -> Vec<Instant> {
        self.at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Periodic work: runs, failures, overlap, the shutdown.
pub fn lc_22<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        gives_up(rt).await?;
        beside(rt).await?;
        leaves_out(rt).await?;
        // In time that a slow machine needs for itself nobody sees whether it catches up: then with more of it.
        let caught_up = catches_up(rt, PERIOD).await?
            || catches_up(rt, 10 * PERIOD).await?
            || catches_up(rt, 100 * PERIOD).await?;
        ensure!(caught_up, "ticks that came during a run had none at once");
        shuts_down(rt).await?;
        let refused = Background::new(rt);
        let zero = refused.every("x", Duration::ZERO, || async { Ok::<_, BoxError>(()) });
        ensure!(zero.start().is_err(), "a period of zero");
        Ok(())
    })
}

async fn gives_up<R: Runtime>(rt: &R) -> Outcome {
    let (background, runs) = (Background::new(rt), Wakes::new());
    let start = rt.now();
    let counted = runs.clone();
    let work = move || {
        counted.bump();
        async { Err::<(), _>("no") }
    };
    let every = background.every("fails", PERIOD, work);
    let handle = every.restart(Restart::GiveUpAfter(3)).start();
    let handle = handle.map_err(bad)?;
    runs.reached(3).await;
    ensure!(
        rt.now() - start >= 2 * PERIOD,
        "three runs in less than two periods"
    );
    while !handle.is_stopped() {
        yield_now().await;
    }
    ensure_eq!(
        handle.stats().failures,
        3,
        "failures in a row, before it gave up"
    );
    Ok(())
}

async fn beside<R: Runtime>(rt: &R) -> Outcome {
    let (background, runs) = (Background::new(rt), Runs::default());
    let handle = runs.start(&background, rt, PERIOD, Overlap::Parallel(2))?;
    runs.begun.reached(2).await;
    while handle.stats().skipped == 0 {
        yield_now().await;
    }
    ensure_eq!(handle.stats().runs, 2, "runs side by side");
    runs.gate.open();
    runs.begun.reached(3).await;
    Ok(())
}

/// The default: ticks that come during a run have none of their own, and are counted.
async fn leaves_out<R: Runtime>(rt: &R) -> Outcome {
    let (background, runs) = (Background::new(rt), Runs::default());
    let handle = runs.start(&background, rt, PERIOD, Overlap::default())?;
    runs.begun.reached(1).await;
    pass(rt, 4 * PERIOD).await;
    ensure_eq!(handle.stats().runs, 1, "runs at once");
    runs.gate.open();
    runs.begun.reached(2).await;
    let skipped = handle.stats().skipped;
    ensure!(
        skipped >= 3,
        "in four periods {skipped} ticks were left out"
    );
    Ok(())
}

/// A run at once for each tick that came during another one. False where they took too long to tell.
async fn catches_up<R: Runtime>(rt: &R, period: Duration) -> Result<bool, Stop> {
    let (background, runs) = (Background::new(rt), Runs::default());
    let handle = runs.start(&background, rt, period, Overlap::CatchUp)?;
    runs.begun.reached(1).await;
    pass(rt, 10 * period).await;
    ensure_eq!(handle.stats().runs, 1, "runs at once");
    let opened = rt.now();
    runs.gate.open();
    runs.begun.reached(10).await;
    ensure_eq!(handle.stats().skipped, 0, "ticks that were left out");
    if let Some(last) = runs.at().get(9)
        // They would end no sooner if they began with the next nine ticks.
        && *last - opened < 7 * period
    {
        return Ok(true);
    }
    Ok(false)
}

/// A shutdown waits for a run that ends in time, and aborts one that does not.
async fn shuts_down<R: Runtime>(rt: &R) -> Outcome {
    let (background, runs) = (Background::new(rt), Runs::default());
    let handle = runs.start(&background, rt, LONG, Overlap::default())?;
    runs.begun.reached(1).await;
    let mut shutdown = Probe::new(background.shutdown(LONG));
    ensure!(shutdown.is_pending(), "over with a run in hand");
    runs.gate.open();
    let drained = shutdown.finish().await;
    ensure!(drained.late.is_empty(), "aborted: {:?}", drained.late);
    ensure_eq!(handle.stats().running, 0, "runs in hand after a shutdown");

    let (background, hangs) = (Background::new(rt), Wakes::new());
    let inside = hangs.clone();
    let every = background.every("hangs", LONG, move || {
        inside.bump();
        pending::<Result<(), BoxError>>()
    });
    drop(every.start().map_err(bad)?);
    hangs.reached(1).await;
    let drained = background.shutdown(SHORT).await;
    ensure_eq!(drained.late, ["hangs"], "whose run was aborted");
    Ok(())
}

/// Jitter begins runs later, each by another time, and never sooner.
pub fn lc_26<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const MOST: Duration = Duration::from_millis(4);
    const RUNS: usize = 16;
    ctx.run(async {
        let rt = ctx.rt();
        let (background, runs) = (Background::new(rt), Runs::default());
        runs.gate.open();
        let start = rt.now();
        let every = background.every("jittered", PERIOD, runs.work(rt));
        drop(every.jitter(MOST).start().map_err(bad)?);
        runs.begun.reached(RUNS).await;
        // How long before that it was begun, nobody can tell on a real clock: only that it was not sooner.
        let since: Vec<_> = runs.at().iter().map(|at| *at - start).collect();
        for (number, since) in (0..).zip(&since) {
            let tick = PERIOD * number;
            ensure!(
                *since >= tick,
                "run {number} at {since:?}, its tick at {tick:?}"
            );
        }
        let after_tick = |since: &Duration| since.as_nanos() % PERIOD.as_nanos();
        let delays: Vec<_> = since.iter().map(after_tick).collect();
        // Once in 16¹⁶ times all that were drawn are as short as that.
        let short = (MOST / 16).as_nanos();
        ensure!(
            delays.iter().any(|delay| *delay >= short),
            "no delays: {delays:?}"
        );
        ensure!(
            delays.iter().any(|delay| *delay != delays[0]),
            "all the same: {delays:?}"
        );

        let refused = |jitter| {
            let every = background.every("x", PERIOD, || async { Ok::<_, BoxError>(()) });
            every.jitter(jitter).start().err().map(|error| error.field)
        };
        for jitter in [PERIOD, LONG, Duration::MAX] {
            ensure_eq!(refused(jitter), Some("jitter"), "a jitter of {jitter:?}");
        }
        ensure_eq!(
            refused(PERIOD - Duration::from_nanos(1)),
            None,
            "less than a period"
        );
        Ok(())
    })
}
