//! What tests by hand need: polls, wakers that count or panic, destructors that panic, a watchdog.
#![allow(dead_code)] // Each test program uses a part of it.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

pub(crate) fn poll_with<F: Future + ?Sized>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// Polls as long as the future wakes itself.
pub(crate) fn settle<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    let (counter, waker) = Counter::new();
    loop {
        let before = counter.count();
        let polled = poll_with(future.as_mut(), &waker);
        if polled.is_ready() || counter.count() == before {
            return polled;
        }
    }
}

/// Blocks the thread until the future is ready.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    block_on_with(future, &Waker::from(Unpark::this_thread()))
}

/// `waker` has to unpark this thread.
pub(crate) fn block_on_with<F: Future>(future: F, waker: &Waker) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = poll_with(future.as_mut(), waker) {
            return output;
        }
        thread::park();
    }
}

/// Wakes a thread that is parked.
pub(crate) struct Unpark(Thread);

impl Unpark {
    pub(crate) fn this_thread() -> Arc<Self> {
        Arc::new(Self(thread::current()))
    }
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Counts its wakes.
#[derive(Default)]
pub(crate) struct Counter(AtomicUsize);

impl Counter {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let counter = Arc::new(Self::default());
        (counter.clone(), Waker::from(counter))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A waker that panics.
pub(crate) struct Panics;

impl Panics {
    pub(crate) fn waker() -> Waker {
        Waker::from(Arc::new(Self))
    }
}

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("expected: a waker that panics");
    }
}

/// A destructor that panics.
pub(crate) struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("expected: a destructor that panics");
        }
    }
}

/// Fails where `work` hangs.
#[expect(clippy::disallowed_methods, reason = "the tests' own watchdog")]
pub(crate) fn ends(work: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    let worker = thread::spawn(move || {
        work();
        done.send(()).ok();
    });
    match is_done.recv_timeout(Duration::from_secs(30)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs: does a waker run under a lock?"),
        _ => worker.join().expect("the work does not panic"),
    }
}
