//! *RE*: what ends a retry, and is no failure.

use super::retry::{HOUR, failing, policy};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Expected, Probe, Wakes, block},
};
use anyrt_core::{
    JoinError, cancel::CancellationToken, context::Context, rt::JoinHandle, task::yield_now,
};
use anyrt_toolkit::retry::{Backoff, GaveUp, Retry, RetryBuilder, retry};
use std::{
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
};

/// What is no failure.
pub fn re_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let patient = policy(|p| p.backoff(Backoff::constant(HOUR)))?;
        let token = CancellationToken::new();
        let context = || Context::default().with_token(token.clone());
        let mut waits = Probe::new(context().scope(failing(rt, &patient)));
        ensure!(waits.is_pending(), "a wait of an hour is over");
        token.cancel_with("enough");
        ensure!(waits.wakes() > 0, "the wait was not woken");
        for error in [
            waits.ready("a retry that was cancelled")??,
            context().scope(failing(rt, &patient)).await?,
        ] {
            ensure_eq!(error.attempts, 1, "the attempts");
            ensure!(
                matches!(&error.gave_up, GaveUp::Cancelled(reason) if reason.text == "enough"),
                "it says {:?}",
                error.gave_up
            );
        }
        another_is_cancelled(rt).await?;
        cancelled_in_an_attempt(rt).await?;
        let made = Wakes::new();
        let eager = policy(|p| p.attempts(None))?;
        let panics = retry(rt, &eager, |_| {
            made.bump();
            let first = made.count() == 1;
            async move {
                match first {
                    true => panic_any(Expected(1)),
                    false => Ok::<_, u32>(()),
                }
            }
        });
        let unwound = catch_unwind(AssertUnwindSafe(|| block(panics)));
        let payload = unwound.map(drop).map_err(|p| p.is::<Expected>());
        ensure_eq!(payload, Err(true), "the panic of an attempt");
        ensure_eq!(made.count(), 1, "the attempts");
        for set in [
            |p: RetryBuilder<u32>| p.when(|_| panic_any(Expected(2))),
            |p: RetryBuilder<u32>| p.on_retry(|_| panic_any(Expected(2))),
        ] {
            let policy = policy(set)?;
            let unwound = catch_unwind(AssertUnwindSafe(|| block(failing(rt, &policy))));
            ensure!(unwound.is_err(), "the panic of a closure is gone");
        }
        Ok(())
    })
}

/// The token is cancelled while an attempt runs, which fails after that.
async fn cancelled_in_an_attempt<R: Backend>(rt: &R) -> Outcome {
    let (token, announced) = (CancellationToken::new(), Wakes::new());
    let told = announced.clone();
    let eager = policy(|p| p.on_retry(move |_| told.bump()))?;
    let cancels = retry(rt, &eager, |attempt| {
        let token = token.clone();
        async move {
            token.cancel_with("enough");
            yield_now().await;
            Err::<(), _>(attempt.number())
        }
    });
    let context = Context::default().with_token(token.clone());
    let Err(error) = context.scope(cancels).await else {
        return Err(Stop::failed("an attempt that fails has succeeded"));
    };
    ensure_eq!(error.attempts, 1, "the attempts");
    ensure!(
        matches!(error.gave_up, GaveUp::Cancelled(_)),
        "it says {:?}",
        error.gave_up
    );
    ensure_eq!(announced.count(), 0, "retries that were announced");
    Ok(())
}

/// A task that an attempt waits for is aborted by somebody else.
async fn another_is_cancelled<R: Backend>(rt: &R) -> Outcome {
    let plain = Retry::builder().backoff(Backoff::none());
    let told_apart = Retry::builder().when(|error: &JoinError| !error.is_cancelled());
    for (builder, attempts, why) in [
        (plain, 3, GaveUp::Attempts),
        (told_apart, 1, GaveUp::Refused),
    ] {
        let policy = builder.build().map_err(|e| Stop::failed(e.to_string()))?;
        let aborted = retry(rt, policy, |_| {
            let task = rt.spawn(pending::<()>());
            task.abort();
            task
        });
        let Err(error) = aborted.await else {
            return Err(Stop::failed("a task that never ends has ended"));
        };
        ensure_eq!(error.attempts, attempts, "the attempts of what is aborted");
        ensure_eq!(error.gave_up, why, "why it gave up");
    }
    Ok(())
}
