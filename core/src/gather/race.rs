//! The first of them.

use super::child::{start, start_made};
use crate::{
    ConfigError,
    error::check,
    group::{GroupError, Step, TaskError, TaskGroup},
    rt::Runtime,
};
use std::{convert::Infallible, future::Future, panic::Location, time::Duration};

/// Runs all `futures` as tasks, and returns the output that comes first. The others are aborted, and
/// have been dropped, before it returns (*GA-11*). Where futures are to borrow, or a task each is too
/// much: [`join::race`](crate::join::race()), or [`race!`](crate::race!) for a few of different types.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{gather::race, rt::Runtime};
/// # async fn ask(_: &'static str) -> u32 { 1 }
///
/// async fn fastest<R: Runtime>(rt: &R) -> u32 {
///     let answer = race(rt, ["a.example", "b.example"].map(ask)).expect("two are not none");
///     answer.await.expect("asking does not panic")
/// }
/// ```
///
/// # Errors
/// At once a [`ConfigError`] if there are no futures; from the future a [`TaskError`] if the first to
/// end panicked, or the context's token was cancelled.
///
/// # Cancel safety
/// Dropping it aborts every task.
#[track_caller]
pub fn race<R, I, T>(
    rt: &R,
    futures: I,
) -> Result<impl Future<Output = Result<T, TaskError<Infallible>>> + Send + use<R, I, T>, ConfigError>
where
    R: Runtime,
    I: IntoIterator,
    I::Item: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let first = |outcome: Result<&T, &TaskError<Infallible>>| match outcome {
        Ok(_) => Step::Succeed,
        Err(_) => Step::Fail,
    };
    let futures = non_empty(futures)?;
    let futures = futures.into_iter().map(|future| async { Ok(future.await) });
    let group = TaskGroup::builder(rt).name("race").joiner(first);
    let at = Location::caller();
    let futures: Vec<_> = futures.collect();
    Ok(async move {
        let group = group.build_at(at);
        first_of(group, futures, at)
            .await
            .map_err(GroupError::into_first)
    })
}

/// Runs all `futures` as tasks, and returns the first `Ok`. The others are aborted, and have been
/// dropped, before it returns. In the caller's own task: [`join::race_ok`](crate::join::race_ok).
///
/// # Errors
/// At once a [`ConfigError`] if there are no futures; from the future a [`GroupError`] with every
/// failure, if all fail (*GA-11*).
///
/// # Cancel safety
/// Dropping it aborts every task.
#[track_caller]
pub fn race_ok<R, I, T, E>(
    rt: &R,
    futures: I,
) -> Result<impl Future<Output = Result<T, GroupError<E>>> + Send + use<R, I, T, E>, ConfigError>
where
    R: Runtime,
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let futures = non_empty(futures)?;
    let group = TaskGroup::builder(rt).name("race_ok").first();
    let at = Location::caller();
    Ok(async move { first_of(group.build_at(at), futures, at).await })
}

/// Starts an attempt, and another one each time that `after` passes or all so far have failed, up
/// to `attempts`; returns the first `Ok`. The others are aborted, and have been dropped, before it
/// returns. For cutting off a slow tail, where a second request does no harm.
///
/// `attempt` gets the attempt's number, from 1; a panic in it is the failure of that attempt. By that number it is told in
/// errors: `attempt 1`.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{gather::hedge, rt::Runtime};
/// use std::time::Duration;
/// # async fn read(_: u32) -> Result<u32, std::io::Error> { Ok(1) }
///
/// async fn quick<R: Runtime>(rt: &R) -> Option<u32> {
///     let answer = hedge(rt, 3, Duration::from_millis(50), read).expect("3 are not none");
///     answer.await.ok()
/// }
/// ```
///
/// # Errors
/// At once a [`ConfigError`] for 0 attempts; from the future a [`GroupError`] with every failure, if
/// all attempts fail.
///
/// # Cancel safety
/// Dropping it aborts every attempt.
#[track_caller]
pub fn hedge<R, F, Fut, T, E>(
    rt: &R,
    attempts: u32,
    after: Duration,
    mut attempt: F,
) -> Result<impl Future<Output = Result<T, GroupError<E>>> + Send + use<R, F, Fut, T, E>, ConfigError>
where
    R: Runtime,
    F: FnMut(u32) -> Fut + Send,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    check::at_least_one("attempts", attempts)?;
    let group = TaskGroup::builder(rt).name("hedge").first();
    let at = Location::caller();
    let rt = rt.clone();
    Ok(async move {
        let mut group = group.build_at(at);
        for number in 1..=attempts {
            if group.is_cancelled() {
                break;
            }
            let name = format!("attempt {number}").into();
            start_made(&group, Some(name), at, || attempt(number));
            let limit = (number < attempts).then_some(after);
            if let Ok(Some(output)) = rt.timeout(limit, group.next()).await {
                group.ended().await;
                return only(&group, Some(output));
            }
        }
        group.ended().await;
        // One may have come in when nobody waited any more.
        only(&group, None)
    })
}

fn non_empty<I: IntoIterator>(futures: I) -> Result<Vec<I::Item>, ConfigError> {
    let futures: Vec<_> = futures.into_iter().collect();
    check::at_least_one("futures", futures.len())?;
    Ok(futures)
}

async fn first_of<R, F, T, E>(
    mut group: TaskGroup<R, T, E>,
    futures: Vec<F>,
    at: &'static Location<'static>,
) -> Result<T, GroupError<E>>
where
    R: Runtime,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    for future in futures {
        start(&group, None, at, future);
    }
    let first = group.next().await;
    group.ended().await;
    only(&group, first)
}

/// The one output of a group in which all have ended; `first` is what was taken before.
fn only<R, T, E>(group: &TaskGroup<R, T, E>, first: Option<T>) -> Result<T, GroupError<E>>
where
    R: Runtime,
    T: Send + 'static,
    E: Send + 'static,
{
    let output = group.outcome(|outputs| {
        let outputs = outputs.into_iter().map(|(_, output)| output);
        first.into_iter().chain(outputs).next()
    })?;
    // Neither outputs nor failures: the context's token was cancelled.
    output.ok_or_else(|| GroupError::from(group.cancelled(None)))
}
