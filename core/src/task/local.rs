//! `!Send` tasks on the thread that blocks, on any backend.

use super::{PortableHandle, portable};
use crate::{
    prim::{Mutex, MutexGuard, lock},
    rt::{BlockOn, SpawnLocal},
};
use slab::Slab;
use std::{
    cell::RefCell,
    collections::VecDeque,
    fmt,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::AcqRel},
    },
    task::{Context, Poll, Wake, Waker},
};

/// Runs `body` on the calling thread, with a spawner of `!Send` tasks that run beside it (*LO-1*).
///
/// Tasks that are left when `body` returns are dropped; their handles give
/// [`JoinError::Cancelled`](crate::JoinError::Cancelled).
///
/// # Panics
/// As [`BlockOn::block_on`].
///
/// ```
/// use anyrt_core::{rt::{BlockOn, SpawnLocal}, task::run_local};
/// use std::{cell::Cell, rc::Rc};
///
/// fn count<R: BlockOn>(rt: &R) -> u32 {
///     run_local(rt, |local| async move {
///         let count = Rc::new(Cell::new(0));
///         let task = local.spawn_local({
///             let count = count.clone();
///             async move { count.set(count.get() + 1) }
///         });
///         task.await.unwrap();
///         count.get()
///     })
/// }
/// ```
#[track_caller]
pub fn run_local<R, F, Fut>(rt: &R, body: F) -> Fut::Output
where
    R: BlockOn + ?Sized,
    F: FnOnce(LocalSpawner) -> Fut,
    Fut: Future,
{
    let tasks = Closing(Rc::new(Tasks::default()));
    let spawner = LocalSpawner {
        tasks: tasks.0.clone(),
    };
    rt.block_on(async move {
        let mut body = pin!(body(spawner));
        poll_fn(|cx| {
            tasks.0.ready.watch(cx.waker());
            if let Poll::Ready(output) = body.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            tasks.0.run_ready();
            Poll::Pending
        })
        .await
    })
}

/// Spawns `!Send` tasks within [`run_local`].
#[derive(Clone)]
pub struct LocalSpawner {
    tasks: Rc<Tasks>,
}

impl SpawnLocal for LocalSpawner {
    type LocalHandle<T: 'static> = PortableHandle<T>;

    /// After [`run_local`] has returned, the task is dropped unpolled.
    fn spawn_local<F>(&self, future: F) -> PortableHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (task, handle) = portable(future);
        self.tasks.insert(Box::pin(task));
        handle
    }
}

impl fmt::Debug for LocalSpawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSpawner").finish_non_exhaustive()
    }
}

type BoxedTask = Pin<Box<dyn Future<Output = ()>>>;

struct Task {
    /// `None` while it is being polled, so that it may spawn.
    future: Option<BoxedTask>,
    waker: Arc<TaskWaker>,
}

#[derive(Default)]
struct Tasks {
    ready: Arc<Ready>,
    slots: RefCell<Slab<Task>>,
    closed: std::cell::Cell<bool>,
}

impl Tasks {
    fn insert(&self, future: BoxedTask) {
        if self.closed.get() {
            return;
        }
        let mut slots = self.slots.borrow_mut();
        let slot = slots.vacant_entry();
        let key = slot.key();
        let queued = AtomicBool::new(false);
        let waker = Arc::new(TaskWaker {
            key,
            queued,
            ready: self.ready.clone(),
        });
        slot.insert(Task {
            future: Some(future),
            waker: waker.clone(),
        });
        drop(slots);
        waker.wake();
    }

    /// Polls what is ready now, once; what becomes ready meanwhile waits for the next round, so
    /// that a task that wakes itself starves neither the others nor the thread.
    fn run_ready(&self) {
        for task in self.ready.take() {
            // A swap: it has to see what was written before the wake that it takes back.
            task.queued.swap(false, AcqRel);
            let future = match self.slots.borrow_mut().get_mut(task.key) {
                // A stale wake may name a slot that another task has by now.
                Some(slot) if Arc::ptr_eq(&slot.waker, &task) => slot.future.take(),
                _ => None,
            };
            let Some(mut future) = future else { continue };
            let waker = Waker::from(task.clone());
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
            let mut slots = self.slots.borrow_mut();
            if polled.is_ready() {
                slots.remove(task.key);
            } else {
                slots[task.key].future = Some(future);
            }
        }
    }
}

/// Drops all tasks at the end, which may hold spawners, and with them the tasks, themselves.
struct Closing(Rc<Tasks>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.closed.set(true);
        let slots = self.0.slots.take();
        drop(slots);
        self.0.ready.close();
    }
}

struct TaskWaker {
    key: usize,
    queued: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, AcqRel) {
            let ready = self.ready.clone();
            ready.push(self);
        }
    }
}

/// The tasks that were woken, from any thread, and the waker of the thread that runs them.
#[derive(Default)]
struct Ready(Mutex<Woken>);

#[derive(Default)]
struct Woken {
    tasks: VecDeque<Arc<TaskWaker>>,
    runner: Option<Waker>,
    /// Nobody runs them any more. Tasks that were kept here would keep this alive.
    closed: bool,
}

impl Ready {
    fn lock(&self) -> MutexGuard<'_, Woken> {
        lock(&self.0)
    }

    fn watch(&self, waker: &Waker) {
        let waker = waker.clone();
        let replaced = self.lock().runner.replace(waker);
        drop(replaced);
    }

    fn push(&self, task: Arc<TaskWaker>) {
        let mut woken = self.lock();
        if woken.closed {
            return;
        }
        woken.tasks.push_back(task);
        // Left in place: the runner may be polling, and must poll again.
        let runner = woken.runner.clone();
        drop(woken);
        runner.into_iter().for_each(Waker::wake);
    }

    fn take(&self) -> VecDeque<Arc<TaskWaker>> {
        std::mem::take(&mut self.lock().tasks)
    }

    fn close(&self) {
        let closed = Woken {
            closed: true,
            ..Woken::default()
        };
        let left = std::mem::replace(&mut *self.lock(), closed);
        drop(left);
    }
}
