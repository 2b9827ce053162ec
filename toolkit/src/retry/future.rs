//! The call itself.
//!
//! ```text
//!  idle ─▶ attempt ──Ok──▶ done
//!   ▲         │ Err, or its limit
//!   │         ▼
//!   │       verdict ──give up──▶ done
//!   │         │
//!   └───── waiting ──token──▶ done
//! ```
//!
//! Closures of the caller's run while the stage is *done*: where one panics, nothing is begun again.

use super::{
    call::{Call, TimedProj},
    error::{AttemptError, RetryError},
    operate::{Attempt, Operate},
    policy::Retry,
};
use anyrt_core::rt::{Runtime, Sleep};
use pin_project_lite::pin_project;
use std::{
    borrow::{Borrow, Cow},
    fmt,
    future::Future,
    pin::Pin,
    task::{self, Poll, ready},
};

/// Calls `operation` and awaits its future, again and again as `policy` says, until one is `Ok`. The
/// [room's](super) page has an example, and says when it ends.
///
/// The policy is borrowed, owned or shared. `operation` makes a new future each time, from what it
/// owns or borrows; that of a failed attempt has been dropped before the next is made.
///
/// A cancellation is no failure to try again: once the context's token is cancelled no attempt begins but
/// the first, and a wait ends at once; the attempt in hand goes on, for it sees the token by itself. Nor is a
/// panic: it unwinds through the call (*RE-5*).
///
/// # Errors
/// A [`RetryError`], with the last error in it (*RE-6*).
///
/// # Cancel safety
/// As safe as an attempt: dropping it drops the attempt in hand. A retry that was taken from a
/// [budget](super::RetryBudget) stays taken.
pub fn retry<R, P, F, Fut, T, E>(rt: &R, policy: P, operation: F) -> RetryFuture<R, P, F, Fut, E>
where
    R: Runtime,
    P: Borrow<Retry<E>>,
    F: FnMut(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    RetryFuture::new(rt.clone(), policy, operation)
}

pin_project! {
    /// The future of [`retry`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct RetryFuture<R: Sleep, P, F, Fut, E> {
        #[pin]
        stage: Stage<Fut>,
        call: Call<R, P, F, Fut, E>,
    }
}

pin_project! {
    #[project = StageProj]
    enum Stage<Fut> {
        Idle,
        Attempt { #[pin] attempt: Fut },
        // A limited attempt, or a wait: the call has it.
        Timed,
        Done,
    }
}

/// What becomes of a retry whose timers were polled.
enum Step<T, E> {
    Next,
    Output(T),
    Failed(AttemptError<E>),
    End(RetryError<E>),
}

impl<R: Sleep, P, F, Fut, E> RetryFuture<R, P, F, Fut, E> {
    #[inline]
    pub(crate) fn new(rt: R, policy: P, operation: F) -> Self {
        Self {
            stage: Stage::Idle,
            call: Call::new(rt, policy, operation),
        }
    }

    /// Names the operation, for the error's message.
    pub fn named(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.call.set_name(operation.into());
        self
    }
}

impl<R, P, F, Fut, T, E> Future for RetryFuture<R, P, F, Fut, E>
where
    R: Runtime,
    P: Borrow<Retry<E>>,
    F: Operate<Fut>,
    Fut: Future<Output = Result<T, E>>,
{
    type Output = Result<T, RetryError<E>>;

    /// # Panics
    /// As `operation`, its futures and the policy's closures do; and like any future, when polled again
    /// after it was ready.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        // All that most calls need, and nothing else.
        let failure = match self.as_mut().poll_attempt(cx) {
            Polled::Ready(Ok(output)) => return Poll::Ready(Ok(output)),
            Polled::Pending => return Poll::Pending,
            Polled::Ready(Err(error)) => Some(AttemptError::Failed(error)),
            Polled::None => None,
        };
        self.go_on(failure, cx)
    }
}

