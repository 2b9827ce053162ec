//! Children that say when they are ready.

use super::{TaskId, error::Cause, shared::Outcome, spawner::Spawner};
use crate::{
    error::Panic,
    rt::Runtime,
    task::drop_quietly,
    waits::{self, Wait},
};
use pin_project_lite::pin_project;
use std::{
    error::Error,
    fmt,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

impl<R: Runtime, T: Send + 'static, E: Send + 'static> Spawner<R, T, E> {
    /// Spawns a child, and waits until it says that it is ready, with a value (*TG-16*).
    ///
    /// What goes wrong before that goes to the starter alone; later it is a failure of the group.
    ///
    /// ```
    /// use anyrt_core::{group::{Ready, Spawner, StartError}, rt::Runtime};
    /// use std::io;
    ///
    /// # async fn bind() -> io::Result<u16> { Ok(80) }
    /// async fn serve(ready: Ready<u16>) -> io::Result<()> {
    ///     let port = bind().await?;
    ///     ready.send(port);
    ///     // … serves until it is cancelled.
    ///     Ok(())
    /// }
    ///
    /// async fn demo<R: Runtime>(group: Spawner<R, (), io::Error>) -> Result<u16, StartError<io::Error>> {
    ///     group.start(serve).await
    /// }
    /// ```
    ///
    /// # Errors
    /// A [`StartError`].
    ///
    /// # Cancel safety
    /// Dropping it before the child is ready aborts the child.
    #[track_caller]
    pub fn start<V, F, Fut>(
        &self,
        child: F,
    ) -> impl Future<Output = Result<V, StartError<E>>> + use<R, T, E, V, F, Fut>
    where
        V: Send + 'static,
        F: FnOnce(Ready<V>) -> Fut,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        let at = Location::caller();
        let spawner = self.clone();
        async move {
            let value = Arc::new(Slot::default());
            let end = Arc::new(Slot::default());
            let child = Starting {
                future: Some(child(Ready {
                    value: value.clone(),
                })),
                readiness: value.clone(),
                end: end.clone(),
            };
            let Some(id) = spawner.spawn_outcome(None, at, child) else {
                return Err(StartError::Refused);
            };
            let mut guard = AbortUnlessReady {
                spawner: &spawner,
                id: Some(id),
            };
            let started = poll_fn(|cx| {
                // The end first: whoever has ended has been ready before, or never will be.
                let end = end.poll(cx);
                let started = match value.poll(cx) {
                    Poll::Ready(value) => Poll::Ready(Ok(value)),
                    Poll::Pending => end.map(Err),
                };
                if started.is_pending() {
                    let wait = || Wait::new("a child to be ready").at(at);
                    waits::pending(&*spawner.shared, wait);
                }
                started
            });
            let started = started.await;
            guard.id = None;
            started
        }
    }
}

/// Says that a child is ready.
#[must_use = "a child that never says so is not started"]
pub struct Ready<V> {
    value: Arc<Slot<V>>,
}

impl<V> Ready<V> {
    /// The child is ready: `value` goes to the starter.
    pub fn send(self, value: V) {
        self.value.fill(value);
    }
}

impl<V> fmt::Debug for Ready<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").finish_non_exhaustive()
    }
}

/// Why a child did not get ready.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError<E> {
    /// The group is closed or cancelled.
    Refused,
    /// It failed first.
    Failed(E),
    /// It panicked first.
    Panicked(Panic),
    /// It was cancelled first.
    Cancelled,
    /// It ended, with an output, and never said so.
    NotReady,
}

impl<E: fmt::Display> fmt::Display for StartError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("the task group is closed or cancelled"),
            Self::Failed(error) => write!(f, "the task failed before it was ready: {error}"),
            Self::Panicked(panic) => {
                write!(
                    f,
                    "the task panicked before it was ready: {}",
                    panic.message()
                )
            }
            Self::Cancelled => f.write_str("the task was cancelled before it was ready"),
            Self::NotReady => f.write_str("the task ended and never said that it was ready"),
        }
    }
}

impl<E: Error + 'static> Error for StartError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => error.source(),
            _ => None,
        }
    }
}

struct AbortUnlessReady<'a, R: Runtime, T: Send + 'static, E: Send + 'static> {
    spawner: &'a Spawner<R, T, E>,
    id: Option<TaskId>,
}

impl<R: Runtime, T: Send + 'static, E: Send + 'static> Drop for AbortUnlessReady<'_, R, T, E> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            waits::gave_up(&*self.spawner.shared);
            self.spawner.abort(id);
        }
    }
}

pin_project! {
    /// A child until it is ready, and after.
    struct Starting<F, V, E> {
        #[pin]
        future: Option<F>,
        readiness: Arc<Slot<V>>,
        end: Arc<Slot<StartError<E>>>,
    }

    impl<F, V, E> PinnedDrop for Starting<F, V, E> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                // The future goes before anybody hears of it; if it panics, the group does, too.
                let _end = Ended(this.end);
                this.future.set(None);
            }
        }
    }
}

/// Tells the starter, at the latest.
struct Ended<'a, E>(&'a Slot<StartError<E>>);

impl<E> Drop for Ended<'_, E> {
    fn drop(&mut self) {
        self.0.fill(StartError::Cancelled);
    }
}

impl<F, V, T, E> Future for Starting<F, V, E>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Outcome<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<T, E>> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut();
        let future = future.expect("a child is not polled after it has ended");
        let ended = match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(ended)) => ended.map_err(Cause::Failed),
            Err(payload) => Err(Cause::Panicked(Panic::new(payload))),
        };
        if this.readiness.was_filled() {
            // From now on a child like any other.
            return Poll::Ready(ended.into());
        }
        let dropped = catch_unwind(AssertUnwindSafe(|| this.future.set(None)));
        let ended = match dropped {
            Ok(()) => ended,
            Err(payload) => {
                drop_quietly(ended);
                Err(Cause::Panicked(Panic::new(payload)))
            }
        };
        Poll::Ready(match ended {
            Ok(output) => {
                this.end.fill(StartError::NotReady);
                Outcome::Output(output)
            }
            Err(cause) => {
                this.end.fill(match cause {
                    Cause::Failed(error) => StartError::Failed(error),
                    Cause::Panicked(panic) => StartError::Panicked(panic),
                    Cause::Cancelled(_) | Cause::TimedOut(_) => StartError::Cancelled,
                });
                Outcome::Nothing
            }
        })
    }
}

/// Something that comes once.
struct Slot<V>(Mutex<SlotState<V>>);

struct SlotState<V> {
    value: Option<V>,
    filled: bool,
    waker: Option<Waker>,
}

impl<V> Default for Slot<V> {
    fn default() -> Self {
        Self(Mutex::new(SlotState {
            value: None,
            filled: false,
            waker: None,
        }))
    }
}

impl<V> Slot<V> {
    fn lock(&self) -> MutexGuard<'_, SlotState<V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn was_filled(&self) -> bool {
        self.lock().filled
    }

    /// The first one stays.
    fn fill(&self, value: V) {
        let mut state = self.lock();
        if state.filled {
            drop(state);
            return drop(value);
        }
        state.filled = true;
        state.value = Some(value);
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<V> {
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if let Some(value) = state.value.take() {
            return Poll::Ready(value);
        }
        let replaced = state.waker.replace(waker);
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}
