//! Event, notification, condition, barrier and cell under loom: every interleaving of two threads.

use super::{Barrier, Condvar, Event, FifoMutex, Notify, OnceCell};
use crate::rt::Lock;
use loom::{
    future::block_on,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};
use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
};

/// Runs one of them on a thread of its own and the other here.
fn both<T: 'static>(shared: T, there: impl FnOnce(&T) + 'static, here: impl FnOnce(&T)) {
    let shared = Arc::new(shared);
    let theirs = shared.clone();
    let thread = thread::spawn(move || there(&theirs));
    here(&shared);
    thread.join().unwrap();
}

#[test]
fn an_event_loses_no_wakeup_and_publishes() {
    loom::model(|| {
        both(
            (Event::new(), AtomicUsize::new(0)),
            |(event, data)| {
                data.store(1, Relaxed);
                event.set();
            },
            |(event, data)| {
                block_on(event.wait());
                assert_eq!(data.load(Relaxed), 1);
            },
        );
    });
}

#[test]
fn an_event_that_is_set_publishes_to_who_only_looks() {
    loom::model(|| {
        both(
            (Event::new(), AtomicUsize::new(0)),
            |(event, data)| {
                data.store(1, Relaxed);
                event.set();
            },
            |(event, data)| {
                if event.is_set() {
                    assert_eq!(data.load(Relaxed), 1);
                }
            },
        );
    });
}

#[test]
fn an_event_that_is_set_again_while_it_is_cleared_is_seen() {
    loom::model(|| {
        let event = Event::new();
        event.set();
        both(
            (event, AtomicUsize::new(0)),
            |(event, data)| {
                data.store(1, Relaxed);
                event.set();
            },
            |(event, data)| {
                event.clear();
                if data.load(Relaxed) == 0 {
                    block_on(event.wait());
                }
            },
        );
    });
}

#[test]
fn a_notified_waiter_that_is_dropped_passes_it_on() {
    loom::model(|| {
        both(Notify::new(), Notify::notify_one, |notify| {
            {
                let mut dropped = pin!(notify.notified());
                let polled = dropped
                    .as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()));
                if polled.is_ready() {
                    return;
                }
            }
            block_on(notify.notified());
        });
    });
}

#[test]
fn who_calls_then_looks_then_waits_misses_no_broadcast() {
    loom::model(|| {
        both(
            (Notify::new(), AtomicUsize::new(0)),
            |(notify, data)| {
                data.store(1, Relaxed);
                notify.notify_waiters();
            },
            |(notify, data)| {
                let notified = notify.notified();
                if data.load(Relaxed) == 0 {
                    block_on(notified);
                    assert_eq!(data.load(Relaxed), 1);
                }
            },
        );
    });
}

#[test]
fn a_condition_loses_no_wakeup() {
    loom::model(|| {
        both(
            (FifoMutex::new(false), Condvar::new()),
            |(lock, condvar)| {
                block_on(async { *lock.lock().await = true });
                condvar.notify_one();
            },
            |(lock, condvar)| {
                block_on(async {
                    let guard = lock.lock().await;
                    let guard = condvar.wait_while(lock, guard, |ready| !*ready).await;
                    assert!(*guard);
                });
            },
        );
    });
}

#[test]
fn a_barrier_has_one_leader() {
    loom::model(|| {
        let leaders = Arc::new(AtomicUsize::new(0));
        let counted = leaders.clone();
        let arrive = move |barrier: &Barrier, leaders: &AtomicUsize| {
            leaders.fetch_add(block_on(barrier.wait()).is_leader().into(), Relaxed);
        };
        both(
            Barrier::new(2).unwrap(),
            move |barrier| arrive(barrier, &counted),
            |barrier| arrive(barrier, &leaders),
        );
        assert_eq!(leaders.load(Relaxed), 1);
    });
}

#[test]
fn a_cell_is_filled_once() {
    loom::model(|| {
        both(
            (OnceCell::new(), AtomicUsize::new(0)),
            |(cell, runs)| {
                let init = async || runs.fetch_add(1, Relaxed);
                assert_eq!(*block_on(cell.get_or_init(init)), 0);
            },
            |(cell, runs)| {
                let init = async || runs.fetch_add(1, Relaxed);
                assert_eq!(*block_on(cell.get_or_init(init)), 0);
                assert_eq!(runs.load(Relaxed), 1);
            },
        );
    });
}

#[test]
fn a_cell_wakes_who_waits_for_a_value() {
    loom::model(|| {
        both(
            OnceCell::new(),
            |cell| assert_eq!(cell.set(1), Ok(())),
            |cell| assert_eq!(*block_on(cell.wait()), 1),
        );
    });
}
