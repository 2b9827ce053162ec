//! *CH*: channels. They need no runtime to wait, so nearly everything is polled by hand.

use crate::{
    outcome::{Backend, Ctx, Outcome, Stop, ensure, ensure_eq},
    probe::{Counted, Probe, Wakes},
};
use anyrt_core::{
    error::{Closed, SendTimeoutError, TryRecvError, TrySendError},
    rt::{Receiver, ReceiverOf, SendPermit, Sender, SenderOf},
};
use futures_core::Stream;
use std::{fmt::Debug, future::poll_fn, pin::pin, sync::Arc, time::Duration};

pub(super) type Halves<R, T> = (SenderOf<R, T>, ReceiverOf<R, T>);

pub(super) fn channel<R: Backend, T: Send + 'static>(
    ctx: &Ctx<'_, R>,
    capacity: usize,
) -> Result<Halves<R, T>, Stop> {
    ctx.rt()
        .channel(capacity)
        .map_err(|error| Stop::failed(error.to_string()))
}

pub(super) fn unsent<E: Debug>(error: E) -> Stop {
    Stop::failed(format!("sending gave {error:?}, want Ok"))
}

pub(super) fn unreserved(_: Closed) -> Stop {
    Stop::failed("an open channel says that it is closed")
}

/// Items of one sender arrive in order; nothing is lost, nothing doubled.
pub fn ch_1<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const SENDERS: usize = 4;
    const ITEMS: usize = 250;
    let check = |bounded: bool| {
        let (tx, mut rx) = match bounded {
            true => channel::<R, (usize, usize)>(ctx, 3)?,
            false => ctx.rt().unbounded_channel(),
        };
        ctx.run(async move {
            for sender in 0..SENDERS {
                let tx = tx.clone();
                drop(ctx.rt().spawn(async move {
                    for item in 0..ITEMS {
                        tx.send((sender, item)).await.ok();
                    }
                }));
            }
            drop(tx);
            let mut next = [0; SENDERS];
            while let Some((sender, item)) = rx.recv().await {
                ensure_eq!(item, next[sender], "the next item of sender {sender}");
                next[sender] += 1;
            }
            ensure_eq!(next, [ITEMS; SENDERS], "the items received of each sender");
            Ok(())
        })
    };
    check(true)?;
    check(false)
}

/// A capacity of 0 is an error that says so.
pub fn ch_2<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let Err(error) = ctx.rt().channel::<()>(0) else {
        return Err(Stop::failed("a channel of capacity 0 was made"));
    };
    ensure_eq!(error.value, "0", "the error's value");
    let text = error.to_string();
    ensure!(
        text.contains("capacity"),
        "the message does not name the capacity: {text}"
    );
    Ok(())
}

/// A dropped `recv` loses nothing.
pub fn ch_3<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (tx, mut rx) = channel::<R, u32>(ctx, 2)?;
    for item in 0..10 {
        let mut recv = Probe::new(rx.recv());
        ensure!(recv.is_pending(), "an empty channel gave an item");
        tx.try_send(item).map_err(unsent)?;
        ensure!(recv.wakes() > 0, "`recv` was not woken");
        drop(recv); // Woken, but not polled again.
        ensure_eq!(rx.try_recv(), Ok(item), "the item after a dropped `recv`");
    }
    tx.try_send(10).map_err(unsent)?;
    tx.try_send(11).map_err(unsent)?;
    drop(Probe::new(rx.recv())); // Never polled.
    for item in [10, 11] {
        ensure_eq!(
            Probe::new(rx.recv()).ready("`recv`")?,
            Some(item),
            "the item in the channel"
        );
    }
    Ok(())
}

