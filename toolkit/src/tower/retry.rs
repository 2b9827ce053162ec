//! Trying again.

use super::LayerError;
use crate::retry::{Attempt, Operate, Retry, RetryError, RetryFuture};
use anyrt_core::rt::Runtime;
use pin_project_lite::pin_project;
use std::{
    borrow::Cow,
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tower_layer::Layer;
use tower_service::Service;

/// Calls again, as a [policy](Retry) says, where the service inside fails.
///
/// Requests are cloned, one for each attempt. The first attempt goes to the service that `poll_ready` found
/// ready; each further one to a clone of it, which it waits for: a limit below this layer counts
/// attempts, one above it requests (*TW-2*).
pub struct RetryLayer<R, E> {
    rt: R,
    policy: Retry<E>,
    operation: Option<Cow<'static, str>>,
}

impl<R: Runtime, E> RetryLayer<R, E> {
    /// By this policy.
    pub fn new(rt: &R, policy: &Retry<E>) -> Self {
        Self {
            rt: rt.clone(),
            policy: policy.clone(),
            operation: None,
        }
    }

    /// Names the operation, for the error.
    pub fn named(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.operation = Some(operation.into());
        self
    }
}

// Not derived: that would ask for `E: Clone`.
impl<R: Clone, E> Clone for RetryLayer<R, E> {
    fn clone(&self) -> Self {
        Self {
            rt: self.rt.clone(),
            policy: self.policy.clone(),
            operation: self.operation.clone(),
        }
    }
}

impl<R, E> fmt::Debug for RetryLayer<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryLayer")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl<R: Clone, E, S> Layer<S> for RetryLayer<R, E> {
    type Service = RetryService<R, E, S>;

    fn layer(&self, inner: S) -> Self::Service {
        RetryService {
            layer: self.clone(),
            inner,
        }
    }
}

/// The service of a [`RetryLayer`]. Its error is [`RetryError`], which has the last attempt's; or the inner one
/// where the service did not become ready for the first attempt.
pub struct RetryService<R, E, S> {
    layer: RetryLayer<R, E>,
    inner: S,
}

impl<R: Clone, E, S: Clone> Clone for RetryService<R, E, S> {
    fn clone(&self) -> Self {
        Self {
            layer: self.layer.clone(),
            inner: self.inner.clone(),
        }
    }
}

impl<R, E, S: fmt::Debug> fmt::Debug for RetryService<R, E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryService")
            .field("policy", &self.layer.policy)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<R, S, Q> Service<Q> for RetryService<R, S::Error, S>
where
    R: Runtime,
    S: Service<Q> + Clone,
    Q: Clone,
{
    type Response = S::Response;
    type Error = LayerError<RetryError<S::Error>, S::Error>;
    type Future = RetryResponse<R, S, Q>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(LayerError::Inner)
    }

    #[inline]
    fn call(&mut self, request: Q) -> Self::Future {
        // The one that is ready goes along; a clone may not be.
        let spare = self.inner.clone();
        let service = mem::replace(&mut self.inner, spare);
        let RetryLayer {
            rt,
            policy,
            operation,
        } = &self.layer;
        let calls = Calls { service, request };
        let mut attempts = RetryFuture::new(rt.clone(), policy.clone(), calls);
        if let Some(operation) = operation {
            attempts = attempts.named(operation.clone());
        }
        RetryResponse { attempts }
    }
}

/// Makes the attempts of a request.
struct Calls<S, Q> {
    service: S,
    request: Q,
}

impl<S: Service<Q> + Clone, Q: Clone> Operate<Asked<S, Q>> for Calls<S, Q> {
    #[inline]
    fn attempt(&mut self, attempt: Attempt) -> Asked<S, Q> {
        let request = self.request.clone();
        if attempt.is_first() {
            let future = self.service.call(request);
            return Asked::Called { future };
        }
        Asked::Waiting {
            service: self.service.clone(),
            request: Some(request),
        }
    }
}

pin_project! {
    /// An attempt.
    #[project = AskedPin]
    enum Asked<S: Service<Q>, Q> {
        Waiting { service: S, request: Option<Q> },
        Called { #[pin] future: S::Future },
    }
}

impl<S: Service<Q>, Q> Future for Asked<S, Q> {
    type Output = Result<S::Response, S::Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let AskedPin::Waiting { service, request } = self.as_mut().project() {
            ready!(service.poll_ready(cx))?;
            let request = request.take().expect("it is called once");
            let future = service.call(request);
            self.set(Self::Called { future });
        }
        match self.project() {
            AskedPin::Called { future } => future.poll(cx),
            AskedPin::Waiting { .. } => unreachable!("it was called above"),
        }
    }
}

type Attempts<R, S, Q, E> = RetryFuture<R, Retry<E>, Calls<S, Q>, Asked<S, Q>, E>;

pin_project! {
    /// The future of a [`RetryService`].
    ///
    /// # Cancel safety
    /// As safe as the inner service's: dropping it drops the attempt in hand.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct RetryResponse<R: Runtime, S: Service<Q>, Q> {
        #[pin]
        attempts: Attempts<R, S, Q, S::Error>,
    }
}

impl<R, S, Q> Future for RetryResponse<R, S, Q>
where
    R: Runtime,
    S: Service<Q> + Clone,
    Q: Clone,
{
    type Output = Result<S::Response, LayerError<RetryError<S::Error>, S::Error>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().attempts.poll(cx).map_err(LayerError::Layer)
    }
}

impl<R: Runtime, S: Service<Q>, Q> fmt::Debug for RetryResponse<R, S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RetryResponse")
            .field(&self.attempts)
            .finish()
    }
}
