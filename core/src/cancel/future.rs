//! Futures that wait for a token, or give up on one.

use super::{
    shield::{Shield, shield},
    token::{CancelReason, CancellationToken, Cancelled},
};
use crate::waits::{self, Wait};
use pin_project_lite::pin_project;
use std::{
    borrow::Borrow,
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// The future of [`CancellationToken::cancelled`], through a token that is borrowed or owned.
#[must_use = "futures do nothing unless they are polled"]
#[derive(Debug)]
pub struct CancelledFuture<B: Borrow<CancellationToken>> {
    token: B,
    key: Option<usize>,
    place: &'static Location<'static>,
}

impl<B: Borrow<CancellationToken>> CancelledFuture<B> {
    #[track_caller]
    pub(super) fn new(token: B) -> Self {
        Self {
            token,
            key: None,
            place: Location::caller(),
        }
    }

    fn poll_reason(&mut self, cx: &mut Context<'_>) -> Poll<CancelReason> {
        let polled = self.look(cx);
        if polled.is_pending() {
            let wait = || Wait::new("a token to be cancelled").at(self.place);
            waits::pending(self.token.borrow().thing(), wait);
        }
        polled
    }

    fn look(&mut self, cx: &mut Context<'_>) -> Poll<CancelReason> {
        let token = self.token.borrow();
        if token.reason().is_none()
            && (self.key.is_some_and(|key| token.keeps(key, cx.waker()))
                || token.register(&mut self.key, cx.waker()))
        {
            return Poll::Pending;
        }
        match token.reason() {
            Some(reason) => Poll::Ready(reason.clone()),
            None => Poll::Pending,
        }
    }
}

impl<B: Borrow<CancellationToken> + Unpin> Future for CancelledFuture<B> {
    type Output = CancelReason;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CancelReason> {
        self.poll_reason(cx)
    }
}

impl<B: Borrow<CancellationToken>> Drop for CancelledFuture<B> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            waits::gave_up(self.token.borrow().thing());
            self.token.borrow().unregister(key);
        }
    }
}

/// Futures that can be given up when a token is cancelled: all of them.
pub trait Cancellable: Future + Sized {
    /// This future's output, or [`Cancelled`] if `token` is first; the future has been dropped then.
    /// Where the token is cancelled at the first poll already, the future is not polled; later, a
    /// completion wins a tie (*CX-8*).
    ///
    /// ```
    /// # extern crate anyrt_core as anyrt;
    /// use anyrt::cancel::{Cancellable, Cancelled, CancellationToken};
    ///
    /// # async fn flush() {}
    /// async fn copy(token: CancellationToken) -> Result<(), Cancelled> {
    ///     let bytes = async { /* … */ }.cancellable(&token).on_cancel(flush()).await?;
    ///     Ok(bytes)
    /// }
    /// ```
    ///
    /// # Cancel safety
    /// As safe as the future.
    #[track_caller]
    fn cancellable<B: Borrow<CancellationToken>>(self, token: B) -> CancellableFuture<Self, B> {
        CancellableFuture {
            inner: Some(self),
            cancelled: CancelledFuture::new(token),
            begun: false,
        }
    }
}

impl<F: Future> Cancellable for F {}

pin_project! {
    /// The future of [`Cancellable::cancellable`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct CancellableFuture<F, B: Borrow<CancellationToken>> {
        #[pin]
        inner: Option<F>,
        cancelled: CancelledFuture<B>,
        begun: bool,
    }
}

impl<F: Future, B: Borrow<CancellationToken>> CancellableFuture<F, B> {
    /// Runs `cleanup` to its end after a cancellation, [shielded](shield()), before `Cancelled` is
    /// returned. Without a cancellation it is dropped unpolled.
    ///
    /// That takes a poll after the cancellation. A task group without a
    /// [grace](crate::group::GroupBuilder::grace) drops its children instead of polling them
    /// again, so that only destructors run: give it one.
    ///
    /// # Cancel safety
    /// Dropped during the clean-up, it ends that, too.
    #[track_caller]
    pub fn on_cancel<C: Future<Output = ()>>(self, cleanup: C) -> OnCancel<F, B, C> {
        OnCancel {
            work: self,
            cleanup: shield(cleanup),
            cancelled: None,
        }
    }
}

impl<F: Future, B: Borrow<CancellationToken>> Future for CancellableFuture<F, B> {
    type Output = Result<F::Output, Cancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let token: &CancellationToken = this.cancelled.token.borrow();
        if *this.begun || !token.is_cancelled() {
            *this.begun = true;
            let inner = this.inner.as_mut().as_pin_mut();
            let inner = inner.expect("polled again after it was ready");
            if let Poll::Ready(output) = inner.poll(cx) {
                this.inner.set(None);
                return Poll::Ready(Ok(output));
            }
        }
        let reason = ready!(this.cancelled.poll_reason(cx));
        this.inner.set(None);
        Poll::Ready(Err(Cancelled { reason }))
    }
}

pin_project! {
    /// The future of [`CancellationToken::run_until_cancelled`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct RunUntilCancelled<F, B: Borrow<CancellationToken>> {
        #[pin]
        inner: CancellableFuture<F, B>,
    }
}

impl<F: Future, B: Borrow<CancellationToken>> RunUntilCancelled<F, B> {
    #[track_caller]
    pub(super) fn new(future: F, token: B) -> Self {
        Self {
            inner: future.cancellable(token),
        }
    }
}

impl<F: Future, B: Borrow<CancellationToken>> Future for RunUntilCancelled<F, B> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll(cx).map(Result::ok)
    }
}

pin_project! {
    /// The future of [`CancellableFuture::on_cancel`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct OnCancel<F, B: Borrow<CancellationToken>, C> {
        #[pin]
        work: CancellableFuture<F, B>,
        #[pin]
        cleanup: Shield<C>,
        cancelled: Option<Cancelled>,
    }
}

impl<F, B, C> Future for OnCancel<F, B, C>
where
    F: Future,
    B: Borrow<CancellationToken>,
    C: Future<Output = ()>,
{
    type Output = Result<F::Output, Cancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.cancelled.is_none() {
            match ready!(this.work.poll(cx)) {
                Ok(output) => return Poll::Ready(Ok(output)),
                Err(cancelled) => *this.cancelled = Some(cancelled),
            }
        }
        ready!(this.cleanup.poll(cx));
        let cancelled = this.cancelled.take();
        Poll::Ready(Err(cancelled.expect("set above")))
    }
}

impl<F, B: Borrow<CancellationToken>> fmt::Debug for CancellableFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancellableFuture").finish_non_exhaustive()
    }
}

impl<F, B: Borrow<CancellationToken>> fmt::Debug for RunUntilCancelled<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunUntilCancelled").finish_non_exhaustive()
    }
}

impl<F, B: Borrow<CancellationToken>, C> fmt::Debug for OnCancel<F, B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnCancel").finish_non_exhaustive()
    }
}