/// A dropped `send` loses its own item only; a permit cannot lose any.
pub fn ch_4<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (tx, mut rx) = channel::<R, u32>(ctx, 1)?;
    tx.try_send(1).map_err(unsent)?;
    let mut dropped = Probe::new(tx.send(2));
    let mut next = Probe::new(tx.send(3));
    let mut reserve = Probe::new(tx.reserve());
    ensure!(
        dropped.is_pending() && next.is_pending(),
        "a full channel took an item"
    );
    ensure!(reserve.is_pending(), "a full channel gave a slot");
    ensure_eq!(rx.try_recv(), Ok(1), "the first item");
    drop(dropped); // The slot had reached it, perhaps: it goes to the next.
    ensure!(
        next.wakes() > 0,
        "a slot was lost with the `send` that was dropped"
    );
    next.ready("the next `send`")?.map_err(unsent)?;
    ensure_eq!(rx.try_recv(), Ok(3), "the item after a dropped `send`");
    let permit = reserve
        .ready("`reserve`, with a free slot,")?
        .map_err(unreserved)?;
    ensure_eq!(
        tx.try_send(4),
        Err(TrySendError::Full(4)),
        "a slot that is reserved"
    );
    permit.send(5).map_err(unsent)?;
    ensure_eq!(rx.try_recv(), Ok(5), "the item of a permit");
    drop(
        Probe::new(tx.reserve())
            .ready("`reserve`")?
            .map_err(unreserved)?,
    );
    tx.try_send(6)
        .map_err(|error| Stop::failed(format!("a dropped permit's slot: {error}")))?;
    ensure_eq!(rx.try_recv(), Ok(6), "the item in a dropped permit's slot");

    tx.try_send(7).map_err(unsent)?;
    let mut granted = Probe::new(tx.reserve());
    let mut next = Probe::new(tx.clone().reserve_owned());
    ensure!(
        granted.is_pending() && next.is_pending(),
        "a full channel gave a slot"
    );
    ensure_eq!(rx.try_recv(), Ok(7), "the item before");
    drop(granted); // With its slot, unpolled.
    ensure!(
        next.wakes() > 0,
        "a slot was lost with the `reserve` that was dropped"
    );
    drop(next); // Likewise, and nobody waits.
    tx.try_send(8)
        .map_err(|error| Stop::failed(format!("the slot of a `reserve` that was dropped: {error}")))
}

/// A timed send hands its item back.
pub fn ch_20<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    const SHORT: Duration = Duration::from_millis(5);
    let (tx, mut rx) = channel::<R, String>(ctx, 1)?;
    ctx.run(async {
        let item = || String::from("item");
        tx.send_timeout(ctx.rt(), SHORT, item())
            .await
            .map_err(unsent)?;
        match tx.send_timeout(ctx.rt(), SHORT, String::from("late")).await {
            Err(SendTimeoutError::TimedOut(item, elapsed)) => {
                ensure_eq!(item, "late", "the item that came back");
                ensure_eq!(elapsed.limit, SHORT, "the limit");
                ensure!(
                    elapsed.elapsed >= SHORT,
                    "elapsed after {:?}",
                    elapsed.elapsed
                );
            }
            other => {
                return Err(Stop::failed(format!(
                    "a timed send to a full channel: {other:?}"
                )));
            }
        }
        ensure_eq!(rx.try_recv(), Ok(item()), "the item in the channel");
        ensure_eq!(
            rx.try_recv(),
            Err(TryRecvError::Empty),
            "after a timed send that failed"
        );
        rx.close();
        match tx.send_timeout(ctx.rt(), SHORT, item()).await {
            Err(SendTimeoutError::Closed(back)) => ensure_eq!(back, item(), "the item"),
            other => {
                return Err(Stop::failed(format!(
                    "a timed send to a closed one: {other:?}"
                )));
            }
        }
        Ok(())
    })
}

/// Owned permits hold a sender of their own.
pub fn ch_21<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (tx, mut rx) = channel::<R, u32>(ctx, 1)?;
    let mut reserve = Probe::new(tx.clone().reserve_owned());
    let permit = reserve.ready("`reserve_owned`")?.map_err(unreserved)?;
    let mut waits = Probe::new(tx.clone().reserve_owned());
    ensure!(waits.is_pending(), "one slot was reserved twice");
    drop((tx, reserve, waits));
    ensure_eq!(rx.try_recv(), Err(TryRecvError::Empty), "with a permit out");
    let task = ctx.rt().spawn(async move { permit.send(1).is_ok() });
    let sent = ctx.rt().block_on(task);
    ensure!(
        matches!(sent, Ok(true)),
        "a permit sent from a task: {sent:?}"
    );
    ensure_eq!(rx.try_recv(), Ok(1), "the permit's item");
    ensure_eq!(
        rx.try_recv(),
        Err(TryRecvError::Closed),
        "after the last sender is gone"
    );
    Ok(())
}

