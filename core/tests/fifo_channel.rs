//! The channel's hand-off: a `send` that waits leaves its item for the receiver. By hand, without a
//! runtime.

mod support;

use anyrt_core::{
    error::{SendError, TryRecvError, TrySendError},
    rt::{Receiver, SendPermit, Sender},
    sync::{channel, unbounded_channel},
};
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};
use support::{Counter, poll};

#[test]
fn a_blocked_send_hands_its_item_over_without_a_poll() {
    let (sender, mut receiver) = channel(1).unwrap();
    sender.try_send(1).unwrap();
    let (mut second, mut third) = (pin!(sender.send(2)), pin!(sender.send(3)));
    assert!(poll(second.as_mut()).is_pending());
    assert!(poll(third.as_mut()).is_pending());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.len(), 1, "the item of the first who waits");
    assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!(receiver.try_recv(), Ok(3));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(poll(second), Poll::Ready(Ok(())));
    assert_eq!(poll(third), Poll::Ready(Ok(())));
}

#[test]
fn a_dropped_send_takes_its_item_out_of_the_queue_again() {
    let (sender, mut receiver) = channel(4).unwrap();
    for item in 0..4 {
        sender.try_send(item).unwrap();
    }
    let mut sends: Vec<_> = (4..10).map(|item| Box::pin(sender.send(item))).collect();
    for send in &mut sends {
        assert!(poll(send.as_mut()).is_pending());
    }
    for item in 0..4 {
        assert_eq!(receiver.try_recv(), Ok(item));
    }
    // In the queue: 4, 5, 6, 7. Waiting: 8, 9.
    drop(sends.remove(1));
    // 5 is out, 8 came in.
    drop(sends.remove(1));
    // 6 is out, 9 came in.
    assert_eq!(sender.len(), 4);
    assert_eq!(receiver.try_recv(), Ok(4));
    drop(sends.remove(0));
    drop(sends.remove(1));
    // 4 was received: dropping its `send` takes nothing back; 8 is out.
    assert_eq!(receiver.try_recv(), Ok(7));
    assert_eq!(receiver.try_recv(), Ok(9));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    drop(sends);
    for item in 0..4 {
        sender.try_send(item).expect("every slot is free again");
    }
    assert_eq!(sender.try_send(4), Err(TrySendError::Full(4)));
}

#[test]
fn a_slot_that_comes_back_brings_a_waiting_item_and_wakes_the_receiver() {
    let (sender, mut receiver) = channel(1).unwrap();
    let Poll::Ready(Ok(slot)) = poll(pin!(sender.reserve())) else {
        panic!("a slot was free")
    };
    let mut send = pin!(sender.send(1));
    assert!(poll(send.as_mut()).is_pending());
    let (counter, waker) = Counter::new();
    let mut recv = pin!(receiver.recv());
    assert!(
        recv.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(slot);
    assert_eq!(counter.count(), 1);
    assert_eq!(poll(recv), Poll::Ready(Some(1)));
    assert_eq!(poll(send), Poll::Ready(Ok(())));
}

#[test]
fn closing_hands_back_what_waits_and_keeps_what_is_queued() {
    let (sender, mut receiver) = channel(2).unwrap();
    sender.try_send(1).unwrap();
    sender.try_send(2).unwrap();
    let mut queued = pin!(sender.send(3));
    let mut waits = pin!(sender.send(4));
    let mut granted = pin!(sender.reserve());
    assert!(poll(queued.as_mut()).is_pending());
    assert!(poll(waits.as_mut()).is_pending());
    assert!(poll(granted.as_mut()).is_pending());
    assert_eq!(receiver.try_recv(), Ok(1));
    receiver.close();
    assert_eq!(
        poll(queued),
        Poll::Ready(Ok(())),
        "its item is in the queue"
    );
    assert_eq!(poll(waits), Poll::Ready(Err(SendError(4))));
    assert!(matches!(poll(granted), Poll::Ready(Err(_))));
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!(receiver.try_recv(), Ok(3));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(sender.try_send(5), Err(TrySendError::Closed(5)));
}

#[test]
fn a_permit_and_a_blocked_send_keep_their_order() {
    let (sender, mut receiver) = channel(1).unwrap();
    sender.try_send(1).unwrap();
    let mut reserve = pin!(sender.reserve());
    let mut send = pin!(sender.send(3));
    assert!(poll(reserve.as_mut()).is_pending());
    assert!(poll(send.as_mut()).is_pending());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    let Poll::Ready(Ok(slot)) = poll(reserve) else {
        panic!("the slot goes to the first who waits")
    };
    slot.send(2).unwrap();
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!(receiver.try_recv(), Ok(3));
}

/// The polls out of 10,000 over a channel that is never empty that were pending, and their wakes.
fn pending_polls(mut next: impl FnMut(&Waker) -> bool) -> (usize, usize) {
    let (counter, waker) = Counter::new();
    let pending = (0..10_000).filter(|_| !next(&waker)).count();
    (pending, counter.count())
}

#[test]
fn a_receive_loop_that_never_runs_dry_is_suspended_now_and_then() {
    let (sender, mut receiver) = unbounded_channel();
    sender.try_send(0).unwrap();
    let mut expected = 0;
    let (pending, wakes) = pending_polls(|waker| {
        let recv = pin!(receiver.recv());
        match recv.poll(&mut Context::from_waker(waker)) {
            Poll::Ready(item) => {
                assert_eq!(item, Some(expected));
                expected += 1;
                sender.try_send(expected).unwrap();
                true
            }
            Poll::Pending => false,
        }
    });
    assert!((10..1000).contains(&pending), "{pending} of 10,000");
    assert_eq!(wakes, pending, "it wakes itself each time");
}

#[test]
fn try_recv_has_no_budget() {
    let (sender, mut receiver) = unbounded_channel();
    sender.try_send(0).unwrap();
    let (pending, _) = pending_polls(|_| {
        sender.try_send(0).unwrap();
        receiver.try_recv().is_ok()
    });
    assert_eq!(pending, 0);
}
