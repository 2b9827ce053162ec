//! A task and its handle, over any executor.
//!
//! ```text
//!             poll: Ready          ┌─▶ Ok(output)
//!  running ────poll: panic ────────┼─▶ Panicked       each after the future was dropped,
//!             poll after abort ────┼─▶ Cancelled      and the first one stays
//!             dropped by executor ─┘
//! ```

use super::slot::{Left, Slot, drop_quietly};
use crate::{JoinError, error::Panic, prim::wake, rt::JoinHandle};
use pin_project_lite::pin_project;
use std::{
    any::Any,
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
    task::{Context, Poll},
};

/// Splits a future into what an executor runs and what its owner joins or aborts.
///
/// The executor has to poll the task until it is ready, or drop it.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{rt::JoinHandle, task::portable};
/// use std::{pin::Pin, task::{Context, Poll, Waker}};
///
/// let (task, mut handle) = portable(async { 42 });
/// // The executor's side; a real one keeps polling until the task is ready.
/// let mut cx = Context::from_waker(Waker::noop());
/// assert!(Box::pin(task).as_mut().poll(&mut cx).is_ready());
/// // The owner's side.
/// assert!(handle.is_finished());
/// assert!(matches!(Pin::new(&mut handle).poll(&mut cx), Poll::Ready(Ok(42))));
/// # use std::future::Future;
/// ```
#[track_caller]
pub fn portable<F: Future>(future: F) -> (PortableTask<F>, PortableHandle<F::Output>) {
    let shared = Arc::new(Shared {
        aborted: AtomicBool::new(false),
        slot: Slot::new(),
    });
    (
        PortableTask {
            future: Some(future),
            shared: shared.clone(),
            left: Left::NOTHING,
        },
        PortableHandle {
            shared,
            left: Left::NOTHING,
            spawned_at: Location::caller(),
        },
    )
}

struct Shared<T> {
    /// Set before the task's waker is taken, so that whoever leaves one too late sees it.
    aborted: AtomicBool,
    slot: Slot<T>,
}

impl<T> Shared<T> {
    #[inline]
    fn is_aborted(&self) -> bool {
        self.aborted.load(Acquire)
    }

    fn abort(&self) {
        self.aborted.store(true, Release);
        wake(self.slot.task_waker());
    }
}

pin_project! {
    /// The executor's half of [`portable`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct PortableTask<F: Future> {
        #[pin]
        future: Option<F>,
        shared: Arc<Shared<F::Output>>,
        left: Left,
    }

    impl<F: Future> PinnedDrop for PortableTask<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                let outcome = end(this.future.as_mut(), Err(JoinError::Cancelled));
                this.shared.slot.finish(outcome);
            }
        }
    }
}

/// Drops the future, before anybody can see the outcome. A destructor that panics is a
/// panic of the task, but for one that comes after another: the first one is reported.
fn end<F: Future>(
    mut future: Pin<&mut Option<F>>,
    outcome: Result<F::Output, JoinError>,
) -> Result<F::Output, JoinError> {
    match (catch_unwind(AssertUnwindSafe(|| future.set(None))), outcome) {
        (Err(payload), Err(first @ JoinError::Panicked(_))) => {
            drop_quietly(payload);
            Err(first)
        }
        (Err(payload), superseded) => {
            drop_quietly(superseded);
            Err(panicked(payload))
        }
        (Ok(()), outcome) => outcome,
    }
}

fn panicked(payload: Box<dyn Any + Send>) -> JoinError {
    JoinError::Panicked(Panic::new(payload))
}

impl<F: Future> Future for PortableTask<F> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let (mut future, slot) = (this.future, &this.shared.slot);
        if future.is_none() {
            return Poll::Ready(());
        }
        let mut output = None;
        let aborted = this.shared.is_aborted();
        let polled = match aborted {
            true => Ok(()),
            false => catch_unwind(AssertUnwindSafe(|| {
                if let Some(running) = future.as_mut().as_pin_mut()
                    && let Poll::Ready(ended) = running.poll(cx)
                {
                    output = Some(ended);
                    future.set(None);
                }
            })),
        };
        slot.finish(match (polled, output) {
            (Ok(()), Some(output)) => Ok(output),
            (Ok(()), None) => {
                // Not before: a task that is ready at its first poll leaves no waker.
                if !(aborted || slot.watch(this.left, cx.waker()) && this.shared.is_aborted()) {
                    return Poll::Pending;
                }
                end(future, Err(JoinError::Cancelled))
            }
            (Err(payload), None) => end(future, Err(panicked(payload))),
            // It panicked as it was dropped.
            (Err(payload), Some(superseded)) => {
                drop_quietly(superseded);
                Err(panicked(payload))
            }
        });
        Poll::Ready(())
    }
}

impl<F: Future> fmt::Debug for PortableTask<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let finished = self.future.is_none();
        f.debug_struct("PortableTask")
            .field("finished", &finished)
            .finish_non_exhaustive()
    }
}

/// The owner's half of [`portable`]: a [`JoinHandle`] that keeps the contract.
#[must_use = "a dropped handle detaches its task; `drop(..)` it to say so"]
pub struct PortableHandle<T> {
    shared: Arc<Shared<T>>,
    left: Left,
    spawned_at: &'static Location<'static>,
}

impl<T> Future for PortableHandle<T> {
    type Output = Result<T, JoinError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { shared, left, .. } = &mut *self;
        // The task has mostly let go of it by then: nothing to be locked.
        if shared.slot.is_finished()
            && let Some(alone) = Arc::get_mut(shared)
        {
            return Poll::Ready(alone.slot.take(left));
        }
        shared.slot.poll_take(left, cx)
    }
}

impl<T> JoinHandle<T> for PortableHandle<T> {
    fn abort(&self) {
        self.shared.abort();
    }

    fn is_finished(&self) -> bool {
        self.shared.slot.is_finished()
    }
}

impl<T> Drop for PortableHandle<T> {
    #[inline]
    fn drop(&mut self) {
        self.shared.slot.detach(self.left);
    }
}

impl<T> fmt::Debug for PortableHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let finished = self.is_finished();
        f.debug_struct("PortableHandle")
            .field("spawned_at", &format_args!("{}", self.spawned_at))
            .field("finished", &finished)
            .finish_non_exhaustive()
    }
}
