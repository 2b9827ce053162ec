//! What comes in time.

use crate::retry::AttemptError;
use anyrt_core::{gather::gather, group::TaskError, rt::Runtime, time::wait_until};
use std::{future::Future, time::Duration};

/// Runs all `futures` as tasks, and returns what has come of each once all have ended or `limit` has passed: one
/// `Result` a future, in the order of the input. Those that are late have been dropped by then.
///
/// It is [`gather(..).settled()`](anyrt_core::gather::Gather::settled) with a limit for each. Inside, the
/// context's deadline is no later than that. `None` is no limit.
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
/// None as a whole. That of a slot is a [`TaskError`]: the future's own error, its limit, its panic, or a
/// cancellation.
///
/// # Cancel safety
/// Dropping it aborts every task.
pub fn best_effort<R, I, T, E>(
    rt: &R,
    limit: impl Into<Option<Duration>>,
    futures: I,
) -> impl Future<Output = Vec<Result<T, TaskError<AttemptError<E>>>>> + Send
where
    R: Runtime,
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let rt = rt.clone();
    let limit = limit.into();
    let futures: Vec<_> = futures.into_iter().collect();
    async move {
        let end = limit.map(|limit| rt.now() + limit);
        let limited = futures.into_iter().map(|future| {
            let limited = wait_until(&rt, end, future);
            async move {
                match limited.await {
                    Ok(Ok(output)) => Ok(output),
                    Ok(Err(error)) => Err(AttemptError::Failed(error)),
                    Err(elapsed) => Err(AttemptError::TimedOut(elapsed)),
                }
            }
        });
        gather(&rt, limited).settled().await
    }
}
