//! The response of a service that holds something meanwhile.

use super::LayerError;
use pin_project_lite::pin_project;
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

pin_project! {
    /// The future of a [`LimitService`](super::LimitService): it was refused, or holds a `G` until its response is there.
    ///
    /// # Cancel safety
    /// As safe as the inner service's; what it holds is given back.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct ResponseFuture<F, L, G> {
        #[pin]
        state: State<F, L, G>,
    }
}

pin_project! {
    #[project = StatePin]
    enum State<F, L, G> {
        Refused { error: Option<L> },
        // In this order: what is held goes last.
        Running { #[pin] future: F, _held: G },
        Done,
    }
}

impl<F, L, G> ResponseFuture<F, L, G> {
    pub(super) fn refused(error: L) -> Self {
        let error = Some(error);
        Self {
            state: State::Refused { error },
        }
    }

    #[inline]
    pub(super) fn running(future: F, held: G) -> Self {
        Self {
            state: State::Running {
                future,
                _held: held,
            },
        }
    }
}

impl<F, T, E, L, G> Future for ResponseFuture<F, L, G>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, LayerError<L, E>>;

    /// # Panics
    /// As the inner future does; and like any future, when polled again after it was ready.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        let output = match state.as_mut().project() {
            StatePin::Refused { error } => {
                let error = error.take().expect("it is done then");
                Err(LayerError::Layer(error))
            }
            StatePin::Running { future, .. } => ready!(future.poll(cx)).map_err(LayerError::Inner),
            StatePin::Done => panic!("a response was polled again after it was ready"),
        };
        state.set(State::Done);
        Poll::Ready(output)
    }
}

impl<F, L, G> fmt::Debug for ResponseFuture<F, L, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused = matches!(self.state, State::Refused { .. });
        f.debug_struct("ResponseFuture")
            .field("refused", &refused)
            .finish_non_exhaustive()
    }
}
