//! `scope`, `scope_local`, `try_scope`.

use crate::{children::*, support::*};
use anyrt_core::{
    JoinError,
    join::{Scope, scope, scope_local, try_scope},
};
use std::{
    cell::Cell,
    future::{Future, pending, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Poll, Wake, Waker},
};

#[test]
fn children_borrow_from_outside_and_give_outputs() {
    let words = vec![String::from("a"), String::from("bcd")];
    let words = &words;
    let lengths = scope(|s| async move {
        let handles: Vec<_> = words
            .iter()
            .map(|word| s.spawn(async { word.len() }))
            .collect();
        let mut lengths = Vec::new();
        for handle in handles {
            lengths.push(handle.await.unwrap());
        }
        lengths
    });
    assert_eq!(settle(pin!(lengths)), Poll::Ready(vec![1, 3]));
}

#[test]
fn a_local_scope_takes_what_is_not_send() {
    let sum = Cell::new(0);
    let sum = &sum;
    let done = scope_local(|s| async move {
        for n in 1..=4 {
            let s2 = s.clone();
            drop(s.spawn(async move {
                drop(s2.spawn(async move { sum.set(sum.get() + n) }));
            }));
        }
    });
    assert_eq!(settle(pin!(done)), Poll::Ready(()));
    assert_eq!(sum.get(), 10);
}

/// Starts `depth` generations, each of two.
fn spread(s: Scope<'_>, count: Arc<AtomicUsize>, depth: usize) {
    for _ in 0..2 {
        let (s2, count) = (s.clone(), count.clone());
        drop(s.spawn(async move {
            count.fetch_add(1, SeqCst);
            if depth > 1 {
                spread(s2, count, depth - 1);
            }
        }));
    }
}

#[test]
fn the_scope_waits_for_childrens_children() {
    let count = Arc::new(AtomicUsize::new(0));
    let done = scope(|s| {
        spread(s, count.clone(), 5);
        async { "body" }
    });
    assert_eq!(settle(pin!(done)), Poll::Ready("body"));
    assert_eq!(count.load(SeqCst), 2 + 4 + 8 + 16 + 32);
}

#[test]
fn the_scope_waits_for_children_when_the_body_is_finished() {
    let remote = Remote::default();
    let mut done = pin!(scope_local(|s| {
        drop(s.spawn(remote.child(())));
        async { 1 }
    }));
    let (counter, waker) = Counter::new();
    assert!(poll_with(done.as_mut(), &waker).is_pending());
    assert_eq!(counter.count(), 0);
    remote.open();
    assert_eq!(counter.count(), 1);
    assert_eq!(poll_with(done.as_mut(), &waker), Poll::Ready(1));
}

#[test]
fn cancel_drops_the_children_and_refuses_others() {
    let drops = Drops::default();
    let (item, late) = (drops.item(), drops.item());
    let mut done = pin!(scope(|s| async move {
        let child = s.spawn(async move {
            let _item = item;
            pending::<()>().await;
        });
        yield_once().await;
        s.cancel();
        assert!(s.is_closed());
        let refused = s.try_spawn(async { late }).unwrap_err();
        assert_eq!(refused.to_string(), "the scope was cancelled, or has ended");
        drop(refused.into_inner());
        assert!(matches!(s.spawn(async {}).await, Err(JoinError::Cancelled)));
        assert!(matches!(child.await, Err(JoinError::Cancelled)));
        "after"
    }));
    assert_eq!(settle(done.as_mut()), Poll::Ready("after"));
    assert_eq!(drops.count(), 2);
}

