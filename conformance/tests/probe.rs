//! Probes see what an executor would see.

use anyrt_conformance::probe::Probe;
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    pin::pin,
    task::{Context, Poll, Waker},
};

/// Polls `finish` by hand; the waker is nobody's, for the probe has its own.
fn ends(finish: impl Future<Output = u32>) -> bool {
    let mut finish = pin!(finish);
    let mut cx = Context::from_waker(Waker::noop());
    (0..3).any(|_| finish.as_mut().poll(&mut cx) == Poll::Ready(7))
}

#[test]
fn a_future_that_forgets_its_wake_up_never_ends() {
    let is_open = Cell::new(false);
    let waker = RefCell::new(None);
    let future = || {
        poll_fn(|cx| {
            waker.replace(Some(cx.waker().clone()));
            match is_open.get() {
                true => Poll::Ready(7),
                false => Poll::Pending,
            }
        })
    };
    let mut forgotten = Probe::new(future());
    assert!(forgotten.is_pending());
    is_open.set(true);
    assert!(!ends(forgotten.finish()), "it was polled without a wake");
    waker.take().unwrap().wake();
    assert!(ends(forgotten.finish()), "it was woken");
    assert!(
        ends(Probe::new(future()).finish()),
        "a first poll needs none"
    );
}

#[test]
fn a_wake_before_the_last_poll_is_none() {
    let is_open = Cell::new(false);
    let mut probe = Probe::new(poll_fn(|cx| match is_open.get() {
        true => Poll::Ready(7),
        false => {
            cx.waker().wake_by_ref();
            is_open.set(true);
            Poll::Pending
        }
    }));
    assert!(probe.is_pending());
    assert!(ends(probe.finish()), "it woke itself in its poll");

    let mut sleepy = Probe::new(poll_fn(|_| match is_open.get() {
        true => Poll::<u32>::Pending,
        false => Poll::Ready(7),
    }));
    assert!(sleepy.is_pending());
    sleepy.counter().bump();
    assert!(sleepy.is_pending());
    is_open.set(false);
    assert!(!ends(sleepy.finish()), "that wake was for the poll before");
}
