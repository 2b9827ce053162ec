//! Futures whose panic is a value.

use anyrt_core::error::Panic;
use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
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
