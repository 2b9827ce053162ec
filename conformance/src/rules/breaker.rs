//! *DE*: circuit breakers and boundaries.

use super::{
    every::{Cut, cut_off},
    time::pass,
};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Expected, Wakes, block},
};
use anyrt_core::{cancel::CancellationToken, context::Context, rt::Runtime};
use anyrt_toolkit::{
    resilience::{Boundary, BreakerBuilder, BreakerError, BreakerState, CircuitBreaker},
    retry::{Backoff, GaveUp, Retry, RetryError},
};
use std::{
    fmt::Debug,
    future::{pending, ready},
    mem,
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    time::Duration,
};

const HOUR: Duration = Duration::from_secs(3600);
const MS: Duration = Duration::from_millis(1);

fn bad(error: impl Debug) -> Stop {
    Stop::failed(format!("{error:?}"))
}

fn breaker<R: Runtime>(
    rt: &R,
    set: impl FnOnce(BreakerBuilder<R>) -> BreakerBuilder<R>,
) -> Result<CircuitBreaker<R>, Stop> {
    let plain = CircuitBreaker::builder(rt).open_for(HOUR);
    set(plain).build().map_err(bad)
}

async fn call<R: Runtime>(breaker: &CircuitBreaker<R>, output: Result<(), u32>) -> Outcome {
    match (breaker.call(ready(output)).await, output) {
        (Ok(()), Ok(())) => Ok(()),
        (Err(BreakerError::Failed(one)), Err(other)) if one == other => Ok(()),
        (other, _) => Err(Stop::failed(format!("{output:?} became {other:?}"))),
    }
}

/// Open, and closed.
pub fn de_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let in_a_row = breaker(rt, |b| b.failures_in_a_row(3))?;
        for output in [Err(1), Err(2), Ok(()), Err(3), Err(4)] {
            call(&in_a_row, output).await?;
        }
        ensure_eq!(in_a_row.state(), BreakerState::Closed, "not three in a row");
        let rate = breaker(rt, |b| b.failure_rate(0.5, HOUR * 100, 8))?;
        for output in [Err(1), Err(2), Err(3), Ok(()), Ok(()), Ok(()), Err(4)] {
            call(&rate, output).await?;
        }
        ensure_eq!(rate.state(), BreakerState::Closed, "seven calls of eight");
        for breaker in [&in_a_row, &rate] {
            call(breaker, Err(9)).await?;
            ensure_eq!(breaker.state(), BreakerState::Open, "after one more");
            let polled = Wakes::new();
            let refused = breaker.call(async {
                polled.bump();
                Ok::<_, ()>(())
            });
            let Err(BreakerError::Open(open)) = refused.await else {
                return Err(Stop::failed("an open breaker let a call through"));
            };
            ensure_eq!(polled.count(), 0, "the polls of what was refused");
            ensure!(
                open.retry_at - rt.now() > HOUR / 2,
                "it opens for too short"
            );
        }
        let short = breaker(rt, |b| b.open_for(MS * 50).trials(2))?;
        for last in [Err(1), Ok(())] {
            short.open();
            let opened = rt.now();
            while short.state() == BreakerState::Open {
                rt.sleep(MS).await;
            }
            ensure!(rt.now() - opened >= MS * 50, "it was half-open too early");
            let begun = rt.now();
            let trials = short.begin().and_then(|one| Ok((one, short.begin()?)));
            let (one, other) = trials.map_err(bad)?;
            if short.begin().is_ok() {
                ensure!(rt.now() - begun >= MS * 50, "a third trial of two");
                continue; // Too slow: the first two may rightly have been given up.
            }
            one.succeeded();
            match last {
                Ok(()) => other.succeeded(),
                Err(_) => other.failed(),
            }
            let want = [BreakerState::Open, BreakerState::Closed][usize::from(last.is_ok())];
            let is = short.state();
            // It may have been open for its time again.
            let is = if is == BreakerState::HalfOpen {
                BreakerState::Open
            } else {
                is
            };
            ensure_eq!(is, want, "after trials of which one was {last:?}");
        }
        let recent = breaker(rt, |b| b.failure_rate(0.5, MS * 20, 2))?;
        for _ in 0..2 {
            call(&recent, Err(1)).await?;
            ensure_eq!(recent.state(), BreakerState::Closed, "one call of a while");
            pass(rt, MS * 25).await;
        }
        let plain = || CircuitBreaker::builder(rt);
        for (builder, field) in [
            (plain().failures_in_a_row(0), "failures_in_a_row"),
            (plain().failure_rate(f64::NAN, HOUR, 1), "failure_rate"),
            (plain().failure_rate(1.5, HOUR, 1), "failure_rate"),
            (plain().failure_rate(0.5, HOUR, 0), "min_calls"),
            (plain().open_for(Duration::ZERO), "open_for"),
            (plain().trials(0), "trials"),
        ] {
            let refused = builder.build().map(drop).map_err(|error| error.field);
            ensure_eq!(refused, Err(field), "a bad setting");
        }
        Ok(())
    })
}

