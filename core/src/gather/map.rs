//! One task per item, with a limit on how many run at once.

use super::child::{Progress, reporting, start_made, start_raised};
use crate::{
    ConfigError,
    error::check,
    group::{Step, TaskError, TaskGroup},
    rt::Runtime,
};
use futures_core::Stream;
use pin_project_lite::pin_project;
use std::{
    collections::BTreeMap,
    fmt,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

/// Runs `work` on each item in a task of its own, as many at once as the runtime runs in parallel,
/// unless [`limit`](MapConcurrent::limit) says otherwise.
///
/// Items are taken only as tasks can be started, so the iterator may be endless. Outputs come as
/// they are completed, through [`next`](MapConcurrent::next) or as a `Stream`; in the order of the
/// items with [`ordered`](MapConcurrent::ordered) or [`collect`](MapConcurrent::collect). What has
/// been started goes on while the caller handles an output (*GA-9*).
///
/// The first failure cancels the rest, and is the last that comes, once the others are gone. A panic
/// of the iterator or of `work` is a failure, too (*GA-42*).
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{gather::map_concurrent, group::TaskError, rt::Runtime};
/// use std::io;
/// # async fn size(file: String) -> io::Result<u64> { Ok(1) }
///
/// async fn largest<R: Runtime>(rt: &R, files: Vec<String>) -> Result<u64, TaskError<io::Error>> {
///     let mut sizes = map_concurrent(rt, files, size).limit(8).expect("8 are not 0");
///     let mut largest = 0;
///     while let Some(size) = sizes.next().await {
///         largest = largest.max(size?);
///     }
///     Ok(largest)
/// }
/// ```
///
/// A failure's [`id`](TaskError::id) is its item's place among the items, from 0. It is `None` where
/// the context's token was cancelled, which is the failure of no item.
///
/// # Cancel safety
/// Dropping it aborts every task. `next` can be dropped and called again.
#[track_caller]
pub fn map_concurrent<R, I, F, Fut, T, E>(
    rt: &R,
    items: I,
    work: F,
) -> MapConcurrent<R, Iter<I::IntoIter>, F, T, E>
where
    R: Runtime,
    I: IntoIterator,
    F: FnMut(I::Item) -> Fut,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    map_concurrent_stream(rt, Iter(items.into_iter()), work)
}

/// [`map_concurrent`] over a stream. An output that is there is not kept back by an item that is not.
///
/// # Cancel safety
/// Dropping it aborts every task, and drops the stream.
#[track_caller]
pub fn map_concurrent_stream<R, S, F, Fut, T, E>(
    rt: &R,
    items: S,
    work: F,
) -> MapConcurrent<R, S, F, T, E>
where
    R: Runtime,
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    MapConcurrent {
        items: Some(items),
        work,
        limit: rt.parallelism().get(),
        outstanding: 0,
        ordered: None,
        place: None,
        called_at: Location::caller(),
        state: State::Idle {
            rt: rt.clone(),
            progress: None,
        },
    }
}

/// An iterator, as a stream.
#[derive(Debug)]
pub struct Iter<I>(I);

// Nothing in here is pinned.
impl<I> Unpin for Iter<I> {}

impl<I: Iterator> Stream for Iter<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Poll::Ready(self.0.next())
    }
}

enum State<R: Runtime, T: Send + 'static, E: Send + 'static> {
    Idle { rt: R, progress: Option<Progress> },
    Running(TaskGroup<R, T, E>),
    Done,
}

pin_project! {
    /// The outputs of [`map_concurrent`].
    #[must_use = "nothing is started unless it is polled"]
    pub struct MapConcurrent<R, S, F, T, E>
    where
        R: Runtime,
        T: Send,
        T: 'static,
        E: Send,
        E: 'static,
    {
        #[pin]
        items: Option<S>,
        work: F,
        limit: usize,
        // Started, and not handed out yet.
        outstanding: usize,
        ordered: Option<Ordered<T>>,
        place: Option<u64>,
        called_at: &'static Location<'static>,
        state: State<R, T, E>,
    }

    impl<R, S, F, T, E> PinnedDrop for MapConcurrent<R, S, F, T, E>
    where
        R: Runtime,
        T: Send,
        T: 'static,
        E: Send,
        E: 'static,
    {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let State::Running(group) = this.state {
                group.leave(*this.place);
            }
        }
    }
}

/// Outputs that came before their turn.
struct Ordered<T> {
    early: BTreeMap<u64, T>,
    turn: u64,
}

