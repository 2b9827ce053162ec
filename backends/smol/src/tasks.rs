//! The tasks that wait on an executor, to end each of them before it goes.
//!
//! An executor that is dropped wakes its tasks, and drops those that come to its queue by then. A
//! waker elsewhere may have marked a task as woken, and not have put it there yet: that one would
//! be lost, its future kept and its handle pending for ever. So tasks end by themselves, while
//! there is still a thread to run them.

use pin_project_lite::pin_project;
use slab::Slab;
use std::{
    fmt, mem,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
    task::{Context, Poll, Waker},
};

/// The wakers of an executor's tasks that wait, or have waited.
#[derive(Default)]
pub(crate) struct Tasks {
    /// Written under the lock.
    stopping: AtomicBool,
    waiting: Mutex<Slab<Waker>>,
}

impl Tasks {
    /// `future`, which is ready without a further poll once the tasks are stopped.
    #[inline]
    pub(crate) fn task<F: Future<Output = ()>>(self: &Arc<Self>, future: F) -> Task<F> {
        Task {
            future,
            tasks: self.clone(),
            place: None,
        }
    }

    /// Has each task end, now or with its next poll.
    pub(crate) fn stop(&self) {
        let mut waiting = self.lock();
        self.stopping.store(true, Release);
        let waiting = mem::take(&mut *waiting);
        waiting.into_iter().for_each(|(_, waker)| waker.wake());
    }

    #[inline]
    fn is_stopping(&self) -> bool {
        self.stopping.load(Acquire)
    }

    /// A place for a task that waits, unless they are stopped.
    fn enter(&self, waker: &Waker) -> Option<usize> {
        let waker = waker.clone();
        let mut waiting = self.lock();
        (!self.is_stopping()).then(|| waiting.insert(waker))
    }

    fn leave(&self, place: usize) {
        let waker = self.lock().try_remove(place);
        drop(waker);
    }

    fn lock(&self) -> MutexGuard<'_, Slab<Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks")
            .field("stopping", &self.is_stopping())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`Tasks::task`].
    pub(crate) struct Task<F> {
        #[pin]
        future: F,
        tasks: Arc<Tasks>,
        // Only once it waits: before that it is in the executor's queue, where nobody loses it. The
        // executor has one waker for a task, so that the first is as good as the last.
        place: Option<usize>,
    }

    impl<F> PinnedDrop for Task<F> {
        fn drop(this: Pin<&mut Self>) {
            if let Some(place) = this.place {
                this.tasks.leave(place);
            }
        }
    }
}

impl<F: Future<Output = ()>> Future for Task<F> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.tasks.is_stopping() || this.future.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if this.place.is_none() {
            *this.place = this.tasks.enter(cx.waker());
        }
        match this.place {
            Some(_) => Poll::Pending,
            None => Poll::Ready(()),
        }
    }
}
