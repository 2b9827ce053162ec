//! Ugly outcomes, each with a name: wakers and destructors that panic, slots and futures that are
//! forgotten, handles that nobody keeps. By hand, without a runtime.

mod support;

use anyrt_core::{
    channel::{
        broadcast, oneshot,
        queue::{Order, Queue, Shutdown},
    },
    error::TryRecvError,
    rt::{BlockOn, JoinHandle, Receiver, Semaphore, Sender, SpawnLocal},
    sync::{FifoSemaphore, channel},
    task::{PortableHandle, portable, portable_blocking, run_local},
};
use std::{
    future::Future,
    mem,
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Poll, Wake, Waker},
};
use support::{Counter, Panics, PanicsOnDrop, Unpark, block_on_with, poll_with};

/// A runtime that can do nothing but block, and tells whether its last waker is still held.
struct Park(Arc<Mutex<Weak<Unpark>>>);

impl BlockOn for Park {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        let unpark = Unpark::this_thread();
        *self.0.lock().unwrap() = Arc::downgrade(&unpark);
        block_on_with(future, &Waker::from(unpark))
    }
}

#[test]
fn a_waker_that_panics_keeps_nobody_from_being_woken() {
    let semaphore = FifoSemaphore::new(0).unwrap();
    let (first, second) = (semaphore.acquire(), semaphore.acquire());
    let (mut first, mut second) = (pin!(first), pin!(second));
    let counter = Arc::new(Counter::default());
    assert!(poll_with(first.as_mut(), &Panics::waker()).is_pending());
    assert!(poll_with(second.as_mut(), &Waker::from(counter.clone())).is_pending());
    let added = catch_unwind(AssertUnwindSafe(|| semaphore.add_permits(2)));
    assert!(added.is_err(), "the panic goes on");
    assert_eq!(counter.count(), 1);
    assert!(poll_with(second.as_mut(), Waker::noop()).is_ready());
}

/// A waker whose panic panics once more when it is dropped.
struct PanicsTwice;

impl Wake for PanicsTwice {
    fn wake(self: Arc<Self>) {
        panic_any(PanicsOnDrop);
    }
}

#[test]
fn wakers_whose_panics_cannot_be_dropped_keep_nobody_from_being_woken() {
    let semaphore = FifoSemaphore::new(0).unwrap();
    let mut loud = [(); 3].map(|()| Box::pin(semaphore.acquire()));
    for acquire in &mut loud {
        let waker = Waker::from(Arc::new(PanicsTwice));
        assert!(poll_with(acquire.as_mut(), &waker).is_pending());
    }
    let mut last = pin!(semaphore.acquire());
    let counter = Arc::new(Counter::default());
    assert!(poll_with(last.as_mut(), &Waker::from(counter.clone())).is_pending());
    let added = catch_unwind(AssertUnwindSafe(|| semaphore.add_permits(4)));
    assert_eq!(counter.count(), 1);
    mem::forget(added.expect_err("the panic goes on"));
}

