//! *CH*: the latest value.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Expected, Probe, Wakes},
};
use anyrt_core::{channel::watch, error::Closed};
use std::{
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    sync::Arc,
};

/// The last value is never missed.
pub fn ch_47<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (tx, mut rx) = watch::channel(0);
    ensure!(!rx.has_changed(), "the first value is news");
    let mut waits = Probe::new(rx.changed());
    ensure!(waits.is_pending(), "the first value is news");
    tx.send(1);
    tx.send(2);
    ensure!(waits.wakes() > 0, "a value, and nobody was woken");
    ensure_eq!(
        waits.ready("`changed`")?,
        Ok(Arc::new(2)),
        "the latest of two values"
    );
    drop(waits);
    ensure!(Probe::new(rx.changed()).is_pending(), "a value came twice");
    let mut late = tx.subscribe();
    ensure!(
        !late.has_changed(),
        "a new subscription has not seen the latest value"
    );
    tx.send(3);
    let mut clone = rx.clone();
    drop(tx);
    for rx in [&mut rx, &mut clone, &mut late] {
        ensure_eq!(*rx.latest(), 3, "the latest value, its sender gone");
        ensure!(rx.has_changed(), "`latest` took the news of a value");
        let changed = Probe::new(rx.changed()).ready("`changed`")?;
        ensure_eq!(changed, Ok(Arc::new(3)), "the last value, its sender gone");
        let changed = Probe::new(rx.changed()).ready("`changed`")?;
        ensure_eq!(changed, Err(Closed), "all senders gone");
    }
    let (tx, rx) = watch::channel(0);
    drop(rx);
    tx.send(4);
    ensure_eq!(
        *tx.subscribe().latest(),
        4,
        "a value sent while nobody received"
    );

    const VALUES: u32 = 3_000;
    ctx.run(async {
        let (tx, rx) = watch::channel(0);
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let mut rx = rx.clone();
                ctx.rt().spawn(async move {
                    let mut last = 0;
                    while let Ok(value) = rx.changed().await {
                        if *value <= last {
                            return Err(*value);
                        }
                        last = *value;
                    }
                    Ok(last)
                })
            })
            .collect();
        let sender = ctx.rt().spawn(async move {
            for value in 1..=VALUES {
                tx.send(value);
                if value % 100 == 0 {
                    anyrt_core::task::yield_now().await;
                }
            }
        });
        ensure!(sender.await.is_ok(), "a sender panicked");
        for task in tasks {
            let last = task.await;
            ensure!(
                matches!(last, Ok(Ok(VALUES))),
                "the last value that a receiver saw: {last:?}, want {VALUES}"
            );
        }
        Ok(())
    })
}

/// What was not returned is still new, and `wait_for` looks at the latest first.
pub fn ch_48<R: Backend>(_: &Ctx<'_, R>) -> Outcome {
    let (tx, mut rx) = watch::channel(0);
    let (first, last) = (Wakes::new(), Wakes::new());
    let mut waits = Probe::new(rx.changed());
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
    tx.send(1);
    ensure_eq!(
        (first.count(), last.count()),
        (0, 1),
        "the wakes of both wakers"
    );
    drop(waits); // Woken, but not polled again.
    let wakes = Wakes::new();
    {
        let mut waits = Probe::new(rx.wait_for(|value| *value > 5));
        ensure!(
            waits.poll_with(&wakes.waker()).is_pending(),
            "1 is more than 5"
        );
        tx.send(2);
        ensure_eq!(wakes.count(), 1, "the wakes of who waits for a value");
        ensure!(
            waits.poll_with(&wakes.waker()).is_pending(),
            "2 is more than 5"
        );
    }
    ensure_eq!(
        Arc::strong_count(&wakes),
        1,
        "who holds a dropped future's waker"
    );
    ensure_eq!(
        Probe::new(rx.changed()).ready("`changed`, after dropped ones")?,
        Ok(Arc::new(2)),
        "a value that was looked at, but not returned"
    );
    tx.send(6);
    for which in ["new", "seen"] {
        let found = Probe::new(rx.wait_for(|value| *value > 5)).ready("`wait_for`")?;
        ensure_eq!(found, Ok(Arc::new(6)), "a wanted value that is {which}");
    }
    ensure!(!rx.has_changed(), "a value that was returned is news");
    drop(tx);
    let found = Probe::new(rx.wait_for(|value| *value > 5)).ready("`wait_for`")?;
    ensure_eq!(found, Ok(Arc::new(6)), "a wanted value, all senders gone");
    let found = Probe::new(rx.wait_for(|value| *value > 6)).ready("`wait_for`")?;
    ensure_eq!(found, Err(Closed), "no value is wanted, all senders gone");
    Ok(())
}

