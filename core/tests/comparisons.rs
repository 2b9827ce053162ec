//! Comparisons of a priority queue that panic: who compared has the panic, and nothing else is lost.

mod support;

use anyrt_core::channel::queue::{Order, Queue, Shutdown};
use std::{
    cell::Cell,
    cmp::Ordering,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::OnceLock,
    task::{Poll, Waker},
};
use support::{Counter, ends, poll_with};

thread_local! {
    static MOODY: Cell<bool> = const { Cell::new(false) };
}

/// Cannot be compared at times.
#[derive(Debug, PartialEq, Eq)]
struct Moody(u32);

impl PartialOrd for Moody {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moody {
    fn cmp(&self, other: &Self) -> Ordering {
        assert!(!MOODY.get(), "expected: a comparison that panics");
        self.0.cmp(&other.0)
    }
}

fn in_a_mood<T>(act: impl FnOnce() -> T) {
    MOODY.set(true);
    let acted = catch_unwind(AssertUnwindSafe(act)).map(drop);
    MOODY.set(false);
    acted.expect_err("the comparison's panic was swallowed");
}

fn next<T>(queue: &Queue<T>) -> T {
    queue.try_get().expect("an item").into_parts().0
}

#[test]
fn a_comparison_that_panics_loses_no_item_and_no_turn_of_those_who_get() {
    let queue = Queue::unbounded(Order::priority());
    let (counter, waker) = Counter::new();
    let mut gets = [(); 4].map(|()| Box::pin(queue.get()));
    for get in &mut gets {
        assert!(poll_with(get.as_mut(), &waker).is_pending());
    }
    queue.try_put(Moody(1)).unwrap();
    in_a_mood(|| queue.try_put(Moody(9)));
    assert_eq!((queue.len(), counter.count()), (1, 1), "items, promises");
    queue.try_put(Moody(2)).unwrap();
    queue.try_put(Moody(3)).unwrap();
    assert_eq!(counter.count(), 3);
    let [mut first, rest @ ..] = gets;
    in_a_mood(|| poll_with(first.as_mut(), Waker::noop()).is_ready());
    assert_eq!((queue.len(), counter.count()), (3, 4), "items, promises");
    drop(first);
    let got = rest.map(|mut get| match poll_with(get.as_mut(), Waker::noop()) {
        Poll::Ready(Ok(job)) => job.into_parts().0.0,
        _ => panic!("an item was promised"),
    });
    assert_eq!((got, queue.unfinished()), ([3, 2, 1], 0));
}

#[test]
fn a_comparison_that_panics_loses_no_item_and_no_turn_of_those_who_put() {
    let queue = Queue::bounded(Order::priority(), 3).unwrap();
    for rank in 1..=3 {
        queue.try_put(Moody(rank)).unwrap();
    }
    let (counter, waker) = Counter::new();
    let mut puts = [4, 5].map(|rank| Box::pin(queue.put(Moody(rank))));
    for put in &mut puts {
        assert!(poll_with(put.as_mut(), &waker).is_pending());
    }
    in_a_mood(|| queue.try_get().is_ok());
    assert_eq!((queue.len(), counter.count()), (3, 0), "items, slots");
    assert_eq!(next(&queue), Moody(3));
    assert_eq!(counter.count(), 1);
    let [mut first, mut second] = puts;
    in_a_mood(|| poll_with(first.as_mut(), Waker::noop()).is_ready());
    assert_eq!((queue.len(), counter.count()), (2, 2), "items, slots");
    assert!(poll_with(second.as_mut(), Waker::noop()).is_ready());
    // It has its item still, and waits behind the others now.
    assert!(poll_with(first.as_mut(), &waker).is_pending());
    assert_eq!(next(&queue), Moody(5));
    assert!(poll_with(first.as_mut(), Waker::noop()).is_ready());
    assert_eq!([next(&queue), next(&queue)], [Moody(4), Moody(2)]);
}

#[test]
fn a_put_that_waited_and_panics_in_a_comparison_can_be_dropped() {
    let queue = Queue::bounded(Order::priority(), 2).unwrap();
    queue.try_put(Moody(1)).unwrap();
    queue.try_put(Moody(2)).unwrap();
    let mut put = Box::pin(queue.put(Moody(3)));
    assert!(poll_with(put.as_mut(), Waker::noop()).is_pending());
    assert_eq!(next(&queue), Moody(2));
    in_a_mood(|| poll_with(put.as_mut(), Waker::noop()).is_ready());
    drop(put);
    assert_eq!((queue.len(), queue.unfinished()), (1, 1));
}

#[test]
fn a_comparison_that_panics_drops_nothing_under_the_lock() {
    static QUEUE: OnceLock<Queue<Looks>> = OnceLock::new();

    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    struct Looks(Moody);

    impl Drop for Looks {
        fn drop(&mut self) {
            QUEUE.get().expect("it is there").len();
        }
    }

    ends(|| {
        let queue = QUEUE.get_or_init(|| Queue::unbounded(Order::priority()));
        for rank in 1..=3 {
            queue.try_put(Looks(Moody(rank))).ok();
        }
        in_a_mood(|| queue.try_put(Looks(Moody(4))).is_ok());
        in_a_mood(|| queue.try_get().is_ok());
        assert_eq!(queue.len(), 3);
        queue.shutdown(Shutdown::Immediate);
    });
}
