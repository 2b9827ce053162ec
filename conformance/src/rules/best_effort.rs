//! *DE*: what comes in time.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Expected, Probe, Wakes},
};
use anyrt_core::{context::Context, group::Cause};
use anyrt_toolkit::resilience::best_effort;
use std::{
    future::{Future, pending},
    panic::panic_any,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(20);

type Job = Pin<Box<dyn Future<Output = Result<u32, &'static str>> + Send>>;

/// Who never ends.
fn late(dropped: &Arc<Wakes>) -> Job {
    let witness = Counted::new(dropped);
    Box::pin(async move {
        let _witness = witness;
        pending().await
    })
}

/// Each gets its slot, by the limit or before it.
pub fn de_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let (rt, dropped) = (ctx.rt(), Wakes::new());
        let start = rt.now();
        let jobs: [Job; 5] = [
            late(&dropped),
            Box::pin(async { Ok(1) }),
            Box::pin(async { Err("broken") }),
            Box::pin(async { panic_any(Expected(5)) }),
            Box::pin(async { Ok(u32::from(Context::current().deadline().is_some())) }),
        ];
        let results = best_effort(rt, SHORT, jobs).await;
        ensure!(rt.now() - start >= SHORT, "who was not late was given up");
        ensure_eq!(dropped.count(), 1, "the late ones that were dropped");
        let causes: Vec<_> = results
            .into_iter()
            .map(|result| result.map_err(|error| error.cause))
            .collect();
        ensure!(
            matches!(
                causes[..],
                [
                    Err(Cause::TimedOut(_)),
                    Ok(1),
                    Err(Cause::Failed("broken")),
                    Err(Cause::Panicked(_)),
                    Ok(1),
                ]
            ),
            "the slots: {causes:?}"
        );
        for limit in [None, Some(LONG)] {
            let jobs: [Job; 2] = [Box::pin(async { Err("broken") }), Box::pin(async { Ok(2) })];
            let mut ended = best_effort(rt, limit, jobs).await;
            let last = ended.pop().and_then(Result::ok);
            ensure_eq!(last, Some(2), "beside one that failed");
        }
        ensure!(rt.now() - start < LONG, "the limit was waited for");
        let made = best_effort(rt, SHORT, [late(&dropped)]);
        rt.sleep(SHORT).await;
        let start = rt.now();
        made.await;
        ensure!(rt.now() - start >= SHORT, "it began before its first poll");
        let mut given_up = Probe::new(best_effort(rt, None, [late(&dropped)]));
        ensure!(given_up.is_pending(), "who never ends has ended");
        drop(given_up);
        dropped.reached(3).await;
        Ok::<_, Stop>(())
    })
}
