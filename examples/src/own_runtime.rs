//! A backend from outside: a small executor of its own, in one file.
//!
//! To write a backend, answer five questions, and let `anyrt-core` do the rest:
//!
//! | what a runtime has to do | who does it here |
//! |---|---|
//! | run tasks | [`Shared`]: threads that pop woken tasks off a queue |
//! | join, abort, panics | [`portable`], around any executor |
//! | run blocking work | more threads and another queue, with [`portable_blocking`] |
//! | tell the time and wake at a deadline | `std` and `futures-timer`, with [`AlarmTimer`] |
//! | lock, semaphore, channel | [`portable_sync!`](anyrt_core::portable_sync) |
//!
//! Then `anyrt_conformance::suite!` says whether it keeps the contract: see
//! `tests/own_runtime.rs`. It is a teaching aid, complete but not fast: all tasks share one
//! queue, and blocking threads stay until the runtime is gone.

use anyrt_core::{
    Instant,
    rt::{BlockOn, Clock, Entropy, Runtime, Sleep, Spawn, SpawnBlocking},
    task::{PortableBlockingHandle, PortableHandle, portable, portable_blocking},
    time::{Alarm, AlarmTimer},
};
use futures_timer::Delay;
use std::{
    cell::Cell,
    collections::{HashMap, VecDeque},
    fmt,
    num::NonZeroUsize,
    pin::{Pin, pin},
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError, atomic},
    task::{Context, Poll, Wake, Waker},
    thread,
    time::{Duration, SystemTime},
};

/// A runtime, as a value. When its last clone is dropped its tasks are, too, and whoever waits
/// for one gets [`Cancelled`](anyrt_core::JoinError::Cancelled). A task that holds a clone keeps it alive.
#[derive(Debug, Clone)]
pub struct OwnRuntime(Arc<Handle>);

/// What the clones have in common. Threads hold the inner `Arc` only, so that dropping the last
/// clone is noticed although they run.
#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    threads: NonZeroUsize,
}

impl OwnRuntime {
    /// A runtime with so many threads for tasks.
    pub fn new(threads: NonZeroUsize) -> Self {
        let shared = Arc::new(Shared::default());
        for _ in 0..threads.get() {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                IS_WORKER.set(true);
                while let Some(task) = shared.woken.pop() {
                    task.run();
                }
            });
        }
        Self(Arc::new(Handle { shared, threads }))
    }
}

impl Default for OwnRuntime {
    fn default() -> Self {
        Self::new(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }
}

impl Drop for Handle {
    /// Stops the threads and drops the tasks. It does not wait for the threads, since the
    /// last clone may be dropped on one of them.
    fn drop(&mut self) {
        self.shared.woken.close();
        self.shared.blocking.close();
        let tasks = std::mem::take(&mut *lock(&self.shared.tasks));
        tasks.into_values().for_each(|task| task.cancel());
    }
}

// ---- Tasks ---------------------------------------------------------------------------------

#[derive(Debug, Default)]
struct Shared {
    woken: Queue<Arc<Task>>,
    blocking: Queue<Box<dyn FnOnce() + Send>>,
    /// All tasks that have not ended: a waker that is lost must not end a task, and the
    /// runtime's end must find those that wait.
    tasks: Mutex<HashMap<usize, Arc<Task>>>,
}

struct Task {
    /// `None` once it has ended.
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    is_queued: atomic::AtomicBool,
    shared: Arc<Shared>,
}

impl Task {
    fn key(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self).addr()
    }

    fn run(self: &Arc<Self>) {
        // Before the poll: a wake during the poll must queue it again.
        self.is_queued.store(false, atomic::Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(self));
        let mut slot = lock(&self.future);
        let Some(future) = slot.as_mut() else { return };
        if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            *slot = None;
            drop(slot);
            lock(&self.shared.tasks).remove(&self.key());
        } else if { drop(slot); self.shared.woken.is_closed() } {
            // The runtime ended during the poll, and found the future locked.
            self.cancel();
        }
    }

    /// Drops the future, which is how `portable` learns of it, unless a thread is polling it:
    /// that one does it after the poll. It may even be this thread.
    fn cancel(&self) {
        let future = match self.future.try_lock() {
            Ok(mut slot) => slot.take(),
            Err(TryLockError::Poisoned(slot)) => slot.into_inner().take(),
            Err(TryLockError::WouldBlock) => None,
        };
        drop(future);
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if !self.is_queued.swap(true, atomic::Ordering::SeqCst) {
            let shared = Arc::clone(&self.shared);
            shared.woken.push(self);
        }
    }
}

impl Spawn for OwnRuntime {
    type JoinHandle<T: Send + 'static> = PortableHandle<T>;

