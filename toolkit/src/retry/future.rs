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
    call::{Call, Wait},
    error::{AttemptError, RetryError},
    operate::{Attempt, Operate},
    policy::Retry,
};
use anyrt_core::{
    rt::{Runtime, Sleep},
    time::WaitFor,
};
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
        // In the stage of that name.
        #[pin]
        attempt: Option<Fut>,
        // In the stages of those names.
        timed: Timed<R, Fut>,
        stage: Stage,
        call: Call<R, P, F, E>,
    }
}

#[derive(Clone, Copy)]
enum Stage {
    Idle,
    Attempt,
    Limited,
    Waiting,
    Done,
}

/// What has timers in it lies in a box: they are large, and an attempt that is ready at once would pay for
/// their room.
enum Timed<R: Sleep, Fut> {
    None,
    Limited(Pin<Box<WaitFor<R, Fut>>>),
    Waiting(Pin<Box<Wait<R>>>),
}

impl<R: Sleep, P, F, Fut, E> RetryFuture<R, P, F, Fut, E> {
    pub(crate) fn new(rt: R, policy: P, operation: F) -> Self {
        Self {
            attempt: None,
            timed: Timed::None,
            stage: Stage::Idle,
            call: Call::new(rt, policy, operation),
        }
    }

    /// Names the operation, for the error's message.
    pub fn named(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.call.name = Some(operation.into());
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
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let stage = *this.stage;
            *this.stage = Stage::Done;
            let output = match stage {
                Stage::Idle => {
                    let attempt = this.call.begin();
                    if this.call.is_limited() {
                        *this.timed = Timed::Limited(this.call.limit(attempt));
                        *this.stage = Stage::Limited;
                    } else {
                        this.attempt.set(Some(attempt));
                        *this.stage = Stage::Attempt;
                    }
                    continue;
                }
                Stage::Attempt => {
                    let attempt = this.attempt.as_mut().as_pin_mut();
                    *this.stage = stage;
                    let Poll::Ready(output) = attempt.expect(OF_STAGE).poll(cx) else {
                        this.call.started();
                        return Poll::Pending;
                    };
                    *this.stage = Stage::Done;
                    this.attempt.set(None);
                    output.map_err(AttemptError::Failed)
                }
                Stage::Limited => {
                    let Timed::Limited(attempt) = this.timed else {
                        unreachable!("{OF_STAGE}");
                    };
                    *this.stage = stage;
                    let output = ready!(attempt.as_mut().poll(cx));
                    *this.stage = Stage::Done;
                    *this.timed = Timed::None;
                    match output {
                        Ok(output) => output.map_err(AttemptError::Failed),
                        Err(elapsed) => Err(AttemptError::TimedOut(elapsed)),
                    }
                }
                Stage::Waiting => {
                    let Timed::Waiting(wait) = this.timed else {
                        unreachable!("{OF_STAGE}");
                    };
                    let Poll::Ready(waited) = wait.as_mut().poll(cx) else {
                        *this.stage = stage;
                        return Poll::Pending;
                    };
                    *this.timed = Timed::None;
                    if let Err(reason) = waited {
                        return Poll::Ready(Err(this.call.cancelled(reason)));
                    }
                    *this.stage = Stage::Idle;
                    continue;
                }
                Stage::Done => panic!("a retry was polled again after it was ready"),
            };
            match output {
                Ok(output) => {
                    this.call.succeeded();
                    return Poll::Ready(Ok(output));
                }
                Err(failure) => {
                    *this.timed = Timed::Waiting(this.call.failed(failure)?);
                    *this.stage = Stage::Waiting;
                }
            }
        }
    }
}

const OF_STAGE: &str = "it is there in its stage";

impl<R: Sleep, P, F, Fut, E> fmt::Debug for RetryFuture<R, P, F, Fut, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryFuture")
            .field("operation", &self.call.name)
            .field("attempts", &self.call.attempts)
            .finish_non_exhaustive()
    }
}
