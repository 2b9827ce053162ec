//! *PO*: limits of time, and how many are kept.

use super::{
    pool::{Numbers, built, shut},
    time::pass,
};
use crate::{
    outcome::{Backend, Ctx, Outcome, ensure, ensure_eq},
    probe::Probe,
};
use anyrt_core::task::yield_now;
use anyrt_toolkit::pool::{Pool, PoolError};
use std::{sync::atomic::Ordering::SeqCst, time::Duration};

const LONG: Duration = Duration::from_secs(3600);

/// Limits apart, and ages.
pub fn po_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const SHORT: Duration = Duration::from_millis(20);
    ctx.run(async {
        let rt = ctx.rt();
        let pool = built(shut(rt, 1).create_timeout(SHORT).wait_timeout(LONG))?;
        let late = pool.get().await;
        ensure!(
            matches!(late, Err(PoolError::CreateTimedOut { .. })),
            "a creation: {late:?}"
        );
        pool.manager().creates.open();
        let held = pool.get().await;
        ensure!(held.is_ok(), "a creation in time: {held:?}");

        let pool = built(shut(rt, 1).wait_timeout(SHORT).recycle_timeout(SHORT))?;
        pool.manager().creates.open();
        let held = pool.get().await;
        let late = pool.get().await;
        ensure!(
            matches!(late, Err(PoolError::WaitTimedOut { .. })),
            "a wait: {late:?}"
        );
        drop(held);
        let next = pool.get().await.map(|number| number.id);
        ensure_eq!(next, Ok(2), "after a check that took too long");

        let pool = built(shut(rt, 1).idle(SHORT))?;
        pool.manager().creates.open();
        pool.manager().recycles.open();
        drop(pool.get().await);
        // The background drops it.
        pool.manager().gone.reached(1).await;
        ensure_eq!(pool.stats().expired, 1, "expired");

        for (limited, what) in [
            (shut(rt, 1).idle(SHORT), "was idle for too long"),
            (shut(rt, 1).max_lifetime(SHORT), "had become too old"),
        ] {
            let pool = built(limited)?;
            pool.manager().creates.open();
            pool.manager().recycles.open();
            let held = pool.get().await;
            let mut waiter = Probe::new(pool.get());
            ensure!(waiter.is_pending(), "two of one");
            // It has been given to the waiter, and nobody but that one can find it too old.
            drop(held);
            pass(rt, SHORT).await;
            let next = waiter.finish().await.map(|number| number.id);
            ensure_eq!(next, Ok(2), "in place of one that {what}");
        }

        let pool = built(shut(rt, 1).max_lifetime(SHORT))?;
        pool.manager().creates.open();
        let held = pool.get().await;
        pass(rt, SHORT).await;
        drop(held);
        ensure_eq!(
            pool.stats().live,
            0,
            "live, when the only one came back too old"
        );

        let pool = built(shut(rt, 3).min_idle(2))?;
        pool.manager().creates.open();
        pool.manager().made.reached(2).await;
        while pool.stats().idle < 2 {
            yield_now().await;
        }
        pool.manager().recycles.open();
        let held = pool.get().await;
        ensure!(held.is_ok(), "of two that are idle: {held:?}");
        pool.manager().made.reached(3).await;

        // The other one that is to be idle is never done.
        let numbers = Numbers::default();
        // Before the pool, which begins at once.
        numbers.ready.store(1, SeqCst);
        let pool = Pool::builder(rt, numbers).max_size(2).min_idle(2);
        let pool = built(pool.max_lifetime(SHORT))?;
        pool.manager().gone.reached(1).await;
        ensure_eq!(pool.stats().expired, 1, "expired while another one is made");
        Ok(())
    })
}
