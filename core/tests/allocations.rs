//! What operations allocate, and how large their futures are: counted, so that neither grows unseen.

mod support;

use allocation_counter::measure;
use anyrt_core::{
    cancel::{Cancellable, CancellationToken},
    channel::oneshot,
    join::join_all,
    rt::{Lock, Receiver, Semaphore, SendPermit, Sender},
    sync::{
        Event, FifoMutex, FifoRwLock, FifoSemaphore, Notify, OnceCell, channel, unbounded_channel,
    },
    task::{portable, yield_now},
};
use std::{
    future::{Future, ready},
    pin::pin,
    sync::Arc,
    task::Poll,
};
use support::poll;

/// How often `run` allocates on this thread.
fn allocations(run: impl FnOnce()) -> u64 {
    measure(run).count_total
}

fn granted<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// Leaves and joins a queue that has grown once.
fn waits(future: impl Future) {
    assert!(poll(pin!(future)).is_pending());
}

#[test]
fn a_count_is_seen() {
    assert_eq!(allocations(|| drop(Box::new(1))), 1);
}

#[test]
fn locks_and_permits_allocate_nothing() {
    let lock = Arc::new(FifoMutex::new(1));
    let shared = Arc::new(FifoRwLock::new(1));
    let semaphore = Arc::new(FifoSemaphore::new(4).unwrap());
    let count = allocations(|| {
        drop(granted(lock.lock()));
        drop(granted(lock.clone().lock_owned()));
        drop(lock.try_lock());
        drop((granted(shared.read()), granted(shared.read())));
        drop(granted(shared.write()).downgrade());
        drop(granted(semaphore.acquire_many(3)));
        drop(granted(semaphore.clone().acquire_owned()));
        drop(semaphore.try_acquire());
    });
    assert_eq!(count, 0);

    // Nor does a wait, once a place was there.
    let (guard, reader) = (granted(lock.lock()), granted(shared.read()));
    let permits = granted(semaphore.acquire_many(4));
    let wait = || {
        waits(lock.lock());
        waits(shared.write());
        waits(semaphore.acquire());
    };
    wait();
    assert_eq!(allocations(wait), 0);
    drop((guard, reader, permits));
}

#[test]
fn a_channel_in_steady_state_allocates_nothing() {
    let (tx, mut rx) = channel(4).unwrap();
    let (free, mut taken) = unbounded_channel();
    let mut turn = || {
        for n in 0..4 {
            tx.try_send(n).unwrap();
            free.try_send(n).unwrap();
        }
        for _ in 0..2 {
            rx.try_recv().unwrap();
            taken.try_recv().unwrap();
        }
        for _ in 2..4 {
            granted(rx.recv()).unwrap();
            granted(taken.recv()).unwrap();
        }
        waits(rx.recv());
        granted(tx.send(4)).unwrap();
        granted(rx.recv()).unwrap();
        granted(
            granted(tx.reserve())
                .map(|slot| ready(slot.send(5)))
                .unwrap(),
        )
        .unwrap();
        granted(rx.recv()).unwrap();
    };
    turn();
    assert_eq!(allocations(|| (0..50).for_each(|_| turn())), 0);
}

#[test]
fn signals_allocate_nothing() {
    let (event, notify) = (Event::new(), Notify::new());
    let (cell, token) = (OnceCell::from(1), CancellationToken::new());
    event.set();
    let count = allocations(|| {
        granted(event.wait());
        assert!(event.is_set() && !token.is_cancelled() && token.reason().is_none());
        notify.notify_one();
        granted(notify.notified());
        assert_eq!(*granted(cell.get_or_init(async || 2)), 1);
        assert_eq!(granted(async { 3 }.cancellable(&token)).ok(), Some(3));
        waits(yield_now());
    });
    assert_eq!(count, 0);
    event.clear();
    let wait = || {
        waits(event.wait());
        waits(notify.notified());
        waits(token.cancelled());
    };
    wait();
    assert_eq!(allocations(wait), 0);
}

#[test]
fn a_oneshot_and_a_task_allocate_once() {
    let sent = allocations(|| {
        let (tx, rx) = oneshot::channel();
        tx.send(1).unwrap();
        assert_eq!(granted(rx), Ok(1));
    });
    assert_eq!(sent, 1);
    // The state that both halves share; where the task lies is the executor's business.
    let ran = allocations(|| {
        let (task, handle) = portable(async { 1 });
        granted(task);
        assert!(matches!(granted(handle), Ok(1)));
    });
    assert_eq!(ran, 1);
}

#[test]
fn a_join_allocates_its_children_and_its_outputs() {
    for count in [1, 30, 1000] {
        // A block for the children and one for the outputs; past 30 also the wakers' own.
        let want = if count > 30 { 5 } else { 2 };
        let allocated = allocations(|| {
            let outputs = granted(join_all((0..count).map(ready)));
            assert_eq!(outputs.len(), count);
        });
        assert_eq!(allocated, want, "for {count} children");
    }
}

#[test]
fn futures_are_small() {
    let lock = Arc::new(FifoMutex::new([0_u8; 256]));
    let shared = FifoRwLock::new([0_u8; 256]);
    let semaphore = FifoSemaphore::new(1).unwrap();
    let (tx, mut rx) = channel::<u64>(1).unwrap();
    let (event, notify, token) = (Event::new(), Notify::new(), CancellationToken::new());
    // In words, so that it is the same on all targets.
    let words = |bytes: usize| bytes.div_ceil(size_of::<usize>());
    let sizes = [
        ("lock", size_of_val(&lock.lock()), 5),
        ("lock_owned", size_of_val(&lock.clone().lock_owned()), 5),
        ("read", size_of_val(&shared.read()), 5),
        ("acquire", size_of_val(&semaphore.acquire()), 6),
        ("send", size_of_val(&tx.send(1)), 3),
        ("reserve", size_of_val(&tx.reserve()), 3),
        ("recv", size_of_val(&rx.recv()), 2),
        ("event", size_of_val(&event.wait()), 4),
        ("notified", size_of_val(&notify.notified()), 5),
        ("cancelled", size_of_val(&token.cancelled()), 4),
        (
            "cancellable",
            size_of_val(&ready(()).cancellable(&token)),
            5,
        ),
        ("guard", size_of_val(&granted(lock.lock())), 1),
        ("oneshot", size_of_val(&oneshot::channel::<u64>().1), 2),
    ];
    for (what, bytes, most) in sizes {
        let words = words(bytes);
        assert!(words <= most, "{what}: {words} words, want at most {most}");
    }
}
