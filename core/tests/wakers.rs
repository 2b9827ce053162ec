//! Wakers whose `clone`, `wake` or `drop` comes back to the primitive that keeps them, or panics. By hand,
//! for a safe waker cannot run code when it is cloned.
#![allow(unsafe_code)]

mod support;

use anyrt_core::{
    channel::{
        broadcast, oneshot,
        queue::{Order, Queue},
        watch,
    },
    rt::{JoinHandle, Lock, Receiver, Semaphore, Sender},
    sync::{FifoMutex, FifoSemaphore, Notify, channel},
    task::portable,
};
use std::{
    future::{Future, pending},
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    ptr,
    sync::{Arc, Mutex},
    task::{Poll, RawWaker, RawWakerVTable, Wake, Waker},
};
use support::{Counter, ends, poll, poll_with};

/// What a waker does, besides waking nobody.
type Hook = Arc<dyn Fn() + Send + Sync>;

#[derive(Clone, Default)]
struct Hooks {
    clone: Option<Hook>,
    wake: Option<Hook>,
    drop: Option<Hook>,
}

impl Hooks {
    fn waker(&self) -> Waker {
        // SAFETY: the functions keep the contract of `RawWaker`: the data is a box of its own for
        // each waker, and everything in it is `Send` and `Sync`.
        unsafe { Waker::from_raw(raw(self.clone())) }
    }
}

fn raw(hooks: Hooks) -> RawWaker {
    RawWaker::new(Box::into_raw(Box::new(hooks)).cast(), &VTABLE)
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, dispose);

fn run(hook: Option<&Hook>) {
    if let Some(hook) = hook {
        hook();
    }
}

/// # Safety
/// `data` is of a live waker made by [`raw`].
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: as the caller says.
    let hooks = unsafe { &*data.cast::<Hooks>() };
    run(hooks.clone.as_ref());
    raw(hooks.clone())
}

/// # Safety
/// `data` is of a live waker made by [`raw`], which ends here.
unsafe fn wake(data: *const ()) {
    // SAFETY: as the caller says.
    let hooks = unsafe { Box::from_raw(data.cast::<Hooks>().cast_mut()) };
    run(hooks.wake.as_ref());
}

/// # Safety
/// `data` is of a live waker made by [`raw`].
unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: as the caller says.
    run(unsafe { &*data.cast::<Hooks>() }.wake.as_ref());
}

/// # Safety
/// `data` is of a live waker made by [`raw`], which ends here.
unsafe fn dispose(data: *const ()) {
    // SAFETY: as the caller says.
    let hooks = unsafe { Box::from_raw(data.cast::<Hooks>().cast_mut()) };
    run(hooks.drop.as_ref());
}

/// What an executor keeps for the task that it polls, and uses again for the next one. The
/// wakers of all have one address, and only their clones one of their own.
#[derive(Default)]
struct Frame(Mutex<Arc<Counter>>);

impl Frame {
    /// Polls for a task of its own.
    fn poll<F: Future>(&self, future: Pin<&mut F>, task: &Arc<Counter>) -> Poll<F::Output> {
        *self.0.lock().unwrap() = task.clone();
        // SAFETY: the functions keep the contract of `RawWaker`: the frame outlives this waker, which
        // owns nothing of it, and is `Sync`; a clone is an ordinary waker.
        let waker = unsafe { Waker::new(ptr::from_ref(self).cast(), &FRAME) };
        poll_with(future, &waker)
    }
}

static FRAME: RawWakerVTable =
    RawWakerVTable::new(clone_out_of_frame, wake_frame, wake_frame, |_| {});

/// # Safety
/// `data` is a live [`Frame`].
unsafe fn clone_out_of_frame(data: *const ()) -> RawWaker {
    // SAFETY: as the caller says.
    let task = unsafe { &*data.cast::<Frame>() }.0.lock().unwrap().clone();
    let owned = ManuallyDrop::new(Waker::from(task));
    RawWaker::new(owned.data(), owned.vtable())
}

