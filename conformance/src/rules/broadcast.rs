//! *CH*: every value to every receiver.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Probe, Wakes},
};
use anyrt_core::channel::broadcast::{self, Receiver, RecvError, Sender, TryRecvError};
use std::{sync::Arc, time::Duration};

fn channel<T>(capacity: usize) -> Result<(Sender<T>, Receiver<T>), Stop> {
    broadcast::channel(capacity).map_err(|error| Stop::failed(error.to_string()))
}

fn sent<T>(tx: &Sender<T>, value: T) -> Result<usize, Stop> {
    tx.send(value)
        .map_err(|error| Stop::failed(error.to_string()))
}

/// All from the subscription on; the slow are told what they missed, and go on.
pub fn ch_8<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (tx, mut early) = channel(3)?;
    sent(&tx, 1)?;
    let mut late = tx.subscribe();
    ensure_eq!(sent(&tx, 2)?, 2, "the receivers of a value");
    sent(&tx, 3)?;
    ensure_eq!(early.try_recv(), Ok(1), "the first value");
    ensure_eq!(
        late.try_recv(),
        Ok(2),
        "the first value since the subscription"
    );
    for value in 4..=7 {
        sent(&tx, value)?;
    }
    ensure_eq!(early.len(), 6, "the values behind which a receiver is");
    ensure_eq!(
        early.try_recv(),
        Err(TryRecvError::Lagged(3)),
        "2, 3 and 4 are gone"
    );
    ensure_eq!(
        Probe::new(late.recv()).ready("`recv`")?,
        Err(RecvError::Lagged(2)),
        "3 and 4 are gone"
    );
    for value in 5..=7 {
        ensure_eq!(early.try_recv(), Ok(value), "after a lag");
        let received = Probe::new(late.recv()).ready("`recv`")?;
        ensure_eq!(received, Ok(value), "after a lag");
    }
    ensure_eq!(early.try_recv(), Err(TryRecvError::Empty), "after all");
    let mut new = early.resubscribe();
    ensure_eq!(
        new.try_recv(),
        Err(TryRecvError::Empty),
        "a new subscription"
    );

    const VALUES: u64 = 2_000;
    let (tx, rx) = channel(16)?;
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let mut rx = rx.resubscribe();
            ctx.rt().spawn(async move {
                let (mut seen, mut missed, mut next) = (0, 0, 0);
                loop {
                    match rx.recv().await {
                        Ok(value) if value >= next => (seen, next) = (seen + 1, value + 1),
                        Ok(_) => return None,
                        Err(RecvError::Lagged(n)) => missed += n,
                        Err(RecvError::Closed) => return Some((seen + missed, next)),
                    }
                }
            })
        })
        .collect();
    drop(rx);
    ctx.run(async {
        let sender = ctx.rt().spawn(async move {
            for value in 0..VALUES {
                tx.send(value).ok();
                if value % 7 == 0 {
                    anyrt_core::task::yield_now().await;
                }
            }
        });
        ensure!(sender.await.is_ok(), "a sender panicked");
        for task in tasks {
            let counted = task.await;
            ensure!(
                matches!(counted, Ok(Some((VALUES, VALUES)))),
                "seen and missed, and the last: {counted:?}, want {VALUES} both"
            );
        }
        Ok(())
    })
}

/// `send` never waits, and hands back what nobody can receive; values go when all have seen them.
pub fn ch_43<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let Err(error) = broadcast::channel::<()>(0) else {
        return Err(Stop::failed("a broadcast of capacity 0 was made"));
    };
    ensure!(
        error.to_string().contains("capacity"),
        "the message does not name the capacity: {error}"
    );
    let drops = Wakes::new();
    let (tx, mut rx) = channel(2)?;
    let mut other = tx.subscribe();
    ensure_eq!(
        (tx.capacity(), tx.receiver_count()),
        (2, 2),
        "capacity and receivers"
    );
    let value = || Arc::new(Counted::new(&drops));
    for n in 0..5 {
        ensure_eq!(sent(&tx, value())?, 2, "the receivers of value {n}");
    }
    ensure_eq!(
        (tx.len(), drops.count()),
        (2, 3),
        "the values kept and dropped, of 5"
    );
    rx.try_recv().ok();
    ensure!(
        rx.try_recv().is_ok() && rx.try_recv().is_ok(),
        "two values are lost"
    );
    ensure_eq!((tx.len(), rx.len()), (2, 0), "what one of two has seen");
    other.try_recv().ok();
    ensure!(other.try_recv().is_ok(), "a value is lost");
    ensure_eq!(
        (tx.len(), drops.count()),
        (1, 4),
        "the values kept and dropped"
    );
    drop(other);
    ensure_eq!(
        (tx.len(), drops.count()),
        (0, 5),
        "after the last who had not seen all"
    );
    sent(&tx, value())?;
    drop(rx);
    ensure_eq!(
        (tx.receiver_count(), drops.count()),
        (0, 6),
        "all receivers gone"
    );
    ensure!(tx.send(value()).is_err(), "a value was sent to nobody");
    let mut again = tx.subscribe();
    sent(&tx, value())?;
    ensure!(
        again.try_recv().is_ok(),
        "a subscription after all were gone got nothing"
    );
    Ok(())
}

