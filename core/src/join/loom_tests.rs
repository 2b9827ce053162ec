//! The engine under loom: wakes from another thread, in every interleaving.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p anyrt-core --release --lib loom`.

use super::FutureSet;
use crate::prim::{AtomicU64, Mutex};
use loom::{future::block_on, thread};
use std::{
    future::poll_fn,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Poll, Waker},
};

/// What a child waits for: relaxed, so that only the wake orders it.
struct Event {
    on: AtomicU64,
    waiter: Mutex<Option<Waker>>,
}

impl Event {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            on: AtomicU64::new(0),
            waiter: Mutex::new(None),
        })
    }

    fn set(&self) {
        self.on.store(1, Relaxed);
        let waiter = self.waiter.lock().unwrap().take();
        waiter.into_iter().for_each(Waker::wake);
    }

    async fn wait(&self) {
        poll_fn(|cx| {
            *self.waiter.lock().unwrap() = Some(cx.waker().clone());
            match self.on.load(Relaxed) {
                0 => Poll::Pending,
                _ => Poll::Ready(()),
            }
        })
        .await;
    }
}

#[test]
fn no_wake_of_a_child_is_lost() {
    loom::model(|| {
        let event = Event::new();
        let other = event.clone();
        let thread = thread::spawn(move || other.set());
        block_on(async {
            let mut set = FutureSet::new();
            set.push(event.wait());
            set.next().await;
        });
        thread.join().unwrap();
    });
}

#[test]
fn a_leaf_may_serve_another_child_once_its_clone_has_woken() {
    loom::model(|| {
        let event = Event::new();
        let other = event.clone();
        let thread = thread::spawn(move || other.set());
        block_on(async {
            let mut set = FutureSet::new();
            for _ in 0..2 {
                set.push(event.wait());
                set.next().await;
            }
        });
        thread.join().unwrap();
    });
}

/// The second wake finds the child in the queue and pushes nothing: only the leaf's word orders it.
#[test]
fn what_came_before_a_second_wake_is_seen_by_the_poll() {
    loom::model(|| {
        let on = Arc::new(AtomicU64::new(0));
        let mut other = None;
        block_on(async {
            let mut set = FutureSet::new();
            set.push(poll_fn(|cx| {
                other.get_or_insert_with(|| {
                    let (on, waker) = (on.clone(), cx.waker().clone());
                    thread::spawn(move || {
                        waker.wake_by_ref();
                        on.store(1, Relaxed);
                        waker.wake_by_ref();
                        // Loom does not see what dropping a clone orders, by `Arc`'s count.
                        waker
                    })
                });
                match on.load(Relaxed) {
                    0 => Poll::Pending,
                    _ => Poll::Ready(()),
                }
            }));
            set.next().await;
        });
        drop(other.unwrap().join().unwrap());
    });
}