#[test]
fn a_forgotten_send_slot_does_not_keep_the_channel_open() {
    let (sender, mut receiver) = channel::<u8>(1).unwrap();
    {
        let mut reserve = pin!(sender.reserve());
        let Poll::Ready(slot) = poll_with(reserve.as_mut(), Waker::noop()) else {
            panic!("a slot was free")
        };
        mem::forget(slot);
    }
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    drop(sender);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn a_dropped_receive_leaves_no_waker() {
    let (_sender, mut receiver) = channel::<u8>(1).unwrap();
    let counter = Arc::new(Counter::default());
    {
        let mut recv = pin!(receiver.recv());
        assert!(poll_with(recv.as_mut(), &Waker::from(counter.clone())).is_pending());
    }
    assert_eq!(Arc::strong_count(&counter), 1);
}

#[test]
fn a_dropped_join_handle_leaves_no_waker() {
    let (task, mut handle) = portable(std::future::pending::<()>());
    let (_work, mut blocking) = portable_blocking(|| ());
    let counter = Arc::new(Counter::default());
    let waker = Waker::from(counter.clone());
    assert!(poll_with(Pin::new(&mut handle), &waker).is_pending());
    assert!(poll_with(Pin::new(&mut blocking), &waker).is_pending());
    drop((handle, blocking, waker));
    assert_eq!(Arc::strong_count(&counter), 1);
    drop(task);
}

#[test]
fn a_task_leaves_its_waker_where_it_changed_only() {
    let polls = AtomicUsize::new(0);
    let (task, mut handle) = portable(std::future::poll_fn(|_| match polls.fetch_add(1, SeqCst) {
        3 => Poll::Ready(()),
        _ => Poll::Pending,
    }));
    let mut task = pin!(task);
    let wakers = [(); 3].map(|()| Arc::new(Counter::default()));
    let [first, second, joiner] = &wakers;
    for task_waker in [first, first, second] {
        assert!(poll_with(task.as_mut(), &Waker::from(task_waker.clone())).is_pending());
        assert!(poll_with(Pin::new(&mut handle), &Waker::from(joiner.clone())).is_pending());
    }
    let held = wakers.each_ref().map(Arc::strong_count);
    assert_eq!(held, [1, 2, 2], "each end keeps its last waker, once");
    assert!(poll_with(task.as_mut(), Waker::noop()).is_ready());
    let held = wakers.each_ref().map(Arc::strong_count);
    assert_eq!(held, [1, 1, 1], "nothing is kept for a task that has ended");
    assert_eq!(joiner.count(), 1);
    assert!(matches!(
        poll_with(Pin::new(&mut handle), Waker::noop()),
        Poll::Ready(Ok(()))
    ));
}

#[test]
fn a_joiner_whose_waker_panics_does_not_end_the_executor() {
    let (task, mut handle) = portable(async { 1 });
    let panics = Waker::from(Arc::new(Panics));
    assert!(poll_with(Pin::new(&mut handle), &panics).is_pending());
    let ran = catch_unwind(AssertUnwindSafe(|| poll_with(pin!(task), Waker::noop())));
    assert!(ran.is_ok_and(|polled| polled.is_ready()), "a worker ends");
    let joined = poll_with(Pin::new(&mut handle), Waker::noop());
    assert!(matches!(joined, Poll::Ready(Ok(1))));
}

#[test]
fn a_waker_whose_destructor_panics_does_not_keep_the_joiner_asleep() {
    struct DropsBadly(PanicsOnDrop);
    impl Wake for DropsBadly {
        fn wake(self: Arc<Self>) {
            let Self(_panics) = &*self;
        }
    }
    let mut first = true;
    let (task, mut handle) = portable(std::future::poll_fn(move |_| {
        if std::mem::take(&mut first) {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }));
    let mut task = pin!(task);
    let joiner = Arc::new(Counter::default());
    let waker = Waker::from(Arc::new(DropsBadly(PanicsOnDrop)));
    assert!(poll_with(task.as_mut(), &waker).is_pending());
    drop(waker);
    assert!(poll_with(Pin::new(&mut handle), &Waker::from(joiner.clone())).is_pending());
    // The slot's is the last one: it goes when the task ends.
    let ran = catch_unwind(AssertUnwindSafe(|| poll_with(task, Waker::noop())));
    assert!(ran.is_ok_and(|polled| polled.is_ready()), "a worker ends");
    assert_eq!(joiner.count(), 1);
}

#[test]
fn an_abort_wakes_the_tasks_last_waker() {
    let (task, handle) = portable(std::future::pending::<()>());
    let mut task = pin!(task);
    let [first, last] = [(); 2].map(|()| Arc::new(Counter::default()));
    for waker in [&first, &last] {
        assert!(poll_with(task.as_mut(), &Waker::from(waker.clone())).is_pending());
    }
    handle.abort();
    handle.abort();
    assert_eq!((first.count(), last.count()), (0, 1));
    assert!(poll_with(task.as_mut(), Waker::noop()).is_ready());
    assert!(handle.is_finished());
}

#[test]
fn a_task_that_is_aborted_in_its_first_poll_ends_with_that_poll() {
    let to_abort = Arc::new(Mutex::new(None::<PortableHandle<()>>));
    let (task, handle) = portable({
        let to_abort = to_abort.clone();
        std::future::poll_fn(move |_| {
            // It has left no waker yet that could be woken.
            let handle = to_abort.lock().unwrap();
            handle.as_ref().expect("it was put there").abort();
            Poll::<()>::Pending
        })
    });
    *to_abort.lock().unwrap() = Some(handle);
    assert!(poll_with(pin!(task), Waker::noop()).is_ready());
    let handle = to_abort.lock().unwrap().take();
    assert!(handle.is_some_and(|handle| handle.is_finished()));
}

#[test]
fn the_output_of_a_detached_task_may_panic_when_dropped() {
    let (task, handle) = portable(async { PanicsOnDrop });
    drop(handle);
    assert!(poll_with(pin!(task), Waker::noop()).is_ready());
}

#[test]
fn two_destructors_that_panic_still_resolve_the_handle() {
    let (task, mut handle) = portable({
        let guard = PanicsOnDrop;
        let mut guard = Some(guard);
        std::future::poll_fn(move |_| {
            // The output panics when dropped, and so does what the future keeps.
            let _kept = &mut guard;
            Poll::Ready(PanicsOnDrop)
        })
    });
    assert!(poll_with(pin!(task), Waker::noop()).is_ready());
    let Poll::Ready(Err(error)) = poll_with(Pin::new(&mut handle), Waker::noop()) else {
        panic!("the handle hangs")
    };
    assert!(error.is_panic());
}

#[test]
fn aborting_blocking_work_whose_capture_panics_resolves_the_handle() {
    let captured = PanicsOnDrop;
    let (_work, mut handle) = portable_blocking(move || drop(captured));
    handle.abort();
    assert!(handle.is_finished());
    let Poll::Ready(Err(error)) = poll_with(Pin::new(&mut handle), Waker::noop()) else {
        panic!("the handle hangs")
    };
    assert!(error.is_panic());
}

#[test]
fn local_tasks_leave_nothing_behind() {
    let kept = Arc::new(());
    let runner = Arc::new(Mutex::new(Weak::new()));
    let waker = run_local(&Park(runner.clone()), |local| {
        let kept = kept.clone();
        async move {
            let (sender, receiver) = std::sync::mpsc::channel();
            let waits = (kept.clone(), local.clone());
            drop(local.spawn_local(std::future::poll_fn(move |cx| {
                let _kept = &waits;
                sender.send(cx.waker().clone()).unwrap();
                Poll::<()>::Pending
            })));
            local.spawn_local(async {}).await.unwrap();
            // Woken or spawned in the last moment: still queued when the body ends.
            let never_polled = kept.clone();
            drop(local.spawn_local(async move { drop(never_polled) }));
            let waker = receiver.recv().unwrap();
            waker.wake_by_ref();
            waker
        }
    });
    assert_eq!(Arc::strong_count(&kept), 1, "a task is left");
    // Late, and after the end.
    waker.wake();
    let runner = runner.lock().unwrap().upgrade();
    assert!(runner.is_none(), "the queue keeps itself, and its waker");
}

#[test]
fn a_waker_that_panics_loses_no_job() {
    let queue = Queue::unbounded(Order::fifo());
    let mut join = pin!(queue.join());
    queue.try_put(1).unwrap();
    assert!(poll_with(join.as_mut(), &Panics::waker()).is_pending());
    let job = queue.try_get().unwrap();
    let done = catch_unwind(AssertUnwindSafe(|| drop(job)));
    assert!(done.is_err(), "the waker's panic was swallowed");
    assert_eq!(queue.unfinished(), 0);

    let queue = Queue::bounded(Order::fifo(), 1).unwrap();
    queue.try_put(1).unwrap();
    let mut waits = pin!(queue.put(2));
    assert!(poll_with(waits.as_mut(), &Panics::waker()).is_pending());
    let got = catch_unwind(AssertUnwindSafe(|| queue.try_get()));
    assert!(got.is_err(), "the waker's panic was swallowed");
    assert_eq!(
        (queue.len(), queue.unfinished()),
        (0, 0),
        "the job is out, and done"
    );
    assert!(poll_with(waits, Waker::noop()).is_ready());
}

#[test]
fn an_item_whose_destructor_panics_is_done() {
    let queue = Queue::unbounded(Order::lifo());
    for _ in 0..2 {
        assert!(queue.try_put(PanicsOnDrop).is_ok());
    }
    let job = queue.try_get().ok();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(job))).is_err());
    let end = catch_unwind(AssertUnwindSafe(|| queue.shutdown(Shutdown::Immediate)));
    assert!(end.is_err(), "the destructor's panic was swallowed");
    assert_eq!(queue.unfinished(), 0);
    assert!(poll_with(pin!(queue.join()), Waker::noop()).is_ready());
}

