//! *CH*: the end of a channel, from either side.

use crate::{
    outcome::{Backend, Ctx, Outcome, ensure, ensure_eq},
    probe::{Counted, Probe, Wakes},
    rules::channel::{channel, unreserved, unsent},
};
use anyrt_core::{
    error::{SendError, TryRecvError, TrySendError},
    rt::{Receiver, SendPermit, Sender},
};

/// The last sender gone: the receiver drains, then it is closed.
pub fn ch_5<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (tx, mut rx) = channel::<R, u32>(ctx, 4)?;
    let other = tx.clone();
    tx.try_send(1).map_err(unsent)?;
    drop(tx);
    other.try_send(2).map_err(unsent)?;
    drop(other);
    ensure_eq!(
        Probe::new(rx.recv()).ready("`recv`")?,
        Some(1),
        "the first item"
    );
    ensure_eq!(rx.try_recv(), Ok(2), "the second item");
    ensure_eq!(
        rx.try_recv(),
        Err(TryRecvError::Closed),
        "drained, all senders gone"
    );
    ensure_eq!(
        Probe::new(rx.recv()).ready("`recv`")?,
        None,
        "drained, all senders gone"
    );

    let (tx, mut rx) = channel::<R, u32>(ctx, 1)?;
    let mut recv = Probe::new(rx.recv());
    ensure!(recv.is_pending(), "an empty channel gave an item");
    drop(tx);
    ensure!(
        recv.wakes() > 0,
        "the last sender left, and `recv` was not woken"
    );
    ensure_eq!(
        recv.ready("`recv`, all senders gone,")?,
        None,
        "all senders gone"
    );
    Ok(())
}

/// The receiver gone: a blocked `send` gets its item back, and what was in the channel is dropped.
pub fn ch_22<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (tx, rx) = channel::<R, Counted>(ctx, 1)?;
    let drops = Wakes::new();
    tx.try_send(Counted::new(&drops)).map_err(unsent)?;
    let mut blocked = Probe::new(tx.send(Counted::new(&drops)));
    let mut reserve = Probe::new(tx.reserve());
    ensure!(
        blocked.is_pending() && reserve.is_pending(),
        "a full channel gave a slot"
    );
    ensure!(!tx.is_closed(), "an open channel `is_closed`");
    drop(rx);
    ensure_eq!(
        drops.count(),
        1,
        "the items dropped with the receiver, of 1 in the channel"
    );
    ensure!(tx.is_closed(), "the receiver is gone, but not `is_closed`");
    ensure!(
        blocked.wakes() > 0 && reserve.wakes() > 0,
        "a blocked sender was not woken"
    );
    let back = blocked.ready("a blocked `send`, the receiver gone,")?;
    ensure!(back.is_err(), "a `send` without receiver succeeded");
    ensure_eq!(
        drops.count(),
        1,
        "the items dropped while the unsent one is handed back"
    );
    let reserved = reserve.ready("a blocked `reserve`, the receiver gone,")?;
    ensure!(reserved.is_err(), "a slot was given without receiver");
    let tried = tx.try_send(Counted::new(&drops));
    ensure!(
        matches!(tried, Err(TrySendError::Closed(_))),
        "`try_send` without receiver: {tried:?}"
    );
    let sent = Probe::new(tx.send(Counted::new(&drops))).ready("`send` without receiver")?;
    ensure!(
        matches!(sent, Err(SendError(_))),
        "`send` without receiver: {sent:?}"
    );
    let (tx, rx) = channel::<R, Counted>(ctx, 1)?;
    let permit = Probe::new(tx.reserve())
        .ready("`reserve`")?
        .map_err(unreserved)?;
    drop(rx);
    let sent = permit.send(Counted::new(&drops));
    ensure!(
        matches!(sent, Err(SendError(_))),
        "a permit's `send` without receiver: {sent:?}"
    );
    Ok(())
}

/// `close` refuses, and lets out what is in or reserved.
pub fn ch_23<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    let (tx, mut rx) = channel::<R, u32>(ctx, 2)?;
    tx.try_send(1).map_err(unsent)?;
    let permit = Probe::new(tx.reserve())
        .ready("`reserve`")?
        .map_err(unreserved)?;
    let mut blocked = Probe::new(tx.send(9));
    ensure!(blocked.is_pending(), "a full channel took an item");
    rx.close();
    ensure!(tx.is_closed(), "closed, but not `is_closed`");
    ensure!(blocked.wakes() > 0, "`close` did not wake a blocked `send`");
    let back = blocked.ready("a blocked `send`, after `close`,")?;
    ensure_eq!(back, Err(SendError(9)), "a blocked `send` after `close`");
    ensure_eq!(
        tx.try_send(8),
        Err(TrySendError::Closed(8)),
        "`try_send` after `close`"
    );
    ensure_eq!(rx.try_recv(), Ok(1), "the item in a closed channel");
    ensure_eq!(
        rx.try_recv(),
        Err(TryRecvError::Empty),
        "closed, with a permit out"
    );
    let mut recv = Probe::new(rx.recv());
    ensure!(
        recv.is_pending(),
        "`recv` gave up on a slot that is reserved"
    );
    permit.send(2).map_err(unsent)?;
    ensure_eq!(
        recv.ready("`recv`, after the permit sent,")?,
        Some(2),
        "the permit's item"
    );
    drop(recv);
    ensure_eq!(
        rx.try_recv(),
        Err(TryRecvError::Closed),
        "closed and drained"
    );
    ensure_eq!(
        Probe::new(rx.recv()).ready("`recv`")?,
        None,
        "closed and drained"
    );
    Ok(())
}

/// Dropping the last permit wakes a closed receiver.
pub fn ch_6<R: Backend>(ctx: &Ctx<'_, R>) -> Outcome {
    for owned in [false, true] {
        let (tx, mut rx) = channel::<R, u32>(ctx, 1)?;
        let mut borrowed = Probe::new(tx.reserve());
        let mut holds = Probe::new(tx.clone().reserve_owned());
        let (one, other) = match owned {
            false => (
                Some(borrowed.ready("`reserve`")?.map_err(unreserved)?),
                None,
            ),
            true => (
                None,
                Some(holds.ready("`reserve_owned`")?.map_err(unreserved)?),
            ),
        };
        rx.close();
        let mut recv = Probe::new(rx.recv());
        ensure!(
            recv.is_pending(),
            "`recv` gave up on a slot that is reserved"
        );
        drop((one, other));
        ensure!(
            recv.wakes() > 0,
            "dropping the last permit did not wake the closed receiver"
        );
        ensure_eq!(
            recv.ready("`recv`, after the last permit,")?,
            None,
            "closed, no permit out"
        );
    }
    Ok(())
}
