//! All futures of a collection: [`join_all`], [`try_join_all`].

use super::{engine::Engine, slots::Fixed};
use std::{
    fmt,
    future::Future,
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Runs futures concurrently in the caller's task and gives their outputs in input order (*GA-20*).
///
/// All are polled in the first poll, in order, and after that only those that were woken; an
/// empty collection is ready at once. N children cost O(N) in whatever pattern they wake
/// (*GA-21*, *GA-22*). It allocates one block for all children, and for more than 30 of them
/// a waker for each that waits.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{join::join_all, rt::Runtime};
/// use std::time::Duration;
///
/// /// Borrows, and spawns nothing.
/// async fn lengths<R: Runtime>(rt: &R, words: &[String]) -> Vec<usize> {
///     join_all(words.iter().map(|word| async move {
///         rt.sleep(Duration::from_millis(1)).await;
///         word.len()
///     }))
///     .await
/// }
/// ```
///
/// # Panics
/// As soon as a child panics. The siblings are dropped with the [`JoinAll`].
///
/// # Cancel safety
/// Dropping it drops all children, and the outputs of those that are finished.
#[inline]
pub fn join_all<I>(futures: I) -> JoinAll<I::Item>
where
    I: IntoIterator<Item: Future>,
{
    let engine = engine(futures);
    JoinAll { engine }
}

#[inline]
pub(super) fn engine<F: Future>(futures: impl IntoIterator<Item = F>) -> Engine<Fixed<F>> {
    let slots = Fixed::new(futures);
    let count = slots.len();
    Engine::fixed(slots, count)
}

/// The future of [`join_all`].
#[must_use = "futures do nothing unless they are polled"]
pub struct JoinAll<F: Future> {
    engine: Engine<Fixed<F>>,
}

impl<F: Future> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let engine = &mut self.engine;
        ready!(engine.round(cx, |_, output| ControlFlow::<(), _>::Continue(Some(output))));
        Poll::Ready(engine.slots.take_all().collect())
    }
}

/// Runs futures concurrently in the caller's task until all are `Ok`, or one is `Err` (*GA-23*).
///
/// The outputs come in input order. With the first error the siblings are dropped, before it is
/// returned. Which of two errors is first: the one whose future was polled first, and the
/// first poll goes in input order. All else is as with [`join_all`].
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::join::try_join_all;
///
/// async fn sum(numbers: &[&str]) -> Result<i32, std::num::ParseIntError> {
///     let numbers = try_join_all(numbers.iter().map(|n| async move { n.parse::<i32>() })).await?;
///     Ok(numbers.iter().sum())
/// }
/// ```
///
/// # Errors
/// With the first error of a child.
///
/// # Panics
/// As soon as a child panics. The siblings are dropped with the [`TryJoinAll`].
///
/// # Cancel safety
/// Dropping it drops all children, and the outputs of those that are finished.
#[inline]
pub fn try_join_all<I, T, E>(futures: I) -> TryJoinAll<I::Item>
where
    I: IntoIterator<Item: Future<Output = Result<T, E>>>,
{
    let engine = engine(futures);
    TryJoinAll { engine }
}

/// The future of [`try_join_all`].
#[must_use = "futures do nothing unless they are polled"]
pub struct TryJoinAll<F: Future> {
    engine: Engine<Fixed<F>>,
}

impl<F, T, E> Future for TryJoinAll<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<Vec<T>, E>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let engine = &mut self.engine;
        let round = engine.round(cx, |_, output| match output {
            Ok(value) => ControlFlow::Continue(Some(Ok(value))),
            Err(error) => ControlFlow::Break(error),
        });
        if let Some(error) = ready!(round) {
            engine.clear(Fixed::new([]));
            return Poll::Ready(Err(error));
        }
        Poll::Ready(engine.slots.take_all().collect())
    }
}

/// The children are in a pinned allocation of their own, and stay there when these are moved.
impl<F: Future> Unpin for JoinAll<F> {}
impl<F: Future> Unpin for TryJoinAll<F> {}

macro_rules! debug {
    ($($name:ident)+) => {$(
        impl<F: Future> fmt::Debug for $name<F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("running", &self.engine.running)
                    .finish_non_exhaustive()
            }
        }
    )+};
}

debug! { JoinAll TryJoinAll }
pub(super) use debug;
