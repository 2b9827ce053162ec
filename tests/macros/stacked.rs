//! Several attributes on one function: the first is outermost.

use anyrt::{AsyncCache, Context, Elapsed, Limiter, cancel::Cancelled, prelude::*, timeout};
use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

#[derive(Debug, Clone, PartialEq)]
enum Failed {
    Late(Elapsed),
    Cancelled,
}

impl From<Elapsed> for Failed {
    fn from(elapsed: Elapsed) -> Self {
        Self::Late(elapsed)
    }
}

impl From<Cancelled> for Failed {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// A limit for all attempts, and one for each.
#[timeout("1h", name = "all")]
#[anyrt::retry(attempts = 3, backoff = none())]
#[anyrt::timeout("1ms", name = "each")]
async fn each(rt: &impl Runtime, calls: &AtomicU32) -> Result<u32, Failed> {
    match calls.fetch_add(1, SeqCst) {
        2 => Ok(7),
        _ => pending().await,
    }
}

#[anyrt::test(seeds = 30)]
async fn a_limit_below_a_retry_is_each_attempts(rt: impl Runtime) {
    let calls = AtomicU32::new(0);
    assert_eq!(each(&rt, &calls).await, Ok(7));
    let error = each(&rt, &calls).await.unwrap_err();
    assert!(matches!(&error, Failed::Late(late) if late.operation.as_deref() == Some("each")));
    assert_eq!(calls.load(SeqCst), 6);
}

#[anyrt::wait_for("1h")]
#[anyrt::retry(attempts = None, backoff = constant("2h"))]
async fn gives_up(rt: &impl Runtime, calls: &AtomicU32) -> Result<(), Failed> {
    calls.fetch_add(1, SeqCst);
    rt.sleep(Duration::ZERO).await;
    assert!(Context::current().deadline().is_some());
    Err(Failed::Cancelled)
}

/// No wait is begun that the deadline would cut short.
#[anyrt::test(seeds = 30)]
async fn a_limit_above_a_retry_is_known_to_it(rt: impl Runtime) {
    let calls = AtomicU32::new(0);
    assert_eq!(gives_up(&rt, &calls).await, Err(Failed::Cancelled));
    assert_eq!(calls.load(SeqCst), 1);
}

#[derive(Clone)]
struct Client<R: Runtime> {
    rt: R,
    limiter: Limiter<R>,
    cache: AsyncCache<R, u32, u32, Failed>,
    calls: Arc<AtomicU32>,
}

impl<R: Runtime> Client<R> {
    /// What is kept waits for no slot; each attempt has one.
    #[anyrt::cached(in = self.cache)]
    #[anyrt::retry(attempts = 2, backoff = constant("1ms"), rt = self.rt)]
    #[anyrt::concurrent_limited(by = self.limiter)]
    #[anyrt::timeout("1ms")]
    async fn call(&self, id: u32) -> Result<u32, Failed> {
        assert_eq!(self.limiter.in_flight(), 1);
        match self.calls.fetch_add(1, SeqCst) {
            0 => pending().await,
            n => Ok(n + id),
        }
    }
}

#[anyrt::test(seeds = 30)]
async fn all_of_them_on_one_method(rt: impl Runtime) {
    let client = Client {
        limiter: Limiter::new(&rt, 1).unwrap(),
        cache: AsyncCache::builder(&rt)
            .fallible()
            .capacity(9)
            .build()
            .unwrap(),
        calls: Arc::default(),
        rt,
    };
    assert_eq!(client.call(10).await, Ok(11));
    let slot = client.limiter.acquire().await.unwrap();
    assert_eq!(client.call(10).await, Ok(11));
    assert_eq!(client.calls.load(SeqCst), 2);
    drop(slot);
}

#[anyrt::test(seeds = 30)]
#[anyrt::timeout("1h")]
#[allow(clippy::bool_assert_comparison)]
async fn tests_may_have_limits(rt: impl Runtime) -> Result<(), Elapsed> {
    rt.sleep(Duration::ZERO).await;
    assert_eq!(Context::current().deadline().is_some(), false);
    Ok(())
}

#[anyrt::timeout("1h")]
#[anyrt::test(seeds = 30)]
async fn in_either_order(rt: impl Runtime) -> Result<(), Elapsed> {
    rt.sleep(Duration::ZERO).await;
    Ok(())
}
