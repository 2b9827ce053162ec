//! What the traits of `rt/` promise, on the simulator's own types.

use crate::kit::{later, step};
use anyrt_core::rt::{
    Lock, Receiver, Runtime, Semaphore, SendPermit, Sender, Signal, SignalStream, Signals,
};
use anyrt_sim::{SimReceiver, SimRuntime, SimSender, check_cancel};
use std::{future::poll_fn, pin::Pin, sync::Arc, time::Duration};

pub(crate) fn lock() {
    check_cancel(
        |rt| async move {
            let lock = Arc::new(rt.lock(0));
            let held = lock.clone().try_lock_owned().unwrap();
            later(&rt, move || drop(held));
            lock
        },
        |rt, lock| async move {
            let limit = Duration::from_secs(1);
            let guard = lock.lock_timeout(&rt, limit).await.unwrap();
            drop(guard);
            *lock.lock_owned().await += 1;
        },
        |_, lock| async move { drop(lock.lock().await) },
    );
}

pub(crate) fn semaphore() {
    check_cancel(
        |rt| async move {
            let semaphore = Arc::new(rt.semaphore(2).unwrap());
            let held = semaphore.clone().try_acquire_many_owned(2).unwrap();
            later(&rt, move || drop(held));
            semaphore
        },
        |rt, semaphore| async move {
            let limit = Duration::from_secs(1);
            let permit = semaphore.acquire_many_timeout(&rt, 2, limit).await.unwrap();
            drop(permit);
            drop(semaphore.acquire().await.unwrap());
            drop(semaphore.clone().acquire_many_owned(2).await.unwrap());
            drop(semaphore.acquire_owned().await.unwrap());
        },
        |_, semaphore| async move {
            drop(semaphore.acquire_many(2).await.unwrap());
            assert_eq!(semaphore.available_permits(), 2);
        },
    );
}

/// A full channel whose receiver, in a task, has begun to take.
type Ends = (
    SimSender<u8>,
    Arc<anyrt_core::sync::FifoMutex<SimReceiver<u8>>>,
);

fn full(rt: &SimRuntime) -> Ends {
    let (sender, receiver) = rt.channel(1).unwrap();
    sender.try_send(0).unwrap();
    let receiver = Arc::new(anyrt_core::sync::FifoMutex::new(receiver));
    let taker = receiver.clone();
    later(rt, move || {
        _ = taker.try_lock().and_then(|mut end| end.try_recv().ok());
    });
    (sender, receiver)
}

/// Nothing that was given up keeps a slot.
async fn has_room(rt: SimRuntime, (sender, receiver): Ends) {
    step(&rt).await;
    while receiver.lock().await.try_recv().is_ok() {}
    sender.send(9).await.unwrap();
    assert_eq!(
        (sender.len(), receiver.lock().await.recv().await),
        (1, Some(9))
    );
}

/// Takes what a finished operation has put in, so that the next one has room.
fn take_again(rt: &SimRuntime, receiver: Arc<anyrt_core::sync::FifoMutex<SimReceiver<u8>>>) {
    later(rt, move || {
        _ = receiver.try_lock().and_then(|mut end| end.try_recv().ok());
    });
}

pub(crate) fn send() {
    check_cancel(
        |rt| async move { full(&rt) },
        |rt, (sender, receiver)| async move {
            sender.send(1).await.unwrap();
            take_again(&rt, receiver);
        },
        has_room,
    );
}

pub(crate) fn reserve() {
    check_cancel(
        |rt| async move { full(&rt) },
        |_, (sender, receiver)| async move {
            drop(sender.reserve().await.unwrap());
            drop(receiver);
        },
        has_room,
    );
}

pub(crate) fn reserve_owned() {
    check_cancel(
        |rt| async move { full(&rt) },
        |rt, (sender, receiver)| async move {
            sender.reserve_owned().await.unwrap().send(1).unwrap();
            take_again(&rt, receiver);
        },
        has_room,
    );
}

pub(crate) fn send_timeout() {
    check_cancel(
        |rt| async move { full(&rt) },
        |rt, (sender, receiver)| async move {
            sender
                .send_timeout(&rt, Duration::from_secs(1), 1)
                .await
                .unwrap();
            take_again(&rt, receiver);
        },
        has_room,
    );
}

/// An item that comes while the receiver is dropped is there for the next `recv`.
pub(crate) fn recv() {
    check_cancel(
        |rt| async move {
            let (sender, receiver) = rt.channel(4).unwrap();
            (sender, Arc::new(rt.lock((receiver, 0))))
        },
        |rt, (sender, receiver)| async move {
            later(&rt, move || sender.try_send(1).unwrap());
            let mut receiver = receiver.lock().await;
            let (items, seen) = &mut *receiver;
            *seen += items.recv().await.unwrap();
        },
        |rt, (sender, receiver)| async move {
            // The operation's item may still be on its way.
            step(&rt).await;
            let mut receiver = receiver.lock().await;
            let left = u8::try_from(receiver.0.len()).unwrap();
            assert!(receiver.1 + left <= 1);
            sender.send(1).await.unwrap();
            let mut got = 0;
            while got <= left {
                got += receiver.0.recv().await.unwrap();
            }
            assert_eq!(got, left + 1);
        },
    );
}

pub(crate) fn stream() {
    use anyrt_core::rt::ReceiverStream;
    type Items = ReceiverStream<u8, SimReceiver<u8>>;
    async fn next(items: &mut Items) -> Option<u8> {
        poll_fn(|cx| futures_core::Stream::poll_next(Pin::new(&mut *items), cx)).await
    }
    check_cancel(
        |rt| async move {
            let (sender, receiver) = rt.channel(4).unwrap();
            (sender, Arc::new(rt.lock(receiver.into_stream())))
        },
        |rt, (sender, items)| async move {
            later(&rt, move || sender.try_send(1).unwrap());
            assert_eq!(next(&mut *items.lock().await).await, Some(1));
        },
        |_, (sender, items)| async move {
            sender.send(1).await.unwrap();
            assert_eq!(next(&mut *items.lock().await).await, Some(1));
        },
    );
}

/// A stream goes with whoever waits at it.
pub(crate) fn signals() {
    check_cancel(
        |_| async {},
        |rt, ()| async move {
            let mut heard = rt.signals(&[Signal::User1]).unwrap();
            let raises = rt.clone();
            later(&rt, move || _ = raises.raise(Signal::User1));
            assert_eq!(heard.recv().await, Some(Signal::User1));
        },
        |rt, ()| async move { assert_eq!(rt.raise(Signal::User1), 0) },
    );
}

/// What nobody received is still in the stream.
pub(crate) fn signal_received() {
    check_cancel(
        |rt| async move {
            let heard = rt.signals(&[Signal::User1]).unwrap();
            let raises = rt.clone();
            later(&rt, move || assert_eq!(raises.raise(Signal::User1), 1));
            Arc::new(rt.lock((heard, None)))
        },
        |_, heard| async move {
            let mut heard = heard.lock().await;
            let (signals, came) = &mut *heard;
            while came.is_none() {
                *came = signals.recv().await;
            }
        },
        |_, _| async {},
    );
}
