//! *SY*, the semaphore's permits: their number, their owners, their end.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{EXPECTED, Probe},
    rules::semaphore::{closed, refused, semaphore},
};
use anyrt_core::{
    error::TryAcquireError,
    rt::{Permit, Semaphore},
    sync::MAX_PERMITS,
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    sync::Arc,
};

/// The total can grow and shrink, down to 0, under its holders' feet.
pub fn sy_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let semaphore = semaphore(ctx, 3)?;
    let held = semaphore.try_acquire_many(2).map_err(refused)?;
    ensure_eq!(
        semaphore.forget_permits(10),
        3,
        "what forgetting 10 of 3 permits took"
    );
    ensure_eq!(
        held.permits(),
        2,
        "the permits of a holder after the total shrank"
    );
    ensure_eq!(
        semaphore.available_permits(),
        0,
        "the permits that are free of none"
    );
    drop(held);
    ensure_eq!(
        semaphore.available_permits(),
        0,
        "the permits that came back to a total of 0"
    );
    ensure_eq!(
        semaphore.forget_permits(1),
        0,
        "what forgetting 1 of 0 permits took"
    );

    let mut waiter = Probe::new(semaphore.acquire_many(2));
    ensure!(waiter.is_pending(), "2 permits of none were given");
    for grown in 1..=2 {
        ensure!(
            waiter.is_pending(),
            "2 permits were given where fewer were free"
        );
        let added = semaphore.add_permits(1);
        ensure!(added.is_ok(), "adding permit {grown} is refused: {added:?}");
    }
    ensure!(
        waiter.wakes() > 0,
        "permits were added, but the waiter was not woken"
    );
    drop(
        waiter
            .ready("the waiter, after permits were added,")?
            .map_err(closed)?,
    );
    ensure_eq!(
        semaphore.available_permits(),
        2,
        "the permits after adding 2"
    );

    semaphore.try_acquire().map_err(refused)?.forget();
    ensure_eq!(
        semaphore.available_permits(),
        1,
        "the permits after one of 2 was forgotten"
    );
    ensure_eq!(
        semaphore.forget_permits(5),
        1,
        "what forgetting 5 took, of 2 permits of which a holder forgot one"
    );
    ensure!(
        semaphore.add_permits(1).is_ok(),
        "adding a permit is refused"
    );
    // Part of a debt: 1 permit is free and 1 is held; 1 of the 2 goes, the rest stays.
    ensure!(
        semaphore.add_permits(1).is_ok(),
        "adding a permit is refused"
    );
    let held = semaphore.try_acquire_many(2).map_err(refused)?;
    ensure_eq!(
        semaphore.forget_permits(1),
        1,
        "what forgetting 1 held permit of 2 took"
    );
    drop(held);
    ensure_eq!(
        semaphore.available_permits(),
        1,
        "the permits that came back"
    );
    ensure_eq!(
        semaphore.forget_permits(10),
        1,
        "what is left of the total, of which permits were forgotten in each way,"
    );
    Ok(())
}

/// `close` fails those who wait and all who come later.
pub fn sy_6<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let semaphore = Arc::new(semaphore(ctx, 1)?);
    let held = semaphore.try_acquire().map_err(refused)?;
    let mut waiter = Probe::new(semaphore.acquire());
    let mut owned = Probe::new(Arc::clone(&semaphore).acquire_owned());
    ensure!(
        waiter.is_pending() && owned.is_pending(),
        "a permit that is out was given again"
    );
    ensure!(!semaphore.is_closed(), "an open semaphore `is_closed`");
    semaphore.close();
    semaphore.close();
    ensure!(
        semaphore.is_closed(),
        "a closed semaphore is not `is_closed`"
    );
    ensure!(
        waiter.wakes() > 0 && owned.wakes() > 0,
        "`close` did not wake a waiter"
    );
    ensure!(
        waiter.ready("a waiter, after `close`,")?.is_err(),
        "a waiter got a permit by `close`"
    );
    ensure!(
        owned.ready("a waiter, after `close`,")?.is_err(),
        "a waiter got a permit by `close`"
    );
    ensure_eq!(held.permits(), 1, "the permits of a holder after `close`");
    drop(held);
    let mut late = Probe::new(semaphore.acquire());
    ensure!(
        late.ready("an acquire after `close`")?.is_err(),
        "a closed semaphore gave a permit"
    );
    let tried = semaphore.try_acquire().map(drop);
    ensure_eq!(
        tried,
        Err(TryAcquireError::Closed),
        "`try_acquire` after `close`"
    );
    let tried = Arc::clone(&semaphore).try_acquire_owned().map(drop);
    ensure_eq!(
        tried,
        Err(TryAcquireError::Closed),
        "`try_acquire_owned` after `close`"
    );
    Ok(())
}

