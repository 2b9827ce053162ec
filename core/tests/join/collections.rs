//! `join_all`, `try_join_all`, `race`, `race_ok`: with few children and with many.

use crate::{children::*, support::*};
use anyrt_core::join::{join_all, race, race_ok, try_join_all};
use std::{
    error::Error,
    future::{Future, pending, poll_fn, ready},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    task::Poll,
};

/// On both sides of the number from which children have wakers of their own.
const SIZES: [usize; 5] = [1, 2, 30, 31, 200];

#[test]
fn outputs_come_in_input_order() {
    for size in SIZES {
        let remotes = Remote::many(size);
        let mut all = pin!(join_all((0..size).map(|n| remotes[n].child(n))));
        assert!(settle(all.as_mut()).is_pending());
        for remote in remotes.iter().rev() {
            assert_eq!(remote.polls(), 1, "all are polled in the first poll");
        }
        for remote in remotes[1..].iter().rev() {
            remote.open();
            assert!(settle(all.as_mut()).is_pending());
        }
        remotes[0].open();
        let Poll::Ready(outputs) = settle(all.as_mut()) else {
            panic!("{size} children are finished")
        };
        assert!(outputs.into_iter().eq(0..size));
    }
}

#[test]
fn nothing_to_wait_for_is_ready_at_once() {
    assert_eq!(
        poll(pin!(join_all([] as [std::future::Ready<()>; 0]))),
        Poll::Ready(vec![])
    );
    let none: [std::future::Ready<Result<(), ()>>; 0] = [];
    assert_eq!(poll(pin!(try_join_all(none))), Poll::Ready(Ok(vec![])));
}

