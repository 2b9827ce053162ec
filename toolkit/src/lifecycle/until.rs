//! Work that is given up once something else is ready.

use anyrt_core::error::Panic;
use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

/// The limit was first. The work has been dropped, which may have panicked.
pub(super) struct Late(pub(super) Option<Panic>);

/// `work`'s output, unless `limit` is first.
pub(super) async fn until<F: Future>(work: F, limit: impl Future) -> Result<F::Output, Late> {
    let (mut work, mut limit) = (pin!(Some(work)), pin!(limit));
    let output = poll_fn(|cx| {
        let running = work.as_mut().as_pin_mut();
        match running.expect("it is there until it has ended").poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => limit.as_mut().poll(cx).map(|_| None),
        }
    })
    .await;
    let dropped = catch_unwind(AssertUnwindSafe(|| work.set(None)));
    output.ok_or_else(|| Late(dropped.err().map(Panic::new)))
}
