//! An executor with threads of its own.

use crate::tasks::Tasks;
use async_executor::Executor;
use smol::channel::{Receiver, Sender, bounded};
use std::{num::NonZeroUsize, sync::Arc, thread};

/// An executor, and the threads that run it until this value is dropped.
#[derive(Debug)]
pub(crate) struct Owned {
    executor: Arc<Executor<'static>>,
    tasks: Arc<Tasks>,
    threads: NonZeroUsize,
    /// Nothing is ever sent: dropping it stops the threads.
    _stop: Sender<()>,
}

impl Owned {
    pub(crate) fn start(threads: NonZeroUsize) -> Self {
        let executor = Arc::new(Executor::new());
        let tasks = Arc::<Tasks>::default();
        let (stop, stopped) = bounded(1);
        for index in 0..threads.get() {
            let (executor, tasks) = (executor.clone(), tasks.clone());
            let stopped = stopped.clone();
            thread::Builder::new()
                .name(format!("anyrt-smol-{index}"))
                .spawn(move || work(executor, &tasks, &stopped))
                .expect("the operating system starts a thread");
        }
        Self {
            executor,
            tasks,
            threads,
            _stop: stop,
        }
    }

    /// Runs `task` until it is ready, or the executor goes.
    #[inline]
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.executor.spawn(self.tasks.task(task)).detach();
    }

    /// Runs `task` on an executor that never goes.
    #[inline]
    pub(crate) fn spawn_forever(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.executor.spawn(task).detach();
    }

    pub(crate) fn threads(&self) -> NonZeroUsize {
        self.threads
    }
}

/// The last thread to leave ends the tasks that are left, before it drops the executor.
///
/// Threads are not joined: the last handle may be dropped by a task, on one of them.
fn work(executor: Arc<Executor<'static>>, tasks: &Tasks, stopped: &Receiver<()>) {
    // Nothing is ever sent: the error that the sender is gone is the signal.
    smol::block_on(executor.run(stopped.recv())).ok();
    if let Some(executor) = Arc::into_inner(executor) {
        tasks.stop();
        while !executor.is_empty() {
            smol::block_on(executor.tick());
        }
    }
}