/// # Safety
/// `data` is a live [`Frame`].
unsafe fn wake_frame(data: *const ()) {
    // SAFETY: as the caller says.
    let task = unsafe { &*data.cast::<Frame>() }.0.lock().unwrap().clone();
    task.wake();
}

/// Wakers that do `hook` whatever happens to them.
fn always(hook: impl Fn() + Send + Sync + 'static) -> Hooks {
    let hook: Option<Hook> = Some(Arc::new(hook));
    Hooks {
        clone: hook.clone(),
        wake: hook.clone(),
        drop: hook,
    }
}

#[test]
fn a_waker_may_come_back_to_the_channel_that_keeps_it() {
    ends(|| {
        let (sender, mut receiver) = channel::<u8>(1).unwrap();
        let hooks = always({
            let sender = sender.clone();
            move || drop((sender.len(), sender.clone()))
        });
        {
            let mut recv = pin!(receiver.recv());
            assert!(poll_with(recv.as_mut(), &hooks.waker()).is_pending());
            // Another waker each time.
            assert!(poll_with(recv.as_mut(), &hooks.waker()).is_pending());
            sender.try_send(1).unwrap();
            assert_eq!(
                poll_with(recv.as_mut(), &hooks.waker()),
                Poll::Ready(Some(1))
            );
        }
        let mut recv = Box::pin(receiver.recv());
        assert!(poll_with(recv.as_mut(), &hooks.waker()).is_pending());
        drop(recv);

        assert!(poll_with(pin!(sender.send(2)), &hooks.waker()).is_ready());
        let mut send = Box::pin(sender.send(3));
        let mut reserve = Box::pin(sender.reserve());
        for _ in 0..2 {
            assert!(poll_with(send.as_mut(), &hooks.waker()).is_pending());
            assert!(poll_with(reserve.as_mut(), &hooks.waker()).is_pending());
        }
        drop(send);
        assert_eq!(receiver.try_recv(), Ok(2));
        assert!(poll_with(reserve.as_mut(), &hooks.waker()).is_ready());
        assert!(poll_with(pin!(sender.reserve()), &hooks.waker()).is_ready());
        receiver.close();
        assert!(poll_with(pin!(sender.send(4)), &hooks.waker()).is_ready());
        assert!(poll_with(pin!(sender.reserve()), &hooks.waker()).is_ready());
    });
}

#[test]
fn a_waker_may_come_back_to_the_lock_and_the_semaphore_that_keep_it() {
    ends(|| {
        let lock = Arc::new(FifoMutex::new(0));
        let semaphore = Arc::new(FifoSemaphore::new(0).unwrap());
        let hooks = always({
            let (lock, semaphore) = (lock.clone(), semaphore.clone());
            move || drop((lock.try_lock(), semaphore.try_acquire().is_ok()))
        });
        let guard = lock.try_lock().unwrap();
        let mut waits = Box::pin(lock.lock());
        let mut acquire = Box::pin(semaphore.acquire());
        for _ in 0..2 {
            assert!(poll_with(waits.as_mut(), &hooks.waker()).is_pending());
            assert!(poll_with(acquire.as_mut(), &hooks.waker()).is_pending());
        }
        drop(guard);
        semaphore.add_permits(1).unwrap();
        assert!(poll_with(waits.as_mut(), &hooks.waker()).is_ready());
        assert!(poll_with(acquire.as_mut(), &hooks.waker()).is_ready());
        drop((Box::pin(lock.lock()), Box::pin(semaphore.acquire())));
    });
}

