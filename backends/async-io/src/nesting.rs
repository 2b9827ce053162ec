//! Tells whoever blocks inside a task, rather than letting the executor run out of threads.

use std::{cell::Cell, future::poll_fn, pin::pin};

thread_local! {
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// Marks the thread as busy with a task, or with `block_on`, until dropped.
struct Busy {
    before: bool,
}

impl Busy {
    fn mark() -> Self {
        Self {
            before: BUSY.replace(true),
        }
    }
}

impl Drop for Busy {
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

/// `future`, with [`block_unnested`] forbidden inside.
pub async fn unnested<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let _busy = Busy::mark();
        future.as_mut().poll(cx)
    })
    .await
}
