//! A task that nobody joins, over any executor.

use super::slot::{drop_quietly, quietly};
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

/// What an executor runs for [`spawn_detached`](crate::rt::Spawn::spawn_detached): `future`, which neither
/// unwinds into the executor nor has a destructor that does (*SP-16*). It allocates nothing.
///
/// The executor has to poll it until it is ready, or drop it.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::task::portable_detached;
/// use std::task::{Context, Waker};
/// # use std::future::Future;
///
/// let task = portable_detached(async { panic!("lost, but for what the panic hook prints") });
/// let mut cx = Context::from_waker(Waker::noop());
/// assert!(Box::pin(task).as_mut().poll(&mut cx).is_ready());
/// ```
#[inline]
pub fn portable_detached<F: Future<Output = ()>>(future: F) -> PortableDetached<F> {
    PortableDetached {
        future: Some(future),
    }
}

pin_project! {
    /// The future of [`portable_detached`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct PortableDetached<F> {
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for PortableDetached<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut future = this.project().future;
            if future.is_some() {
                quietly(|| future.set(None));
            }
        }
    }
}

impl<F: Future<Output = ()>> Future for PortableDetached<F> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut future = self.project().future;
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let ended = match future.as_mut().as_pin_mut() {
                Some(future) => future.poll(cx).is_ready(),
                None => return Poll::Ready(()),
            };
            if !ended {
                return Poll::Pending;
            }
            // In here: an executor may not survive a destructor that panics.
            future.set(None);
            Poll::Ready(())
        }));
        polled.unwrap_or_else(|payload| {
            drop_quietly(payload);
            quietly(|| future.set(None));
            Poll::Ready(())
        })
    }
}

impl<F> fmt::Debug for PortableDetached<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let finished = self.future.is_none();
        f.debug_struct("PortableDetached")
            .field("finished", &finished)
            .finish_non_exhaustive()
    }
}