#[test]
fn a_waker_whose_clone_panics_is_not_waited_with() {
    let panics = Hooks {
        clone: Some(Arc::new(|| panic!("expected: a clone that panics"))),
        ..Hooks::default()
    };
    let waker = panics.waker();
    let lock = FifoMutex::new(0);
    let guard = lock.try_lock().unwrap();
    let mut waits = pin!(lock.lock());
    let polled = catch_unwind(AssertUnwindSafe(|| {
        poll_with(waits.as_mut(), &waker).is_ready()
    }));
    assert!(polled.is_err());
    drop(guard);
    assert!(lock.try_lock().is_some(), "nobody waits");

    let (sender, mut receiver) = channel::<u8>(1).unwrap();
    {
        let mut recv = pin!(receiver.recv());
        let polled = catch_unwind(AssertUnwindSafe(|| {
            poll_with(recv.as_mut(), &waker).is_ready()
        }));
        assert!(polled.is_err());
    }
    sender.try_send(1).unwrap();
    let mut send = pin!(sender.send(2));
    let polled = catch_unwind(AssertUnwindSafe(|| {
        poll_with(send.as_mut(), &waker).is_ready()
    }));
    assert!(polled.is_err());
    assert_eq!(receiver.try_recv(), Ok(1));
    // The item is still in hand.
    assert!(poll_with(send, Waker::noop()).is_ready());
    assert_eq!(receiver.try_recv(), Ok(2));

    let queue = Queue::bounded(Order::fifo(), 1).unwrap();
    queue.try_put(1).unwrap();
    let mut put = pin!(queue.put(2));
    let polled = catch_unwind(AssertUnwindSafe(|| {
        poll_with(put.as_mut(), &waker).is_ready()
    }));
    assert!(polled.is_err());
    drop(queue.try_get().unwrap());
    assert!(poll_with(put, Waker::noop()).is_ready());
    assert_eq!(*queue.try_get().unwrap(), 2);
}

#[test]
fn a_waker_that_panics_when_woken_or_dropped_leaves_the_channel_whole() {
    let panics = always(|| {
        if !std::thread::panicking() {
            panic!("expected: a waker that panics");
        }
    });
    let panics = Hooks {
        clone: None,
        ..panics
    };
    let (sender, mut receiver) = channel::<u8>(1).unwrap();
    let waker = panics.waker();
    let mut recv = Box::pin(receiver.recv());
    assert!(poll_with(recv.as_mut(), &waker).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| sender.try_send(1))).is_err());
    assert_eq!(
        poll_with(recv.as_mut(), Waker::noop()),
        Poll::Ready(Some(1))
    );
    drop(recv);
    let mut recv = Box::pin(receiver.recv());
    assert!(poll_with(recv.as_mut(), &waker).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(recv))).is_err());
    sender.try_send(2).unwrap();
    assert_eq!(receiver.try_recv(), Ok(2));
    std::mem::forget(waker);
}

#[test]
fn a_joiner_is_woken_though_its_waker_lies_where_another_lay() {
    let frame = Frame::default();
    let [first, last] = [(); 2].map(|()| Arc::new(Counter::default()));
    let (task, mut handle) = portable(async {});
    for joiner in [&first, &last] {
        assert!(frame.poll(Pin::new(&mut handle), joiner).is_pending());
    }
    assert!(poll(pin!(task)).is_ready());
    assert_eq!((first.count(), last.count()), (0, 1));
}

#[test]
fn an_abort_wakes_a_task_whose_waker_lies_where_another_lay() {
    let frame = Frame::default();
    let [first, last] = [(); 2].map(|()| Arc::new(Counter::default()));
    let (task, handle) = portable(pending::<()>());
    let mut task = pin!(task);
    for executor in [&first, &last] {
        assert!(frame.poll(task.as_mut(), executor).is_pending());
    }
    handle.abort();
    assert_eq!((first.count(), last.count()), (0, 1));
}

/// A waker whose clone does `act`, once, so that the waker is not needed any more; it panics as it is dropped.
fn unneeded(act: impl FnOnce() + Send + 'static) -> ManuallyDrop<Waker> {
    let act: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(Some(Box::new(act)));
    let hooks = Hooks {
        clone: Some(Arc::new(move || {
            let act = act.lock().unwrap().take();
            act.into_iter().for_each(|act| act());
        })),
        wake: None,
        drop: Some(Arc::new(|| {
            if !std::thread::panicking() {
                panic!("expected: a waker that panics as it is dropped");
            }
        })),
    };
    ManuallyDrop::new(hooks.waker())
}