/// An attempt without a limit.
enum Polled<T, E> {
    None,
    Pending,
    Ready(Result<T, E>),
}

impl<R, P, F, Fut, T, E> RetryFuture<R, P, F, Fut, E>
where
    R: Runtime,
    P: Borrow<Retry<E>>,
    F: Operate<Fut>,
    Fut: Future<Output = Result<T, E>>,
{
    /// Where an attempt is in hand, or is to begin, that has no limit.
    #[inline]
    fn poll_attempt(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Polled<T, E> {
        let mut this = self.project();
        if matches!(*this.stage, Stage::Idle) && !this.call.is_limited() {
            this.stage.set(Stage::Done);
            let attempt = this.call.begin();
            this.stage.set(Stage::Attempt { attempt });
        }
        let StageProj::Attempt { attempt } = this.stage.as_mut().project() else {
            return Polled::None;
        };
        let Poll::Ready(output) = attempt.poll(cx) else {
            this.call.started();
            return Polled::Pending;
        };
        this.stage.set(Stage::Done);
        if output.is_ok() {
            this.call.succeeded();
        }
        Polled::Ready(output)
    }

    /// After a failure, or in the stages that have timers.
    #[cold]
    #[inline(never)]
    fn go_on(
        mut self: Pin<&mut Self>,
        mut failure: Option<AttemptError<E>>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Result<T, RetryError<E>>> {
        loop {
            if let Some(failure) = failure.take() {
                let mut this = self.as_mut().project();
                this.call.failed(failure)?;
                this.stage.set(Stage::Timed);
            }
            match ready!(self.as_mut().poll_timed(cx)) {
                Step::Next => {}
                Step::Output(output) => return Poll::Ready(Ok(output)),
                Step::Failed(failed) => {
                    failure = Some(failed);
                    continue;
                }
                Step::End(error) => return Poll::Ready(Err(error)),
            }
            match self.as_mut().poll_attempt(cx) {
                Polled::Ready(Ok(output)) => return Poll::Ready(Ok(output)),
                Polled::Ready(Err(error)) => failure = Some(AttemptError::Failed(error)),
                Polled::Pending => return Poll::Pending,
                Polled::None => {}
            }
        }
    }

    fn poll_timed(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Step<T, E>> {
        let mut this = self.project();
        match *this.stage {
            Stage::Idle => {
                this.stage.set(Stage::Done);
                let attempt = this.call.begin();
                this.call.limit(attempt);
                this.stage.set(Stage::Timed);
            }
            Stage::Timed => {}
            Stage::Attempt { .. } | Stage::Done => {
                panic!("a retry was polled again after it was ready")
            }
        }
        match this.call.timed() {
            TimedProj::Limited { attempt } => {
                let output = ready!(attempt.poll(cx));
                this.stage.set(Stage::Done);
                this.call.is_over();
                Poll::Ready(match output {
                    Ok(Ok(output)) => {
                        this.call.succeeded();
                        Step::Output(output)
                    }
                    Ok(Err(error)) => Step::Failed(AttemptError::Failed(error)),
                    Err(elapsed) => Step::Failed(AttemptError::TimedOut(elapsed)),
                })
            }
            TimedProj::Waiting { wait } => {
                let waited = ready!(wait.poll(cx));
                this.stage.set(Stage::Done);
                this.call.is_over();
                if let Err(reason) = waited {
                    return Poll::Ready(Step::End(this.call.cancelled(reason)));
                }
                this.stage.set(Stage::Idle);
                Poll::Ready(Step::Next)
            }
            TimedProj::None => unreachable!("it has a timer in this stage"),
        }
    }
}

impl<R: Sleep, P, F, Fut, E> fmt::Debug for RetryFuture<R, P, F, Fut, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryFuture")
            .field("operation", &self.call.name())
            .field("failures", &self.call.failures)
            .finish_non_exhaustive()
    }
}