async fn yield_once() {
    let mut yielded = false;
    poll_fn(move |cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn a_child_that_cancels_in_its_first_poll_is_cancelled_and_no_sibling_is_polled_after() {
    let drops = Drops::default();
    let polled = Arc::new(AtomicUsize::new(0));
    let mut done = pin!(scope(|s| {
        let (s2, item) = (s.clone(), drops.item());
        let first = s.spawn(async move {
            let _item = item;
            s2.cancel();
            pending::<()>().await;
        });
        let sibling = s.spawn({
            let (polled, item) = (polled.clone(), drops.item());
            async move {
                let _item = item;
                polled.fetch_add(1, SeqCst);
            }
        });
        drop(s);
        async move { (first.await.is_err(), sibling.await.is_err()) }
    }));
    let _first = poll(done.as_mut());
    assert_eq!(
        drops.count(),
        2,
        "they are dropped in the poll of the cancel"
    );
    assert_eq!(settle(done.as_mut()), Poll::Ready((true, true)));
    assert_eq!(polled.load(SeqCst), 0);
}

#[test]
fn a_cancel_from_another_thread_wakes_the_scope() {
    let handle = Arc::new(Mutex::new(None::<Scope<'static>>));
    let out = handle.clone();
    let mut done = pin!(scope(move |s| {
        drop(s.spawn(pending::<()>()));
        *out.lock().unwrap() = Some(s);
        async {}
    }));
    let (counter, waker) = Counter::new();
    assert!(poll_with(done.as_mut(), &waker).is_pending());
    let s = handle.lock().unwrap().take().unwrap();
    std::thread::scope(|threads| drop(threads.spawn(move || s.cancel())));
    assert_eq!(counter.count(), 1);
    assert!(poll_with(done.as_mut(), &waker).is_ready());
}

#[test]
fn a_child_from_another_thread_wakes_the_scope() {
    let handle = Arc::new(Mutex::new(None::<Scope<'static>>));
    let out = handle.clone();
    let gate = Arc::new(AtomicUsize::new(0));
    let mut done = pin!(scope({
        let gate = gate.clone();
        move |s| {
            *out.lock().unwrap() = Some(s);
            poll_fn(move |_| match gate.load(SeqCst) {
                0 => Poll::Pending,
                n => Poll::Ready(n),
            })
        }
    }));
    let (counter, waker) = Counter::new();
    assert!(poll_with(done.as_mut(), &waker).is_pending());
    let s = handle.lock().unwrap().take().unwrap();
    std::thread::scope(|threads| {
        threads.spawn(|| drop(s.spawn(async move { gate.store(7, SeqCst) })));
    });
    assert_eq!(counter.count(), 1);
    assert!(poll_with(done.as_mut(), &waker).is_pending());
    assert_eq!(poll_with(done.as_mut(), &waker), Poll::Ready(7));
    assert!(s.try_spawn(async {}).is_err(), "it has ended");
}

#[test]
fn the_first_error_drops_the_others_and_the_body() {
    let drops = Drops::default();
    let mut done = pin!(try_scope(|s| {
        let (item, body_item) = (drops.item(), drops.item());
        drop(s.spawn(async move {
            let _item = item;
            pending::<Result<(), _>>().await
        }));
        async move {
            let _item = body_item;
            yield_once().await;
            drop(s.spawn(async { Err::<(), _>("child") }));
            pending::<Result<(), &str>>().await
        }
    }));
    let (_, waker) = Counter::new();
    assert!(poll_with(done.as_mut(), &waker).is_pending());
    assert_eq!(poll_with(done.as_mut(), &waker), Poll::Ready(Err("child")));
    assert_eq!(drops.count(), 2);
}

#[test]
fn an_error_of_the_body_drops_the_children() {
    let drops = Drops::default();
    let mut done = pin!(try_scope(|s| {
        let item = drops.item();
        drop(s.spawn(async move {
            let _item = item;
            pending::<Result<(), _>>().await
        }));
        async { Err::<(), _>("body") }
    }));
    assert_eq!(poll(done.as_mut()), Poll::Ready(Err("body")));
    assert_eq!(drops.count(), 1);
}

#[test]
fn values_of_a_try_scopes_children_go_to_their_handles() {
    let sum = try_scope(|s| async move {
        let (a, b) = (s.spawn(async { Ok(1) }), s.spawn(async { Ok(2) }));
        Ok::<i32, ()>(a.await.unwrap() + b.await.unwrap())
    });
    assert_eq!(settle(pin!(sum)), Poll::Ready(Ok(3)));
}

#[test]
fn a_panic_goes_on_after_the_siblings_and_the_body_were_dropped() {
    let drops = Drops::default();
    let mut done = Box::pin(scope(|s| {
        let (item, body_item) = (drops.item(), drops.item());
        drop(s.spawn(async move {
            let _bomb = PanicsOnDrop;
            let _item = item;
            pending::<()>().await;
        }));
        drop(s.spawn(async { panic!("expected: a child that panics") }));
        async move {
            let _item = body_item;
            pending::<()>().await;
        }
    }));
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let _polled = settle(done.as_mut());
    }));
    let payload = caught.unwrap_err();
    assert_eq!(
        payload.downcast_ref(),
        Some(&"expected: a child that panics")
    );
    assert_eq!(drops.count(), 2);
}

#[test]
fn a_panic_of_the_body_drops_the_children_first() {
    let drops = Drops::default();
    let mut done = Box::pin(scope(|s| {
        let item = drops.item();
        drop(s.spawn(async move {
            let _item = item;
            pending::<()>().await;
        }));
        async { panic!("expected: a body that panics") }
    }));
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let _polled: Poll<()> = settle(done.as_mut());
    }));
    assert!(caught.is_err());
    assert_eq!(drops.count(), 1);
}

