//! The rooms of `sync/`.

use crate::kit::{Count, later, step};
use anyrt_core::{
    rt::{Lock, Semaphore},
    sync::{Barrier, Condvar, Event, FifoMutex, FifoRwLock, FifoSemaphore, Notify, OnceCell},
};
use anyrt_sim::check_cancel;
use std::sync::Arc;

pub(crate) fn event_wait() {
    check_cancel(
        |rt| async move {
            let event = Arc::new(Event::new());
            let set = event.clone();
            later(&rt, move || set.set());
            event
        },
        |_, event| async move { event.wait().await },
        |_, event| async move { event.wait().await },
    );
}

/// One notification an operation; one that was not used is there for the next.
pub(crate) fn notified() {
    check_cancel(
        |_| async { (Arc::new(Notify::new()), Count::default()) },
        |rt, (notify, done)| async move {
            let other = notify.clone();
            later(&rt, move || other.notify_one());
            notify.notified().await;
            done.add();
        },
        |rt, (notify, done)| async move {
            // One that is still to come, of an operation that was dropped before.
            step(&rt).await;
            if done.get() == 0 {
                notify.notify_one();
                notify.notified().await;
            }
        },
    );
}

/// Of two that wait, one is dropped: the notification goes to the other.
pub(crate) fn notified_owned() {
    check_cancel(
        |rt| async move {
            let notify = Arc::new(Notify::new());
            let served = Arc::new(Event::new());
            let waiter = (notify.clone().notified_owned(), served.clone());
            drop(anyrt_core::rt::Spawn::spawn(&rt, async move {
                waiter.0.await;
                waiter.1.set();
            }));
            (notify, served)
        },
        |rt, (notify, _)| async move {
            let other = notify.clone();
            later(&rt, move || {
                other.notify_one();
                other.notify_one();
            });
            notify.notified_owned().await;
        },
        |rt, (notify, served)| async move {
            // Of the two notifications one is the waiter's, whatever became of the operation; before its
            // first poll there are none.
            let other = notify.clone();
            later(&rt, move || other.notify_one());
            served.wait().await;
        },
    );
}

pub(crate) fn barrier_wait() {
    check_cancel(
        |_| async { (Arc::new(Barrier::new(2).unwrap()), Count::default()) },
        |rt, (barrier, passed)| async move {
            let (other, counted) = (barrier.clone(), passed.clone());
            drop(anyrt_core::rt::Spawn::spawn(&rt, async move {
                other.wait().await;
                counted.add();
            }));
            barrier.wait().await;
            passed.add();
        },
        |_, (barrier, passed)| async move {
            // Whoever is left alone at it is let go by one more.
            if passed.get() == 0 {
                anyrt_core::race!(async { _ = barrier.wait().await }, async {
                    // Dropped before its first poll, it has left nobody.
                    for _ in 0..20 {
                        anyrt_core::task::yield_now().await;
                    }
                });
            }
        },
    );
}

pub(crate) fn condvar_wait() {
    check_cancel(
        |_| async { (Arc::new(FifoMutex::new(0)), Arc::new(Condvar::new())) },
        |rt, (lock, condition)| async move {
            let other = (lock.clone(), condition.clone());
            drop(anyrt_core::rt::Spawn::spawn(&rt, async move {
                *other.0.lock().await += 1;
                other.1.notify_all();
            }));
            let mut guard = lock.lock().await;
            while *guard == 0 {
                guard = condition.wait(&*lock, guard).await;
            }
        },
        |_, (lock, _)| async move { drop(lock.lock().await) },
    );
}

/// Of two that wait, one is dropped: the notification goes to the other.
pub(crate) fn condvar_wait_while() {
    check_cancel(
        |rt| async move {
            let shared = (Arc::new(FifoMutex::new(0)), Arc::new(Condvar::new()));
            let served = Arc::new(Event::new());
            let ((lock, condition), set) = (shared.clone(), served.clone());
            drop(anyrt_core::rt::Spawn::spawn(&rt, async move {
                let guard = lock.lock().await;
                drop(
                    condition
                        .wait_while(&*lock, guard, |items| *items == 0)
                        .await,
                );
                condition.notify_one();
                set.set();
            }));
            (shared, served)
        },
        |rt, ((lock, condition), _)| async move {
            let other = (lock.clone(), condition.clone());
            drop(anyrt_core::rt::Spawn::spawn(&rt, async move {
                *other.0.lock().await += 1;
                other.1.notify_one();
            }));
            let guard = lock.lock().await;
            drop(
                condition
                    .wait_while(&*lock, guard, |items| *items == 0)
                    .await,
            );
            condition.notify_one();
        },
        |_, ((lock, condition), served)| async move {
            *lock.lock().await += 1;
            condition.notify_one();
            served.wait().await;
        },
    );
}

pub(crate) fn condvar_wait_owned() {
    check_cancel(
        |_| async { (Arc::new(FifoMutex::new(0)), Arc::new(Condvar::new())) },
        |rt, (lock, condition)| async move {
            let other = (lock.clone(), condition.clone());
            drop(anyrt_core::rt::Spawn::spawn(&rt, async move {
                *other.0.lock().await += 1;
                other.1.notify_all();
            }));
            let mut guard = lock.clone().lock_owned().await;
            while *guard == 0 {
                guard = condition.wait_owned(lock.clone(), guard).await;
            }
        },
        |_, (lock, _)| async move { drop(lock.lock().await) },
    );
}

