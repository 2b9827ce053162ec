//! `FutureSet`.

use crate::{children::*, support::*};
use anyrt_core::join::FutureSet;
use std::{
    cell::RefCell,
    collections::HashSet,
    future::{Future, poll_fn, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    ptr,
    task::{Context, Poll},
};

fn next<F: Future>(set: &mut FutureSet<F>) -> Poll<Option<F::Output>> {
    settle(pin!(set.next()))
}

#[test]
fn outputs_come_as_they_finish() {
    let remotes = Remote::many(50);
    let mut set: FutureSet<_> = (0..50).map(|n| remotes[n].child(n)).collect();
    assert_eq!(next(&mut set), Poll::Pending);
    assert_eq!(set.len(), 50);
    remotes[20].open();
    remotes[3].open();
    assert_eq!(next(&mut set), Poll::Ready(Some(20)));
    assert_eq!(next(&mut set), Poll::Ready(Some(3)));
    assert_eq!(next(&mut set), Poll::Pending);
    assert_eq!(set.len(), 48);
    set.clear();
    assert!(set.is_empty());
    assert!(remotes.iter().all(|remote| remote.drops() == 1));
    assert_eq!(next(&mut set), Poll::Ready(None));
}

#[test]
fn it_grows_while_it_runs() {
    let mut set = FutureSet::new();
    assert_eq!(next(&mut set), Poll::Ready(None));
    let mut sum = 0;
    set.push(ready(0));
    while let Poll::Ready(Some(n)) = next(&mut set) {
        sum += n;
        let more = if n < 100 { 2 } else { 0 };
        set.extend(
            (0..more)
                .filter(|_| n < 10 || n % 2 == 0)
                .map(|_| ready(n + 1)),
        );
        if set.len() > 500 {
            break;
        }
    }
    assert!(sum > 0 && set.len() <= 502);
}

#[test]
fn a_stale_waker_does_not_reach_the_next_in_its_slot() {
    let (old, new) = (Remote::default(), Remote::default());
    let mut set = FutureSet::new();
    set.push(old.child(1));
    assert_eq!(next(&mut set), Poll::Pending);
    let stale = old.waker();
    old.open();
    assert_eq!(next(&mut set), Poll::Ready(Some(1)));
    set.push(new.child(2));
    assert_eq!(next(&mut set), Poll::Pending);
    stale.wake();
    assert_eq!(next(&mut set), Poll::Pending);
    assert_eq!(new.polls(), 1);
    new.open();
    assert_eq!(next(&mut set), Poll::Ready(Some(2)));
}

#[test]
fn a_wake_in_the_last_poll_does_not_reach_the_next_in_its_slot() {
    let new = Remote::default();
    let mut set: FutureSet<Pin<Box<dyn Future<Output = u8>>>> = FutureSet::new();
    set.push(Box::pin(poll_fn(|cx| {
        let waker = cx.waker().clone();
        waker.wake_by_ref();
        Poll::Ready(1)
    })));
    assert_eq!(next(&mut set), Poll::Ready(Some(1)));
    set.push(Box::pin(new.child(2)));
    assert_eq!(next(&mut set), Poll::Pending);
    assert_eq!(new.polls(), 1);
}

#[test]
fn the_woken_are_not_starved_by_those_that_come() {
    let remote = Remote::default();
    let mut set: FutureSet<Pin<Box<dyn Future<Output = u8>>>> = FutureSet::new();
    set.push(Box::pin(remote.child(1)));
    assert_eq!(next(&mut set), Poll::Pending);
    set.push(Box::pin(ready(0)));
    remote.open();
    let mut ready_ones = 0;
    while next(&mut set) == Poll::Ready(Some(0)) {
        ready_ones += 1;
        assert!(ready_ones < 100, "the woken one starves");
        set.push(Box::pin(ready(0)));
    }
}

#[test]
fn a_dropped_next_loses_nothing() {
    let remotes = Remote::many(3);
    let mut set: FutureSet<_> = (0..3).map(|n| remotes[n].child(n)).collect();
    let (counter, waker) = Counter::new();
    {
        let mut next = pin!(set.next());
        assert!(poll_with(next.as_mut(), &waker).is_pending());
    }
    remotes[1].open();
    assert_eq!(counter.count(), 1);
    assert_eq!(next(&mut set), Poll::Ready(Some(1)));
}

#[test]
fn a_panic_takes_one_future_out() {
    let remotes = Remote::many(2);
    let mut set: FutureSet<_> = (0..2)
        .map(|n| {
            let child = remotes[n].child(n);
            async move {
                assert_ne!(child.await, 0, "expected: a child that panics");
            }
        })
        .collect();
    assert_eq!(next(&mut set), Poll::Pending);
    remotes[0].open();
    remotes[1].open();
    assert!(catch_unwind(AssertUnwindSafe(|| next(&mut set))).is_err());
    assert_eq!(set.len(), 1);
    assert_eq!(next(&mut set), Poll::Ready(Some(())));
    assert_eq!(next(&mut set), Poll::Ready(None));
}

#[test]
fn a_wake_while_others_are_queued_is_not_lost() {
    // The set breaks off at an output with children queued; a wake then finds no task to wake.
    let remotes = Remote::many(40);
    let mut set: FutureSet<_> = (0..40).map(|n| remotes[n].child(n)).collect();
    assert_eq!(next(&mut set), Poll::Pending);
    remotes[0].open();
    remotes[1].wake();
    let (counter, waker) = Counter::new();
    assert_eq!(poll_with(pin!(set.next()), &waker), Poll::Ready(Some(0)));
    remotes[2].open();
    let mut polled = poll_with(pin!(set.next()), &waker);
    if polled.is_pending() {
        assert!(counter.count() > 0, "it has to be polled again");
        polled = poll_with(pin!(set.next()), &waker);
    }
    assert_eq!(polled, Poll::Ready(Some(2)));
}

/// Notes where it lies, and panics.
struct Raises<'a>(&'a RefCell<HashSet<usize>>);

impl Future for Raises<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.0.borrow_mut().insert(ptr::from_ref(&*self).addr());
        panic!("expected: a future that panics");
    }
}

#[test]
fn the_slot_of_a_future_that_panics_is_used_again() {
    let places = RefCell::new(HashSet::new());
    let mut set = FutureSet::new();
    for _ in 0..100 {
        set.push(Raises(&places));
        catch_unwind(AssertUnwindSafe(|| next(&mut set))).unwrap_err();
    }
    assert_eq!(places.borrow().len(), 1, "slots for one at a time");
}
