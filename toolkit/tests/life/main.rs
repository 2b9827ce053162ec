//! Pools, resources, workers and lifecycles, on the simulator.

mod app;
mod batch;
mod batch_keys;
mod dropped;
mod entered;
mod gives_up;
mod hangs;
#[path = "../kit/mod.rs"]
mod kit;
mod loud;
mod names;
mod numbers;
mod outputs;
mod owners;
mod periodic;
mod pool;
mod pool_ages;
mod pool_model;
mod pool_naive;
mod requests;
mod resource;
mod settings;
mod stops;
mod told;
mod ugly;
mod waits;
mod workers;
mod zero;

use anyrt_sim::{SimRuntime, check};
use kit::{Count, Held, SECOND, draw, polled};
use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{Arc, Mutex},
    task::Poll,
};

/// Polls it now, and says whether it was ready.
async fn is_ready_now<F: Future>(future: Pin<&mut F>) -> bool {
    let mut future = future;
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
}

/// Gives `future` up in place of the poll that comes after so many.
async fn up_to_polls<F: Future>(polls: u64, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

/// What `body` leaves of a runtime that is gone.
fn left_by<T, Fut>(body: impl Fn(SimRuntime) -> Fut + Sync) -> T
where
    T: Send + Sync + 'static,
    Fut: Future<Output = T> + Send + 'static,
{
    let left = Arc::new(Mutex::new(None));
    check(1, |rt| {
        let (left, body) = (left.clone(), body(rt));
        async move {
            let output = body.await;
            *left.lock().unwrap() = Some(output);
        }
    });
    left.lock().unwrap().take().unwrap()
}
