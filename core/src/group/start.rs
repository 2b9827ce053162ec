//! Children that say when they are ready.

use super::{TaskId, error::Cause, print::CANCELLED, shared::Outcome, spawner::Spawner};
use crate::{
    channel::oneshot,
    error::{Panic, write_with},
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
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

impl<R: Runtime, T: Send + 'static, E: Send + 'static> Spawner<R, T, E> {
    /// Spawns a child, and waits until it says that it is ready, with a value (*TG-16*).
    ///
    /// What goes wrong before that goes to the starter alone; later it is a failure of the group.
    ///
    /// ```
    /// # extern crate anyrt_core as anyrt;
    /// use anyrt::{group::{Ready, Spawner, StartError}, rt::Runtime};
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
            let told = Arc::new(AtomicBool::new(false));
            let (value, mut is_ready) = oneshot::channel();
            let (end, mut has_ended) = oneshot::channel();
            let ready = Ready {
                told: told.clone(),
                value,
            };
            let child = Starting {
                future: Some(child(ready)),
                told,
                end: Some(end),
            };
            let Some(id) = spawner.spawn_outcome(None, at, child) else {
                return Err(StartError::Refused);
            };
            let mut guard = AbortUnlessReady {
                spawner: &spawner,
                id: Some(id),
            };
            // One of them tells; the other may be closed before.
            let wait = || Wait::new("a child to be ready").at(at);
            let started = poll_fn(|cx| {
                waits::instead(&*spawner.shared, wait, || {
                    if let Poll::Ready(Ok(value)) = Pin::new(&mut is_ready).poll(cx) {
                        return Poll::Ready(Ok(value));
                    }
                    match Pin::new(&mut has_ended).poll(cx) {
                        Poll::Ready(Ok(error)) => Poll::Ready(Err(error)),
                        _ => Poll::Pending,
                    }
                })
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
    told: Arc<AtomicBool>,
    value: oneshot::Sender<V>,
}

impl<V> Ready<V> {
    /// The child is ready: `value` goes to the starter.
    pub fn send(self, value: V) {
        if !self.told.swap(true, Relaxed) {
            // A starter that has given up has aborted the child.
            self.value.send(value).ok();
        }
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
    /// It returned without reporting that it is ready.
    NotReady,
}

impl<E: fmt::Display> fmt::Display for StartError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("the task group is closed or cancelled"),
            Self::Failed(error) => write_with(f, "the task failed before it was ready", error),
            Self::Panicked(panic) => {
                write!(
                    f,
                    "the task panicked before it was ready: {}",
                    panic.message()
                )
            }
            Self::Cancelled => f.write_str("the task never got ready"),
            Self::NotReady => f.write_str("the task ended and never said that it was ready"),
        }
    }
}

impl<E: Error + 'static> Error for StartError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Cancelled => Some(&CANCELLED),
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
    struct Starting<F, E> {
        #[pin]
        future: Option<F>,
        // Whether the starter is told, by the child that is ready or by its end: the first one says, so that
        // an error is either the starter's or the group's. Messages have locks of their own.
        told: Arc<AtomicBool>,
        end: Option<oneshot::Sender<StartError<E>>>,
    }

    impl<F, E> PinnedDrop for Starting<F, E> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                // The future goes before anybody hears of it; if it panics, the group does, too.
                let _end = Lost(this.told, this.end);
                this.future.set(None);
            }
        }
    }
}

/// Tells the starter, at the latest.
struct Lost<'a, E>(
    &'a AtomicBool,
    &'a mut Option<oneshot::Sender<StartError<E>>>,
);

impl<E> Drop for Lost<'_, E> {
    fn drop(&mut self) {
        if !self.0.swap(true, Relaxed)
            && let Some(end) = self.1.take()
        {
            end.send(StartError::Cancelled).ok();
        }
    }
}

impl<F, T, E> Future for Starting<F, E>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Outcome<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<T, E>> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut();
        let future = future.expect("a child is not polled after it has ended");
        let mut ended = match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(ended)) => ended.map_err(Cause::Failed),
            Err(payload) => Err(Cause::Panicked(Panic::new(payload))),
        };
        if this.told.load(Relaxed) {
            // Since then a child like any other.
            return Poll::Ready(ended.into());
        }
        let dropped = catch_unwind(AssertUnwindSafe(|| this.future.set(None)));
        if let Err(payload) = dropped {
            drop_quietly(ended);
            ended = Err(Cause::Panicked(Panic::new(payload)));
        }
        // Its destructors may have said that it is ready.
        if this.told.swap(true, Relaxed) {
            return Poll::Ready(ended.into());
        }
        let (error, outcome) = match ended {
            Ok(output) => (StartError::NotReady, Outcome::Output(output)),
            Err(Cause::Failed(error)) => (StartError::Failed(error), Outcome::Nothing),
            Err(Cause::Panicked(panic)) => (StartError::Panicked(panic), Outcome::Nothing),
            Err(Cause::Cancelled(_) | Cause::TimedOut(_)) => {
                (StartError::Cancelled, Outcome::Nothing)
            }
        };
        if let Some(end) = this.end.take() {
            end.send(error).ok();
        }
        Poll::Ready(outcome)
    }
}
