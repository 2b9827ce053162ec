//! Runtimes to measure on, each with one thread that runs everything.

use std::{sync::Arc, thread};
use tokio::runtime::{Builder, Runtime};

/// tokio's current-thread runtime.
pub fn tokio() -> Runtime {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.expect("tokio starts")
}

/// tokio's multi-thread runtime, with as many workers as there are cores.
pub fn tokio_threads() -> Runtime {
    let runtime = Builder::new_multi_thread().enable_time().build();
    runtime.expect("tokio starts")
}

/// Runs `work` in a task: what a library's code runs in, and not quite what `block_on` gives.
pub fn in_task<F>(runtime: &Runtime, work: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let task = runtime.spawn(work);
    runtime.block_on(task).expect("no operation panics")
}

/// smol's executor, run by a thread of its own: what `anyrt::smol::Smol::with_threads(1)` is.
pub fn smol() -> &'static smol::Executor<'static> {
    let executor = &*Box::leak(Box::new(smol::Executor::new()));
    thread::spawn(|| smol::block_on(executor.run(std::future::pending::<()>())));
    executor
}

/// The process's tokio runtime for operations that need no tasks: all peers run inside it, so that tokio's
/// own primitives count their budget as they do in a program.
pub fn shared() -> Arc<Runtime> {
    Arc::new(tokio())
}

/// Times an operation in the `block_on` of the [shared] runtime.
#[macro_export]
macro_rules! here {
    ($op:expr) => {{
        let runtime = $crate::rig::shared();
        move |n| runtime.block_on($crate::harness::timed($op(n)))
    }};
}
