//! An executor with threads of its own.

use crate::{
    guarded::{Guarded, Ours, Outcome},
    waiting::Waiting,
};
use anyrt_async_io::within_task;
use async_executor::{Executor, Task};
use smol::channel::{Receiver, Sender, bounded};
use std::{num::NonZeroUsize, sync::Arc, thread};

/// An executor, and the threads that run it until this value is dropped.
#[derive(Debug)]
pub(crate) struct Owned {
    executor: Arc<Executor<'static>>,
    threads: NonZeroUsize,
    /// Nothing is ever sent: dropping it stops the threads.
    _stop: Sender<()>,
}

impl Owned {
    pub(crate) fn start(threads: NonZeroUsize) -> Self {
        Self::with(threads, Some(Arc::default()))
    }

    /// One that is never dropped.
    pub(crate) fn start_forever(threads: NonZeroUsize) -> Self {
        Self::with(threads, None)
    }

    fn with(threads: NonZeroUsize, waiting: Option<Arc<Waiting>>) -> Self {
        let executor = Arc::new(Executor::new());
        let (stop, stopped) = bounded(1);
        for index in 0..threads.get() {
            let (executor, waiting) = (executor.clone(), waiting.clone());
            let stopped = stopped.clone();
            thread::Builder::new()
                .name(format!("anyrt-smol-{index}"))
                .spawn(move || within_task(|| work(executor, waiting, &stopped)))
                .expect("the operating system starts a thread");
        }
        Self {
            executor,
            threads,
            _stop: stop,
        }
    }

    #[inline]
    pub(crate) fn spawn<F>(&self, future: F) -> Task<Outcome<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.executor.spawn(Guarded::<F, Ours>::new(future))
    }

    pub(crate) fn threads(&self) -> NonZeroUsize {
        self.threads
    }
}

/// The last thread to leave ends the tasks that are left, before it drops the executor.
///
/// Threads are not joined: the last handle may be dropped by a task, on one of them.
fn work(executor: Arc<Executor<'static>>, waiting: Option<Arc<Waiting>>, stopped: &Receiver<()>) {
    if let Some(waiting) = &waiting {
        waiting.clone().is_here();
    }
    // Nothing is ever sent: the error that the sender is gone is the signal.
    smol::block_on(executor.run(stopped.recv())).ok();
    if let (Some(executor), Some(waiting)) = (Arc::into_inner(executor), waiting) {
        waiting.end();
        while !executor.is_empty() {
            smol::block_on(executor.tick());
        }
    }
}
