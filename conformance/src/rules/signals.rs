//! *SY*: what holds for each wait for an event, a notification, a condition, a barrier or a cell.

use super::every::{Cut, cut_off, pester};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::Probe,
};
use anyrt_core::{
    rt::Lock,
    sync::{Barrier, Condvar, Event, Notify, OnceCell},
};
use std::{cell::Cell, future::pending, sync::Arc};

fn barrier() -> Result<Barrier, Stop> {
    Barrier::new(2).map_err(|error| Stop::failed(error.to_string()))
}

fn taken() -> Stop {
    Stop::failed("the lock should be free")
}

/// A future that was not polled has done nothing, and does nothing when dropped.
pub fn sy_53<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let notify = Arc::new(Notify::new());
    notify.notify_one();
    drop((notify.notified(), Arc::clone(&notify).notified_owned()));
    let unpolled = notify.notified();
    Probe::new(notify.notified()).ready("a wait, with a notification stored,")?;
    let mut first = Probe::new(notify.notified());
    ensure!(first.is_pending(), "a notification was consumed twice");
    notify.notify_one();
    ensure!(first.wakes() > 0, "an unpolled wait was in the queue");
    drop(unpolled);

    let (lock, condvar) = (ctx.rt().lock(()), Condvar::new());
    let guard = lock.try_lock().ok_or_else(taken)?;
    let unpolled = condvar.wait(&lock, guard);
    ensure!(
        lock.try_lock().is_none(),
        "a guard was given back before the first poll"
    );
    drop(unpolled);
    drop(lock.try_lock().ok_or_else(taken)?);
    let guard = lock.try_lock().ok_or_else(taken)?;
    let mut looked = false;
    drop(condvar.wait_while(&lock, guard, |()| {
        looked = true;
        false
    }));
    ensure!(!looked, "an unpolled wait looked at its condition");

    let barrier = barrier()?;
    let unpolled = barrier.wait();
    let mut first = Probe::new(barrier.wait());
    ensure!(first.is_pending(), "an unpolled wait counts at a barrier");
    drop((unpolled, first));
    let mut first = Probe::new(barrier.wait());
    ensure!(first.is_pending(), "a dropped wait counts at a barrier");

    let (cell, runs) = (OnceCell::new(), Cell::new(0));
    let count = || {
        runs.set(runs.get() + 1);
        std::future::ready(1)
    };
    let unpolled = (cell.get_or_init(count), cell.wait());
    ensure_eq!(runs.get(), 0, "the initialisers run by an unpolled future");
    let mut fills = Probe::new(cell.get_or_init(async || 2));
    ensure_eq!(
        *fills.ready("an initialiser that is alone")?,
        2,
        "its value"
    );
    drop(unpolled);
    ensure_eq!(runs.get(), 0, "the initialisers run by an unpolled future");
    Ok(())
}

/// Dropped after any poll it leaves nothing; it tolerates all wakers.
pub fn sy_54<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    for cut in Cut::all() {
        cut_event_and_notify(cut)?;
        cut_cell(cut)?;
        // These two have to be polled in order to wait at all.
        if cut.polls > 0 || !cut.done {
            cut_condvar(ctx, cut)?;
            cut_barrier(cut)?;
        }
    }
    ctx.run(pester_all(ctx))
}

fn cut_event_and_notify(cut: Cut) -> Outcome {
    let event = Event::new();
    cut_off("event", event.wait(), cut, || event.set())?;
    Probe::new(event.wait()).ready("the next wait for the event")?;

    let notify = Arc::new(Notify::new());
    let left = |what: &str| {
        let mut next = Probe::new(notify.notified());
        if cut.done {
            ensure!(next.is_pending(), "a notification was given twice");
            Ok(())
        } else {
            next.ready(&format!("the wait after a dropped {what}, {cut},"))
        }
    };
    cut_off("notified", notify.notified(), cut, || notify.notify_one())?;
    left("notified")?;
    let owned = Arc::clone(&notify).notified_owned();
    cut_off("notified_owned", owned, cut, || notify.notify_one())?;
    left("notified_owned")?;
    cut_off("notified", notify.notified(), cut, || {
        notify.notify_waiters();
    })
}

fn cut_cell(cut: Cut) -> Outcome {
    let cell = OnceCell::new();
    cut_off("wait for a cell", cell.wait(), cut, || {
        cell.set(1).unwrap_or_default();
    })?;
    let cell = OnceCell::new();
    let mut first = Probe::new(cell.get_or_init(pending::<i32>));
    ensure!(first.is_pending(), "a value is there before it was made");
    let operation = cell.get_or_init(async || 2);
    cut_off("get_or_init", operation, cut, || drop(first))?;
    let mut next = Probe::new(cell.get_or_init(async || 3));
    let want = if cut.done { 2 } else { 3 };
    ensure_eq!(
        *next.ready("the next initialiser")?,
        want,
        "the value, {cut}"
    );
    Ok(())
}

fn cut_condvar<R: Backend>(ctx: &Ctx<'_, R>, cut: Cut) -> Outcome {
    let (lock, condvar) = (ctx.rt().lock(()), Condvar::new());
    let guard = lock.try_lock().ok_or_else(taken)?;
    let waiting = condvar.wait(&lock, guard);
    cut_off("condvar", waiting, cut, || condvar.notify_one())?;
    let guard = lock.try_lock().ok_or_else(taken)?;
    let mut next = Probe::new(condvar.wait(&lock, guard));
    ensure!(next.is_pending(), "a notification reached two, {cut}");
    condvar.notify_one();
    next.ready("the next wait for the condition").map(drop)
}

fn cut_barrier(cut: Cut) -> Outcome {
    let barrier = barrier()?;
    cut_off("barrier", barrier.wait(), cut, || {
        let _last = Probe::new(barrier.wait()).poll();
    })?;
    let mut next = Probe::new(barrier.wait());
    ensure!(next.is_pending(), "a dropped wait counts, {cut}");
    Probe::new(barrier.wait())
        .ready("the last at the barrier")
        .map(drop)
}

async fn pester_all<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let event = Event::new();
    pester("event", event.wait(), || event.set()).await?;
    let notify = Notify::new();
    pester("notified", notify.notified(), || notify.notify_one()).await?;
    pester("notified", notify.notified(), || notify.notify_waiters()).await?;

    let (lock, condvar) = (ctx.rt().lock(()), Condvar::new());
    let guard = lock.try_lock().ok_or_else(taken)?;
    let waiting = condvar.wait(&lock, guard);
    drop(pester("condvar", waiting, || condvar.notify_one()).await?);
    drop(lock.try_lock().ok_or_else(taken)?);

    let barrier = barrier()?;
    pester("barrier", barrier.wait(), || {
        let _last = Probe::new(barrier.wait()).poll();
    })
    .await?;

    let cell = OnceCell::new();
    let mut first = Probe::new(cell.get_or_init(pending::<i32>));
    ensure!(first.is_pending(), "a value is there before it was made");
    pester("get_or_init", cell.get_or_init(async || 2), || drop(first)).await?;
    let cell = OnceCell::new();
    pester("wait for a cell", cell.wait(), || {
        cell.set(1).unwrap_or_default();
    })
    .await?;
    Ok(())
}
