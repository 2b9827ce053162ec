//! Runtimes that this crate starts: owned ones, and the process's fallback.

use anyrt_core::ConfigError;
use std::{
    io,
    sync::{Arc, OnceLock},
    thread,
};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::oneshot,
};

/// The runtime of a caller that is in none, for the process's whole life.
///
/// # Panics
/// If the operating system starts no threads.
pub(crate) fn fallback() -> &'static Handle {
    static FALLBACK: OnceLock<Owned> = OnceLock::new();
    let start = || Owned::multi_thread().expect("the process's tokio runtime starts");
    FALLBACK.get_or_init(start).handle()
}

/// A runtime that is shut down when this value is dropped, also on one of its own threads.
#[derive(Debug)]
pub(crate) enum Owned {
    /// `None` only while it is being dropped.
    MultiThread(Option<Runtime>),
    // Dropped in this order, the driving thread is the last to hold the runtime, and may block on
    // its shutdown where a task could not.
    CurrentThread {
        runtime: Arc<Runtime>,
        _stop: oneshot::Sender<()>,
    },
}

impl Owned {
    pub(crate) fn multi_thread() -> Result<Self, ConfigError> {
        let runtime = Builder::new_multi_thread().enable_all().build();
        runtime
            .map(|runtime| Self::MultiThread(Some(runtime)))
            .map_err(no_threads)
    }

    pub(crate) fn current_thread() -> Result<Self, ConfigError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(no_threads)?;
        let runtime = Arc::new(runtime);
        let (stop, stopped) = oneshot::channel::<()>();
        let driven = runtime.clone();
        thread::Builder::new()
            .name("anyrt-tokio".to_owned())
            .spawn(move || drop(driven.block_on(stopped)))
            .map_err(no_threads)?;
        Ok(Self::CurrentThread {
            runtime,
            _stop: stop,
        })
    }

    fn runtime(&self) -> &Runtime {
        match self {
            Self::MultiThread(runtime) => runtime.as_ref().expect("it is there until dropped"),
            Self::CurrentThread { runtime, .. } => runtime,
        }
    }

    pub(crate) fn handle(&self) -> &Handle {
        self.runtime().handle()
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime().block_on(future)
    }
}

fn no_threads(error: io::Error) -> ConfigError {
    ConfigError::new(
        "threads",
        error,
        "threads that the operating system can start",
    )
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Self::MultiThread(runtime) = self {
            // Dropping it as it is would block, and panics inside a task.
            runtime
                .take()
                .into_iter()
                .for_each(Runtime::shutdown_background);
        }
    }
}
