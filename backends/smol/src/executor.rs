//! An executor with threads of its own.

use async_executor::Executor;
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
        let executor = Arc::new(Executor::new());
        let (stop, stopped) = bounded(1);
        for index in 0..threads.get() {
            let (executor, stopped) = (executor.clone(), stopped.clone());
            thread::Builder::new()
                .name(format!("anyrt-smol-{index}"))
                .spawn(move || work(&executor, &stopped))
                .expect("the operating system starts a thread");
        }
        Self {
            executor,
            threads,
            _stop: stop,
        }
    }

    pub(crate) fn executor(&self) -> &Executor<'static> {
        &self.executor
    }

    pub(crate) fn threads(&self) -> NonZeroUsize {
        self.threads
    }
}

/// The last thread to leave drops the executor, and with it the tasks that are left.
///
/// Threads are not joined: the last handle may be dropped by a task, on one of them.
fn work(executor: &Executor<'static>, stopped: &Receiver<()>) {
    // Nothing is ever sent: the error that the sender is gone is the signal.
    smol::block_on(executor.run(stopped.recv())).ok();
}
