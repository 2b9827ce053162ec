//! Pools, resources, workers and lifecycles, on the simulator.

mod app;
mod batch;
mod batch_keys;
mod dropped;
mod hangs;
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
mod stops;
mod told;
mod ugly;
mod waits;
mod workers;
mod zero;

use anyrt_core::rt::Entropy;
use anyrt_sim::{SimRuntime, check};
use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

const SECOND: Duration = Duration::from_secs(1);

/// Between 0 and `most`.
fn draw(rt: &SimRuntime, most: u64) -> u64 {
    rt.random_u64() % (most + 1)
}

/// A count that tasks share.
#[derive(Debug, Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn up(&self) -> usize {
        self.0.fetch_add(1, SeqCst) + 1
    }

    fn get(&self) -> usize {
        self.0.load(SeqCst)
    }

    fn set(&self, to: usize) {
        self.0.store(to, SeqCst);
    }

    /// One more, until it is dropped.
    fn held(&self) -> Held {
        self.up();
        Held(self.clone())
    }
}

#[derive(Debug)]
struct Held(Count);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, SeqCst);
    }
}

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

/// Polls it once, outside of any runtime.
fn polled<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}
