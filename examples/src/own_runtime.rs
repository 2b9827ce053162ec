//! A backend from outside: an executor that is none of the three, in one short file.
//!
//! To write a backend, answer five questions, and leave the rest to `anyrt-core`:
//!
//! | what a runtime has to do | who does it here |
//! |---|---|
//! | run tasks | threads that take woken tasks off a queue, and `async-task` for the wakers |
//! | join them, abort them, catch their panics | [`portable`], around any executor |
//! | run blocking work | a thread per call, with [`portable_blocking`] |
//! | tell the time, wake at a deadline | `std` and `futures-timer`, with [`AlarmTimer`] |
//! | lock, semaphore, channel | [`portable_sync!`](anyrt_core::portable_sync) |
//!
//! Then `anyrt_conformance::suite!` says whether it keeps the contract: see
//! `tests/own_runtime.rs`. This one does, but it is not fast: all threads share one queue,
//! and each blocking call starts a thread.

use anyrt_core::{
    Instant,
    rt::{BlockOn, Clock, Entropy, Runtime, Sleep, Spawn, SpawnBlocking},
    task::{PortableBlockingHandle, PortableHandle, portable, portable_blocking},
    time::{Alarm, AlarmTimer},
};
use async_task::{Runnable, Task};
use futures_timer::Delay;
use slab::Slab;
use std::{
    num::NonZeroUsize,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc},
    task::{Context, Poll, Waker},
    thread,
};

/// A runtime, as a value: `Clone + Send + Sync + 'static`.
///
/// When its last clone is dropped its tasks are, too, and whoever waits for one gets
/// [`Cancelled`](anyrt_core::JoinError::Cancelled). A task that holds a clone keeps it alive.
#[derive(Debug, Clone)]
pub struct OwnRuntime(Arc<Shared>);

/// What the clones share. Threads and tasks do not hold it, or it would never be dropped.
#[derive(Debug)]
struct Shared {
    woken: mpsc::Sender<Runnable>,
    tasks: Arc<Mutex<Tasks>>,
}

/// All tasks that have not ended, so that the runtime's end finds those that wait: an
/// `async_task::Task` cancels when it is dropped.
type Tasks = Slab<Task<()>>;

impl Default for OwnRuntime {
    /// A runtime with a thread for tasks for each that the machine has.
    fn default() -> Self {
        let (woken, queue) = mpsc::channel::<Runnable>();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..thread::available_parallelism().map_or(1, NonZeroUsize::get) {
            let queue = Arc::clone(&queue);
            // It ends once the runtime and all its tasks, which have a sender each, are gone.
            thread::spawn(move || {
                IS_WORKER.set(true);
                // One of the threads waits for the queue, the others for the lock.
                for runnable in std::iter::from_fn(|| lock(&queue).recv().ok()) {
                    runnable.run();
                }
            });
        }
        let tasks = Arc::default();
        Self(Arc::new(Shared { woken, tasks }))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The lock is free again when they are dropped: their destructors may come back here.
        let left = std::mem::take(&mut *lock(&self.tasks));
        drop(left);
    }
}

impl Spawn for OwnRuntime {
    type JoinHandle<T: Send + 'static> = PortableHandle<T>;

    fn spawn<F: Future<Output: Send + 'static> + Send + 'static>(
        &self,
        future: F,
    ) -> PortableHandle<F::Output> {
        // What is left for an executor has no output and never panics: it is to be polled
        // until it is ready, or dropped. The handle is complete.
        let (task, handle) = portable(future);
        let (woken, tasks) = (self.0.woken.clone(), Arc::clone(&self.0.tasks));
        let mut all = lock(&self.0.tasks);
        let key = all.vacant_key();
        let ended = async move {
            task.await;
            let this = lock(&tasks).try_remove(key);
            this.into_iter().for_each(Task::detach);
        };
        // Where the threads are gone the task is dropped, which cancels it.
        let (runnable, task) = async_task::spawn(ended, move |task| drop(woken.send(task)));
        all.insert(task);
        drop(all);
        runnable.schedule();
        handle
    }
}

impl SpawnBlocking for OwnRuntime {
    type BlockingHandle<T: Send + 'static> = PortableBlockingHandle<T>;

    fn spawn_blocking<F: FnOnce() -> T + Send + 'static, T: Send + 'static>(
        &self,
        work: F,
    ) -> PortableBlockingHandle<T> {
        let (work, handle) = portable_blocking(work);
        thread::spawn(work);
        handle
    }
}

impl Clock for OwnRuntime {
    fn now(&self) -> Instant {
        now()
    }

    fn wall_time(&self) -> std::time::SystemTime {
        std::time::SystemTime::now()
    }
}

/// One origin for the process, so that all clones read the same clock.
fn now() -> Instant {
    static ORIGIN: OnceLock<std::time::Instant> = OnceLock::new();
    Instant::ORIGIN + ORIGIN.get_or_init(std::time::Instant::now).elapsed()
}

impl Sleep for OwnRuntime {
    type Timer = AlarmTimer<DelayAlarm>;

    fn sleep_until(&self, deadline: Instant) -> Self::Timer {
        let delay = Delay::new(deadline - now());
        AlarmTimer::new(DelayAlarm { delay, deadline })
    }
}

/// Wakes at a deadline; [`AlarmTimer`] makes a whole timer of it.
#[derive(Debug)]
pub struct DelayAlarm {
    delay: Delay,
    deadline: Instant,
}

impl Alarm for DelayAlarm {
    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn set(mut self: Pin<&mut Self>, deadline: Instant) {
        self.deadline = deadline;
        self.delay.reset(deadline - now());
    }

    fn poll_fired(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // A delay that is over already takes a turn of its own thread to say so.
        if now() >= self.deadline {
            return Poll::Ready(());
        }
        Pin::new(&mut self.delay).poll(cx)
    }
}

impl Drop for DelayAlarm {
    /// `futures-timer` forgets a timer in its own time; our waker must be gone at once.
    fn drop(&mut self) {
        let _ = Pin::new(&mut self.delay).poll(&mut Context::from_waker(Waker::noop()));
    }
}

/// Locks; a panic under one of these locks leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

thread_local! {
    static IS_WORKER: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

impl BlockOn for OwnRuntime {
    /// Inside a task it panics: if all threads blocked, nobody would run what they wait for.
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        assert!(!IS_WORKER.get(), "`block_on` inside a task: use `.await`");
        pollster::block_on(future)
    }
}

impl Entropy for OwnRuntime {
    fn random_u64(&self) -> u64 {
        fastrand::u64(..)
    }
}

impl Runtime for OwnRuntime {
    anyrt_core::portable_sync!();

    fn parallelism(&self) -> NonZeroUsize {
        thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
    }

    fn name(&self) -> &'static str {
        "own"
    }
}
