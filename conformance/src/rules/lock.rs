//! *SY*, the lock. It needs no runtime to wait, so everything is polled by hand.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, EXPECTED, Probe, Wakes},
};
use anyrt_core::{
    error::AcquireTimeoutError,
    rt::{Lock, Semaphore},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    sync::Arc,
    time::Duration,
};

fn held(what: &str) -> impl Fn() -> Stop {
    let what = what.to_owned();
    move || Stop::failed(format!("{what}: the lock should be free"))
}

/// Waiters get it in the order of their first poll.
pub fn sy_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let lock = ctx.rt().lock(Vec::new());
    let guard = lock.try_lock().ok_or_else(held("a new lock"))?;
    let mut waiters: Vec<_> = (0..5).map(|_| Probe::new(lock.lock())).collect();
    // The order of the first polls, and not that of the calls or of later polls.
    let order = [3, 0, 4, 1, 2];
    for n in order {
        ensure!(
            waiters[n].is_pending(),
            "waiter {n} got a lock that is held"
        );
    }
    for waiter in &mut waiters {
        ensure!(waiter.is_pending(), "a waiter got a lock that is held");
    }
    drop(guard);
    for (turn, n) in order.into_iter().enumerate() {
        for later in &order[turn + 1..] {
            ensure!(
                waiters[*later].is_pending(),
                "waiter {later} overtook waiter {n}"
            );
        }
        ensure!(
            waiters[n].wakes() > 0,
            "waiter {n} was not woken in its turn"
        );
        waiters[n]
            .ready(&format!("waiter {n} in its turn"))?
            .push(n);
    }
    drop(waiters);
    ensure_eq!(lock.into_inner(), order, "the order of the writes");
    Ok(())
}

/// A timed acquire that fails names the primitive and its holder.
pub fn sy_10<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let (rt, limit) = (ctx.rt(), Duration::from_millis(2));
        let lock = rt.lock(0_u8);
        ensure!(lock.holder().is_none(), "a free lock has a holder");
        let (line, guard) = (line!(), lock.lock().await);
        let error = match lock.lock_timeout(rt, limit).await {
            Ok(_) => return Err(Stop::failed("a lock that is held was had in time")),
            Err(error) => error.to_string(),
        };
        let holder = format!("{}:{line}", file!());
        ensure!(
            error.contains("lock of `u8`") && error.contains(&holder),
            "the error names no lock held at {holder}: {error}"
        );
        drop(guard);
        ensure!(
            lock.lock_timeout(rt, limit).await.is_ok(),
            "the waiter that timed out is still in the queue"
        );

        let semaphore = rt
            .semaphore(1)
            .map_err(|error| Stop::failed(error.to_string()))?;
        let (line, permit) = (line!(), semaphore.acquire().await);
        let error = match semaphore.acquire_many_timeout(rt, 1, limit).await {
            Ok(_) => return Err(Stop::failed("a permit that is out was had in time")),
            Err(error) => format!("{error:#}"),
        };
        let holder = format!("{}:{line}", file!());
        ensure!(
            error.contains("1 permit (0 free)") && error.contains(&holder),
            "the error names no permit taken at {holder}: {error}"
        );
        drop(permit);
        semaphore.close();
        let closed = semaphore.acquire_many_timeout(rt, 1, limit).await;
        ensure!(
            matches!(closed, Err(AcquireTimeoutError::Closed)),
            "a closed semaphore timed out"
        );
        Ok(())
    })
}

/// Nobody overtakes a waiter, by `try_lock` or by a first poll.
pub fn sy_20<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let lock = ctx.rt().lock(());
    let guard = lock.try_lock().ok_or_else(held("a new lock"))?;
    ensure!(
        lock.try_lock().is_none(),
        "`try_lock` got a lock that is held"
    );
    let mut waiter = Probe::new(lock.lock());
    ensure!(
        waiter.is_pending(),
        "a lock that is held was given to a waiter"
    );
    drop(guard);
    // The waiter has been granted the lock, or is the next to be; it was not polled since.
    ensure!(lock.try_lock().is_none(), "`try_lock` overtook a waiter");
    let mut newcomer = Probe::new(lock.lock());
    ensure!(newcomer.is_pending(), "a newcomer overtook a waiter");
    drop(waiter.ready("the waiter, after the release")?);
    drop(newcomer.ready("the newcomer, in its turn")?);
    ensure!(lock.try_lock().is_some(), "the lock is not free in the end");
    Ok(())
}

/// A waiter that is dropped after its grant passes it on.
pub fn sy_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let lock = ctx.rt().lock(());
    let guard = lock.try_lock().ok_or_else(held("a new lock"))?;
    let [mut first, mut second, mut third] = [(); 3].map(|()| Probe::new(lock.lock()));
    for waiter in [&mut first, &mut second, &mut third] {
        ensure!(
            waiter.is_pending(),
            "a lock that is held was given to a waiter"
        );
    }
    drop(second); // Dropped while it waits: leaves the queue.
    drop(guard);
    ensure!(first.wakes() > 0, "the first waiter was not woken");
    drop(first); // Dropped with the grant, unpolled: passes it on.
    ensure!(
        third.wakes() > 0,
        "a grant was lost with the waiter that was dropped"
    );
    drop(third.ready("the next waiter, after the granted one was dropped,")?);
    let mut last = Probe::new(lock.lock());
    drop(last.ready("a free lock")?);
    let guard = lock.try_lock().ok_or_else(held("after all are gone"))?;
    let mut granted = Probe::new(lock.lock());
    ensure!(
        granted.is_pending(),
        "a lock that is held was given to a waiter"
    );
    drop((guard, granted));
    ensure!(lock.try_lock().is_some(), "a dropped waiter kept the lock");
    Ok(())
}

