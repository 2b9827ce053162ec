//! Not being cancelled for a while.

use crate::{
    context::{self, TaskState},
    waits::{self, Wait},
};
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Lets `future` finish: a cancellation from outside takes effect after it (*TG-14*).
///
/// Inside, the [context's](crate::context::Context) token is a fresh one and its deadline is none,
/// so an outer token and an outer deadline are not seen; one that is set inside acts as usual.
/// The abort of a child of a [`TaskGroup`](crate::group::TaskGroup) waits until the shield is over. A shield is
/// that of the task which polled it last: handed over half way, it holds off the abort of the other one.
/// What no shield holds off is the drop of the future itself, which is how `timeout`, `wait_for`, `race!`,
/// a plain task's `abort` and `wait_for_task` end what they give up. What has to finish under one of those
/// belongs into a child of a group that outlives it.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::cancel::shield;
///
/// # async fn begin() {}
/// # async fn commit() {}
/// # async fn demo() {
/// begin().await;
/// shield(commit()).await;
/// # }
/// ```
///
/// # Cancel safety
/// As safe as `future`.
#[track_caller]
pub fn shield<F: Future>(future: F) -> Shield<F> {
    Shield {
        inner: Some(future),
        state: None,
        place: Location::caller(),
    }
}

pin_project! {
    /// The future of [`shield`](shield()).
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Shield<F> {
        #[pin]
        inner: Option<F>,
        // Made at the first poll, when the task is known.
        state: Option<Shielded>,
        place: &'static Location<'static>,
    }

    impl<F> PinnedDrop for Shield<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(shielded) = this.state {
                context::within(&mut shielded.0, || this.inner.set(None));
            }
        }
    }
}

impl<F: Future> Future for Shield<F> {
    type Output = F::Output;

    /// # Panics
    /// Like any future, when polled again after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let shielded = this.state.get_or_insert_with(Shielded::begin);
        shielded.0.follow();
        let mut inner = this.inner;
        let polled = context::within(&mut shielded.0, || {
            let polled = inner.as_mut().as_pin_mut();
            let polled = polled
                .expect("a shield was polled again after it was ready")
                .poll(cx);
            if polled.is_ready() {
                inner.set(None);
            }
            polled
        });
        if polled.is_pending() {
            let wait = || Wait::new("what is shielded from a cancellation").at(this.place);
            waits::pending(shielded.0.shields(), wait);
        }
        let output = ready!(polled);
        *this.state = None;
        Poll::Ready(output)
    }
}

/// What is inside; it counts as a shield of the task that polls it until dropped.
#[derive(Debug)]
struct Shielded(TaskState);

impl Shielded {
    fn begin() -> Self {
        let inside = context::shielded();
        inside.enter();
        Self(inside)
    }
}

impl Drop for Shielded {
    fn drop(&mut self) {
        waits::gave_up(self.0.shields());
        self.0.leave();
    }
}

impl<F> fmt::Debug for Shield<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shield").finish_non_exhaustive()
    }
}
