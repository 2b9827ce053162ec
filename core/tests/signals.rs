//! Ugly outcomes of event, notification, condition, barrier and cell: wakers that use what they wait
//! for, wakers that panic, polls after the end. By hand, without a runtime.

mod support;

use anyrt_core::{
    rt::Lock,
    sync::{Barrier, Condvar, Event, FifoMutex, Notify, OnceCell},
};
use std::{
    future::{Future, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Wake, Waker},
};
use support::{Panics, ends, poll_with};

/// Acts when it is woken, and again when it is dropped.
struct Acts<F: Fn() + Send + Sync>(F);

impl<F: Fn() + Send + Sync> Wake for Acts<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

impl<F: Fn() + Send + Sync> Drop for Acts<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn acts(act: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(Acts(act)))
}

/// Polls with one such waker, then with another, which drops the first; then lets `signal` wake it,
/// or drops it.
fn reenter<F: Future>(wait: impl Fn() -> F, waker: impl Fn() -> Waker, signal: impl Fn()) {
    for woken in [true, false] {
        let mut future = Box::pin(wait());
        assert!(poll_with(future.as_mut(), &waker()).is_pending());
        assert!(poll_with(future.as_mut(), &waker()).is_pending());
        if woken {
            signal();
            assert!(poll_with(future.as_mut(), Waker::noop()).is_ready());
        }
    }
}

#[test]
fn wakers_may_use_what_they_wait_for() {
    ends(|| {
        let event = Arc::new(Event::new());
        let looks = || {
            let event = event.clone();
            acts(move || event.clear())
        };
        reenter(|| event.wait(), looks, || event.set());

        let notify = Arc::new(Notify::new());
        let looks = || {
            let notify = notify.clone();
            acts(move || assert!(format!("{notify:?}").contains("stored: false")))
        };
        reenter(|| notify.notified(), looks, || notify.notify_one());
        reenter(|| notify.notified(), looks, || notify.notify_waiters());

        let barrier = Arc::new(Barrier::new(2).unwrap());
        let looks = || {
            let barrier = barrier.clone();
            acts(move || assert!(format!("{barrier:?}").contains("n: 2")))
        };
        let last = || assert!(poll_with(pin!(barrier.wait()), Waker::noop()).is_ready());
        reenter(|| barrier.wait(), looks, last);

        let lock = FifoMutex::new(());
        let condvar = Arc::new(Condvar::new());
        let looks = || {
            let condvar = condvar.clone();
            acts(move || assert!(format!("{condvar:?}").contains("waiting")))
        };
        let wait = || condvar.wait(&lock, lock.try_lock().unwrap());
        reenter(wait, looks, || condvar.notify_all());
    });
}

#[test]
fn a_waker_that_panics_keeps_nobody_from_being_woken() {
    let event = Event::new();
    let (mut first, mut second) = (pin!(event.wait()), pin!(event.wait()));
    let woken = Arc::new(AtomicUsize::new(0));
    let counts = woken.clone();
    let counts = acts(move || {
        counts.fetch_add(1, SeqCst);
    });
    assert!(poll_with(first.as_mut(), &Panics::waker()).is_pending());
    assert!(poll_with(second.as_mut(), &counts).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| event.set())).is_err());
    assert_eq!(woken.load(SeqCst), 1);
    assert!(poll_with(first, Waker::noop()).is_ready());
    assert!(poll_with(second, Waker::noop()).is_ready());
}

#[test]
fn a_wait_that_is_over_cannot_be_polled() {
    fn again<F: Future>(wait: F) {
        let mut wait = pin!(wait);
        assert!(poll_with(wait.as_mut(), Waker::noop()).is_ready());
        let again = AssertUnwindSafe(|| poll_with(wait.as_mut(), Waker::noop()).is_ready());
        assert!(catch_unwind(again).is_err());
    }
    let event = Event::new();
    event.set();
    again(event.wait());
    let notify = Notify::new();
    notify.notify_one();
    again(notify.notified());
    again(Barrier::new(1).unwrap().wait());
}

/// Whether they can be spawned, wherever a value and its initialiser can be.
#[test]
fn the_futures_of_a_cell_are_send() {
    fn send<F: Future + Send>(_: F) {}
    fn generic<T: Send + Sync>(cell: &OnceCell<T>, make: impl Fn() -> T + Copy + Send) {
        send(cell.wait());
        send(cell.get_or_init(move || ready(make())));
        send(cell.get_or_try_init(move || ready(Err::<T, u8>(1))));
    }
    generic(&OnceCell::new(), || 1);
}
