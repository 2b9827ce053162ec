//! *CX*: what is let finish after a cancellation, and generic code that uses all of it.

use crate::{
    outcome::{Backend, Ctx, Outcome, ensure, ensure_eq},
    probe::{Gate, Wakes},
};
use anyrt_core::{
    cancel::{Cancellable, CancellationToken, shield},
    context::Context,
    task::yield_now,
};
use std::{
    future::{Future, pending, ready},
    sync::Arc,
};

/// What cleans up is let finish, and sees no cancellation.
pub fn cx_21<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let token = CancellationToken::new();
        let (log, go) = (Wakes::new(), Gate::new());
        let cleanup = || {
            let (log, go) = (Arc::clone(&log), go.clone());
            async move {
                log.bump();
                go.wait().await;
                if !Context::current().is_cancelled() {
                    log.bump();
                }
            }
        };
        let unused = ready(1).cancellable(&token).on_cancel(cleanup()).await;
        ensure_eq!(
            (unused.ok(), log.count()),
            (Some(1), 0),
            "without a cancellation"
        );
        let context = Context::default().with_token(token.clone());
        let (inner, cleaning) = (token.clone(), cleanup());
        let task =
            ctx.rt().spawn(context.scope(async move {
                pending::<()>().cancellable(inner).on_cancel(cleaning).await
            }));
        yield_now().await;
        token.cancel();
        log.reached(1).await;
        ensure!(
            !anyrt_core::rt::JoinHandle::is_finished(&task),
            "it did not wait for the clean-up"
        );
        go.open();
        let output = task.await;
        ensure!(
            matches!(output, Ok(Err(_))),
            "after the clean-up it gave {output:?}"
        );
        ensure_eq!(log.count(), 2, "the clean-up saw the cancellation");
        Ok(())
    })
}

/// All of it can be spawned from code that knows no more than `R: Runtime`.
pub fn cx_22<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    fn watched<F: Future + Send>(future: F) -> impl Future<Output = F::Output> + Send {
        future
    }
    ctx.run(async {
        let rt = ctx.rt().clone();
        let task = ctx.rt().spawn(async move {
            let token = CancellationToken::new();
            let mut sum = async { 1 }.cancellable(&token).await.unwrap();
            let cleaned = async { 2 }
                .cancellable(token.child())
                .on_cancel(yield_now());
            sum += watched(cleaned).await.unwrap();
            sum += token.run_until_cancelled(async { 4 }).await.unwrap();
            sum += shield(async { 8 }).await;
            let context = Context::current().with_token(token.child());
            sum += context.with_deadline(rt.now()).scope(async { 16 }).await;
            let _guard = token.clone().drop_guard();
            token.cancel();
            token.cancelled().await;
            token.cancelled_owned().await;
            sum
        });
        let sum = task.await;
        ensure!(matches!(sum, Ok(31)), "the sum is {sum:?}, want 31");
        Ok(())
    })
}
