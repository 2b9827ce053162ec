//! *CH*: the end of a queue, and of those who wait at it.

use crate::{
    outcome::{Backend, Ctx, Outcome, ensure, ensure_eq},
    probe::{Counted, Probe, Wakes},
    rules::queue::{bounded, got, put},
};
use anyrt_core::{
    channel::queue::Shutdown,
    error::{Closed, SendError, TryRecvError, TrySendError},
};
use std::sync::Arc;

/// A dropped `get` loses nothing, a dropped `put` its own item.
pub fn ch_52<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let queue = bounded(1)?;
    for granted in [false, true] {
        let wakes = Wakes::new();
        let mut dropped = Probe::new(queue.get());
        let mut next = Probe::new(queue.get());
        ensure!(
            dropped.poll_with(&wakes.waker()).is_pending() && next.is_pending(),
            "an empty queue gave an item"
        );
        if granted {
            put(&queue, 1)?;
            drop(dropped);
        } else {
            drop(dropped);
            put(&queue, 1)?;
        }
        ensure_eq!(
            Arc::strong_count(&wakes),
            1,
            "who holds a dropped future's waker"
        );
        ensure!(
            next.wakes() > 0,
            "an item was lost with the `get` that was dropped"
        );
        ensure_eq!(got(next.ready("the next `get`")?)?, 1, "the item");
    }
    put(&queue, 1)?;
    for granted in [false, true] {
        let wakes = Wakes::new();
        let mut dropped = Probe::new(queue.put(2));
        let mut next = Probe::new(queue.put(1));
        ensure!(
            dropped.poll_with(&wakes.waker()).is_pending() && next.is_pending(),
            "a full queue took an item"
        );
        if granted {
            got(queue.try_get())?;
            drop(dropped);
        } else {
            drop(dropped);
            got(queue.try_get())?;
        }
        ensure_eq!(
            Arc::strong_count(&wakes),
            1,
            "who holds a dropped future's waker"
        );
        ensure!(
            next.wakes() > 0,
            "a slot was lost with the `put` that was dropped"
        );
        ensure_eq!(next.ready("the next `put`")?, Ok(()), "the next `put`");
    }
    drop((Probe::new(queue.get()), Probe::new(queue.put(2)))); // Never polled.
    ensure_eq!(got(queue.try_get())?, 1, "the item");
    ensure_eq!(
        queue.try_get().map(drop),
        Err(TryRecvError::Empty),
        "after all"
    );

    let (first, last) = (Wakes::new(), Wakes::new());
    let mut get = Probe::new(queue.get());
    put(&queue, 1)?;
    let mut full = Probe::new(queue.put(2));
    let mut join = Probe::new(queue.join());
    for wakes in [&first, &last, &last] {
        let waker = wakes.waker();
        ensure!(
            full.poll_with(&waker).is_pending(),
            "a full queue took an item"
        );
        ensure!(
            join.poll_with(&waker).is_pending(),
            "unfinished, and `join` is ready"
        );
    }
    ensure_eq!(got(get.ready("`get`")?)?, 1, "the item");
    ensure_eq!(
        full.poll_with(&last.waker()).is_ready(),
        true,
        "`put` into a free slot"
    );
    got(queue.try_get())?;
    ensure!(
        join.poll_with(&last.waker()).is_ready(),
        "all done, and `join` waits"
    );
    ensure_eq!(first.count(), 0, "the wakes of a waker that was replaced");
    ensure_eq!(
        Arc::strong_count(&first),
        1,
        "who holds a waker that was replaced"
    );
    Ok(())
}

