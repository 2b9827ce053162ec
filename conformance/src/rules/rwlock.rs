//! *SY* from 60 on: the read-write lock. It needs no runtime to wait, so nearly all of it is polled by hand.

use super::every::{Cut, cut_off, pester};
use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{EXPECTED, Probe},
};
use anyrt_core::{rt::Runtime, sync::FifoRwLock, task::yield_now};
use std::{
    future::Future,
    panic::{AssertUnwindSafe, Location, catch_unwind, panic_any},
    sync::Arc,
};

fn taken() -> Stop {
    Stop::failed("the lock should be free")
}

/// A waiter that has joined the queue.
fn waiting<F: Future>(future: F) -> Result<Probe<F>, Stop> {
    let mut waiter = Probe::new(future);
    ensure!(waiter.is_pending(), "access was given that is not free");
    Ok(waiter)
}

/// Many read, one writes.
pub fn sy_60<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let lock = FifoRwLock::new(0);
    let mut readers = Vec::new();
    for _ in 0..100 {
        readers.push(Probe::new(lock.read()).ready("one more reader")?);
        readers.push(lock.try_read().ok_or_else(taken)?);
    }
    ensure!(readers.iter().all(|value| **value == 0), "a wrong value");
    ensure!(lock.try_write().is_none(), "one writes while others read");
    let mut writer = waiting(lock.write())?;
    let last = readers.pop();
    drop(readers);
    ensure!(writer.is_pending(), "one writes while another reads");
    drop(last);
    *writer.ready("the writer, with no reader left,")? += 1;

    // Also between release and wake, whoever is polled first.
    let guard = lock.try_write().ok_or_else(taken)?;
    ensure!(lock.try_read().is_none(), "one reads while another writes");
    let mut reader = waiting(lock.read())?;
    let mut writer = waiting(lock.write())?;
    drop(guard);
    ensure!(writer.is_pending(), "one release let a reader and a writer");
    let guard = reader.ready("the reader, after the writer,")?;
    ensure!(writer.is_pending(), "one writes while another reads");
    ensure_eq!(*guard, 1, "the value that was written");
    Ok(())
}

/// One queue for both, and neighbours that read get in together.
pub fn sy_61<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let lock = FifoRwLock::new(());
    let guard = lock.try_read().ok_or_else(taken)?;
    // The order of the first polls: write, read, read, write, read.
    let (mut third, mut second) = (Probe::new(lock.read()), Probe::new(lock.read()));
    let (mut fourth, mut fifth) = (Probe::new(lock.write()), Probe::new(lock.read()));
    let mut first = waiting(lock.write())?;
    ensure!(second.is_pending(), "a reader overtook a writer");
    ensure!(third.is_pending(), "a reader overtook a writer");
    ensure!(fourth.is_pending(), "a writer overtook others");
    ensure!(fifth.is_pending(), "a reader overtook writers");
    drop(guard);
    ensure!(
        first.wakes() > 0 && second.wakes() == 0,
        "the writer in its turn is not the one that was woken"
    );
    let guard = first.ready("the writer in its turn")?;
    ensure!(
        second.is_pending() && third.is_pending() && fourth.is_pending() && fifth.is_pending(),
        "others came in beside a writer"
    );
    drop(guard);
    ensure!(
        second.wakes() > 0 && third.wakes() > 0,
        "readers that are neighbours were not woken together"
    );
    ensure!(fifth.is_pending(), "a reader overtook a writer");
    let both = (second.ready("a reader")?, third.ready("its neighbour")?);
    ensure!(fourth.is_pending(), "a writer came in beside readers");
    drop(both);
    ensure!(fifth.is_pending(), "a reader overtook a writer");
    drop(fourth.ready("the second writer")?);
    drop(fifth.ready("the last reader")?);
    lock.try_write().map(drop).ok_or_else(taken)
}

