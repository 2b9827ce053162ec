//! Runtimes that this crate starts: owned ones, and the process's fallback.

use anyrt_core::ConfigError;
use std::{
    future::pending,
    io,
    sync::{
        Arc, OnceLock,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
    thread,
};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::oneshot,
    task::AbortHandle,
};

/// The runtime of a caller that is in none, for the process's whole life.
///
/// # Panics
/// If the operating system starts no threads.
pub(crate) fn fallback() -> &'static Handle {
    static FALLBACK: OnceLock<Owned> = OnceLock::new();
    let start = || Owned::multi_thread().expect("the process's tokio runtime starts");
    FALLBACK.get_or_init(start).home().handle()
}

/// A runtime that timers belong to, and whether it goes on: they may outlive it.
#[derive(Debug, Clone)]
pub(crate) struct Home(Arc<Watch>);

#[derive(Debug)]
struct Watch {
    handle: Handle,
    ended: Arc<AtomicBool>,
    task: AbortHandle,
}

impl Home {
    /// Leaves a task in the runtime, which is dropped before the timers are shut down.
    pub(crate) fn new(handle: Handle) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let ends = Ends(ended.clone());
        let task = handle.spawn(async move {
            let _ends = ends;
            pending::<()>().await;
        });
        let task = task.abort_handle();
        Self(Arc::new(Watch {
            handle,
            ended,
            task,
        }))
    }

    #[inline]
    pub(crate) fn is_running(&self) -> bool {
        !self.0.ended.load(Acquire)
    }

    #[inline]
    pub(crate) fn handle(&self) -> &Handle {
        &self.0.handle
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Ends(Arc<AtomicBool>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.store(true, Release);
    }
}

/// A runtime that is shut down when this value is dropped, also on one of its own threads.
#[derive(Debug)]
pub(crate) struct Owned {
    home: Home,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
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
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(no_threads)?;
        let home = Home::new(runtime.handle().clone());
        Ok(Self {
            home,
            kind: Kind::MultiThread(Some(runtime)),
        })
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
            .spawn(move || {
                // Nothing is ever sent: the error that the sender is gone is the signal.
                driven.block_on(stopped).ok();
            })
            .map_err(no_threads)?;
        let home = Home::new(runtime.handle().clone());
        Ok(Self {
            home,
            kind: Kind::CurrentThread {
                runtime,
                _stop: stop,
            },
        })
    }

    fn runtime(&self) -> &Runtime {
        match &self.kind {
            Kind::MultiThread(runtime) => runtime.as_ref().expect("it is there until dropped"),
            Kind::CurrentThread { runtime, .. } => runtime,
        }
    }

    #[inline]
    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    #[track_caller]
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
        if let Kind::MultiThread(runtime) = &mut self.kind {
            // Dropping it as it is would block, and panics inside a task.
            runtime
                .take()
                .into_iter()
                .for_each(Runtime::shutdown_background);
        }
    }
}