#[test]
fn a_broadcast_past_a_waker_that_panics() {
    let (tx, mut rx) = broadcast::channel(1).unwrap();
    let (mut one, counter) = (rx.resubscribe(), Arc::new(Counter::default()));
    let mut panics = pin!(rx.recv());
    let mut waits = pin!(one.recv());
    assert!(poll_with(panics.as_mut(), &Panics::waker()).is_pending());
    assert!(poll_with(waits.as_mut(), &Waker::from(counter.clone())).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| tx.send(1))).is_err());
    assert_eq!(counter.count(), 1, "the wakes of who came after");
    assert_eq!(poll_with(waits, Waker::noop()), Poll::Ready(Ok(1)));
    assert_eq!(poll_with(panics, Waker::noop()), Poll::Ready(Ok(1)));
}

#[test]
fn a_oneshot_past_a_destructor_that_panics() {
    let (mut tx, rx) = oneshot::channel();
    let counter = Arc::new(Counter::default());
    assert!(poll_with(pin!(tx.closed()), &Waker::from(counter.clone())).is_pending());
    assert!(tx.send(PanicsOnDrop).is_ok());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(rx))).is_err());

    // Nobody keeps the sender, and its future was forgotten.
    let (mut tx, rx) = oneshot::channel::<u32>();
    let mut closed = Box::pin(tx.closed());
    assert!(poll_with(closed.as_mut(), &Waker::from(counter.clone())).is_pending());
    mem::forget(closed);
    drop(rx);
    assert_eq!(counter.count(), 1);
    assert_eq!(tx.send(1), Err(1));
}