/// Waiting senders are served in order, and not overtaken by `try_send`.
pub fn ch_7<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (tx, mut rx) = channel::<R, usize>(ctx, 1)?;
    tx.try_send(100).map_err(unsent)?;
    let mut sends: Vec<_> = (0..4).map(|n| Probe::new(tx.send(n))).collect();
    let order = [2, 0, 3, 1];
    for n in order {
        ensure!(sends[n].is_pending(), "a full channel took an item");
    }
    let mut last = 100;
    for n in order {
        ensure_eq!(rx.try_recv(), Ok(last), "the next item");
        ensure_eq!(
            tx.try_send(9),
            Err(TrySendError::Full(9)),
            "`try_send` past waiting senders"
        );
        ensure!(sends[n].wakes() > 0, "sender {n} was not woken in its turn");
        sends[n]
            .ready("a waiting `send` in its turn")?
            .map_err(unsent)?;
        last = n;
    }
    ensure_eq!(rx.try_recv(), Ok(last), "the last item");
    ensure_eq!(rx.try_recv(), Err(TryRecvError::Empty), "after all");
    Ok(())
}

/// Lengths, capacities, and a `send` that never waits.
pub fn ch_24<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (tx, mut rx) = channel::<R, u32>(ctx, 2)?;
    ensure_eq!(tx.capacity(), Some(2), "the capacity of a channel of 2");
    ensure!(tx.is_empty() && rx.is_empty(), "a new channel is not empty");
    tx.try_send(1).map_err(unsent)?;
    tx.try_send(2).map_err(unsent)?;
    ensure_eq!(
        tx.try_send(3),
        Err(TrySendError::Full(3)),
        "a third item into a channel of 2"
    );
    ensure_eq!(
        (tx.len(), rx.len()),
        (2, 2),
        "the items of a full channel of 2"
    );
    rx.try_recv()
        .map_err(|error| Stop::failed(error.to_string()))?;
    ensure_eq!(
        (tx.len(), rx.len()),
        (1, 1),
        "the items after one of 2 is out"
    );

    let drops = Wakes::new();
    let (tx, rx) = ctx.rt().unbounded_channel();
    ensure_eq!(tx.capacity(), None, "the capacity of an unbounded channel");
    for _ in 0..1_000 {
        let sent = Probe::new(tx.send(Counted::new(&drops))).ready("an unbounded `send`")?;
        ensure!(sent.is_ok(), "an unbounded channel refused an item");
    }
    ensure_eq!(rx.len(), 1_000, "the items of an unbounded channel");
    drop(rx);
    ensure_eq!(drops.count(), 1_000, "the items dropped with the receiver");
    ensure_eq!(
        Arc::strong_count(&drops),
        1,
        "the owners that items left behind"
    );
    Ok(())
}

/// `poll_recv` and the stream give what `recv` would, and are woken as it is.
pub fn ch_55<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (tx, mut rx) = channel::<R, u32>(ctx, 4)?;
    let mut polled = Probe::new(poll_fn(|cx| rx.poll_recv(cx)));
    ensure!(polled.is_pending(), "an empty channel gave an item");
    tx.try_send(1).map_err(unsent)?;
    ensure!(
        polled.wakes() > 0,
        "an item came, and `poll_recv` was not woken"
    );
    ensure_eq!(polled.ready("`poll_recv`")?, Some(1), "the first item");
    drop(polled);
    tx.try_send(2).map_err(unsent)?;
    let mut stream = pin!(rx.into_stream());
    let mut next = Probe::new(poll_fn(|cx| stream.as_mut().poll_next(cx)));
    ensure_eq!(next.ready("the stream")?, Some(2), "the second item");
    let mut next = Probe::new(poll_fn(|cx| stream.as_mut().poll_next(cx)));
    ensure!(next.is_pending(), "an empty channel's stream gave an item");
    drop(tx);
    ensure!(
        next.wakes() > 0,
        "the last sender left, and the stream was not woken"
    );
    ensure_eq!(next.ready("the stream")?, None, "all senders gone");
    Ok(())
}
