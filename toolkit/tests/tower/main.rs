//! Layers on the simulator, under services that insist on `poll_ready`; and all of them on smol.

#[macro_use]
#[path = "../../../backends/sim/tests/cancel/table.rs"]
mod table;

mod calls;
mod cancel;
#[path = "../kit/mod.rs"]
mod kit;
mod limits;
mod stack;

use anyrt_core::rt::Sleep;
use anyrt_sim::SimRuntime;
use kit::{MS, at, poll_once as poll};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};
use tower::Service;

table! {
    "tower/breaker.rs" { "BreakerResponse" => cancel::breaker }
    "tower/response.rs" { "ResponseFuture" => limits::dropped_at_any_point }
    "tower/retry.rs" { "RetryResponse" => cancel::retry }
    "tower/timeout.rs" { "TimeoutResponse" => cancel::timeout }
}

/// Takes a while, and does not forgive a call without `poll_ready`. Gives how many calls there were.
#[derive(Debug, Clone)]
struct Strict {
    rt: SimRuntime,
    time: Duration,
    /// So many calls fail.
    failures: usize,
    shared: Arc<Shared>,
    ready: Ready,
}

#[derive(Debug, Default)]
struct Shared {
    calls: AtomicUsize,
    running: AtomicUsize,
    most: AtomicUsize,
}

/// Not that of a clone.
#[derive(Debug, Default)]
struct Ready(bool);

impl Clone for Ready {
    fn clone(&self) -> Self {
        Self(false)
    }
}

impl Strict {
    fn new(rt: &SimRuntime, time: Duration) -> Self {
        Self {
            rt: rt.clone(),
            time,
            failures: 0,
            shared: Arc::default(),
            ready: Ready(false),
        }
    }

    fn failing(mut self, failures: usize) -> Self {
        self.failures = failures;
        self
    }

    fn calls(&self) -> usize {
        self.shared.calls.load(SeqCst)
    }
}

struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, SeqCst);
    }
}

type Response<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl Service<u32> for Strict {
    type Response = usize;
    type Error = String;
    type Future = Response<usize, String>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), String>> {
        self.ready.0 = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: u32) -> Self::Future {
        assert!(self.ready.0, "it was called before it was ready");
        self.ready.0 = false;
        let shared = self.shared.clone();
        let calls = shared.calls.fetch_add(1, SeqCst) + 1;
        let fails = calls <= self.failures;
        let sleep = self.rt.sleep(self.time);
        Box::pin(async move {
            let running = shared.running.fetch_add(1, SeqCst) + 1;
            shared.most.fetch_max(running, SeqCst);
            let _running = Running(shared);
            sleep.await;
            match fails {
                true => Err(format!("request {request} failed")),
                false => Ok(calls),
            }
        })
    }
}

fn cx() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// Whether a service is ready now.
fn is_ready<Q, S: Service<Q>>(service: &mut S) -> bool
where
    S::Error: std::fmt::Debug,
{
    match service.poll_ready(&mut cx()) {
        Poll::Ready(ready) => ready.is_ok(),
        Poll::Pending => false,
    }
}

fn assert_usable<S: Clone + Send + Sync + 'static>(service: S) -> S {
    service
}
