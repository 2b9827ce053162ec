//! Wakers and destructors that panic at the worst moment: nobody else pays for them. By hand, without
//! a runtime.

mod support;

use anyrt_core::{
    channel::{
        oneshot,
        queue::{Order, Queue},
    },
    rt::{Receiver, Sender},
    scope,
    sync::{OnceCell, channel},
};
use std::{
    future::{pending, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::{Context, Poll, Waker},
};
use support::{Counter, Panics, poll_with};

/// A destructor that panics, whatever else does.
struct Explodes;

impl Drop for Explodes {
    fn drop(&mut self) {
        panic!("expected: a destructor that panics");
    }
}

#[test]
fn an_item_is_not_lost_with_the_waker_of_the_next_sender() {
    let (tx, mut rx) = channel(1).unwrap();
    tx.try_send(1).unwrap();
    let mut blocked = Box::pin(tx.send(2));
    assert!(poll_with(blocked.as_mut(), &Panics::waker()).is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!(
        poll_with(blocked.as_mut(), Waker::noop()),
        Poll::Ready(Ok(()))
    );
}

#[test]
fn a_get_whose_slot_wakes_a_panicking_putter_can_be_dropped() {
    let queue = Queue::bounded(Order::fifo(), 1).unwrap();
    let mut first = Box::pin(queue.get());
    assert!(poll_with(first.as_mut(), Waker::noop()).is_pending());
    queue.try_put(1).unwrap();
    let mut put = Box::pin(queue.put(2));
    assert!(poll_with(put.as_mut(), &Panics::waker()).is_pending());
    let got = catch_unwind(AssertUnwindSafe(|| {
        poll_with(first.as_mut(), Waker::noop()).is_ready()
    }));
    assert!(got.is_err(), "the waker did not panic");
    // It has left the queue: whoever has its place now stays.
    let (counter, waker) = Counter::new();
    let mut second = Box::pin(queue.get());
    assert!(poll_with(second.as_mut(), &waker).is_pending());
    drop(first);
    assert!(poll_with(put.as_mut(), Waker::noop()).is_ready());
    assert_eq!(counter.count(), 1);
    assert!(poll_with(second.as_mut(), Waker::noop()).is_ready());
}

#[test]
fn a_cell_wakes_all_who_wait_past_a_waker_that_panics() {
    let cell = OnceCell::new();
    let mut running = Box::pin(cell.get_or_init(pending::<u32>));
    assert!(poll_with(running.as_mut(), Waker::noop()).is_pending());
    let mut turn = Box::pin(cell.get_or_init(|| async { 2 }));
    assert!(poll_with(turn.as_mut(), &Panics::waker()).is_pending());
    let (counter, waker) = Counter::new();
    let mut wait = Box::pin(cell.wait());
    assert!(poll_with(wait.as_mut(), &waker).is_pending());
    catch_unwind(AssertUnwindSafe(|| cell.set(1))).unwrap_err();
    assert_eq!(counter.count(), 1);
    assert_eq!(poll_with(wait.as_mut(), Waker::noop()), Poll::Ready(&1));
}

#[test]
fn closing_wakes_a_receiver_that_waits_elsewhere() {
    let (tx, mut rx) = channel::<u32>(1).unwrap();
    let (counter, waker) = Counter::new();
    assert!(rx.poll_recv(&mut Context::from_waker(&waker)).is_pending());
    rx.close();
    assert_eq!(counter.count(), 1);
    assert_eq!(
        rx.poll_recv(&mut Context::from_waker(&waker)),
        Poll::Ready(None)
    );
    drop(tx);

    let (tx, mut rx) = oneshot::channel::<u32>();
    let (counter, waker) = Counter::new();
    assert!(poll_with(pin!(&mut rx), &waker).is_pending());
    rx.close();
    assert_eq!(counter.count(), 1);
    drop(tx);
    assert!(poll_with(pin!(rx), Waker::noop()).is_ready());
}

#[test]
fn a_scope_with_several_panicking_destructors_panics_once() {
    let scoped = scope(|s| async move {
        for _ in 0..3 {
            let trap = Explodes;
            drop(s.spawn(async move {
                let _trap = trap;
                pending::<()>().await;
            }));
        }
        // Once they have been polled.
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            if polls == 3 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        panic!("expected: the body panics");
    });
    let mut scoped = Box::pin(scoped);
    let ended = catch_unwind(AssertUnwindSafe(|| {
        while poll_with(scoped.as_mut(), Waker::noop()).is_pending() {}
    }));
    let payload = ended.unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"expected: the body panics"));
}