pub(crate) fn condvar_wait_while_owned() {
    check_cancel(
        |_| async { (Arc::new(FifoMutex::new(0)), Arc::new(Condvar::new())) },
        |rt, (lock, condition)| async move {
            let other = (lock.clone(), condition.clone());
            drop(anyrt_core::rt::Spawn::spawn(&rt, async move {
                *other.0.lock().await += 1;
                other.1.notify_all();
            }));
            let guard = lock.clone().lock_owned().await;
            drop(
                condition
                    .wait_while_owned(lock, guard, |items| *items == 0)
                    .await,
            );
        },
        |_, (lock, _)| async move { drop(lock.lock().await) },
    );
}

pub(crate) fn fifo_mutex() {
    check_cancel(
        |rt| async move {
            let lock = Arc::new(FifoMutex::new(0));
            let held = lock.clone().try_lock_owned().unwrap();
            later(&rt, move || drop(held));
            lock
        },
        |_, lock| async move { *lock.lock_owned().await += 1 },
        |_, lock| async move { assert!(*lock.lock().await <= 1) },
    );
}

pub(crate) fn fifo_semaphore() {
    check_cancel(
        |rt| async move {
            let semaphore = Arc::new(FifoSemaphore::new(3).unwrap());
            let held = semaphore.clone().try_acquire_many_owned(2).unwrap();
            later(&rt, move || drop(held));
            semaphore
        },
        |_, semaphore| async move { drop(semaphore.acquire_many_owned(2).await) },
        |_, semaphore| async move {
            // Those behind it go on, and none of its permits is missing.
            drop(semaphore.acquire_many(3).await.unwrap());
            assert_eq!(semaphore.available_permits(), 3);
        },
    );
}

pub(crate) fn once_cell_wait() {
    check_cancel(
        |rt| async move {
            let cell = Arc::new(OnceCell::new());
            let filled = cell.clone();
            later(&rt, move || filled.set(7).unwrap());
            cell
        },
        |_, cell| async move { assert_eq!(*cell.wait().await, 7) },
        |_, cell| async move { assert_eq!(*cell.wait().await, 7) },
    );
}

pub(crate) fn get_or_init() {
    check_cancel(
        |_| async { Arc::new(OnceCell::new()) },
        |rt, cell| async move {
            cell.get_or_init(|| async {
                step(&rt).await;
                7
            })
            .await;
        },
        |_, cell| async move { assert_eq!(*cell.get_or_init(|| async { 7 }).await, 7) },
    );
}

/// Whoever is dropped while it fills the cell leaves the turn to the next.
pub(crate) fn get_or_try_init() {
    check_cancel(
        |rt| async move {
            let cell = Arc::new(OnceCell::new());
            let (other, soon) = (cell.clone(), rt.clone());
            drop(anyrt_core::rt::Spawn::spawn(&rt, async move {
                let failed = other.get_or_try_init(|| async {
                    step(&soon).await;
                    Err("it fails")
                });
                failed.await.ok();
            }));
            cell
        },
        |rt, cell| async move {
            let filled = cell.get_or_try_init(|| async {
                step(&rt).await;
                Ok::<_, &str>(7)
            });
            assert_eq!(filled.await, Ok(&7));
        },
        |_, cell| async move {
            let filled = cell.get_or_try_init(|| async { Ok::<_, &str>(7) });
            assert_eq!(filled.await, Ok(&7));
        },
    );
}

/// A lock with a writer in it, which goes a little later.
fn written(rt: &anyrt_sim::SimRuntime) -> Arc<FifoRwLock<u32>> {
    let lock = Arc::new(FifoRwLock::new(0));
    let held = lock.clone().try_write_owned().unwrap();
    later(rt, move || drop(held));
    lock
}

/// Nobody is left in it, and it lets in whom it should.
async fn free(lock: Arc<FifoRwLock<u32>>) {
    drop(lock.write().await);
    let (one, other) = (lock.read().await, lock.read().await);
    drop((one, other));
    assert!(lock.try_write().is_some());
}

pub(crate) fn rwlock_read() {
    check_cancel(
        |rt| async move { written(&rt) },
        |_, lock| async move { drop(lock.read().await) },
        |_, lock| free(lock),
    );
}

pub(crate) fn rwlock_read_owned() {
    check_cancel(
        |rt| async move { written(&rt) },
        |_, lock| async move { drop(lock.read_owned().await) },
        |_, lock| free(lock),
    );
}

pub(crate) fn rwlock_write() {
    check_cancel(
        |rt| async move { written(&rt) },
        |_, lock| async move { *lock.write().await += 1 },
        |_, lock| free(lock),
    );
}

pub(crate) fn rwlock_write_owned() {
    check_cancel(
        |rt| async move { written(&rt) },
        |_, lock| async move { *lock.write_owned().await += 1 },
        |_, lock| free(lock),
    );
}

/// A writer that waits behind a reader is dropped: the readers behind it go on.
pub(crate) fn rwlock_both() {
    check_cancel(
        |_| async {
            let lock = Arc::new(FifoRwLock::new(0_u32));
            let reader = Arc::new(lock.clone().try_read_owned().unwrap());
            (lock, reader)
        },
        |rt, (lock, _)| async move {
            let behind = lock.clone();
            let reads = anyrt_core::rt::Spawn::spawn(&rt, async move { drop(behind.read().await) });
            anyrt_core::race!(async { drop(lock.write().await) }, async {
                step(&rt).await;
            });
            reads.await.unwrap();
        },
        |_, (lock, _)| async move { drop(lock.read().await) },
    );
}
