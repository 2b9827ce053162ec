//! Not calling what is known to be down.

use super::LayerError;
use crate::resilience::{CallFuture, CircuitBreaker, Open};
use anyrt_core::rt::Runtime;
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tower_layer::Layer;
use tower_service::Service;

/// Calls the service inside through a [`CircuitBreaker`], which all clones share. While that is open, `call` is
/// refused, and the service inside not called (*TW-5*).
///
/// `poll_ready` is that of the service inside, and what it fails with counts for nothing: no request was made.
/// An open breaker does not push back, for callers that wait have no use for a quick refusal.
#[derive(Clone)]
pub struct CircuitBreakerLayer<R, C = AnyError> {
    breaker: CircuitBreaker<R>,
    counts: C,
}

impl<R: Runtime> CircuitBreakerLayer<R> {
    /// Through this breaker; each error is a failure.
    pub fn new(breaker: &CircuitBreaker<R>) -> Self {
        Self {
            breaker: breaker.clone(),
            counts: AnyError,
        }
    }
}

impl<R: Runtime, C> CircuitBreakerLayer<R, C> {
    /// Counts as a failure that of which `counts` is true, responses included.
    pub fn counts<T, E, D>(self, counts: D) -> CircuitBreakerLayer<R, D>
    where
        D: Fn(&Result<T, E>) -> bool + Clone,
    {
        CircuitBreakerLayer {
            breaker: self.breaker,
            counts,
        }
    }
}

/// What is a failure: [`AnyError`], or a closure.
pub trait IsFailure<T, E>: Clone {
    /// Whether this is one.
    fn is_failure(&self, result: &Result<T, E>) -> bool;
}

/// Each error is a failure, and no response.
#[derive(Debug, Clone, Copy, Default)]
pub struct AnyError;

impl<T, E> IsFailure<T, E> for AnyError {
    fn is_failure(&self, result: &Result<T, E>) -> bool {
        result.is_err()
    }
}

impl<T, E, C: Fn(&Result<T, E>) -> bool + Clone> IsFailure<T, E> for C {
    fn is_failure(&self, result: &Result<T, E>) -> bool {
        self(result)
    }
}

impl<R, C> fmt::Debug for CircuitBreakerLayer<R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerLayer")
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}

impl<R, C: Clone, S> Layer<S> for CircuitBreakerLayer<R, C> {
    type Service = CircuitBreakerService<R, C, S>;

    fn layer(&self, inner: S) -> Self::Service {
        CircuitBreakerService {
            breaker: self.breaker.clone(),
            counts: self.counts.clone(),
            inner,
        }
    }
}

/// The service of a [`CircuitBreakerLayer`]. Its error is [`Open`], or the inner one.
#[derive(Clone)]
pub struct CircuitBreakerService<R, C, S> {
    breaker: CircuitBreaker<R>,
    counts: C,
    inner: S,
}

impl<R, C, S, Q> Service<Q> for CircuitBreakerService<R, C, S>
where
    R: Runtime,
    C: IsFailure<S::Response, S::Error>,
    S: Service<Q>,
{
    type Response = S::Response;
    type Error = LayerError<Open, S::Error>;
    type Future = BreakerResponse<R, C, S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(LayerError::Inner)
    }

    #[inline]
    fn call(&mut self, request: Q) -> Self::Future {
        let (breaker, counts) = (self.breaker.clone(), self.counts.clone());
        let state = match CallFuture::begun(breaker, counts, || self.inner.call(request)) {
            Ok(call) => State::Called { call },
            Err(open) => State::Refused { open: Some(open) },
        };
        BreakerResponse { state }
    }
}

impl<R, C, S: fmt::Debug> fmt::Debug for CircuitBreakerService<R, C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerService")
            .field("breaker", &self.breaker)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of a [`CircuitBreakerService`].
    ///
    /// # Cancel safety
    /// As safe as the inner service's. What is dropped was neither a success nor a failure, and a trial leaves its
    /// place to another.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct BreakerResponse<R: Runtime, C, F> {
        #[pin]
        state: State<R, C, F>,
    }
}

pin_project! {
    #[project = StatePin]
    enum State<R: Runtime, C, F> {
        Refused { open: Option<Open> },
        Called { #[pin] call: CallFuture<R, F, C> },
    }
}

impl<R, C, F, T, E> Future for BreakerResponse<R, C, F>
where
    R: Runtime,
    C: IsFailure<T, E>,
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, LayerError<Open, E>>;

    /// # Panics
    /// As the inner future and the closure do, which is a failure, and as the breaker's hook does; and like any
    /// future, when polled again after it was ready.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StatePin::Refused { open } => {
                let open = open.take();
                let open = open.expect("a response was polled again after it was ready");
                Poll::Ready(Err(LayerError::Layer(open)))
            }
            StatePin::Called { call } => {
                let judge = |counts: &mut Option<C>, output: &Result<T, E>| {
                    let counts = counts.take().expect("it is ready once");
                    counts.is_failure(output)
                };
                call.poll_judged(cx, judge).map(|output| match output {
                    Ok(output) => output.map_err(LayerError::Inner),
                    Err(open) => Err(LayerError::Layer(open)),
                })
            }
        }
    }
}

impl<R: Runtime, C, F> fmt::Debug for BreakerResponse<R, C, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused = matches!(self.state, State::Refused { .. });
        f.debug_struct("BreakerResponse")
            .field("refused", &refused)
            .finish_non_exhaustive()
    }
}
