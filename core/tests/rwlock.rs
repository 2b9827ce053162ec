//! The read-write lock, by hand and without a runtime.

mod support;

use anyrt_core::sync::FifoRwLock;
use std::{
    future::Future,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
};
use support::{Panics, poll, poll_with};

fn granted<F: Future>(future: Pin<&mut F>) -> F::Output {
    match poll(future) {
        Poll::Ready(guard) => guard,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn readers_share_and_a_writer_is_alone() {
    let lock = FifoRwLock::new(1);
    let (one, two) = (lock.try_read().unwrap(), lock.try_read().unwrap());
    assert_eq!(*one + *two, 2);
    assert!(lock.try_write().is_none());
    drop((one, two));
    let mut writer = lock.try_write().unwrap();
    *writer += 1;
    assert!(lock.try_read().is_none() && lock.try_write().is_none());
    drop(writer);
    assert_eq!(lock.into_inner(), 2);
}

#[test]
fn a_reader_does_not_overtake_a_waiting_writer() {
    let lock = FifoRwLock::new(0);
    let first = granted(pin!(lock.read()));
    let mut writer = pin!(lock.write());
    let (mut second, mut third) = (pin!(lock.read()), pin!(lock.read()));
    assert!(poll(writer.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    assert!(poll(third.as_mut()).is_pending());
    assert!(lock.try_read().is_none());
    drop(first);
    assert!(poll(second.as_mut()).is_pending());
    let writer = granted(writer);
    assert!(poll(second.as_mut()).is_pending());
    drop(writer);
    let both = (granted(second), granted(third));
    assert!(lock.try_write().is_none());
    drop(both);
}

#[test]
fn a_waiting_writer_that_is_dropped_lets_the_readers_behind_it_in() {
    let lock = FifoRwLock::new(0);
    let _first = granted(pin!(lock.read()));
    let mut writer = Box::pin(lock.write());
    let mut reader = pin!(lock.read());
    assert!(poll(writer.as_mut()).is_pending());
    assert!(poll(reader.as_mut()).is_pending());
    drop(writer);
    let _second = granted(reader);
}

#[test]
fn a_writer_dropped_at_its_grant_passes_it_on() {
    let lock = FifoRwLock::new(0);
    let first = granted(pin!(lock.read()));
    let mut writer = Box::pin(lock.write());
    let mut next = pin!(lock.write());
    assert!(poll(writer.as_mut()).is_pending());
    assert!(poll(next.as_mut()).is_pending());
    drop(first);
    assert!(poll(next.as_mut()).is_pending());
    drop(writer);
    let _next = granted(next);
}

#[test]
fn nothing_is_acquired_before_the_first_poll() {
    let lock = FifoRwLock::new(0);
    let write = lock.write();
    drop(lock.try_write().unwrap());
    drop(write);
}

#[test]
fn downgrading_lets_readers_in_but_no_writer_between() {
    let lock = FifoRwLock::new(0);
    let mut guard = granted(pin!(lock.write()));
    let mut reader = pin!(lock.read());
    let mut writer = pin!(lock.write());
    let mut late = pin!(lock.read());
    assert!(poll(reader.as_mut()).is_pending());
    assert!(poll(writer.as_mut()).is_pending());
    assert!(poll(late.as_mut()).is_pending());
    *guard = 7;
    let shared = guard.downgrade();
    let reader = granted(reader);
    assert_eq!((*shared, *reader), (7, 7));
    assert!(poll(writer.as_mut()).is_pending());
    assert!(poll(late.as_mut()).is_pending());
    drop((shared, reader));
    drop(granted(writer));
    assert_eq!(*granted(late), 7);
}

#[test]
fn owned_guards_keep_the_lock_alive() {
    let lock = Arc::new(FifoRwLock::new(String::from("a")));
    let mut writer = granted(pin!(lock.clone().write_owned()));
    writer.push('b');
    let reader = writer.downgrade();
    assert!(lock.clone().try_write_owned().is_none());
    let other = lock.clone().try_read_owned().unwrap();
    drop(lock);
    assert_eq!((reader.as_str(), other.as_str()), ("ab", "ab"));
    let weak = {
        let lock = Arc::new(FifoRwLock::new(()));
        let weak = Arc::downgrade(&lock);
        drop(lock.try_write_owned().unwrap().downgrade());
        weak
    };
    assert!(weak.upgrade().is_none(), "a guard leaks its lock");
}

#[test]
fn the_holder_is_named_and_a_panic_releases() {
    let lock = FifoRwLock::new(0);
    assert!(lock.holder().is_none());
    let line = line!() + 1;
    let guard = lock.try_read().unwrap();
    assert_eq!(lock.holder().map(Location::line), Some(line));
    drop(guard);
    assert!(lock.holder().is_none());
    let line = line!() + 1;
    let guard = granted(pin!(lock.write()));
    assert_eq!(lock.holder().map(Location::line), Some(line));
    let panicked = catch_unwind(AssertUnwindSafe(move || {
        let _guard = guard;
        panic!("expected: a panic under a guard");
    }));
    assert!(panicked.is_err());
    assert!(lock.try_write().is_some());
}

#[test]
fn a_downgrade_past_a_waker_that_panics_leaks_nothing() {
    let lock = FifoRwLock::new(0);
    let writer = lock.try_write().unwrap();
    let mut reader = Box::pin(lock.read());
    assert!(poll_with(reader.as_mut(), &Panics::waker()).is_pending());
    let downgraded = catch_unwind(AssertUnwindSafe(|| drop(writer.downgrade())));
    assert!(downgraded.is_err(), "the waker's panic was swallowed");
    drop(reader);
    assert!(lock.try_write().is_some(), "a permit is lost");
}
