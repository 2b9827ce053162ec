//! Tells whoever blocks inside a task, rather than letting the executor run out of threads.

use pin_project_lite::pin_project;
use std::{
    cell::Cell,
    pin::Pin,
    task::{Context, Poll},
};

thread_local! {
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// Marks the thread as busy with a task, or with `block_on`, until dropped.
struct Busy {
    before: bool,
}

impl Busy {
    #[inline]
    fn mark() -> Self {
        Self {
            before: BUSY.replace(true),
        }
    }
}

impl Drop for Busy {
    #[inline]
    fn drop(&mut self) {
        BUSY.set(self.before);
    }
}

/// Runs `block` unless the thread runs a task, or blocks already.
///
/// # Panics
/// If it does: a thread that blocks there is missing to whatever it waits for.
#[track_caller]
pub fn block_unnested<O>(block: impl FnOnce() -> O) -> O {
    assert!(
        !BUSY.get(),
        "`block_on` inside a task, or inside another `block_on`, would block the executor: `.await` instead"
    );
    let _busy = Busy::mark();
    block()
}

/// Calls `run` as a part of a task: with [`block_unnested`] forbidden inside.
#[inline]
pub fn within_task<O>(run: impl FnOnce() -> O) -> O {
    let _busy = Busy::mark();
    run()
}

/// `future`, with [`block_unnested`] forbidden inside.
pub fn unnested<F: Future>(future: F) -> Unnested<F> {
    Unnested { future }
}

pin_project! {
    /// The future of [`unnested`].
    // An `async fn` would hold the future twice: as its argument, and pinned.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Unnested<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Unnested<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        within_task(|| self.project().future.poll(cx))
    }
}
