//! *CH*: the channel for one value.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Probe, Wakes},
};
use anyrt_core::{
    channel::oneshot,
    error::{Closed, TryRecvError},
};
use std::sync::Arc;

/// A value arrives, or the news that none will.
pub fn ch_40<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (tx, mut rx) = oneshot::channel();
    ensure_eq!(rx.try_recv(), Err(TryRecvError::Empty), "before the value");
    let mut waits = Probe::new(&mut rx);
    ensure!(waits.is_pending(), "a value came out of nothing");
    ensure_eq!(tx.send(1), Ok(()), "`send`");
    ensure_eq!(waits.wakes(), 1, "the wakes of who waits for the value");
    ensure_eq!(waits.ready("the value")?, Ok(1), "the value");
    ensure_eq!(
        waits.ready("a second look")?,
        Err(Closed),
        "after the value"
    );
    drop(waits);
    ensure_eq!(rx.try_recv(), Err(TryRecvError::Closed), "after the value");

    let (tx, mut rx) = oneshot::channel::<u32>();
    let mut waits = Probe::new(&mut rx);
    ensure!(waits.is_pending(), "a value came out of nothing");
    drop(tx);
    ensure_eq!(waits.wakes(), 1, "the wakes of who waits, the sender gone");
    ensure_eq!(waits.ready("the end")?, Err(Closed), "the sender gone");

    let (tx, mut rx) = oneshot::channel();
    ensure_eq!(tx.send(2), Ok(()), "`send`");
    ensure_eq!(rx.try_recv(), Ok(2), "a value that was sent before");

    ctx.run(async {
        for round in 0..200 {
            let (tx, rx) = oneshot::channel();
            let task = ctx.rt().spawn(async move { tx.send(round) });
            ensure_eq!(rx.await, Ok(round), "the value of a task");
            let sent = task.await;
            ensure!(matches!(sent, Ok(Ok(()))), "`send` in a task: {sent:?}");
            let (tx, rx) = oneshot::channel::<u32>();
            drop(ctx.rt().spawn(async move { drop(tx) }));
            ensure_eq!(rx.await, Err(Closed), "the sender of a task that ended");
        }
        Ok(())
    })
}

/// A value that nobody can receive comes back.
pub fn ch_41<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    for gone in [true, false] {
        let drops = Wakes::new();
        let (mut tx, rx) = oneshot::channel();
        let mut rx = Some(rx);
        ensure!(!tx.is_closed(), "an open channel is closed");
        let mut closed = Probe::new(tx.closed());
        ensure!(closed.is_pending(), "an open channel is closed");
        match (gone, &mut rx) {
            (false, Some(rx)) => rx.close(),
            _ => rx = None,
        }
        ensure_eq!(closed.wakes(), 1, "the wakes of who waits for the end");
        closed.ready("`closed`")?;
        drop(closed);
        ensure!(tx.is_closed(), "a closed channel is open");
        let back = tx.send(Counted::new(&drops));
        ensure!(back.is_err(), "a value was sent to nobody");
        ensure_eq!(drops.count(), 0, "the values dropped before they came back");
        drop((back, rx));
        ensure_eq!(drops.count(), 1, "the values dropped");
    }
    let drops = Wakes::new();
    let (tx, mut rx) = oneshot::channel();
    ensure!(tx.send(Counted::new(&drops)).is_ok(), "`send` failed");
    rx.close();
    ensure!(
        rx.try_recv().is_ok(),
        "a value sent before the `close` was lost"
    );
    ensure_eq!(drops.count(), 1, "the values dropped");
    let (tx, rx) = oneshot::channel();
    ensure!(tx.send(Counted::new(&drops)).is_ok(), "`send` failed");
    drop(rx);
    ensure_eq!(
        drops.count(),
        2,
        "the values dropped, one with its receiver"
    );
    let (tx, mut rx) = oneshot::channel::<u32>();
    rx.close();
    ensure_eq!(
        Probe::new(&mut rx).ready("a closed receiver")?,
        Err(Closed),
        "a closed receiver"
    );
    drop(tx);

    ctx.run(async {
        let (mut tx, rx) = oneshot::channel::<u32>();
        let task = ctx.rt().spawn(async move {
            tx.closed().await;
            tx.send(1)
        });
        drop(rx);
        let back = task.await;
        ensure!(
            matches!(back, Ok(Err(1))),
            "a value sent to nobody: {back:?}"
        );
        Ok(())
    })
}

/// Dropped futures leave no waker, and only the last waker is woken.
pub fn ch_42<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let (tx, mut rx) = oneshot::channel::<u32>();
    let (first, last) = (Wakes::new(), Wakes::new());
    let mut waits = Probe::new(&mut rx);
    for wakes in [&first, &last, &last] {
        ensure!(
            waits.poll_with(&wakes.waker()).is_pending(),
            "a value came out of nothing"
        );
    }
    ensure_eq!(
        Arc::strong_count(&first),
        1,
        "who holds a waker that was replaced"
    );
    tx.send(3).map_err(|_| Stop::failed("`send` failed"))?;
    ensure_eq!(
        (first.count(), last.count()),
        (0, 1),
        "the wakes of both wakers"
    );
    drop(waits);
    ensure_eq!(rx.try_recv(), Ok(3), "the value, after a dropped wait");

    for close in [false, true] {
        let (mut tx, mut rx) = oneshot::channel::<u32>();
        let wakes = Wakes::new();
        ensure!(
            Probe::new(&mut rx).poll_with(&wakes.waker()).is_pending(),
            "a value came out of nothing"
        );
        ensure!(
            Probe::new(tx.closed())
                .poll_with(&wakes.waker())
                .is_pending(),
            "an open channel is closed"
        );
        ensure_eq!(
            Arc::strong_count(&wakes),
            2,
            "who holds a waker: the receiver alone"
        );
        if close {
            rx.close();
            ensure_eq!(rx.try_recv(), Err(TryRecvError::Closed), "closed");
        } else {
            drop(rx);
        }
        ensure_eq!(
            Arc::strong_count(&wakes),
            1,
            "who holds a waker after the end"
        );
        // Who waits for the receiver may be in another task than who closes it; who drops it is alone.
        ensure_eq!(
            wakes.count(),
            usize::from(close),
            "the wakes of who waited for a receiver that is closed, or gone"
        );
        drop(tx);
    }
    Ok(())
}
