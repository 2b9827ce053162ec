//! What several test programs need: times, counts, polls by hand, panics.
#![allow(dead_code, unused_imports, unused_macros)] // Each test program uses a part of it.

pub(crate) mod refused;

use anyrt_core::{
    Instant,
    rt::{Clock, Entropy},
};
use std::{
    any::Any,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

pub(crate) const MS: Duration = Duration::from_millis(1);
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// The time since the origin.
pub(crate) fn at<R: Clock>(rt: &R) -> Duration {
    rt.now() - Instant::ORIGIN
}

/// Between 0 and `most`.
pub(crate) fn draw<R: Entropy>(rt: &R, most: u64) -> u64 {
    rt.random_u64() % (most + 1)
}

/// A count that tasks share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Count(Arc<AtomicUsize>);

impl Count {
    pub(crate) fn up(&self) -> usize {
        self.0.fetch_add(1, SeqCst) + 1
    }

    pub(crate) fn down(&self) {
        self.0.fetch_sub(1, SeqCst);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(SeqCst)
    }

    pub(crate) fn set(&self, to: usize) {
        self.0.store(to, SeqCst);
    }

    /// One more, until it is dropped.
    pub(crate) fn held(&self) -> Held {
        self.up();
        Held(self.clone())
    }
}

/// One of a [`Count`].
#[derive(Debug)]
pub(crate) struct Held(Count);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.down();
    }
}

/// Polls once, with a waker that wakes nobody.
pub(crate) fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls it once, and drops it.
pub(crate) fn polled<F: Future>(future: F) -> Poll<F::Output> {
    poll_once(pin!(future))
}

/// Awaits `future`, or drops it after so many polls in vain. With 0 it is never polled.
pub(crate) async fn cut_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut left = polls;
    let mut future = Box::pin(future);
    poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// What `act` panics with.
pub(crate) fn panic_of<T>(act: impl FnOnce() -> T) -> String {
    let payload: Box<dyn Any + Send> = match catch_unwind(AssertUnwindSafe(act)) {
        Ok(_) => panic!("it did not panic"),
        Err(payload) => payload,
    };
    match payload.downcast_ref::<&'static str>() {
        Some(text) => (*text).to_owned(),
        None => *payload.downcast::<String>().expect("a message"),
    }
}

/// Polls `future` once, which has to panic, and then once more.
pub(crate) fn panics_of<F: Future>(future: F) -> [String; 2] {
    let mut future = pin!(future);
    [(); 2].map(|()| panic_of(|| poll_once(future.as_mut()).is_ready()))
}
