//! The engine under loom: wakes from another thread, in every interleaving.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p anyrt-core --release --lib loom`.

use super::{
    FutureSet,
    atomics::{AtomicU64, Mutex},
};
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