    fn spawn<F>(&self, future: F) -> PortableHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        // The task is a future without output that never panics; the handle is complete.
        let (task, handle) = portable(future);
        let shared = Arc::clone(&self.0.shared);
        let future = Mutex::new(Some(Box::pin(task) as _));
        let task = Arc::new(Task { future, is_queued: false.into(), shared });
        lock(&self.0.shared.tasks).insert(task.key(), Arc::clone(&task));
        task.wake();
        handle
    }
}

// ---- Blocking work -------------------------------------------------------------------------

impl SpawnBlocking for OwnRuntime {
    type BlockingHandle<T: Send + 'static> = PortableBlockingHandle<T>;

    fn spawn_blocking<F, T>(&self, work: F) -> PortableBlockingHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (work, handle) = portable_blocking(work);
        if self.0.shared.blocking.push(Box::new(work)) {
            let shared = Arc::clone(&self.0.shared);
            thread::spawn(move || while let Some(work) = shared.blocking.pop() { work() });
        }
        handle
    }
}

// ---- Time ----------------------------------------------------------------------------------

impl Clock for OwnRuntime {
    fn now(&self) -> Instant {
        now()
    }

    fn wall_time(&self) -> SystemTime {
        SystemTime::now()
    }
}

fn now() -> Instant {
    static ORIGIN: OnceLock<std::time::Instant> = OnceLock::new();
    Instant::ORIGIN + ORIGIN.get_or_init(std::time::Instant::now).elapsed()
}

impl Sleep for OwnRuntime {
    type Timer = AlarmTimer<DelayAlarm>;

    fn sleep_until(&self, deadline: Instant) -> Self::Timer {
        let alarm = DelayAlarm { delay: Delay::new(until(deadline)), deadline };
        AlarmTimer::new(alarm, now(), deadline)
    }
}

/// Wakes at a deadline; [`AlarmTimer`] makes a whole timer of it.
#[derive(Debug)]
pub struct DelayAlarm {
    delay: Delay,
    deadline: Instant,
}

/// What `Delay` can be asked for: it adds up, so that 500 years would overflow.
fn until(deadline: Instant) -> Duration {
    (deadline - now()).min(Duration::from_hours(24))
}

impl Alarm for DelayAlarm {
    fn set(mut self: Pin<&mut Self>, deadline: Instant) {
        self.deadline = deadline;
        self.delay.reset(until(deadline));
    }

    fn poll_fired(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        while Pin::new(&mut self.delay).poll(cx).is_ready() {
            if now() >= self.deadline {
                return Poll::Ready(());
            }
            let rest = until(self.deadline);
            self.delay.reset(rest);
        }
        Poll::Pending
    }
}

// ---- The way in, and the rest --------------------------------------------------------------

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Wakes a thread that blocks. The flag is its own: a `block_on` within may eat the unpark.
struct Unpark(thread::Thread, atomic::AtomicBool);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.1.store(true, atomic::Ordering::SeqCst);
        self.0.unpark();
    }
}

impl BlockOn for OwnRuntime {
    /// Inside a task it panics: were all threads to block, nobody would run what they wait for.
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        assert!(!IS_WORKER.get(), "`block_on` inside a task of an `OwnRuntime`: use `.await`");
        let unpark = Arc::new(Unpark(thread::current(), false.into()));
        let waker = Waker::from(Arc::clone(&unpark));
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
            while !unpark.1.swap(false, atomic::Ordering::SeqCst) {
                thread::park();
            }
        }
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
        self.0.threads
    }

    fn name(&self) -> &'static str {
        "own"
    }
}

// ---- A queue that threads wait at ----------------------------------------------------------

struct Queue<T>(Mutex<State<T>>, Condvar);

struct State<T> {
    items: VecDeque<T>,
    is_closed: bool,
    waiting: usize,
}

impl<T> Queue<T> {
    /// Adds an item, and says whether there are too few threads for those that are in.
    fn push(&self, item: T) -> bool {
        let mut state = lock(&self.0);
        if state.is_closed {
            drop(state); // Before `item`, whose destructor may come back here.
            return false;
        }
        state.items.push_back(item);
        self.1.notify_one();
        state.items.len() > state.waiting
    }

    /// Waits for an item; `None` once the queue is closed.
    fn pop(&self) -> Option<T> {
        let mut state = lock(&self.0);
        state.waiting += 1;
        let idle = |state: &mut State<T>| state.items.is_empty() && !state.is_closed;
        state = self.1.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state.items.pop_front()
    }

    fn close(&self) {
        let mut state = lock(&self.0);
        state.is_closed = true;
        let items = std::mem::take(&mut state.items);
        drop(state);
        drop(items);
        self.1.notify_all();
    }

    fn is_closed(&self) -> bool {
        lock(&self.0).is_closed
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let state = State { items: VecDeque::new(), is_closed: false, waiting: 0 };
        Self(Mutex::new(state), Condvar::new())
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("len", &lock(&self.0).items.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").finish_non_exhaustive()
    }
}

/// Locks; a panic under one of these locks leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
