//! The engine, what is built on it, and the channel under loom: every interleaving of a few threads.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p anyrt-core --release --lib loom`.

use super::{FifoMutex, FifoRwLock, FifoSemaphore, channel};
use crate::{
    prim::lock,
    rt::{Lock, Permit, Receiver, Semaphore, Sender},
};
use loom::{future::block_on, sync::Mutex, thread};
use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
};

#[test]
fn the_lock_excludes_and_loses_no_wakeup() {
    loom::model(|| {
        let counter = Arc::new(FifoMutex::new(0));
        let other = counter.clone();
        let thread = thread::spawn(move || block_on(async { *other.lock().await += 1 }));
        block_on(async { *counter.lock().await += 1 });
        thread.join().unwrap();
        assert_eq!(*counter.try_lock().unwrap(), 2);
    });
}

#[test]
fn a_waiter_dropped_at_its_grant_passes_it_on() {
    loom::model(|| {
        let semaphore = Arc::new(FifoSemaphore::new(0).unwrap());
        let adder = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.add_permits(1).unwrap())
        };
        {
            let mut waiting = pin!(semaphore.acquire());
            let polled = waiting
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            drop(polled);
        }
        adder.join().unwrap();
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn a_permit_is_never_granted_twice() {
    loom::model(|| {
        let semaphore = Arc::new(FifoSemaphore::new(1).unwrap());
        let holders = Arc::new(Mutex::new(0));
        let enter = |semaphore: Arc<FifoSemaphore>, holders: Arc<Mutex<i32>>| {
            if let Ok(permit) = semaphore.try_acquire() {
                *lock(&holders) += 1;
                assert_eq!(*lock(&holders), 1);
                *lock(&holders) -= 1;
                drop(permit);
            }
        };
        let thread = {
            let (semaphore, holders) = (semaphore.clone(), holders.clone());
            thread::spawn(move || enter(semaphore, holders))
        };
        enter(semaphore.clone(), holders);
        thread.join().unwrap();
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn closing_fails_whoever_waits() {
    loom::model(|| {
        let semaphore = Arc::new(FifoSemaphore::new(0).unwrap());
        let waiter = {
            let semaphore = semaphore.clone();
            thread::spawn(move || block_on(semaphore.acquire()).is_err())
        };
        semaphore.close();
        assert!(waiter.join().unwrap());
    });
}

#[test]
fn shrinking_never_disturbs_a_holder() {
    loom::model(|| {
        let semaphore = Arc::new(FifoSemaphore::new(1).unwrap());
        let holder = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.try_acquire().map(|permit| permit.permits()))
        };
        assert_eq!(semaphore.forget_permits(1), 1);
        let _ran_or_was_late = holder.join().unwrap();
        assert_eq!(semaphore.available_permits(), 0);
        semaphore.add_permits(1).unwrap();
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn a_writer_is_alone_and_readers_see_what_it_wrote() {
    loom::model(|| {
        let lock = Arc::new(FifoRwLock::new((0, 0)));
        let writer = {
            let lock = lock.clone();
            thread::spawn(move || {
                block_on(async {
                    let mut pair = lock.write().await;
                    pair.0 += 1;
                    pair.1 += 1;
                });
            })
        };
        block_on(async {
            let pair = lock.read().await;
            assert_eq!(pair.0, pair.1);
        });
        writer.join().unwrap();
        assert_eq!(*lock.try_read().unwrap(), (1, 1));
        assert!(lock.try_write().is_some(), "all permits are back");
    });
}

#[test]
fn downgrading_loses_no_reader_and_lets_no_writer_in() {
    loom::model(|| {
        let lock = Arc::new(FifoRwLock::new(0));
        let other = {
            let lock = lock.clone();
            thread::spawn(move || block_on(async { *lock.write().await += 1 }))
        };
        block_on(async {
            let mut writer = lock.write().await;
            *writer += 1;
            let seen = *writer;
            assert_eq!(*writer.downgrade(), seen);
        });
        other.join().unwrap();
        assert_eq!(*lock.try_read().unwrap(), 2);
    });
}

#[test]
fn the_channel_hands_over_in_order_and_loses_no_wakeup() {
    // Every interleaving of six operations is too many: those with up to two preemptions.
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let (sender, mut receiver) = channel(1).unwrap();
        let producer = thread::spawn(move || {
            block_on(async {
                for item in 0..2 {
                    sender.send(item).await.unwrap();
                }
            });
        });
        block_on(async {
            for item in 0..2 {
                assert_eq!(receiver.recv().await, Some(item));
            }
            assert_eq!(receiver.recv().await, None);
        });
        producer.join().unwrap();
    });
}

#[test]
fn a_send_dropped_at_its_turn_was_received_or_leaves_nothing() {
    loom::model(|| {
        let (sender, mut receiver) = channel(1).unwrap();
        sender.try_send(1).unwrap();
        let dropper = {
            let sender = sender.clone();
            thread::spawn(move || {
                let mut waiting = pin!(sender.send(2));
                let polled = waiting
                    .as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()));
                polled.is_ready()
            })
        };
        assert_eq!(receiver.try_recv(), Ok(1));
        let early = receiver.try_recv().ok();
        let sent = dropper.join().unwrap();
        let received = early.or_else(|| receiver.try_recv().ok());
        assert!(received == Some(2) || !sent && received.is_none());
        sender.try_send(3).expect("the slot is free again");
    });
}