/// All senders gone: receivers drain, then it is closed.
pub fn ch_44<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (tx, mut rx) = channel(4)?;
    let other = tx.clone();
    let mut waiting = rx.resubscribe();
    let mut waits = Probe::new(waiting.recv());
    ensure!(waits.is_pending(), "a value came out of nothing");
    sent(&tx, 1)?;
    ensure_eq!(waits.ready("`recv`")?, Ok(1), "the value");
    drop(waits);
    let mut waits = Probe::new(waiting.recv());
    ensure!(waits.is_pending(), "a value came twice");
    drop(tx);
    ensure!(waits.is_pending(), "closed, with a sender left");
    drop(other);
    ensure!(
        waits.wakes() > 0,
        "the last sender left, and `recv` was not woken"
    );
    ensure_eq!(
        waits.ready("`recv`")?,
        Err(RecvError::Closed),
        "all senders gone"
    );
    ensure_eq!(rx.try_recv(), Ok(1), "the value in a closed channel");
    ensure_eq!(rx.try_recv(), Err(TryRecvError::Closed), "drained");
    ensure_eq!(
        rx.resubscribe().try_recv(),
        Err(TryRecvError::Closed),
        "a new subscription of a closed channel"
    );
    ctx.run(async {
        let (tx, mut rx) = channel::<u32>(1)?;
        drop(ctx.rt().spawn(async move { drop(tx) }));
        ensure_eq!(
            rx.recv().await,
            Err(RecvError::Closed),
            "the task's sender gone"
        );
        Ok(())
    })
}

/// A dropped `recv` loses nothing; wakers are replaced, and given up.
pub fn ch_45<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let (tx, mut rx) = channel(2)?;
    let (first, last) = (Wakes::new(), Wakes::new());
    let mut waits = Probe::new(rx.recv());
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
    sent(&tx, 1)?;
    ensure_eq!(
        (first.count(), last.count()),
        (0, 1),
        "the wakes of both wakers"
    );
    drop(waits); // Woken, but not polled again.
    ensure_eq!(rx.try_recv(), Ok(1), "the value after a dropped `recv`");
    let wakes = Wakes::new();
    ensure!(
        Probe::new(rx.recv()).poll_with(&wakes.waker()).is_pending(),
        "a value came twice"
    );
    ensure_eq!(
        Arc::strong_count(&wakes),
        1,
        "who holds a dropped future's waker"
    );
    for value in 2..=5 {
        sent(&tx, value)?;
    }
    ensure_eq!(wakes.count(), 0, "the wakes of a dropped `recv`");
    drop(Probe::new(rx.recv())); // Never polled: neither the lag nor a value is gone.
    ensure_eq!(
        rx.try_recv(),
        Err(TryRecvError::Lagged(2)),
        "the news of a lag"
    );
    ensure_eq!(rx.try_recv(), Ok(4), "the value after the lag");
    Ok(())
}

/// A receiver that is always ready lets others run.
pub fn ch_46<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    ctx.run(async {
        let (tx, mut rx) = channel(1)?;
        let forever = async {
            loop {
                tx.send(()).ok();
                rx.recv().await.ok();
            }
        };
        let ended: Result<(), _> = ctx.rt().timeout(Duration::from_millis(5), forever).await;
        ensure!(ended.is_err(), "a loop without end ended");
        Ok(())
    })
}
