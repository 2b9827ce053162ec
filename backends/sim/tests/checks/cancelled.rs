//! `check_cancel`, over a lock that is right and one that is not.

use crate::message;
use anyrt_core::{
    rt::{Lock, Runtime, Spawn},
    sync::Event,
    task::yield_now,
};
use anyrt_sim::check_cancel;
use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Poll, Waker},
};

/// A lock of one's own that loses its wake with a waiter that is dropped after it was woken.
#[derive(Default)]
struct Leaky {
    taken: bool,
    waiting: Vec<Waker>,
}

async fn take(leaky: &Mutex<Leaky>) {
    poll_fn(|cx| {
        let mut leaky = leaky.lock().unwrap();
        if leaky.taken {
            leaky.waiting.push(cx.waker().clone());
            return Poll::Pending;
        }
        leaky.taken = true;
        Poll::Ready(())
    })
    .await;
}

fn give(leaky: &Mutex<Leaky>) {
    let waker = {
        let mut leaky = leaky.lock().unwrap();
        leaky.taken = false;
        leaky.waiting.pop()
    };
    waker.into_iter().for_each(Waker::wake);
}

#[test]
fn a_wake_that_is_lost_on_cancellation_is_found() {
    let text = message(|| {
        check_cancel(
            |rt| async move {
                let leaky = Arc::new(Mutex::new(Leaky::default()));
                let served = Arc::new(Event::new());
                take(&leaky).await;
                let waiter = (leaky.clone(), served.clone());
                drop(rt.spawn(async move {
                    take(&waiter.0).await;
                    waiter.1.set();
                }));
                let giver = leaky.clone();
                drop(rt.spawn(async move {
                    yield_now().await;
                    yield_now().await;
                    give(&giver);
                }));
                yield_now().await;
                (leaky, served)
            },
            |_, (leaky, _)| async move {
                take(&leaky).await;
                give(&leaky);
            },
            |_, (leaky, served)| async move {
                served.wait().await;
                give(&leaky);
            },
        );
    });
    assert!(text.contains("deadlock"), "{text}");
    assert!(text.contains(" was dropped "), "{text}");
}

#[test]
fn a_lock_that_passes_its_wake_on_passes() {
    let points = AtomicUsize::new(0);
    check_cancel(
        |rt| async move {
            let lock = Arc::new(rt.lock(0));
            let held = lock.clone().lock_owned().await;
            drop(rt.spawn(async move {
                yield_now().await;
                drop(held);
            }));
            lock
        },
        |_, lock| {
            points.fetch_add(1, Relaxed);
            async move { *lock.lock().await += 1 }
        },
        |_, lock| async move { drop(lock.lock().await) },
    );
    // Before its first poll, after it, once woken, and two points that there are none at.
    assert!(points.load(Relaxed) >= 2 * 5 * 20, "{points:?}");
}
