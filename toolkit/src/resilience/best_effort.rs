//! What comes in time.

use crate::retry::AttemptError;
use anyrt_core::{
    Elapsed,
    gather::gather,
    group::{Cause, TaskError},
    rt::Runtime,
    time::wait_until,
};
use std::{
    future::Future,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// Runs all `futures` as tasks, and returns what has come of each once all have ended or `limit` has passed: one
/// `Result` a future, in the order of the input (*DE-5*). Those that are late have been dropped by then.
///
/// It is [`gather(..).settled()`](anyrt_core::gather::Gather::settled) with a limit for each. Inside, the
/// context's deadline is no later than that. `None` is no limit; zero is time for what is ready at its first poll.
///
/// ```
/// use anyrt::rt::Runtime;
/// use anyrt::resilience::best_effort;
/// use std::{io, time::Duration};
///
/// # async fn offers(_: &'static str) -> io::Result<Vec<u32>> { Ok(vec![3, 5]) }
/// /// The best offer of whoever answers within a second.
/// async fn best_offer<R: Runtime>(rt: &R, shops: Vec<&'static str>) -> Option<u32> {
///     let answers = best_effort(rt, Duration::from_secs(1), shops.into_iter().map(offers));
///     answers.await.into_iter().flatten().flatten().min()
/// }
/// # anyrt::sim::check(3, |rt| async move {
/// #     assert_eq!(best_offer(&rt, vec!["a", "b"]).await, Some(3));
/// # });
/// ```
///
/// # Errors
/// None as a whole. That of a slot is a [`TaskError`], which names the place of this call: the future's own error,
/// [`Cause::TimedOut`] with the limit and the time since the first poll, its panic, or a cancellation.
///
/// # Cancel safety
/// Dropping it aborts every task.
#[track_caller]
pub fn best_effort<R, I, T, E>(
    rt: &R,
    limit: impl Into<Option<Duration>>,
    futures: I,
) -> impl Future<Output = Vec<Result<T, TaskError<E>>>> + Send
where
    R: Runtime,
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let limit = limit.into();
    // From the first poll on; and the tasks' place is the caller's, not one in a future.
    let began = Arc::new(OnceLock::new());
    let limited: Vec<_> = futures
        .into_iter()
        .map(|future| {
            let (rt, began) = (rt.clone(), began.clone());
            async move {
                let began = *began.get_or_init(|| rt.now());
                let end = limit.map(|limit| began + limit);
                match wait_until(&rt, end, future).await {
                    Ok(Ok(output)) => Ok(output),
                    Ok(Err(error)) => Err(AttemptError::Failed(error)),
                    // Of the call, where the task's own begins later.
                    Err(Elapsed {
                        operation,
                        limit: rest,
                        ..
                    }) => {
                        let limit = limit.unwrap_or(rest);
                        let elapsed = Elapsed::new(operation, limit, rt.now() - began);
                        Err(AttemptError::TimedOut(elapsed))
                    }
                }
            }
        })
        .collect();
    let all = gather(rt, limited).settled();
    let rt = rt.clone();
    async move {
        began.get_or_init(|| rt.now());
        let results = all.await.into_iter();
        results
            .map(|result| result.map_err(|failure| failure.map_cause(own)))
            .collect()
    }
}

fn own<E>(cause: Cause<AttemptError<E>>) -> Cause<E> {
    match cause {
        Cause::Failed(AttemptError::Failed(error)) => Cause::Failed(error),
        Cause::Failed(AttemptError::TimedOut(elapsed)) | Cause::TimedOut(elapsed) => {
            Cause::TimedOut(elapsed)
        }
        Cause::Panicked(panic) => Cause::Panicked(panic),
        Cause::Cancelled(reason) => Cause::Cancelled(reason),
        _ => Cause::Cancelled(None),
    }
}