/// Children hold the scope's handle, and the scope holds them: before its first poll, and after.
#[test]
fn dropping_it_drops_all_in_spite_of_cycles() {
    for polls in 0..3 {
        let drops = Drops::default();
        let kept = Arc::new(());
        let mut done = Box::pin(scope(|s| {
            for _ in 0..3 {
                let (s2, item, kept) = (s.clone(), drops.item(), kept.clone());
                drop(s.spawn(async move {
                    let (_item, _kept) = (item, kept);
                    let s3 = s2.clone();
                    drop(s2.spawn(async move {
                        let _s = s3;
                        pending::<()>().await;
                    }));
                    pending::<()>().await;
                    drop(s2);
                }));
            }
            async move {
                let _s = s;
                pending::<()>().await;
            }
        }));
        for _ in 0..polls {
            assert!(poll(done.as_mut()).is_pending());
        }
        drop(done);
        assert_eq!(drops.count(), 3, "after {polls} polls");
        assert_eq!(Arc::strong_count(&kept), 1);
    }
}

#[test]
fn a_handle_that_outlives_its_scope_is_cancelled_and_leaves_nothing() {
    let handle = Rc::new(Cell::new(None));
    let out = handle.clone();
    let mut done = Box::pin(scope(|s| {
        out.set(Some((s.spawn(pending::<()>()), s.clone())));
        async {}
    }));
    let (counter, waker) = Counter::new();
    assert!(poll_with(done.as_mut(), &waker).is_pending());
    drop((done, waker));
    assert_eq!(Arc::strong_count(&counter), 1);
    let (mut child, s) = handle.take().unwrap();
    assert!(matches!(
        poll(Pin::new(&mut child)),
        Poll::Ready(Err(JoinError::Cancelled))
    ));
    let drops = Drops::default();
    let item = drops.item();
    drop(s.spawn(async move { drop(item) }));
    assert_eq!(drops.count(), 1);
}

/// What is forgotten is never polled again, so what it borrows may go.
#[test]
fn a_forgotten_scope_is_sound() {
    let polls = Arc::new(AtomicUsize::new(0));
    let waker = Arc::new(Mutex::new(None));
    {
        let local = String::from("borrowed");
        let (local, polls, waker) = (&local, polls.clone(), waker.clone());
        let mut done = Box::pin(scope(|s| async move {
            let child = s.spawn(poll_fn(move |cx| {
                assert_eq!(local, "borrowed");
                polls.fetch_add(1, SeqCst);
                *waker.lock().unwrap() = Some(cx.waker().clone());
                Poll::<()>::Pending
            }));
            child.await.unwrap();
        }));
        assert!(poll(done.as_mut()).is_pending());
        std::mem::forget(done);
    }
    waker.lock().unwrap().take().unwrap().wake();
    assert_eq!(polls.load(SeqCst), 1);
}

/// Notes how many items had been dropped when it was woken.
struct Look(Drops, AtomicUsize);

impl Wake for Look {
    fn wake(self: Arc<Self>) {
        self.1.store(self.0.count(), SeqCst);
    }
}

#[test]
fn a_child_is_dropped_when_its_handle_resolves() {
    let drops = Drops::default();
    let item = drops.item();
    let look = Arc::new(Look(drops, AtomicUsize::new(usize::MAX)));
    let waker = Waker::from(look.clone());
    let mut done = pin!(scope(|s| async move {
        let mut child = s.spawn(poll_fn(move |_| {
            let _item = &item;
            Poll::Ready(())
        }));
        assert!(poll_with(Pin::new(&mut child), &waker).is_pending());
        Some(child)
    }));
    assert!(settle(done.as_mut()).is_ready());
    assert_eq!(look.1.load(SeqCst), 1);
}

/// It can be spawned from code that is generic over the runtime.
#[test]
fn it_is_send_in_generic_code() {
    use anyrt_core::rt::Runtime;
    #[allow(dead_code)]
    fn generic<R: Runtime>(rt: R) {
        drop(rt.clone().spawn(async move {
            let (words, rt) = (vec![String::from("a")], &rt);
            let words = &words;
            let sum = try_scope(|s| async move {
                let child = s.spawn(async {
                    rt.sleep(std::time::Duration::ZERO).await;
                    Ok::<_, String>(words.len())
                });
                child.await.map_err(|error| error.to_string())
            });
            sum.await
        }));
    }
    fn send<F: Future + Send>(_: F) {}
    send(scope(|s| async move { s.spawn(async {}).await }));
}