/// A future acquires nothing until it is polled.
pub fn sy_25<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let semaphore = Arc::new(semaphore(ctx, 1)?);
    let unpolled = (semaphore.acquire(), Arc::clone(&semaphore).acquire_owned());
    ensure_eq!(
        semaphore.available_permits(),
        1,
        "the permits with two unpolled futures"
    );
    drop(semaphore.try_acquire().map_err(refused)?);
    drop(unpolled);
    ensure_eq!(
        semaphore.available_permits(),
        1,
        "the permits after unpolled futures were dropped"
    );
    Ok(())
}

/// A panic that unwinds over a permit returns it.
pub fn sy_26<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let semaphore = semaphore(ctx, 1)?;
    let permit = semaphore.try_acquire().map_err(refused)?;
    let mut waiter = Probe::new(semaphore.acquire());
    ensure!(waiter.is_pending(), "a permit that is out was given again");
    let caught = catch_unwind(AssertUnwindSafe(move || {
        let _permit = permit;
        panic_any(EXPECTED);
    }));
    ensure!(caught.is_err(), "the panic was swallowed");
    drop(
        waiter
            .ready("the waiter, after the holder panicked,")?
            .map_err(closed)?,
    );
    ensure_eq!(semaphore.available_permits(), 1, "the permits in the end");
    Ok(())
}

/// Owned permits keep the semaphore alive and can leave the scope.
pub fn sy_27<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let semaphore = Arc::new(semaphore(ctx, 2)?);
    let permits = Arc::clone(&semaphore)
        .try_acquire_many_owned(2)
        .map_err(refused)?;
    ensure_eq!(permits.permits(), 2, "the permits of an owned permit");
    let mut waiter = Probe::new(Arc::clone(&semaphore).acquire_many_owned(2));
    ensure!(waiter.is_pending(), "a permit that is out was given again");
    let left = Arc::downgrade(&semaphore);
    drop(semaphore);
    let task = ctx.rt().spawn(async move { drop(permits) });
    ctx.rt()
        .block_on(task)
        .map_err(|error| Stop::failed(error.to_string()))?;
    waiter
        .ready("the waiter, after a task dropped the permits,")?
        .map_err(closed)?
        .forget();
    if let Some(semaphore) = left.upgrade() {
        ensure_eq!(
            semaphore.available_permits(),
            0,
            "the permits after all were forgotten"
        );
    }

    // Nobody waits: the permit alone has a semaphore to go back to.
    let semaphore = Arc::new(self::semaphore(ctx, 1)?);
    let permit = semaphore.try_acquire_owned().map_err(refused)?;
    ensure_eq!(permit.permits(), 1, "the permits of the last permit");
    let task = ctx.rt().spawn(async move { drop(permit) });
    let dropped = ctx.rt().block_on(task);
    ensure!(dropped.is_ok(), "the last permit gave {dropped:?}");
    Ok(())
}

/// More permits than there can be are an error, which changes nothing.
pub fn sy_15<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    for permits in [MAX_PERMITS + 1, usize::MAX] {
        let Err(error) = ctx.rt().semaphore(permits) else {
            return Err(Stop::failed(format!(
                "a semaphore of {permits} permits was made"
            )));
        };
        ensure_eq!(error.value, permits.to_string(), "the error's value");
    }
    let full = semaphore(ctx, MAX_PERMITS)?;
    ensure_eq!(
        full.available_permits(),
        MAX_PERMITS,
        "the permits of a full semaphore"
    );
    let semaphore = semaphore(ctx, 1)?;
    let held = semaphore.try_acquire().map_err(refused)?;
    for permits in [MAX_PERMITS, usize::MAX] {
        // The permit that is out counts, too, or its return would overflow.
        ensure!(
            semaphore.add_permits(permits).is_err(),
            "adding {permits} to 1 is accepted"
        );
        ensure_eq!(
            semaphore.available_permits(),
            0,
            "the permits after a refused addition"
        );
    }
    drop(held);
    ensure_eq!(
        semaphore.available_permits(),
        1,
        "the permits after refused additions"
    );
    ensure!(
        semaphore.add_permits(MAX_PERMITS - 1).is_ok(),
        "adding up to the most is refused"
    );
    ensure_eq!(
        semaphore.available_permits(),
        MAX_PERMITS,
        "the permits at the most"
    );
    ensure!(
        semaphore.add_permits(1).is_err(),
        "one more than the most is accepted"
    );
    Ok(())
}