/// A shutdown ends all waiting: the graceful one drains, the immediate one drops.
pub fn ch_53<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let queue = bounded(1)?;
    put(&queue, 1)?;
    let mut blocked = Probe::new(queue.put(2));
    let mut served = Probe::new(queue.put(3));
    ensure!(
        blocked.is_pending() && served.is_pending(),
        "a full queue took an item"
    );
    queue.shutdown(Shutdown::Graceful);
    ensure!(queue.is_shut_down(), "it was shut down");
    ensure!(blocked.wakes() > 0, "a shutdown did not wake a `put`");
    ensure_eq!(
        blocked.ready("a `put`")?,
        Err(SendError(2)),
        "a `put` that waited"
    );
    ensure_eq!(
        served.ready("a `put`")?,
        Err(SendError(3)),
        "a `put` that waited"
    );
    ensure_eq!(
        queue.try_put(4),
        Err(TrySendError::Closed(4)),
        "`try_put` after a shutdown"
    );
    let late = Probe::new(queue.put(5)).ready("`put`")?;
    ensure_eq!(late, Err(SendError(5)), "`put` after a shutdown");
    let mut join = Probe::new(queue.join());
    ensure!(join.is_pending(), "an item is in, and `join` is ready");
    ensure_eq!(
        got(Probe::new(queue.get()).ready("`get`")?)?,
        1,
        "the item that was in"
    );
    join.ready("`join`")?;
    ensure_eq!(
        queue.try_get().map(drop),
        Err(TryRecvError::Closed),
        "drained"
    );
    let closed = Probe::new(queue.get()).ready("`get`")?.map(drop);
    ensure_eq!(closed, Err(Closed), "drained");

    // The slot that reached a `put` which nobody polls is taken back.
    let queue = bounded(1)?;
    put(&queue, 1)?;
    let mut granted = Probe::new(queue.put(2));
    ensure!(granted.is_pending(), "a full queue took an item");
    got(queue.try_get())?;
    queue.shutdown(Shutdown::Graceful);
    ensure_eq!(
        queue.try_get().map(drop),
        Err(TryRecvError::Closed),
        "nothing is in"
    );
    ensure_eq!(
        granted.ready("a `put`")?,
        Err(SendError(2)),
        "a `put` that was served late"
    );

    let queue = bounded::<u32>(1)?;
    let mut waits = Probe::new(queue.get());
    ensure!(waits.is_pending(), "an empty queue gave an item");
    queue.shutdown(Shutdown::Graceful);
    ensure!(waits.wakes() > 0, "a shutdown did not wake a `get`");
    let closed = waits.ready("`get`")?.map(drop);
    ensure_eq!(closed, Err(Closed), "a `get` that waited, nothing is in");

    // An item that is promised may yet be left to the next.
    let queue = bounded(2)?;
    let (mut first, mut second) = (Probe::new(queue.get()), Probe::new(queue.get()));
    ensure!(
        first.is_pending() && second.is_pending(),
        "an empty queue gave an item"
    );
    put(&queue, 1)?;
    queue.shutdown(Shutdown::Graceful);
    ensure!(second.is_pending(), "closed, before the last item is out");
    drop(first);
    ensure_eq!(got(second.ready("`get`")?)?, 1, "the item that was left");

    let drops = Wakes::new();
    for promised in [false, true] {
        let queue = bounded(2)?;
        let mut waits = Probe::new(queue.get());
        ensure!(
            !promised || waits.is_pending(),
            "an empty queue gave an item"
        );
        put(&queue, Counted::new(&drops))?;
        put(&queue, Counted::new(&drops))?;
        let job = match promised {
            true => None,
            false => queue.try_get().ok(),
        };
        let before = drops.count();
        let mut join = Probe::new(queue.join());
        ensure!(join.is_pending(), "items are in, and `join` is ready");
        queue.shutdown(Shutdown::Immediate);
        ensure_eq!(
            drops.count() - before,
            1 + usize::from(promised),
            "the items dropped"
        );
        let closed = waits.ready("`get`")?.map(drop);
        ensure_eq!(closed, Err(Closed), "after an immediate shutdown");
        ensure_eq!(
            join.is_pending(),
            job.is_some(),
            "`join` waits for a job that is out"
        );
        drop((job, waits));
        if !promised {
            join.ready("`join`, after the job that was out")?;
        }
    }
    ctx.run(async {
        let queue = bounded::<u32>(1)?;
        let worker = {
            let queue = queue.clone();
            ctx.rt().spawn(async move { queue.get().await.map(drop) })
        };
        queue.shutdown(Shutdown::Immediate);
        let ended = worker.await;
        ensure!(
            matches!(ended, Ok(Err(Closed))),
            "a worker's `get`: {ended:?}"
        );
        Ok(())
    })
}
