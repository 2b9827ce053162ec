//! A task and its handle, over any executor.
//!
//! ```text
//!             poll: Ready          ┌─▶ Ok(output)
//!  running ────poll: panic ────────┼─▶ Panicked       each after the future was dropped,
//!             poll after abort ────┼─▶ Cancelled      and the first one stays
//!             dropped by executor ─┘
//! ```

use super::slot::{Slot, drop_quietly};
use crate::{JoinError, error::Panic, rt::JoinHandle};
use pin_project_lite::pin_project;
use std::{
    any::Any,
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

/// Splits a future into what an executor runs and what its owner joins or aborts.
///
/// The executor has to poll the task until it is ready, or drop it.
///
/// ```
/// use anyrt_core::{rt::JoinHandle, task::portable};
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
    let abort = Mutex::new(Abort {
        requested: false,
        task: None,
    });
    let shared = Arc::new(Shared {
        slot: Slot::new(),
        abort,
    });
    (
        PortableTask {
            future: Some(future),
            shared: shared.clone(),
        },
        PortableHandle {
            shared,
            spawned_at: Location::caller(),
        },
    )
}

struct Shared<T> {
    slot: Slot<T>,
    abort: Mutex<Abort>,
}

struct Abort {
    requested: bool,
    /// The task's waker, for an abort to wake.
    task: Option<Waker>,
}

impl<T> Shared<T> {
    /// Whether an abort was requested; if not, a later one wakes `waker`.
    fn is_aborted(&self, waker: &Waker) -> bool {
        let mut abort = self.abort.lock().unwrap_or_else(PoisonError::into_inner);
        if abort.requested {
            return true;
        }
        if !abort
            .task
            .as_ref()
            .is_some_and(|task| task.will_wake(waker))
        {
            let replaced = abort.task.replace(waker.clone());
            drop(abort);
            drop(replaced);
        }
        false
    }

    fn finish(&self, outcome: Result<T, JoinError>) {
        self.slot.finish(outcome);
        // The task's own waker must not outlive it in here, where a handle keeps it.
        let waker = self
            .abort
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .task
            .take();
        drop(waker);
    }

    fn abort(&self) {
        let mut abort = self.abort.lock().unwrap_or_else(PoisonError::into_inner);
        abort.requested = true;
        let task = abort.task.take();
        drop(abort);
        task.into_iter().for_each(Waker::wake);
    }
}

pin_project! {
    /// The executor's half of [`portable`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct PortableTask<F: Future> {
        #[pin]
        future: Option<F>,
        shared: Arc<Shared<F::Output>>,
    }

    impl<F: Future> PinnedDrop for PortableTask<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                let outcome = end(this.future.as_mut(), Err(JoinError::Cancelled));
                this.shared.finish(outcome);
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

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        let outcome = if this.shared.is_aborted(cx.waker()) {
            Err(JoinError::Cancelled)
        } else {
            match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(output)) => Ok(output),
                Err(payload) => Err(panicked(payload)),
            }
        };
        let outcome = end(this.future, outcome);
        this.shared.finish(outcome);
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
    spawned_at: &'static Location<'static>,
}

impl<T> Future for PortableHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.shared.slot.poll_take(cx)
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
    fn drop(&mut self) {
        self.shared.slot.detach();
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
