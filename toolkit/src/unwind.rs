//! Futures whose panic is a value, and calls whose panic is nobody's.

use anyrt_core::error::Panic;
use std::{
    any::Any,
    future::{Future, poll_fn},
    mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    task::Poll,
};

/// The future's output, or its panic, also one of its destructor. It has been dropped by then.
pub(crate) async fn catch<F: Future>(future: F) -> Result<F::Output, Panic> {
    let mut future = pin!(Some(future));
    let outcome = poll_fn(|cx| {
        let running = future.as_mut().as_pin_mut();
        let running = running.expect("it is there until it has ended");
        match catch_unwind(AssertUnwindSafe(|| running.poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(payload) => Poll::Ready(Err(Panic::new(payload))),
        }
    })
    .await;
    match catch_unwind(AssertUnwindSafe(|| future.set(None))) {
        Ok(()) => outcome,
        Err(payload) => outcome.and(Err(Panic::new(payload))),
    }
}

/// Calls the code of others where its panic is not to unwind: who calls has more to do, or had no part in it.
/// Says whether it panicked.
pub(crate) fn quietly(call: impl FnOnce()) -> bool {
    let Err(payload) = catch_unwind(AssertUnwindSafe(call)) else {
        return false;
    };
    // A payload whose own destructor panics would start over.
    mem::forget(payload);
    true
}

/// Calls that are all made, whichever of them panic; the first panic goes on [at the end](Self::end).
#[derive(Debug, Default)]
#[must_use = "the panic goes on at its `end`"]
pub(crate) struct All {
    panic: Option<Box<dyn Any + Send>>,
}

impl All {
    pub(crate) fn call(&mut self, call: impl FnOnce()) {
        match catch_unwind(AssertUnwindSafe(call)) {
            Err(payload) if self.panic.is_none() => self.panic = Some(payload),
            // As in `quietly`.
            Err(payload) => mem::forget(payload),
            Ok(()) => {}
        }
    }

    pub(crate) fn end(self) {
        if let Some(payload) = self.panic {
            resume_unwind(payload);
        }
    }
}
