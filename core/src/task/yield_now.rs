//! Letting others run.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// Lets the executor run other tasks: pending exactly once, and wakes itself (*SP-8*).
///
/// # Cancel safety
/// Safe: drop it to cancel it.
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are polled"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
