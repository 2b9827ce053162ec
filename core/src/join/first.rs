//! The first future of a collection: [`race`], [`race_ok`].

use super::{
    all::{debug, engine},
    engine::Engine,
    slots::Fixed,
};
use crate::{ConfigError, error::check};
use std::{
    error::Error,
    fmt,
    future::Future,
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Runs futures concurrently in the caller's task and gives the first output (*GA-24*).
///
/// The losers are dropped before it is returned. All are polled in the first poll, in order,
/// up to the first that is ready. A few of different types: [`race!`](crate::race!). In tasks, which run
/// in parallel: [`gather::race`](crate::gather::race()).
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::join::race;
///
/// # async fn demo() -> Result<(), anyrt::ConfigError> {
/// let mirrors = ["a", "b", "c"];
/// let first = race(mirrors.map(|mirror| async move { mirror.len() }))?.await;
/// assert_eq!(first, 1);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Where there is no future, for nothing would ever come.
///
/// # Panics
/// As soon as a child panics. The siblings are dropped with the [`Race`].
///
/// # Cancel safety
/// Dropping it drops all children.
pub fn race<I>(futures: I) -> Result<Race<I::Item>, ConfigError>
where
    I: IntoIterator<Item: Future>,
{
    let engine = not_empty(engine(futures))?;
    Ok(Race { engine })
}

/// The future of [`race`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Race<F: Future> {
    engine: Engine<Fixed<F>>,
}

impl<F: Future> Future for Race<F> {
    type Output = F::Output;

    /// # Panics
    /// After the end, as most futures do.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let first = ready!(
            self.engine
                .round(cx, |_, output| ControlFlow::Break(output))
        );
        let first = first.expect("a race was polled after its end, or after all children panicked");
        self.engine.clear(Fixed::new([]));
        Poll::Ready(first)
    }
}

/// Runs futures concurrently in the caller's task and gives the first `Ok` (*GA-25*).
///
/// The losers are dropped before it is returned. In tasks, which run in parallel:
/// [`gather::race_ok`](crate::gather::race_ok).
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::join::race_ok;
///
/// # async fn demo() {
/// let numbers = ["one", "2", "three"];
/// let first = race_ok(numbers.map(|n| async move { n.parse::<i32>() })).unwrap().await;
/// assert_eq!(first, Ok(2));
///
/// let failed = race_ok(["x", ""].map(|n| async move { n.parse::<i32>() })).unwrap().await;
/// assert_eq!(
///     failed.unwrap_err().to_string(),
///     "all 2 failed: invalid digit found in string; cannot parse integer from empty string",
/// );
/// # }
/// ```
///
/// # Errors
/// At once where there is no future; with [`AllFailed`] once all have failed.
///
/// # Panics
/// As soon as a child panics. The siblings are dropped with the [`RaceOk`].
///
/// # Cancel safety
/// Dropping it drops all children, and the errors of those that have failed.
pub fn race_ok<I, T, E>(futures: I) -> Result<RaceOk<I::Item>, ConfigError>
where
    I: IntoIterator<Item: Future<Output = Result<T, E>>>,
{
    let engine = not_empty(engine(futures))?;
    Ok(RaceOk { engine })
}

/// The future of [`race_ok`].
#[must_use = "futures do nothing unless they are polled"]
pub struct RaceOk<F: Future> {
    engine: Engine<Fixed<F>>,
}

impl<F, T, E> Future for RaceOk<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, AllFailed<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let engine = &mut self.engine;
        let round = engine.round(cx, |_, output| match output {
            Ok(value) => ControlFlow::Break(value),
            Err(error) => ControlFlow::Continue(Some(Err(error))),
        });
        if let Some(value) = ready!(round) {
            engine.clear(Fixed::new([]));
            return Poll::Ready(Ok(value));
        }
        let errors = engine.slots.take_all().filter_map(Result::err).collect();
        Poll::Ready(Err(AllFailed { errors }))
    }
}

/// The children are in a pinned allocation of their own, and stay there when these are moved.
impl<F: Future> Unpin for Race<F> {}
impl<F: Future> Unpin for RaceOk<F> {}

debug! { Race RaceOk }

fn not_empty<F: Future>(engine: Engine<Fixed<F>>) -> Result<Engine<Fixed<F>>, ConfigError> {
    check::at_least_one("futures", engine.running)?;
    Ok(engine)
}

/// All that took part in a [`race_ok`] failed.
///
/// `{:#}` lists all errors; the source is that of the first input.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AllFailed<E> {
    /// The errors, in input order.
    pub errors: Vec<E>,
}

impl<E: fmt::Display> fmt::Display for AllFailed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "all {} failed", self.errors.len())?;
        let listed = if f.alternate() { &*self.errors } else { &[] };
        for (index, error) in listed.iter().enumerate() {
            let sign = if index == 0 { ":" } else { ";" };
            write!(f, "{sign} {error:#}")?;
        }
        Ok(())
    }
}

impl<E: Error + 'static> Error for AllFailed<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.errors.first().map(|error| error as _)
    }
}
