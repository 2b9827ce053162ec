//! All of them.

use super::child::{Progress, reporting, start};
use crate::{
    ConfigError,
    error::check,
    group::{GroupBuilder, GroupError, Step, TaskError, TaskGroup},
    rt::Runtime,
};
use std::{
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Runs all `futures` as tasks, and returns their outputs in the order of the input, whatever the
/// order of completion (*GA-1*).
///
/// The first failure ends it: the others are cancelled, and have been joined before it is returned
/// (*GA-3*). The tasks are spawned at the first poll; with no futures it is ready at once, with an
/// empty list (*GA-2*).
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{gather::gather, group::TaskError, rt::Runtime};
/// # #[derive(Debug)] struct Error;
/// # async fn size(_: &'static str) -> Result<u64, Error> { Ok(1) }
///
/// async fn total<R: Runtime>(rt: &R) -> Result<u64, TaskError<Error>> {
///     let sizes = gather(rt, ["a", "b", "c"].map(size)).await?;
///     Ok(sizes.iter().sum())
/// }
/// ```
///
/// For futures that cannot fail, map them: `async { Ok::<_, Infallible>(future.await) }`.
///
/// # Errors
/// A [`TaskError`]: what the task returned, or its panic; its [`id`](TaskError::id) is its place in
/// the input. Where the context's token was cancelled, that of the first that has no output
/// (*GA-41*).
///
/// The futures are `'static`, since they run as tasks. What borrows goes through
/// [`try_join_all`](crate::join::try_join_all()) or a [`scope`](crate::join::scope()), in the caller's task.
///
/// # Cancel safety
/// Dropping it aborts every task (*GA-6*).
#[track_caller]
pub fn gather<R, I, T, E>(rt: &R, futures: I) -> Gather<R, I::Item, T, E>
where
    R: Runtime,
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let setup = Setup {
        group: TaskGroup::builder(rt).name("gather"),
        futures: futures.into_iter().collect(),
        progress: None,
        called_at: Location::caller(),
    };
    Gather {
        total: setup.futures.len(),
        setup: Some(setup),
        group: None,
    }
}

/// The future of [`gather`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Gather<R: Runtime, F, T: Send + 'static, E: Send + 'static> {
    /// Until the first poll.
    setup: Option<Setup<R, F, T, E>>,
    /// From then on.
    group: Option<TaskGroup<R, T, E>>,
    total: usize,
}

/// The future of [`Gather::settled`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Settled<R: Runtime, F, T: Send + 'static, E: Send + 'static>(Gather<R, F, T, E>);

impl<R, F, T, E> Gather<R, F, T, E>
where
    R: Runtime,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    /// Never ends early: one `Result` a future, in the order of the input. A panic or a lost
    /// executor is that future's error (*GA-4*). What asyncio calls `return_exceptions`.
    ///
    /// # Cancel safety
    /// As of [`gather`].
    pub fn settled(self) -> Settled<R, F, T, E> {
        Settled(self)
    }

    /// Runs at most `tasks` tasks at once, the others as soon as one has ended, in order (*GA-9*).
    ///
    /// # Errors
    /// A [`ConfigError`] for 0 (*GA-8*).
    pub fn limit(mut self, tasks: usize) -> Result<Self, ConfigError> {
        check::at_least_one("limit", tasks)?;
        if let Some(setup) = &mut self.setup {
            setup.group.limit_to(tasks);
        }
        Ok(self)
    }

    /// Rejects an empty list.
    ///
    /// # Errors
    /// A [`ConfigError`] if there are no futures (*GA-2*).
    pub fn non_empty(self) -> Result<Self, ConfigError> {
        check::at_least_one("futures", self.total)?;
        Ok(self)
    }

    /// Calls `report` with how many are done, and of how many, once a completion: 1, 2, … up to the
    /// total, unless a failure ends it (*GA-10*). Where all are [settled](Self::settled), failures
    /// count, too. It is called in the tasks, and should be quick. A panic in it is the failure of
    /// the task that had ended, and ends all (*GA-42*).
    pub fn progress(mut self, mut report: impl FnMut(usize, usize) + Send + 'static) -> Self {
        let total = self.total;
        if let Some(setup) = &mut self.setup {
            setup.progress = Some(Box::new(move |done| report(done, total)));
        }
        self
    }
}

impl<R, F, T, E> Future for Gather<R, F, T, E>
where
    R: Runtime,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    type Output = Result<Vec<T>, TaskError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let group = ready!(self.poll_ended(cx, Step::Fail));
        // Without a failure none is missing: what was cut short or refused is one (*TG-56*).
        let outputs =
            group.outcome(|outputs| outputs.into_iter().map(|(_, output)| output).collect());
        Poll::Ready(outputs.map_err(GroupError::into_first))
    }
}

impl<R, F, T, E> Future for Settled<R, F, T, E>
where
    R: Runtime,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    type Output = Vec<Result<T, TaskError<E>>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let group = ready!(self.0.poll_ended(cx, Step::Continue));
        let (outputs, failures) = group.settled();
        let mut all: Vec<_> = (0..self.0.total).map(|_| None).collect();
        for (index, output) in outputs {
            all[index as usize] = Some(Ok(output));
        }
        // Backwards: of two failures of one task, the first is the one that is told.
        for failure in failures.into_iter().rev() {
            if let Some(id) = failure.id {
                all[id.index() as usize] = Some(Err(failure));
            }
        }
        let all = all.into_iter().enumerate();
        let all = all.map(|(at, result)| result.unwrap_or_else(|| Err(group.cancelled(Some(at)))));
        Poll::Ready(all.collect())
    }
}

struct Setup<R, F, T, E> {
    group: GroupBuilder<R, T, E>,
    futures: Vec<F>,
    progress: Option<Progress>,
    called_at: &'static Location<'static>,
}

// Futures are not pinned before they are spawned.
impl<R: Runtime, F, T: Send + 'static, E: Send + 'static> Unpin for Gather<R, F, T, E> {}
impl<R: Runtime, F, T: Send + 'static, E: Send + 'static> Unpin for Settled<R, F, T, E> {}

impl<R, F, T, E> Gather<R, F, T, E>
where
    R: Runtime,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    /// Starts all at the first poll; gives the group once all have ended.
    fn poll_ended(&mut self, cx: &mut Context<'_>, on_failure: Step) -> Poll<TaskGroup<R, T, E>> {
        if let Some(setup) = self.setup.take() {
            self.group = Some(setup.start(on_failure));
        }
        let group = self
            .group
            .as_mut()
            .expect("polled again after it was ready");
        ready!(group.poll_ended(cx));
        Poll::Ready(self.group.take().expect("it is there"))
    }
}

impl<R, F, T, E> Setup<R, F, T, E>
where
    R: Runtime,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    fn start(self, on_failure: Step) -> TaskGroup<R, T, E> {
        let mut group = self.group;
        if on_failure == Step::Continue {
            group = group.supervisor();
        }
        let group = reporting(group, self.progress, on_failure).build_at(self.called_at);
        for future in self.futures {
            start(&group, None, self.called_at, future);
        }
        group
    }
}

impl<R, F, T, E> fmt::Debug for Gather<R, F, T, E>
where
    R: Runtime,
    T: Send + 'static,
    E: Send + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").finish_non_exhaustive()
    }
}

impl<R, F, T, E> fmt::Debug for Settled<R, F, T, E>
where
    R: Runtime,
    T: Send + 'static,
    E: Send + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settled").finish_non_exhaustive()
    }
}
