//! CPython, bpo-37658 (`asyncio.wait_for`): a result is lost to a limit that it met.
//!
//! The task that was waited for had done its work, a connection was made or an item taken, when its
//! time was up; the caller got the error, and nobody the result. Cancelling what has ended is no
//! cancellation: only after the join is it known which of the two it was.

use crate::{
    bug::{Bug, Symptom, both},
    kit::Shared,
};
use anyrt_core::rt::{JoinHandle, Runtime};
use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

pub(crate) const BUG: Bug = Bug {
    name: "wait_for_loses_result",
    library: "CPython, bpo-37658",
    symptom: Symptom::Violated("taken and not delivered"),
    within: 30,
    run: both!(scenario),
};

async fn wait_for<R, F, const FIXED: bool>(rt: &R, limit: Duration, work: F) -> Option<F::Output>
where
    R: Runtime,
    F: Future<Output: Send> + Send + 'static,
{
    let mut task = rt.spawn(work);
    let mut timer = pin!(rt.sleep(limit));
    let ended = poll_fn(|cx| {
        if timer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut task).poll(cx).map(Some)
    });
    match ended.await {
        Some(ended) => ended.ok(),
        None => {
            task.abort();
            task.await.ok().filter(|_| FIXED)
        }
    }
}

/// What was taken from the queue was delivered.
async fn scenario<R: Runtime, const FIXED: bool>(rt: R) {
    let limit = Duration::from_millis(1);
    let queue = Shared::new(vec![1, 2, 3]);
    let mut delivered = Vec::new();
    for _ in 0..3 {
        let (timer, queue) = (rt.sleep(limit), queue.clone());
        let work = async move {
            timer.await;
            queue.with(Vec::pop)
        };
        delivered.extend(wait_for::<_, _, FIXED>(&rt, limit, work).await);
    }
    let left = queue.with(|queue| queue.len());
    assert_eq!(left + delivered.len(), 3, "taken and not delivered");
}
