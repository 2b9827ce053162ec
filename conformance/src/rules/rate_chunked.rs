//! *RL*: more than a burst, in chunks.

use super::rate::{bad, empty, limiter};
use crate::{
    outcome::{Backend, Ctx, Outcome, ensure, ensure_eq},
    probe::Probe,
};
use anyrt_core::{cancel::CancellationToken, context::Context, rt::Runtime, time::wait_for};
use anyrt_toolkit::limit::{Quota, RateLimitError, RateLimiter};
use std::{future::Future, time::Duration};

const HOUR: Duration = Duration::from_secs(3600);
const MS: Duration = Duration::from_millis(1);

/// Who waits for the second of two chunks of 4.
fn half<R: Runtime>(
    limiter: &RateLimiter<R>,
) -> Probe<impl Future<Output = Result<(), RateLimitError>>> {
    let mut half = Probe::new(limiter.acquire_chunked(8));
    let _first = half.is_pending();
    limiter.refund(4);
    half
}

/// The rate, those in between, and what is given back.
pub fn rl_9<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let rt = ctx.rt();
        let slow = limiter(rt, Quota::new(1, MS).burst(2))?;
        let before = rt.now();
        slow.acquire_chunked(12).await.map_err(bad)?;
        let took = rt.now() - before;
        ensure!(took >= MS * 10, "12, of which 2 are a burst, took {took:?}");

        let limiter = empty(rt, 4)?;
        let mut heavy = Probe::new(limiter.acquire_chunked(8));
        ensure!(heavy.is_pending(), "an empty bucket gave");
        let mut light = Probe::new(limiter.acquire());
        ensure!(light.is_pending(), "an empty bucket gave");
        limiter.refund(4);
        ensure!(
            heavy.wakes() > 0 && heavy.is_pending(),
            "a chunk is not all"
        );
        ensure_eq!(limiter.available(), 0, "free tokens, with a chunk taken");
        limiter.refund(1);
        light.ready("who came between two chunks")?.map_err(bad)?;
        drop(heavy);
        ensure_eq!(
            limiter.available(),
            4,
            "tokens, once who had a chunk is gone"
        );

        let token = CancellationToken::new();
        let context = Context::default().with_token(token.clone());
        let limiter = empty(rt, 4)?;
        let mut cut = Probe::new(context.scope(async { half(&limiter).finish().await }));
        ensure!(cut.is_pending(), "an empty bucket gave");
        token.cancel();
        let ended = cut.ready("who was cancelled")?;
        ensure!(
            matches!(ended, Err(RateLimitError::Cancelled { .. })),
            "who was cancelled between two chunks: {ended:?}"
        );
        ensure_eq!(
            limiter.available(),
            4,
            "tokens, once who had a chunk failed"
        );

        // The last chunk would come too late: none is taken.
        let refused = wait_for(rt, HOUR, limiter.acquire_chunked(8)).await;
        ensure!(
            matches!(refused, Ok(Err(RateLimitError::TooLate { .. }))),
            "more than the deadline permits: {refused:?}"
        );
        ensure_eq!(limiter.available(), 4, "tokens, of which none was taken");

        let limiter = empty(rt, 4)?;
        let mut shrunk = half(&limiter);
        ensure!(shrunk.is_pending(), "an empty bucket gave");
        limiter.set_quota(Quota::new(1, MS).burst(1)).map_err(bad)?;
        shrunk.finish().await.map_err(bad)?;

        // A token comes with each look at a clock that moves.
        let fast = super::rate::limiter(rt, Quota::new(u32::MAX, MS * 1000).burst(1))?;
        let mut many = Probe::new(fast.acquire_chunked(10_000));
        ensure!(many.is_pending(), "nobody else runs meanwhile");
        Ok(())
    })
}
