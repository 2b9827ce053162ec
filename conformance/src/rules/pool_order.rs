//! *PO*: who gets an object, of those who wait.

use super::pool::{built, now, open, resized, shut};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::Probe,
};
use std::sync::atomic::Ordering::SeqCst;

/// In order, also past those who give up.
pub fn po_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let pool = open(ctx.rt(), 1)?;
    let mut held = Some(now(&pool)?);
    let order = [2, 0, 3, 1];
    let mut waiters: Vec<_> = (0..4).map(|_| Some(Probe::new(pool.get()))).collect();
    for n in order {
        ensure!(
            waiters[n].as_mut().is_some_and(Probe::is_pending),
            "two of one"
        );
    }
    for n in order {
        drop(held.take());
        ensure!(
            Probe::new(pool.get()).is_pending(),
            "a newcomer overtook who waits"
        );
        let mut waiter = waiters[n]
            .take()
            .ok_or_else(|| Stop::failed("it is in the list"))?;
        ensure!(waiter.wakes() > 0, "waiter {n} was not woken in its turn");
        if n == 0 {
            // It was given the object, and never saw it.
            drop(waiter);
            continue;
        }
        let got = waiter.ready("`get` in its turn")?;
        held = got.ok();
        ensure!(held.is_some(), "no object in its turn");
    }
    drop(held);
    drop(now(&pool)?);
    ensure_eq!(pool.stats().waiting, 0, "waiting");
    waits_again(ctx)
}

/// Whose object fails its check after a resize to less waits again, in the order of the first polls.
fn waits_again<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let pool = built(shut(ctx.rt(), 3))?;
    let numbers = pool.manager().clone();
    numbers.creates.open();
    let held = now(&pool)?;
    drop((now(&pool)?, now(&pool)?));
    let (mut first, mut second) = (Probe::new(pool.get()), Probe::new(pool.get()));
    ensure!(first.is_pending() && second.is_pending(), "unchecked");
    resized(&pool, 1)?;
    numbers.fails.store(true, SeqCst);
    numbers.recycles.open();
    ensure!(first.is_pending() && second.is_pending(), "two more of one");
    numbers.fails.store(false, SeqCst);
    drop(held);
    ensure!(
        second.is_pending(),
        "the second overtook who has to wait again"
    );
    let got = first.ready("`get` of who has to wait again")?;
    ensure!(got.is_ok() && second.is_pending(), "two of one");
    drop(got);
    let got = second.ready("`get` of the second")?;
    ensure!(got.is_ok(), "no object in its turn");
    Ok(())
}
