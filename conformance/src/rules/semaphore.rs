//! *SY*, the semaphore. It needs no runtime to wait, so everything is polled by hand.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::Probe,
};
use anyrt_core::{
    error::{Closed, TryAcquireError},
    rt::{Permit, Semaphore},
};

pub(super) fn semaphore<R: Backend>(
    ctx: &Ctx<'_, R>,
    permits: usize,
) -> Result<R::Semaphore, Stop> {
    ctx.rt()
        .semaphore(permits)
        .map_err(|error| Stop::failed(error.to_string()))
}

pub(super) fn closed(_: Closed) -> Stop {
    Stop::failed("an open semaphore says that it is closed")
}

pub(super) fn refused(error: TryAcquireError) -> Stop {
    Stop::failed(format!("`try_acquire`: {error}, want a permit"))
}

/// Waiters get permits in the order of their first poll.
pub fn sy_21<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let semaphore = semaphore(ctx, 1)?;
    let mut permit = Some(semaphore.try_acquire().map_err(refused)?);
    let mut waiters: Vec<_> = (0..5).map(|_| Probe::new(semaphore.acquire())).collect();
    let order = [3, 0, 4, 1, 2];
    for n in order {
        ensure!(
            waiters[n].is_pending(),
            "waiter {n} got a permit that is out"
        );
    }
    for (turn, n) in order.into_iter().enumerate() {
        drop(permit.take());
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
        permit = Some(waiters[n].ready("a waiter in its turn")?.map_err(closed)?);
    }
    drop(permit);
    ensure_eq!(semaphore.available_permits(), 1, "the permits in the end");
    Ok(())
}

/// `try_acquire` and newcomers overtake no waiter.
pub fn sy_22<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let semaphore = semaphore(ctx, 2)?;
    let held = semaphore.try_acquire().map_err(refused)?;
    let mut wants_two = Probe::new(semaphore.acquire_many(2));
    ensure!(
        wants_two.is_pending(),
        "2 permits were given where 1 was free"
    );
    // One permit is free or set aside for the waiter; it is nobody else's.
    let tried = semaphore.try_acquire().map(drop);
    ensure_eq!(
        tried,
        Err(TryAcquireError::NoPermits),
        "`try_acquire` past a waiter"
    );
    let mut newcomer = Probe::new(semaphore.acquire());
    ensure!(newcomer.is_pending(), "a newcomer overtook a waiter");
    drop(held);
    let tried = semaphore.try_acquire().map(drop);
    ensure_eq!(
        tried,
        Err(TryAcquireError::NoPermits),
        "`try_acquire` past a granted waiter"
    );
    drop(
        wants_two
            .ready("the waiter, with both permits free,")?
            .map_err(closed)?,
    );
    drop(
        newcomer
            .ready("the newcomer, in its turn")?
            .map_err(closed)?,
    );
    ensure_eq!(semaphore.available_permits(), 2, "the permits in the end");
    Ok(())
}

/// A waiter that is dropped after its grant passes it on.
pub fn sy_23<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let semaphore = semaphore(ctx, 2)?;
    let held = semaphore.try_acquire_many(2).map_err(refused)?;
    let mut wants_two = Probe::new(semaphore.acquire_many(2));
    let [mut one, mut gone, mut other] = [(); 3].map(|()| Probe::new(semaphore.acquire()));
    ensure!(
        wants_two.is_pending(),
        "a permit that is out was given again"
    );
    for waiter in [&mut one, &mut gone, &mut other] {
        ensure!(waiter.is_pending(), "a permit that is out was given again");
    }
    drop(gone);
    drop(held);
    ensure!(wants_two.wakes() > 0, "the first waiter was not woken");
    drop(wants_two);
    ensure!(
        one.wakes() > 0 && other.wakes() > 0,
        "a grant was lost with the dropped waiter"
    );
    let both = (
        one.ready("the next waiter")?.map_err(closed)?,
        other.ready("the waiter after it")?.map_err(closed)?,
    );
    ensure_eq!(
        semaphore.available_permits(),
        0,
        "the permits that are free with both out"
    );
    drop(both);
    ensure_eq!(semaphore.available_permits(), 2, "the permits in the end");

    // A waiter in front that gives up lets those behind it through.
    let held = semaphore.try_acquire().map_err(refused)?;
    let mut large = Probe::new(semaphore.acquire_many(2));
    let mut small = Probe::new(semaphore.acquire());
    ensure!(
        large.is_pending() && small.is_pending(),
        "a waiter was overtaken"
    );
    drop(large);
    ensure!(
        small.wakes() > 0,
        "the large waiter left, but the small one behind it was not woken"
    );
    drop(
        small
            .ready("the small waiter, after the large one left,")?
            .map_err(closed)?,
    );
    drop(held);
    ensure_eq!(semaphore.available_permits(), 2, "the permits in the end");
    Ok(())
}

/// Between release and wake no permit is given twice.
pub fn sy_24<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let semaphore = semaphore(ctx, 2)?;
    let mut held = vec![semaphore.try_acquire_many(2).map_err(refused)?];
    let mut waiters: Vec<_> = (0..6).map(|_| Probe::new(semaphore.acquire())).collect();
    for waiter in &mut waiters {
        ensure!(waiter.is_pending(), "a permit that is out was given again");
    }
    while !waiters.is_empty() {
        held.clear();
        ensure!(
            semaphore.try_acquire().is_err(),
            "`try_acquire` took a waiter's permit"
        );
        let mut still = Vec::new();
        for mut waiter in waiters.into_iter().rev() {
            match waiter.poll() {
                std::task::Poll::Ready(permit) => held.push(permit.map_err(closed)?),
                std::task::Poll::Pending => still.push(waiter),
            }
        }
        ensure_eq!(held.len(), 2, "the permits out of 2");
        still.reverse();
        waiters = still;
    }
    Ok(())
}

/// Small requests do not starve a large one.
pub fn sy_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let semaphore = semaphore(ctx, 3)?;
    let mut small: Vec<_> = Vec::new();
    for _ in 0..3 {
        small.push(semaphore.try_acquire().map_err(refused)?);
    }
    let mut large = Probe::new(semaphore.acquire_many(3));
    ensure!(large.is_pending(), "permits that are out were given again");
    let mut queue: Vec<_> = (0..4).map(|_| Probe::new(semaphore.acquire())).collect();
    for waiter in &mut queue {
        ensure!(waiter.is_pending(), "a permit that is out was given again");
    }
    while let Some(permit) = small.pop() {
        ensure!(
            large.is_pending(),
            "3 permits were given where fewer were free"
        );
        drop(permit);
        for waiter in &mut queue {
            ensure!(
                waiter.is_pending(),
                "a small request overtook the large one"
            );
        }
    }
    let all = large
        .ready("the large request, with all permits free,")?
        .map_err(closed)?;
    ensure_eq!(all.permits(), 3, "the permits of the large request");
    drop(all);
    for waiter in queue.iter_mut().take(3) {
        drop(
            waiter
                .ready("a small request, after the large one,")?
                .map_err(closed)?,
        );
    }
    Ok(())
}
