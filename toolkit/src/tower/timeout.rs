//! A limit of time.

use super::LayerError;
use anyrt_core::{
    Elapsed,
    rt::{Runtime, Sleep},
    time::{WaitFor, wait_for},
};
use pin_project_lite::pin_project;
use std::{
    borrow::Cow,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tower_layer::Layer;
use tower_service::Service;

/// Gives each response so long, from the first poll of its future on, and lets the service inside know: its
/// [context](anyrt_core::context)'s deadline is no later than that, so that a [retry](super::RetryLayer) begins
/// no wait that would pass it (*TW-1*).
///
/// What is waited for in `poll_ready` is not within the limit, as with any tower service.
#[derive(Debug, Clone)]
pub struct TimeoutLayer<R> {
    rt: R,
    limit: Duration,
    name: Option<Cow<'static, str>>,
}

impl<R: Runtime> TimeoutLayer<R> {
    /// So long for each response. Zero is time for one that is ready at the first poll.
    pub fn new(rt: &R, limit: Duration) -> Self {
        Self {
            rt: rt.clone(),
            limit,
            name: None,
        }
    }

    /// Names what is called, for the error's message.
    pub fn named(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(operation.into());
        self
    }
}

impl<R: Clone, S> Layer<S> for TimeoutLayer<R> {
    type Service = TimeoutService<R, S>;

    fn layer(&self, inner: S) -> Self::Service {
        TimeoutService {
            layer: self.clone(),
            inner,
        }
    }
}

/// The service of a [`TimeoutLayer`]. Its error is [`Elapsed`], or the inner one.
#[derive(Debug, Clone)]
pub struct TimeoutService<R, S> {
    layer: TimeoutLayer<R>,
    inner: S,
}

impl<R: Runtime, S: Service<Q>, Q> Service<Q> for TimeoutService<R, S> {
    type Response = S::Response;
    type Error = LayerError<Elapsed, S::Error>;
    type Future = TimeoutResponse<R, S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(LayerError::Inner)
    }

    #[inline]
    fn call(&mut self, request: Q) -> Self::Future {
        let TimeoutLayer { rt, limit, name } = &self.layer;
        let mut future = wait_for(rt, *limit, self.inner.call(request));
        if let Some(name) = name {
            future = future.named(name.clone());
        }
        TimeoutResponse { future }
    }
}

pin_project! {
    /// The future of a [`TimeoutService`].
    ///
    /// # Cancel safety
    /// As safe as the inner service's.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct TimeoutResponse<R: Sleep, F> {
        #[pin]
        future: WaitFor<R, F>,
    }
}

impl<R: Sleep, F, T, E> Future for TimeoutResponse<R, F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, LayerError<Elapsed, E>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx).map(|output| match output {
            Ok(output) => output.map_err(LayerError::Inner),
            Err(elapsed) => Err(LayerError::Layer(elapsed)),
        })
    }
}

impl<R: Sleep, F> fmt::Debug for TimeoutResponse<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TimeoutResponse")
            .field(&self.future)
            .finish()
    }
}