/// Nobody overtakes, by `try_*` or by a first poll.
pub fn sy_62<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let lock = Arc::new(FifoRwLock::new(()));
    let guard = lock.try_read().ok_or_else(taken)?;
    let mut writer = waiting(lock.write())?;
    let overtakes = || {
        lock.try_read().is_some()
            || Arc::clone(&lock).try_read_owned().is_some()
            || lock.try_write().is_some()
            || Arc::clone(&lock).try_write_owned().is_some()
    };
    ensure!(!overtakes(), "`try_*` overtook a writer that waits");
    let mut reader = waiting(Arc::clone(&lock).read_owned())?;
    drop(guard);
    // The writer has been granted access, or is the next to be; it was not polled since.
    ensure!(!overtakes(), "`try_*` overtook a writer that is next");
    ensure!(reader.is_pending(), "a newcomer overtook a writer");
    let guard = writer.ready("the writer")?;
    ensure!(!overtakes(), "`try_*` got a lock that is held");
    drop(guard);
    ensure!(
        lock.try_write().is_none(),
        "`try_write` overtook a reader that is next"
    );
    let mut last = waiting(Arc::clone(&lock).write_owned())?;
    drop(reader.ready("the reader")?);
    drop(last.ready("the last writer")?);
    drop(lock.try_read().ok_or_else(taken)?);
    lock.try_write().map(drop).ok_or_else(taken)
}

/// A waiter that is dropped hands on what had reached it, or what stood behind it.
pub fn sy_63<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let lock = FifoRwLock::new(());
    let guard = lock.try_read().ok_or_else(taken)?;
    let writer = waiting(lock.write())?;
    let (mut near, mut far) = (waiting(lock.read())?, waiting(lock.read())?);
    drop(writer); // While it waits: what is behind it can share with the reader that is in.
    ensure!(
        near.wakes() > 0 && far.wakes() > 0,
        "a writer that was dropped still holds readers up"
    );
    drop((near.ready("a reader")?, far.ready("a reader")?, guard));

    let guard = lock.try_write().ok_or_else(taken)?;
    let granted = waiting(lock.write())?;
    let mut next = waiting(lock.write())?;
    drop(guard);
    drop(granted); // With the grant, unpolled.
    ensure!(next.wakes() > 0, "a grant was lost with its writer");
    let guard = next.ready("the next writer")?;
    let (reader, mut last) = (waiting(lock.read())?, waiting(lock.write())?);
    drop(guard);
    ensure!(last.is_pending(), "a writer came in beside a reader");
    drop(reader); // With the grant, unpolled.
    drop(last.ready("a writer, after a granted reader was dropped,")?);
    lock.try_write().map(drop).ok_or_else(taken)
}

/// A guard that writes becomes one that reads, with no writer in between.
pub fn sy_64<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let lock = FifoRwLock::new(0);
    let mut guard = lock.try_write().ok_or_else(taken)?;
    let mut reader = waiting(lock.read())?;
    let mut writer = waiting(lock.write())?;
    let mut late = waiting(lock.read())?;
    *guard = 1;
    let guard = guard.downgrade();
    ensure!(reader.wakes() > 0, "the reader that is next was not woken");
    ensure!(late.is_pending(), "a reader overtook a writer");
    let reader = reader.ready("the reader that is next")?;
    ensure!(writer.is_pending(), "a writer came in between");
    ensure_eq!((*guard, *reader), (1, 1), "the value that was written");
    drop(reader);
    ensure!(
        writer.is_pending(),
        "a guard that was downgraded does not lock"
    );
    drop(guard);
    drop(writer.ready("the writer in its turn")?);
    drop(late.ready("the last reader")?);
    let guard = lock.try_write().ok_or_else(taken)?.downgrade();
    ensure!(
        lock.try_read().is_some(),
        "a guard that was downgraded does not share"
    );
    drop(guard);
    lock.try_write().map(drop).ok_or_else(taken)
}

/// Owned guards keep the lock alive and can leave the scope.
pub fn sy_65<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let lock = Arc::new(FifoRwLock::new(1));
    let witness = Arc::downgrade(&lock);
    let writer = Arc::clone(&lock).try_write_owned().ok_or_else(taken)?;
    let refused = lock.try_read().is_none() && Arc::clone(&lock).try_read_owned().is_none();
    ensure!(refused, "an owned guard that writes does not lock");
    let mut reader = waiting(Arc::clone(&lock).read_owned())?;
    let mut last = waiting(Arc::clone(&lock).write_owned())?;
    drop(lock);
    let task = ctx.rt().spawn(async move {
        let mut writer = writer;
        yield_now().await;
        *writer += 1;
        writer.downgrade()
    });
    let shared = ctx
        .rt()
        .block_on(task)
        .map_err(|error| Stop::failed(error.to_string()))?;
    let reader = reader.ready("the reader, beside a guard that was downgraded,")?;
    ensure_eq!(*reader + *shared, 4, "the values, twice 2");
    ensure!(
        last.is_pending(),
        "an owned guard that reads keeps no writer out"
    );
    drop((shared, reader));
    *last.ready("the last writer")? += 1;
    drop(last);
    ensure!(witness.upgrade().is_none(), "a guard leaks its lock");
    Ok(())
}