/// Changing in place: no lock is held, a panic changes nothing, no change is lost.
pub fn ch_49<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (tx, mut rx) = watch::channel(vec![1]);
    let held = rx.latest();
    tx.send_modify(|value| value.push(2));
    ensure_eq!(*held, [1], "a snapshot of the value before");
    ensure_eq!(
        Probe::new(rx.changed()).ready("`changed`")?,
        Ok(Arc::new(vec![1, 2])),
        "the changed value"
    );
    let kept = tx.send_if_modified(|value| {
        value.push(3);
        tx.latest().len() > 5 // It may use the channel.
    });
    ensure!(
        !kept && !rx.has_changed(),
        "a change that was not wanted was sent"
    );
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        tx.send_modify(|value| {
            value.clear();
            panic_any(Expected(9));
        });
    }));
    ensure!(panicked.is_err(), "a panic was swallowed");
    ensure_eq!(*tx.latest(), [1, 2], "the value after a panic");
    let mut overlaps = true;
    tx.send_modify(|value| {
        if std::mem::take(&mut overlaps) {
            tx.send_modify(|value| value.push(3));
        }
        value.push(4);
    });
    ensure_eq!(*tx.latest(), [1, 2, 3, 4], "the value after two changes");

    // One that is overlapped by another is made again, on the newer value.
    let (tx, _rx) = watch::channel(0);
    let mut overlapped = false;
    tx.send_modify(|count| {
        if !std::mem::replace(&mut overlapped, true) {
            tx.send(10);
        }
        *count += 1;
    });
    ensure_eq!(*tx.latest(), 11, "the value after changes that overlap");

    const TASKS: usize = 4;
    const CHANGES: usize = 250;
    ctx.run(async {
        let (tx, mut rx) = watch::channel(0);
        for _ in 0..TASKS {
            let tx = tx.clone();
            drop(ctx.rt().spawn(async move {
                for _ in 0..CHANGES {
                    tx.send_modify(|count| *count += 1);
                }
            }));
        }
        drop(tx);
        let all = rx.wait_for(|count| *count == TASKS * CHANGES).await;
        ensure!(
            all.is_ok(),
            "of {TASKS} × {CHANGES} changes {} were kept",
            rx.latest()
        );
        Ok(())
    })
}

/// Senders learn that nobody receives.
pub fn ch_54<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (tx, rx) = watch::channel(0);
    let other = rx.clone();
    ensure_eq!(tx.receiver_count(), 2, "the receivers");
    let wakes = Wakes::new();
    ensure!(
        Probe::new(tx.closed())
            .poll_with(&wakes.waker())
            .is_pending(),
        "closed, with two receivers"
    );
    ensure_eq!(
        Arc::strong_count(&wakes),
        1,
        "who holds a dropped future's waker"
    );
    let mut closed = Probe::new(tx.closed());
    drop(rx);
    ensure!(
        closed.is_pending() && !tx.is_closed(),
        "closed, with a receiver"
    );
    drop(other);
    ensure_eq!(closed.wakes(), 1, "the wakes of who waits for the end");
    ensure!(tx.is_closed(), "without receivers, and not closed");
    closed.ready("`closed`")?;
    ctx.run(async {
        let (tx, rx) = watch::channel(0);
        let task = ctx.rt().spawn(async move { tx.closed().await });
        drop(rx);
        task.await
            .map_err(|error| Stop::failed(format!("`closed` in a task: {error}")))
    })
}
