//! Requests as operations.

use crate::operation::{AsError, Failure, Fields, Operation, OperationFuture, Outcome, of_result};
use anyrt_core::rt::Clock;
use std::{
    fmt,
    marker::PhantomData,
    task::{Context, Poll},
};
use tower_layer::Layer;
use tower_service::Service;

/// Runs each request as an [`Operation`], which a closure makes from it (*TW-6*). Errors go through as they are.
///
/// Fields are kept until the operation begins, so they own what they show.
#[derive(Clone)]
pub struct OperationLayer<R, N, J> {
    rt: R,
    name: N,
    judge: J,
}

impl<R: Clock + Clone, N: Clone, Via> OperationLayer<R, N, ByError<Via>> {
    /// `name` makes the operation of a request.
    pub fn new<Q, L: Fields>(rt: &R, name: N) -> Self
    where
        N: Fn(&Q) -> Operation<L>,
    {
        Self {
            rt: rt.clone(),
            name,
            judge: ByError(PhantomData),
        }
    }
}

impl<R, N> OperationLayer<R, N, ByError<AsError>> {
    /// The outcome is what `judge` says, which is asked where somebody listens.
    pub fn outcome<T, E, K>(self, judge: K) -> OperationLayer<R, N, K>
    where
        K: Fn(&Result<T, E>) -> Outcome + Clone,
    {
        OperationLayer {
            rt: self.rt,
            name: self.name,
            judge,
        }
    }
}

/// What a result means: [`ByError`], or a closure.
pub trait Judge<T, E>: Clone {
    /// What is asked for one request.
    type Of: FnOnce(&Result<T, E>) -> Outcome;

    /// Makes it.
    fn judge(&self) -> Self::Of;
}

/// The outcome is what [`Outcome::of_error`] makes of an error; each response is a success.
/// Of which kind the error is, `Via`, the compiler finds: see [`Failure`].
pub struct ByError<Via>(PhantomData<fn() -> Via>);

impl<Via> Clone for ByError<Via> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<Via> fmt::Debug for ByError<Via> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByError")
    }
}

impl<T, E: Failure<Via>, Via> Judge<T, E> for ByError<Via> {
    type Of = fn(&Result<T, E>) -> Outcome;

    fn judge(&self) -> Self::Of {
        of_result::<T, E, Via>
    }
}

impl<T, E, K: Fn(&Result<T, E>) -> Outcome + Clone> Judge<T, E> for K {
    type Of = Self;

    fn judge(&self) -> Self {
        self.clone()
    }
}

impl<R, N, J> fmt::Debug for OperationLayer<R, N, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationLayer").finish_non_exhaustive()
    }
}

impl<R: Clone, N: Clone, J: Clone, S> Layer<S> for OperationLayer<R, N, J> {
    type Service = OperationService<R, N, J, S>;

    fn layer(&self, inner: S) -> Self::Service {
        OperationService {
            layer: self.clone(),
            inner,
        }
    }
}

/// The service of an [`OperationLayer`].
#[derive(Clone)]
pub struct OperationService<R, N, J, S> {
    layer: OperationLayer<R, N, J>,
    inner: S,
}

impl<R, N, J, S, Q, L> Service<Q> for OperationService<R, N, J, S>
where
    R: Clock + Clone,
    N: Fn(&Q) -> Operation<L>,
    J: Judge<S::Response, S::Error>,
    S: Service<Q>,
    L: Fields,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = OperationFuture<R, S::Future, L, J::Of>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Q) -> Self::Future {
        let OperationLayer { rt, name, judge } = &self.layer;
        let operation = name(&request);
        operation.run_with(rt, self.inner.call(request), judge.judge())
    }
}

impl<R, N, J, S: fmt::Debug> fmt::Debug for OperationService<R, N, J, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