/// A panic releases, and poisons nothing; who holds it is known.
pub fn sy_66<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let lock = FifoRwLock::new(0);
    let holder = || lock.holder().map(Location::line);
    ensure_eq!(holder(), None, "the holder of a free lock");
    let (line, guard) = (line!(), lock.try_read().ok_or_else(taken)?);
    ensure_eq!(holder(), Some(line), "the line of the reader");
    ensure!(unwinds(guard), "the panic was swallowed");
    ensure_eq!(holder(), None, "the holder of a free lock");

    let (line, locking) = (line!(), lock.write());
    let mut guard = Probe::new(locking).ready("a lock whose reader panicked")?;
    ensure_eq!(holder(), Some(line), "the line of the writer");
    *guard = 1;
    let mut waiter = waiting(lock.write())?;
    ensure!(unwinds(guard), "the panic was swallowed");
    let guard = waiter.ready("the waiter, after the writer panicked,")?;
    ensure_eq!(*guard, 1, "what the writer that panicked wrote");
    Ok(())
}

fn unwinds<G>(guard: G) -> bool {
    catch_unwind(AssertUnwindSafe(move || {
        let _guard = guard;
        panic_any(EXPECTED);
    }))
    .is_err()
}

/// What was not polled takes nothing; `&mut` and the value itself need no wait.
pub fn sy_67<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let mut lock = FifoRwLock::new(String::from("a"));
    let unpolled = (lock.read(), lock.write());
    lock.try_write().ok_or_else(taken)?.push('b');
    drop(unpolled);
    lock.get_mut().push('c');
    let lock = Arc::new(lock);
    let unpolled = (lock.clone().read_owned(), lock.clone().write_owned());
    lock.try_write().ok_or_else(taken)?.push('d');
    drop(unpolled);
    drop(lock.try_write().ok_or_else(taken)?);
    let value = Arc::into_inner(lock).map(FifoRwLock::into_inner);
    ensure_eq!(value.as_deref(), Some("abcd"), "the value");
    Ok(())
}

/// Dropped after any poll a wait leaves nothing; it tolerates all wakers.
pub fn sy_68<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    for cut in Cut::all() {
        let lock = FifoRwLock::new(());
        let guard = lock.try_write();
        cut_off("read", lock.read(), cut, || drop(guard))?;
        let guard = lock.try_read();
        cut_off("write", lock.write(), cut, || drop(guard))?;
        lock.try_write().map(drop).ok_or_else(taken)?;
    }
    ctx.run(async {
        let lock = FifoRwLock::new(());
        let guard = lock.try_write();
        drop(pester("read", lock.read(), || drop(guard)).await?);
        let guard = lock.try_read();
        drop(pester("write", lock.write(), || drop(guard)).await?);
        lock.try_write().map(drop).ok_or_else(taken)
    })
}

/// Writes both halves, with a suspension in between; says whether readers saw them equal.
async fn shares<R: Runtime>(rt: R, lock: Arc<FifoRwLock<(u32, u32)>>) -> Result<bool, Stop> {
    let mut tasks = Vec::new();
    for n in 0..8 {
        let lock = Arc::clone(&lock);
        tasks.push(rt.spawn(async move {
            let mut whole = true;
            for turn in 0..100 {
                if (n + turn) % 4 == 0 {
                    let mut guard = lock.write().await;
                    guard.0 += 1;
                    yield_now().await;
                    guard.1 += 1;
                } else {
                    let guard = lock.read().await;
                    let before = guard.0;
                    yield_now().await;
                    whole &= (before, before) == *guard;
                }
            }
            whole
        }));
    }
    let mut whole = true;
    for task in tasks {
        whole &= task
            .await
            .map_err(|error| Stop::failed(error.to_string()))?;
    }
    Ok(whole)
}

/// Tasks on all workers, spawned by generic code.
pub fn sy_69<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let lock = Arc::new(FifoRwLock::new((0, 0)));
        let inside = shares(ctx.rt().clone(), Arc::clone(&lock));
        let whole = ctx.rt().spawn(inside).await;
        let whole = whole.map_err(|error| Stop::failed(error.to_string()))??;
        ensure!(whole, "a reader saw the half of what a writer wrote");
        ensure_eq!(*lock.read().await, (200, 200), "the counts under the lock");
        Ok(())
    })
}
