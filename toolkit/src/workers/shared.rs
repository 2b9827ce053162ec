//! The queue, and those who work on it.
//!
//! Room is counted beside the queue rather than by it, so that a future that finds none comes back
//! as what it was, and not in a box.

use super::{JobHandle, Progress, portable};
use crate::{
    room::{Room, Taken},
    unwind::{All, quietly},
};
use anyrt_core::{
    channel::queue::{Order, Queue, Shutdown},
    sync::Event,
};
use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{
            AtomicU64, AtomicUsize,
            Ordering::{AcqRel, Relaxed},
        },
    },
};

pub(super) type Hook = dyn Fn(Progress) + Send + Sync;

pub(super) struct Job {
    task: Pin<Box<dyn Future<Output = ()> + Send>>,
    room: Taken,
}

pub(super) struct Shared {
    pub(super) queue: Queue<Job>,
    pub(super) room: Room,
    /// No worker is left.
    pub(super) over: Event,
    workers: AtomicUsize,
    hook: Option<Box<Hook>>,
    submitted: AtomicU64,
    running: AtomicU64,
    done: AtomicU64,
}

impl Shared {
    pub(super) fn new(room: Room, workers: usize, hook: Option<Box<Hook>>) -> Self {
        Self {
            queue: Queue::unbounded(Order::fifo()),
            room,
            over: Event::new(),
            workers: AtomicUsize::new(workers),
            hook,
            submitted: AtomicU64::new(0),
            running: AtomicU64::new(0),
            done: AtomicU64::new(0),
        }
    }

    pub(super) fn put<F>(&self, job: F, room: Taken) -> Result<JobHandle<F::Output>, F>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        if self.queue.is_shut_down() {
            return Err(job);
        }
        let (task, handle) = portable(job);
        self.submitted.fetch_add(1, Relaxed);
        let task = Box::pin(task);
        // Shut down since: it is dropped, and its handle says that it was cancelled.
        if self.queue.try_put(Job { task, room }).is_err() {
            self.done.fetch_add(1, Relaxed);
        }
        Ok(handle)
    }

    pub(super) fn shut_down(&self) {
        self.close(Shutdown::Graceful);
    }

    /// In destructors: the panics of wakers are not theirs.
    pub(super) fn abort(&self) {
        quietly(|| self.close(Shutdown::Immediate));
    }

    fn close(&self, how: Shutdown) {
        let mut all = All::default();
        all.call(|| self.room.close());
        all.call(|| self.queue.shutdown(how));
        all.end();
    }

    pub(super) fn progress(&self) -> Progress {
        Progress {
            submitted: self.submitted.load(Relaxed),
            running: self.running.load(Relaxed),
            done: self.done.load(Relaxed),
        }
    }
}

/// Does one job after the other, until the queue is shut down.
pub(super) fn work(shared: Arc<Shared>) -> impl Future<Output = Result<(), Infallible>> + Send {
    // Made now: a worker that is never polled has gone, too.
    let worker = Worker(shared);
    async move {
        let shared = &worker.0;
        while let Ok(job) = shared.queue.get().await {
            let (Job { task, room }, done) = job.into_parts();
            // They wake whoever waits for room, and for the end. That waker's panic is not this job's.
            quietly(|| drop(room));
            let running = Running::new(shared);
            task.await;
            drop(running);
            quietly(|| drop(done));
            if let Some(hook) = &shared.hook {
                let progress = shared.progress();
                quietly(|| hook(progress));
            }
        }
        Ok(())
    }
}

/// A job in hand. An abort ends it, too.
struct Running<'a>(&'a Shared);

impl<'a> Running<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.running.fetch_add(1, Relaxed);
        Self(shared)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Relaxed);
        self.0.done.fetch_add(1, Relaxed);
    }
}

struct Worker(Arc<Shared>);

impl Drop for Worker {
    fn drop(&mut self) {
        if self.0.workers.fetch_sub(1, AcqRel) == 1 {
            // Aborted from outside: nobody will do what is still queued.
            self.0.abort();
            quietly(|| self.0.over.set());
        }
    }
}
