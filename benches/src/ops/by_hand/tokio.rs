//! On tokio. It keeps less: the place of the spawn is not there.

use super::Ended;
use std::{
    hint::black_box,
    pin::Pin,
    sync::OnceLock,
    task::{Context, Poll, ready},
};
use tokio::{
    runtime::{Handle, Runtime},
    task::{JoinError, JoinHandle, coop::unconstrained},
};

pub struct OnTokio<T>(JoinHandle<T>);

impl<T: Send + 'static> OnTokio<T> {
    /// On the caller's runtime; outside of any, on one that is there for that.
    pub fn spawn(work: impl Future<Output = T> + Send + 'static) -> Self {
        static FALLBACK: OnceLock<Runtime> = OnceLock::new();
        let fallback = || FALLBACK.get_or_init(|| Runtime::new().expect("tokio starts"));
        let handle = Handle::try_current().unwrap_or_else(|_| fallback().handle().clone());
        Self(handle.spawn(work))
    }

    pub fn spawn_on(handle: &Handle, work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(handle.spawn(work))
    }

    pub fn abort(&self) {
        self.0.abort();
    }
}

impl<T> Future for OnTokio<T> {
    type Output = Result<T, Ended>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let joined = match Pin::new(&mut self.0).poll(cx) {
            Poll::Ready(joined) => joined,
            // A task that has used up its budget would hear nothing of one that has ended.
            Poll::Pending if self.0.is_finished() => {
                ready!(Pin::new(&mut unconstrained(&mut self.0)).poll(cx))
            }
            Poll::Pending => return Poll::Pending,
        };
        Poll::Ready(joined.map_err(ended))
    }
}

fn ended(error: JoinError) -> Ended {
    error
        .try_into_panic()
        .map_or(Ended::Cancelled, Ended::Panicked)
}

pub async fn on_tokio(n: u64) {
    for i in 0..n {
        black_box(OnTokio::spawn(async move { i }).await.expect("it ends"));
    }
}

pub async fn on_tokio_handle(handle: Handle, n: u64) {
    for i in 0..n {
        black_box(
            OnTokio::spawn_on(&handle, async move { i })
                .await
                .expect("it ends"),
        );
    }
}