/// Between release and wake it belongs to one waiter only.
pub fn sy_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let lock = ctx.rt().lock(());
    let mut guard = Some(lock.try_lock().ok_or_else(held("a new lock"))?);
    let mut waiters: Vec<_> = (0..4).map(|_| Probe::new(lock.lock())).collect();
    for waiter in &mut waiters {
        ensure!(
            waiter.is_pending(),
            "a lock that is held was given to a waiter"
        );
    }
    while !waiters.is_empty() {
        drop(guard.take());
        // Polled from the last, so that whoever could barge has the chance.
        let mut given = None;
        for (n, waiter) in waiters.iter_mut().enumerate().rev() {
            if let std::task::Poll::Ready(got) = waiter.poll() {
                ensure!(guard.is_none(), "one release gave the lock to two");
                (guard, given) = (Some(got), Some(n));
            }
        }
        ensure!(
            lock.try_lock().is_none(),
            "`try_lock` got a lock that is held"
        );
        let Some(n) = given else {
            return Err(Stop::failed("a release gave the lock to nobody"));
        };
        drop(waiters.remove(n));
    }
    Ok(())
}

/// A future acquires nothing until it is polled.
pub fn sy_7<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let lock = Arc::new(ctx.rt().lock(()));
    let unpolled = (lock.lock(), Arc::clone(&lock).lock_owned());
    drop(
        lock.try_lock()
            .ok_or_else(held("with futures that were never polled"))?,
    );
    drop(Probe::new(lock.lock()).ready("a lock that only unpolled futures want")?);
    drop(unpolled);
    ensure!(
        lock.try_lock().is_some(),
        "dropping unpolled futures took the lock"
    );
    Ok(())
}

/// A panic under a guard releases it, and poisons nothing.
pub fn sy_8<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let lock = Arc::new(ctx.rt().lock(1));
    let mut guard = lock.try_lock().ok_or_else(held("a new lock"))?;
    let mut waiter = Probe::new(lock.lock());
    ensure!(
        waiter.is_pending(),
        "a lock that is held was given to a waiter"
    );
    let caught = catch_unwind(AssertUnwindSafe(move || {
        *guard = 2;
        panic_any(EXPECTED);
    }));
    ensure!(caught.is_err(), "the panic was swallowed");
    ensure_eq!(
        *waiter.ready("the waiter, after the holder panicked,")?,
        2,
        "the value"
    );
    let shared = Arc::clone(&lock);
    let task = ctx.rt().spawn(async move {
        let mut guard = shared.lock().await;
        *guard = 3;
        panic_any(EXPECTED)
    });
    let joined: Result<(), _> = ctx.rt().block_on(task);
    ensure!(joined.is_err(), "the task's panic was swallowed");
    let guard = lock
        .try_lock()
        .ok_or_else(held("after its task panicked"))?;
    ensure_eq!(*guard, 3, "the value");
    Ok(())
}

/// Owned guards keep the lock alive and can leave the scope.
pub fn sy_9<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let lock = Arc::new(ctx.rt().lock(1));
    let guard = Arc::clone(&lock)
        .try_lock_owned()
        .ok_or_else(held("a new lock"))?;
    ensure!(
        Arc::clone(&lock).try_lock_owned().is_none(),
        "an owned guard does not lock"
    );
    let mut waiter = Probe::new(Arc::clone(&lock).lock_owned());
    ensure!(waiter.is_pending(), "an owned guard does not lock");
    drop(lock);
    let task = ctx.rt().spawn(async move {
        let mut guard = guard;
        *guard += 1;
    });
    ctx.rt()
        .block_on(task)
        .map_err(|error| Stop::failed(error.to_string()))?;
    ensure_eq!(
        *waiter.ready("the waiter, after a task dropped the guard,")?,
        2,
        "the value"
    );

    // Nobody waits: the guard alone keeps the lock, and what is in it.
    let drops = Wakes::new();
    let lock = Arc::new(ctx.rt().lock(Counted::new(&drops)));
    let guard = lock.try_lock_owned().ok_or_else(held("a new lock"))?;
    ensure_eq!(drops.count(), 0, "values dropped under their guard");
    drop(guard);
    ensure_eq!(drops.count(), 1, "values dropped with the last guard");
    Ok(())
}

/// `get_mut` and `into_inner` reach the value without waiting.
pub fn sy_30<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let mut lock = ctx.rt().lock(String::from("a"));
    lock.get_mut().push('b');
    lock.try_lock()
        .ok_or_else(held("after `get_mut`"))?
        .push('c');
    ensure_eq!(lock.into_inner(), "abc", "the value");
    Ok(())
}

/// Tasks on all workers exclude one another.
pub fn sy_31<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let lock = Arc::new(ctx.rt().lock(0_u32));
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let lock = Arc::clone(&lock);
                ctx.rt().spawn(async move {
                    for _ in 0..100 {
                        let mut guard = lock.lock().await;
                        let seen = *guard;
                        anyrt_core::task::yield_now().await;
                        *guard = seen + 1;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await
                .map_err(|error| Stop::failed(error.to_string()))?;
        }
        ensure_eq!(*lock.lock().await, 800, "the count under the lock");
        Ok(())
    })
}
