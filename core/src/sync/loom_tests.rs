//! The engine, the lock and the wait list under loom: every interleaving of a few threads.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p anyrt-core --release --lib loom`.

use super::{FifoMutex, FifoSemaphore, prim::lock};
use crate::rt::{Permit, Semaphore};
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
