//! *SY-55*: the condition, with guards that borrow nothing.

use super::condvar::{taken, waiting};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::Probe,
};
use anyrt_core::{
    rt::{Lock, LockOf, Runtime},
    sync::Condvar,
    task::yield_now,
};
use std::{panic::Location, sync::Arc};

/// With guards that borrow nothing; and the lock knows who has it afterwards.
pub fn sy_55<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (lock, condvar) = (Arc::new(ctx.rt().lock(0)), Condvar::new());
    let owned = || Arc::clone(&lock).try_lock_owned().ok_or_else(taken);
    let wait = || Ok::<_, Stop>(condvar.wait_owned(Arc::clone(&lock), owned()?));
    drop(wait()?); // Unpolled.
    let mut first = Probe::new(wait()?);
    ensure!(
        lock.try_lock().is_none(),
        "the guard was given back before the first poll"
    );
    ensure!(first.is_pending(), "a wait is ready without notification");
    let mut second = waiting(&condvar, &*lock)?;
    condvar.notify_one();
    ensure!(first.wakes() > 0, "the first who waits was not woken");
    let guard = owned()?;
    ensure!(first.is_pending(), "a wait ended while the lock was held");
    drop(first); // Dropped when it was notified, while it waits for the lock.
    ensure!(
        second.wakes() > 0,
        "a notification was lost with a waiter that was dropped while it waited for the lock"
    );
    drop(guard);
    drop(second.ready("the next waiter, with the lock free,")?);

    let (line, guard) = (line!() + 1, owned()?);
    let mut third = Probe::new(condvar.wait_owned(Arc::clone(&lock), guard));
    ensure!(third.is_pending(), "a wait is ready without notification");
    condvar.notify_all();
    let guard = third.ready("a notified waiter")?;
    ensure_eq!(
        lock.holder().map(Location::line),
        Some(line),
        "the line of the holder, after `wait_owned`"
    );
    drop((third, guard));
    let (line, guard) = (line!() + 1, lock.try_lock().ok_or_else(taken)?);
    let mut fourth = Probe::new(condvar.wait(&*lock, guard));
    ensure!(fourth.is_pending(), "a wait is ready without notification");
    condvar.notify_all();
    let guard = fourth.ready("a notified waiter")?;
    ensure_eq!(
        lock.holder().map(Location::line),
        Some(line),
        "the line of the holder, after `wait`"
    );
    drop(guard);
    drop(fourth);

    let handed_on = ctx.rt().spawn(hand_on::<R>(Arc::clone(&lock)));
    let guard = ctx.rt().block_on(handed_on);
    let guard = guard.map_err(|error| Stop::failed(error.to_string()))?;
    ensure_eq!(*guard, 3, "the value under the lock");
    ensure!(lock.try_lock().is_none(), "a guard does not lock");
    Ok(())
}

/// Code that is generic over the runtime: the guard of a task leaves it.
async fn hand_on<R: Runtime>(
    lock: Arc<LockOf<R, u32>>,
) -> <LockOf<R, u32> as Lock<u32>>::OwnedGuard {
    let condvar = Arc::new(Condvar::new());
    let guard = Arc::clone(&lock).lock_owned().await;
    let counts = async {
        for _ in 0..3 {
            *lock.lock().await += 1;
            condvar.notify_one();
            yield_now().await;
        }
    };
    let waits = condvar.wait_while_owned(Arc::clone(&lock), guard, |n| *n < 3);
    anyrt_core::join!(waits, counts).0
}