#[test]
fn a_race_of_none_is_an_error() {
    let error = race([] as [std::future::Ready<()>; 0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "futures: 0 is not permitted (want: at least 1)"
    );
    assert!(race_ok([] as [std::future::Ready<Result<(), ()>>; 0]).is_err());
}

#[test]
fn only_the_woken_are_polled() {
    let remotes = Remote::many(100);
    let mut all = pin!(join_all(remotes.iter().map(|remote| remote.child(()))));
    assert!(settle(all.as_mut()).is_pending());
    remotes[70].wake();
    assert!(settle(all.as_mut()).is_pending());
    for (n, remote) in remotes.iter().enumerate() {
        assert_eq!(remote.polls(), if n == 70 { 2 } else { 1 });
    }
    // A spurious poll polls nobody.
    assert!(settle(all.as_mut()).is_pending());
    assert_eq!(remotes[70].polls(), 2);
}

#[test]
fn a_stale_waker_of_a_finished_child_does_nothing() {
    let remotes = Remote::many(100);
    let mut all = pin!(join_all(remotes.iter().map(|remote| remote.child(()))));
    let (counter, waker) = Counter::new();
    assert!(poll_with(all.as_mut(), &waker).is_pending());
    let stale = remotes[3].waker();
    remotes[3].open();
    assert_eq!(counter.count(), 1);
    assert!(poll_with(all.as_mut(), &waker).is_pending());
    stale.wake();
    assert_eq!(counter.count(), 1, "nobody is woken");
    assert_eq!(remotes[3].polls(), 2);
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    for size in SIZES {
        let remotes = Remote::many(size);
        let mut all = pin!(join_all(remotes.iter().map(|remote| remote.child(()))));
        let ((old, old_waker), (new, new_waker)) = (Counter::new(), Counter::new());
        assert!(poll_with(all.as_mut(), &old_waker).is_pending());
        assert!(poll_with(all.as_mut(), &new_waker).is_pending());
        remotes[0].wake();
        assert_eq!((old.count(), new.count()), (0, 1), "{size}");
    }
}

#[test]
fn wakers_that_are_still_out_keep_no_waker_of_the_task() {
    let remotes = Remote::many(100);
    let (counter, waker) = Counter::new();
    {
        let mut all = pin!(join_all(remotes.iter().map(|remote| remote.child(()))));
        assert!(poll_with(all.as_mut(), &waker).is_pending());
    }
    drop(waker);
    assert_eq!(std::sync::Arc::strong_count(&counter), 1);
    remotes[5].wake();
    assert_eq!(counter.count(), 0);
}

#[test]
fn a_child_that_wakes_itself_is_polled_once_a_poll() {
    for count in [0, 1, 100] {
        let polls = std::cell::Cell::new(0);
        let busy = poll_fn(|cx| {
            polls.set(polls.get() + 1);
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        let others = (0..count).map(|_| Box::pin(pending()) as Pin<Box<dyn Future<Output = ()>>>);
        let children = others.chain([Box::pin(busy) as _]).collect::<Vec<_>>();
        let mut all = pin!(join_all(children));
        let (counter, waker) = Counter::new();
        for round in 1..100 {
            let woken = counter.count();
            assert!(poll_with(all.as_mut(), &waker).is_pending());
            assert_eq!(polls.get(), round);
            assert!(counter.count() > woken, "the task is woken");
        }
    }
}

#[test]
fn the_first_error_drops_the_siblings() {
    for size in SIZES {
        let remotes = Remote::many(size);
        let children = (0..size).map(|n| remotes[n].child(if n % 2 == 1 { Err(n) } else { Ok(n) }));
        let mut all = pin!(try_join_all(children));
        assert!(settle(all.as_mut()).is_pending());
        remotes[0].open();
        if size == 1 {
            assert_eq!(settle(all.as_mut()), Poll::Ready(Ok(vec![0])));
            continue;
        }
        assert!(settle(all.as_mut()).is_pending());
        remotes[size - 1 - size % 2].open();
        assert_eq!(settle(all.as_mut()), Poll::Ready(Err(size - 1 - size % 2)));
        assert!(remotes.iter().all(|remote| remote.drops() == 1), "{size}");
    }
}

#[test]
fn a_race_gives_the_first_and_drops_the_losers() {
    for size in SIZES {
        let remotes = Remote::many(size);
        let mut first = pin!(race((0..size).map(|n| remotes[n].child(n))).unwrap());
        assert!(settle(first.as_mut()).is_pending());
        remotes[size / 2].open();
        assert_eq!(settle(first.as_mut()), Poll::Ready(size / 2));
        assert!(remotes.iter().all(|remote| remote.drops() == 1));
    }
}

#[test]
fn the_first_poll_of_a_race_goes_in_order() {
    assert_eq!(
        poll(pin!(race((5..80).map(ready)).unwrap())),
        Poll::Ready(5)
    );
}

#[test]
fn race_ok_goes_past_errors_and_keeps_them() {
    for size in SIZES {
        let remotes = Remote::many(size);
        let children = (0..size).map(|n| remotes[n].child(Err::<(), _>(format!("e{n}"))));
        let mut first = pin!(race_ok(children).unwrap());
        assert!(settle(first.as_mut()).is_pending());
        for remote in remotes[1..].iter().rev() {
            remote.open();
            assert!(settle(first.as_mut()).is_pending());
        }
        remotes[0].open();
        let Poll::Ready(Err(failed)) = settle(first.as_mut()) else {
            panic!("all have failed")
        };
        assert!(
            failed
                .errors
                .into_iter()
                .eq((0..size).map(|n| format!("e{n}")))
        );
    }
    let remotes = Remote::many(40);
    let children = (0..40).map(|n| remotes[n].child(if n == 7 { Ok(n) } else { Err(()) }));
    let mut first = pin!(race_ok(children).unwrap());
    assert!(settle(first.as_mut()).is_pending());
    remotes[1].open();
    remotes[7].open();
    assert_eq!(settle(first.as_mut()), Poll::Ready(Ok(7)));
    assert!(remotes.iter().all(|remote| remote.drops() == 1));
}

#[test]
fn all_failed_says_all_and_leads_to_the_first() {
    let failed = ["x", "1.5"].map(|text| ready(text.parse::<i32>()));
    let Poll::Ready(Err(failed)) = poll(pin!(race_ok(failed).unwrap())) else {
        panic!("all have failed")
    };
    let first = "invalid digit found in string";
    assert_eq!(failed.to_string(), "all 2 failed");
    assert_eq!(
        format!("{failed:#}"),
        format!("all 2 failed: {first}; {first}")
    );
    assert_eq!(failed.source().unwrap().to_string(), first);
}

#[test]
fn a_child_that_panics_leaves_the_others_in_place() {
    for size in [2, 30, 31, 200] {
        let remotes = Remote::many(size);
        let drops = Drops::default();
        let children = remotes.iter().enumerate().map(|(n, remote)| {
            let (child, item) = (remote.child(n), drops.item());
            async move {
                let _item = item;
                let n = child.await;
                assert_ne!(n, 1, "expected: a child that panics");
            }
        });
        let mut all = Box::pin(join_all(children));
        assert!(settle(all.as_mut()).is_pending());
        remotes[1].open();
        let panicked = catch_unwind(AssertUnwindSafe(|| settle(all.as_mut())));
        assert!(panicked.is_err());
        assert_eq!(drops.count(), 1, "the child that panicked is gone");
        remotes[0].open();
        if size > 2 {
            assert!(settle(all.as_mut()).is_pending());
            assert_eq!(drops.count(), 2);
        }
        drop(all);
        assert_eq!(drops.count(), size);
    }
}

#[test]
fn a_destructor_that_panics_leaves_the_others_in_place() {
    for size in [2, 30, 31, 200] {
        let remotes = Remote::many(size);
        let children = remotes.iter().enumerate().map(|(n, remote)| {
            let mut bomb = (n == 1).then(|| PanicsOnDrop);
            let mut child = remote.child(n);
            poll_fn(move |cx| {
                let _kept = &mut bomb;
                Pin::new(&mut child).poll(cx)
            })
        });
        let mut all = Box::pin(join_all(children));
        assert!(settle(all.as_mut()).is_pending());
        remotes[1].open();
        assert!(catch_unwind(AssertUnwindSafe(|| settle(all.as_mut()))).is_err());
        assert!(remotes.iter().all(|remote| remote.drops() <= 1));
        for remote in &remotes {
            remote.open();
        }
        assert_eq!(settle(all.as_mut()).map(|all| all.len()), Poll::Ready(size));
    }
}

#[test]
fn outputs_are_dropped_once() {
    for size in SIZES {
        let drops = Drops::default();
        let remotes = Remote::many(size);
        let all = join_all(remotes.iter().map(|remote| remote.child(drops.item())));
        let mut all = Box::pin(all);
        assert!(settle(all.as_mut()).is_pending());
        remotes[size / 2].open();
        let outputs = settle(all.as_mut());
        assert_eq!(drops.count(), 0);
        drop((outputs, all));
        assert_eq!(drops.count(), size);
    }
}

#[test]
fn they_are_send_where_the_children_are() {
    fn send<T: Send>(_: &T) {}
    send(&join_all([ready(1)]));
    send(&try_join_all([ready(Ok::<_, ()>(1))]));
    send(&race([ready(1)]).unwrap());
    send(&race_ok([ready(Ok::<_, ()>(1))]).unwrap());
    send(&anyrt_core::join::FutureSet::from_iter([ready(1)]));
    send(&async { anyrt_core::join!(ready(1), ready("a")) });
    let words = [String::new()];
    let words = &words;
    send(&anyrt_core::join::scope(|s| async move {
        let handle = s.spawn(async { words.len() });
        handle.await
    }));
}
