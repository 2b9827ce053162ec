//! Tasks and blocking work, with a fault.

use super::{Fault, Inside, Mutant, MutantHandle};
use crate::{outcome::Backend, probe};
use anyrt_core::rt::{Spawn, SpawnBlocking};
use std::{
    cell::Cell,
    future::{Future, poll_fn},
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

thread_local! {
    static DROPPING: Cell<bool> = const { Cell::new(false) };
}

/// A task of a mutant, which notes what happens to it.
struct Task<F: Future> {
    /// `None` once it is ready or dropped.
    future: Option<Pin<Box<F>>>,
    /// What it gave as it was spawned.
    early: Option<F::Output>,
    fault: Fault,
    /// Who waits for the handle has come, or nobody has to.
    go: probe::Gate,
    polled: Arc<AtomicBool>,
    dead: Arc<AtomicBool>,
}

impl<F: Future> Future for Task<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.as_mut().get_mut();
        if let Some(output) = this.early.take() {
            return Poll::Ready(output);
        }
        let (lazy, dead) = (this.fault == Fault::SpawnLazy, this.dead.load(SeqCst));
        if dead || lazy && std::pin::pin!(this.go.wait()).poll(cx).is_pending() {
            return Poll::Pending;
        }
        this.polled.store(true, SeqCst);
        let _inside = Inside::enter();
        let future = this.future.as_mut().expect("polled after completion");
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        match polled {
            Ok(polled) => polled,
            Err(payload) => {
                if this.fault == Fault::PanicEndsExecutor {
                    this.dead.store(true, SeqCst);
                }
                resume_unwind(payload)
            }
        }
    }
}

// It pins nothing but the future, which is in a box.
impl<F: Future> Unpin for Task<F> {}

impl<F: Future> Drop for Task<F> {
    fn drop(&mut self) {
        let future = self.future.take();
        let earlier = DROPPING.replace(true);
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(future)));
        DROPPING.set(earlier);
        if let Err(payload) = dropped {
            if self.fault == Fault::DropPanicEndsExecutor {
                self.dead.store(true, SeqCst);
            }
            if !std::thread::panicking() {
                resume_unwind(payload);
            }
        }
    }
}

impl<R: Backend> Spawn for Mutant<R> {
    type JoinHandle<T: Send + 'static> = MutantHandle<T, R::JoinHandle<T>>;

    #[track_caller]
    fn spawn<F>(&self, future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let refuses = match self.fault {
            Fault::SpawnWantsContext => !Inside::is_here(),
            Fault::SpawnInDropPanics => DROPPING.get(),
            _ => false,
        };
        if refuses {
            panic_any(probe::EXPECTED);
        }
        let (go, polled) = (probe::Gate::new(), Arc::new(AtomicBool::new(false)));
        let mut task = Task {
            future: Some(Box::pin(future)),
            early: None,
            fault: self.fault,
            go: go.clone(),
            polled: Arc::clone(&polled),
            dead: Arc::clone(&self.dead),
        };
        if self.fault == Fault::SpawnInline {
            let mut cx = Context::from_waker(Waker::noop());
            if let Poll::Ready(output) = Pin::new(&mut task).poll(&mut cx) {
                task.early = Some(output);
            }
        }
        MutantHandle::of_task(self.inner.spawn(task), self.fault, go, polled)
    }

    #[track_caller]
    fn spawn_detached<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if self.fault == Fault::DetachedLeaks {
            let mut leaked = ManuallyDrop::new(Box::pin(future));
            let task = poll_fn(move |cx| leaked.as_mut().poll(cx));
            return self.inner.spawn_detached(task);
        }
        drop(self.spawn(future));
    }
}

impl<R: Backend> SpawnBlocking for Mutant<R> {
    type BlockingHandle<T: Send + 'static> = MutantHandle<T, R::BlockingHandle<T>>;

    #[track_caller]
    fn spawn_blocking<F, T>(&self, work: F) -> Self::BlockingHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let fault = match self.fault {
            Fault::BlockingAbortIgnored => Fault::AbortIgnored,
            Fault::BlockingAbortTakesOutput => Fault::AbortTakesOutput,
            Fault::BlockingPanicSwallowed => Fault::PanicSwallowed,
            _ => Fault::None,
        };
        let (tell, told) = mpsc::channel();
        let tell = (self.fault == Fault::BlockingDropCancels).then_some(tell);
        let inner = if self.fault == Fault::BlockingInline {
            let output = catch_unwind(AssertUnwindSafe(work));
            let give = move || output.unwrap_or_else(|payload| resume_unwind(payload));
            self.inner.spawn_blocking(give)
        } else {
            let waits = tell.is_some();
            self.inner.spawn_blocking(move || {
                // Whoever keeps the handle and does not poll it has this long.
                let cancelled = waits && told.recv_timeout(Duration::from_millis(50)) == Ok(true);
                match cancelled {
                    true => panic_any(probe::EXPECTED),
                    false => work(),
                }
            })
        };
        MutantHandle::of_work(inner, fault, tell)
    }
}