/// What is late, and what is leaked.
pub fn de_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let eager = breaker(rt, |b| b.failures_in_a_row(1))?;
        let early = eager.begin().map_err(bad)?;
        call(&eager, Err(1)).await?;
        ensure_eq!(eager.state(), BreakerState::Open, "after a failure");
        eager.close();
        early.failed();
        ensure_eq!(
            eager.state(),
            BreakerState::Closed,
            "after a failure of before"
        );
        let short = breaker(rt, |b| b.open_for(MS * 2))?;
        short.open();
        rt.sleep(MS * 2).await;
        drop(short.begin().map_err(bad)?);
        mem::forget(short.begin().map_err(bad)?);
        rt.sleep(MS * 2).await;
        call(&short, Ok(())).await?;
        ensure_eq!(short.state(), BreakerState::Closed, "after a trial");
        Ok(())
    })
}

/// Panics, and drops.
pub fn de_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let rt = ctx.rt();
    let row = breaker(rt, |b| b.failures_in_a_row(2))?;
    for cut in Cut::all().filter(|cut| !cut.done) {
        let alive = std::sync::Arc::new(());
        let held = alive.clone();
        let work = row.call(async move {
            let _held = held;
            pending::<Result<(), ()>>().await
        });
        cut_off("a call", work, cut, || ())?;
        ensure_eq!(
            std::sync::Arc::strong_count(&alive),
            1,
            "calls left, and one"
        );
    }
    ensure_eq!(
        row.state(),
        BreakerState::Closed,
        "after calls that were dropped"
    );
    for _ in 0..2 {
        let panics = row.call(async { panic_any(Expected(1)) as Result<(), ()> });
        let unwound = catch_unwind(AssertUnwindSafe(|| block(panics)));
        let payload = unwound
            .map(drop)
            .map_err(|payload| payload.is::<Expected>());
        ensure_eq!(payload, Err(true), "the panic of a call");
    }
    ensure_eq!(row.state(), BreakerState::Open, "after two panics");
    fn spawned<R: Runtime>(rt: &R, breaker: CircuitBreaker<R>) -> R::JoinHandle<bool> {
        rt.spawn(async move { breaker.call(ready(Ok::<_, ()>(()))).await.is_err() })
    }
    ctx.run(async {
        let refused = spawned(rt, row).await;
        ensure!(matches!(refused, Ok(true)), "spawned it gives {refused:?}");
        Ok(())
    })
}

/// The boundary.
pub fn de_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let policy = Retry::builder().backoff(Backoff::none()).build();
        let policy = policy.map_err(bad)?;
        let heard = Wakes::new();
        let told = heard.clone();
        let boundary = Boundary::new()
            .retry(policy)
            .on_error(move |_| told.bump())
            .catches(|code: &u32| *code < 500)
            .fallback(|error| error.attempts);
        let fails = |code| move |_| ready(Err::<u32, _>(code));
        let kept = boundary.run(rt, fails(404)).await;
        ensure_eq!(
            kept.map_err(bad)?,
            3,
            "the fallback, which says the attempts"
        );
        let through = boundary
            .run(rt, fails(500))
            .await
            .map_err(RetryError::into_last);
        ensure_eq!(through, Err(Some(500)), "what it does not catch");
        let output = boundary.run(rt, |_| ready(Ok(7))).await;
        ensure_eq!(output.map_err(bad)?, 7, "what did not fail");
        ensure_eq!(heard.count(), 2, "what the hook has heard");
        let token = CancellationToken::new();
        token.cancel();
        let context = Context::default().with_token(token);
        let cancelled = context.scope(boundary.run(rt, fails(404))).await;
        let gave_up = cancelled.map_err(|error| error.into_inner().gave_up);
        ensure!(
            matches!(gave_up, Err(GaveUp::Cancelled(_))),
            "a cancellation became {gave_up:?}"
        );
        let panics = boundary.run(rt, |_| async { panic_any(Expected(1)) });
        let unwound = catch_unwind(AssertUnwindSafe(|| block(panics)));
        ensure!(unwound.is_err(), "a panic became {unwound:?}");
        Ok(())
    })
}