impl<R, S, F, Fut, T, E> MapConcurrent<R, S, F, T, E>
where
    R: Runtime,
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    /// Runs at most `tasks` tasks at once; outputs that nobody has taken yet count, too.
    ///
    /// # Errors
    /// A [`ConfigError`] for 0 (*GA-8*).
    pub fn limit(mut self, tasks: usize) -> Result<Self, ConfigError> {
        check::at_least_one("limit", tasks)?;
        self.limit = tasks;
        Ok(self)
    }

    /// Hands outputs out in the order of their items.
    pub fn ordered(mut self) -> Self {
        self.ordered = Some(Ordered {
            early: BTreeMap::new(),
            turn: 0,
        });
        self
    }

    /// Calls `report` with how many are done: 1, 2, … (*GA-10*). It is called in the tasks, and
    /// should be quick.
    pub fn progress(mut self, report: impl FnMut(usize) + Send + 'static) -> Self {
        if let State::Idle { progress, .. } = &mut self.state {
            *progress = Some(Box::new(report));
        }
        self
    }

    /// The next output; after the last one, and after a failure, `None`.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> impl Future<Output = Option<Result<T, TaskError<E>>>>
    where
        S: Unpin,
    {
        poll_fn(|cx| Pin::new(&mut *self).poll_output(cx))
    }

    /// All outputs, in the order of the items.
    ///
    /// # Errors
    /// The first failure; the other tasks have been joined.
    ///
    /// # Cancel safety
    /// Dropping it aborts every task.
    pub fn collect(self) -> impl Future<Output = Result<Vec<T>, TaskError<E>>> {
        async move {
            let mut outputs = Vec::new();
            let mut this = pin!(self.ordered());
            while let Some(output) = poll_fn(|cx| this.as_mut().poll_output(cx)).await {
                outputs.push(output?);
            }
            Ok(outputs)
        }
    }

    fn poll_output(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<T, TaskError<E>>>> {
        let mut this = self.project();
        if let State::Idle { rt, progress } = &mut *this.state {
            let group = reporting(
                TaskGroup::builder(rt).name("map_concurrent"),
                progress.take(),
                Step::Fail,
            );
            let group = group.build_at(this.called_at);
            *this.state = State::Running(group);
        }
        let State::Running(group) = &mut *this.state else {
            return Poll::Ready(None);
        };
        while *this.outstanding < *this.limit
            && !group.is_cancelled()
            && let Some(items) = this.items.as_mut().as_pin_mut()
        {
            match catch_unwind(AssertUnwindSafe(|| items.poll_next(cx))) {
                Ok(Poll::Ready(Some(item))) => {
                    start_made(group, None, this.called_at, || (this.work)(item));
                    *this.outstanding += 1;
                }
                Ok(Poll::Pending) => break,
                ended => {
                    let dropped = catch_unwind(AssertUnwindSafe(|| this.items.set(None)));
                    if let Err(payload) = ended.and(dropped) {
                        start_raised(group, None, this.called_at, payload);
                        *this.outstanding += 1;
                    }
                }
            }
        }
        loop {
            if let Some(ordered) = &mut this.ordered
                && let Some(output) = ordered.early.remove(&ordered.turn)
            {
                ordered.turn += 1;
                *this.outstanding -= 1;
                return Poll::Ready(Some(Ok(output)));
            }
            match (ready!(group.poll_next(cx, this.place)), &mut this.ordered) {
                (Some((index, output)), Some(ordered)) => {
                    ordered.early.insert(index, output);
                }
                (Some((_, output)), None) => {
                    *this.outstanding -= 1;
                    return Poll::Ready(Some(Ok(output)));
                }
                (None, _) => break,
            }
        }
        if this.items.is_some() {
            // It waits for an item. Nobody is live whose end would tell of a cancellation.
            group.watch(cx.waker());
            if !group.is_cancelled() {
                return Poll::Pending;
            }
        }
        ready!(group.poll_ended(cx));
        let missing = this.items.is_some() || *this.outstanding > 0;
        let failure = match group.outcome(|_| ()) {
            Err(error) => Some(error.into_first()),
            // Without a failure, what is missing means that the context's token was cancelled.
            // That is nobody's own failure, so nobody is named.
            Ok(()) => missing.then(|| group.cancelled(None)),
        };
        *this.state = State::Done;
        Poll::Ready(failure.map(Err))
    }
}

impl<R, S, F, Fut, T, E> Stream for MapConcurrent<R, S, F, T, E>
where
    R: Runtime,
    S: Stream,
    F: FnMut(S::Item) -> Fut,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    type Item = Result<T, TaskError<E>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_output(cx)
    }
}

impl<R, S, F, T, E> fmt::Debug for MapConcurrent<R, S, F, T, E>
where
    R: Runtime,
    T: Send + 'static,
    E: Send + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapConcurrent")
            .field("limit", &self.limit)
            .field("outstanding", &self.outstanding)
            .finish_non_exhaustive()
    }
}