#[test]
fn what_comes_while_a_waker_is_cloned_is_not_lost_with_the_clone() {
    for polls in [0, 1] {
        let begin = |waits: Pin<&mut dyn Future<Output = ()>>| {
            // A place in the queue, or none.
            if polls == 1 {
                assert!(poll(waits).is_pending());
            }
        };
        let lock = Arc::new(FifoMutex::new(0));
        let guard = lock.clone().try_lock_owned().unwrap();
        let waker = unneeded(|| drop(guard));
        let mut waits = Box::pin(async { drop(lock.lock().await) });
        begin(waits.as_mut());
        assert!(poll_with(waits.as_mut(), &waker).is_ready());
        assert!(lock.try_lock().is_some(), "a grant is lost");

        let semaphore = Arc::new(FifoSemaphore::new(0).unwrap());
        let adds = semaphore.clone();
        let waker = unneeded(move || adds.add_permits(1).unwrap());
        let mut waits = Box::pin(async { drop(semaphore.acquire().await) });
        begin(waits.as_mut());
        assert!(poll_with(waits.as_mut(), &waker).is_ready());
        assert_eq!(semaphore.available_permits(), 1);

        let notify = Arc::new(Notify::new());
        let notifies = notify.clone();
        let waker = unneeded(move || notifies.notify_one());
        let mut waits = Box::pin(notify.notified());
        begin(waits.as_mut());
        assert!(poll_with(waits.as_mut(), &waker).is_ready());

        let (sender, receiver) = channel::<u8>(1).unwrap();
        sender.try_send(1).unwrap();
        let receiver = Arc::new(Mutex::new(receiver));
        let receives = receiver.clone();
        let waker = unneeded(move || assert_eq!(receives.lock().unwrap().try_recv(), Ok(1)));
        let mut waits = Box::pin(async { drop(sender.reserve().await.unwrap()) });
        begin(waits.as_mut());
        assert!(poll_with(waits.as_mut(), &waker).is_ready());
        sender.try_send(2).expect("a slot is lost");
        let receives = receiver.clone();
        let waker = unneeded(move || assert_eq!(receives.lock().unwrap().try_recv(), Ok(2)));
        let mut waits = Box::pin(async { sender.send(3).await.unwrap() });
        begin(waits.as_mut());
        assert!(poll_with(waits.as_mut(), &waker).is_ready());
        assert_eq!(receiver.lock().unwrap().try_recv(), Ok(3));

        let (sender, mut receiver) = channel::<u8>(1).unwrap();
        let waker = unneeded(move || sender.try_send(4).unwrap());
        let mut waits = Box::pin(async { assert_eq!(receiver.recv().await, Some(4)) });
        begin(waits.as_mut());
        assert!(poll_with(waits.as_mut(), &waker).is_ready());

        let (sender, receiver) = oneshot::channel::<u8>();
        let waker = unneeded(move || sender.send(5).unwrap());
        let mut waits = Box::pin(async { assert_eq!(receiver.await, Ok(5)) });
        begin(waits.as_mut());
        assert!(poll_with(waits.as_mut(), &waker).is_ready());

        let queue = Queue::unbounded(Order::fifo());
        let puts = queue.clone();
        let waker = unneeded(move || puts.try_put(6).unwrap());
        let mut waits = Box::pin(async { assert_eq!(queue.get().await.as_deref(), Ok(&6)) });
        begin(waits.as_mut());
        assert!(poll_with(waits.as_mut(), &waker).is_ready());

        let (sender, mut receiver) = broadcast::channel::<u8>(1).unwrap();
        let waker = unneeded(move || _ = sender.send(7));
        let mut waits = Box::pin(async { assert_eq!(receiver.recv().await, Ok(7)) });
        begin(waits.as_mut());
        assert!(poll_with(waits.as_mut(), &waker).is_ready());

        let (sender, mut receiver) = watch::channel(0);
        let waker = unneeded(move || sender.send(8));
        let mut waits = Box::pin(async { assert_eq!(*receiver.changed().await.unwrap(), 8) });
        begin(waits.as_mut());
        assert!(poll_with(waits.as_mut(), &waker).is_ready());
    }
}
