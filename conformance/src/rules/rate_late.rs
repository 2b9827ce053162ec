//! *RL*: turns that are taken late, or not at all.

use super::rate::{bad, limiter};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure},
    probe::Probe,
};
use anyrt_toolkit::limit::{Quota, RateLimitError};
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);

/// Turns that are taken late, and not at all.
pub fn rl_8<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const TURN: Duration = Duration::from_millis(200);
    ctx.run(async {
        let rt = ctx.rt();
        for (late, taken) in [(MS * 5, true), (MS * 100, true), (MS * 100, false)] {
            let limiter = limiter(rt, Quota::new(1, TURN).burst(1))?;
            let before = rt.now();
            limiter.try_acquire().map_err(bad)?;
            let after = rt.now();
            let mut waits = Probe::new(limiter.acquire());
            ensure!(waits.is_pending(), "an empty bucket gave");
            if taken {
                // Somebody else finds its tokens before it does.
                rt.sleep_until(after + TURN).await;
                let _ = limiter.try_acquire();
            }
            rt.sleep_until(after + TURN + late).await;
            let now = rt.now();
            if taken {
                waits.ready("a turn that has come")?.map_err(bad)?;
            }
            let soonest = if taken { now + TURN } else { before + TURN * 2 };
            let next = limiter.try_acquire();
            let retry_at = match next {
                Err(RateLimitError::NotYet { retry_at, .. }) => retry_at,
                // This machine was so slow that another token has come.
                _ if rt.now() >= soonest => continue,
                next => return Err(Stop::failed(format!("a token was there twice: {next:?}"))),
            };
            ensure!(
                retry_at >= soonest,
                "a late turn brought the next forward to {retry_at:?} from {soonest:?}"
            );
            if taken || rt.now() >= after + TURN * 2 {
                continue;
            }
            ensure!(
                retry_at <= after + TURN * 2,
                "a turn that nobody took moved the next"
            );
            limiter.acquire().await.map_err(bad)?;
            ensure!(
                waits.is_pending() || rt.now() >= soonest + TURN,
                "one that was passed by went on with those who did"
            );
            waits.finish().await.map_err(bad)?;
        }
        Ok(())
    })
}
