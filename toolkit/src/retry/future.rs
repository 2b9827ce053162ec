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
    backoff::Course,
    error::{AttemptError, GaveUp, RetryError},
    policy::{Retry, Retrying},
};
use anyrt_core::{
    Instant,
    cancel::{CancelReason, CancellationToken, CancelledFuture},
    context::Context,
    rt::{Runtime, Sleep},
    time::{WaitFor, wait_until},
};
use pin_project_lite::pin_project;
use std::{
    borrow::{Borrow, Cow},
    fmt,
    future::Future,
    pin::Pin,
    task::{self, Poll, ready},
};

/// Which attempt this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    number: u32,
}

impl Attempt {
    /// Its number, from 1.
    pub fn number(self) -> u32 {
        self.number
    }

    /// Whether nothing has failed yet.
    pub fn is_first(self) -> bool {
        self.number == 1
    }
}

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
    RetryFuture {
        stage: Stage::Idle,
        call: Call {
            rt: rt.clone(),
            policy,
            operation,
            name: None,
            attempts: 0,
            started: None,
            course: Course::default(),
            last: None,
        },
    }
}

pin_project! {
    /// The future of [`retry`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct RetryFuture<R: Sleep, P, F, Fut, E> {
        #[pin]
        stage: Stage<R, Fut>,
        call: Call<R, P, F, E>,
    }
}

pin_project! {
    #[project = StagePin]
    enum Stage<R: Sleep, Fut> {
        Idle,
        Attempt { #[pin] attempt: Fut },
        Limited { #[pin] attempt: WaitFor<R, Fut> },
        Waiting {
            #[pin]
            timer: R::Timer,
            cancelled: Option<CancelledFuture<CancellationToken>>,
        },
        Done,
    }
}

/// What stays from attempt to attempt.
struct Call<R, P, F, E> {
    rt: R,
    policy: P,
    operation: F,
    name: Option<Cow<'static, str>>,
    attempts: u32,
    started: Option<Instant>,
    course: Course,
    /// While it waits.
    last: Option<AttemptError<E>>,
}

impl<R: Sleep, P, F, Fut, E> RetryFuture<R, P, F, Fut, E> {
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
    F: FnMut(Attempt) -> Fut,
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
            let failure = match this.stage.as_mut().project() {
                StagePin::Attempt { attempt } => match attempt.poll(cx) {
                    Poll::Ready(Ok(output)) => {
                        this.stage.set(Stage::Done);
                        this.call.succeeded();
                        return Poll::Ready(Ok(output));
                    }
                    Poll::Ready(Err(error)) => AttemptError::Failed(error),
                    Poll::Pending => {
                        this.call.started();
                        return Poll::Pending;
                    }
                },
                StagePin::Limited { attempt } => match ready!(attempt.poll(cx)) {
                    Ok(Ok(output)) => {
                        this.stage.set(Stage::Done);
                        this.call.succeeded();
                        return Poll::Ready(Ok(output));
                    }
                    Ok(Err(error)) => AttemptError::Failed(error),
                    Err(elapsed) => AttemptError::Elapsed(elapsed),
                },
                StagePin::Idle => {
                    this.stage.set(Stage::Done);
                    let attempt = this.call.begin();
                    this.stage.set(attempt);
                    continue;
                }
                StagePin::Waiting { timer, cancelled } => {
                    // The token is asked first: a timer that fires at the same time begins no attempt.
                    let cancelled = cancelled.as_mut().map(|c| Pin::new(c).poll(cx));
                    if let Some(Poll::Ready(reason)) = cancelled {
                        this.stage.set(Stage::Done);
                        return Poll::Ready(Err(this.call.cancelled(reason)));
                    }
                    ready!(timer.poll(cx));
                    this.call.last = None;
                    this.stage.set(Stage::Idle);
                    continue;
                }
                StagePin::Done => panic!("a retry was polled again after it was ready"),
            };
            this.stage.set(Stage::Done);
            match this.call.failed(failure) {
                Ok(waiting) => this.stage.set(waiting),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl<R: Runtime, P: Borrow<Retry<E>>, F, E> Call<R, P, F, E> {
    fn started(&mut self) -> Instant {
        *self.started.get_or_insert_with(|| self.rt.now())
    }

    #[inline]
    fn begin<Fut>(&mut self) -> Stage<R, Fut>
    where
        F: FnMut(Attempt) -> Fut,
        Fut: Future,
    {
        let rules = &*self.policy.borrow().rules;
        self.attempts = self.attempts.saturating_add(1);
        let attempt = Attempt {
            number: self.attempts,
        };
        if rules.max_elapsed.is_none() && rules.attempt_limit.is_none() {
            let attempt = (self.operation)(attempt);
            return Stage::Attempt { attempt };
        }
        let now = self.rt.now();
        let started = *self.started.get_or_insert(now);
        let limits = [
            rules.max_elapsed.map(|limit| started + limit),
            rules.attempt_limit.map(|limit| now + limit),
        ];
        let end = limits.into_iter().flatten().min();
        let mut attempt = wait_until(&self.rt, end, (self.operation)(attempt));
        if let Some(name) = &self.name {
            attempt = attempt.named(name.clone());
        }
        Stage::Limited { attempt }
    }

    #[inline]
    fn succeeded(&self) {
        if let Some(budget) = &self.policy.borrow().rules.budget {
            budget.succeeded();
        }
    }

    /// The wait for the next attempt, or the end.
    #[cold]
    fn failed<Fut>(&mut self, failure: AttemptError<E>) -> Result<Stage<R, Fut>, RetryError<E>> {
        let now = self.rt.now();
        self.started.get_or_insert(now);
        let context = Context::current();
        let wake = match self.next_attempt(now, &context, &failure) {
            Ok(wake) => wake,
            Err(gave_up) => return Err(self.give_up(gave_up, failure)),
        };
        let rules = &*self.policy.borrow().rules;
        if let Some(hook) = &rules.on_retry {
            hook(&Retrying {
                attempt: self.attempts,
                error: &failure,
                delay: wake - now,
            });
        }
        self.last = Some(failure);
        let token = context.token().cloned();
        Ok(Stage::Waiting {
            timer: self.rt.sleep_until(wake),
            cancelled: token.map(CancellationToken::cancelled_owned),
        })
    }

    /// When the next attempt begins, or why there is none.
    fn next_attempt(
        &mut self,
        now: Instant,
        context: &Context,
        failure: &AttemptError<E>,
    ) -> Result<Instant, GaveUp> {
        let rules = &*self.policy.borrow().rules;
        if let Some(reason) = context.token().and_then(CancellationToken::reason) {
            return Err(GaveUp::Cancelled(Box::new(reason.clone())));
        }
        let error = match failure {
            AttemptError::Failed(error) => Some(error),
            AttemptError::Elapsed(_) => None,
        };
        if let (Some(when), Some(error)) = (&rules.when, error)
            && !when(error)
        {
            return Err(GaveUp::Refused);
        }
        let started = self.started.unwrap_or(now);
        let end = rules.max_elapsed.map(|limit| started + limit);
        if end.is_some_and(|end| now >= end) {
            return Err(GaveUp::MaxElapsed);
        }
        if rules.attempts.is_some_and(|most| self.attempts >= most) {
            return Err(GaveUp::Attempts);
        }
        let asked = rules.retry_after.as_ref().zip(error);
        let delay = asked.and_then(|(after, error)| after(error));
        let delay = delay.unwrap_or_else(|| rules.backoff.next(&mut self.course, &self.rt));
        let wake = now + delay;
        if end.is_some_and(|end| wake >= end) {
            return Err(GaveUp::MaxElapsed);
        }
        // A wait until the end of time never ends.
        let deadline = context.deadline().unwrap_or(Instant::MAX);
        if wake >= deadline {
            return Err(GaveUp::Deadline);
        }
        match &rules.budget {
            Some(budget) if !budget.try_take() => Err(GaveUp::Budget),
            _ => Ok(wake),
        }
    }

    fn cancelled(&mut self, reason: CancelReason) -> RetryError<E> {
        let last = self.last.take().expect("kept while it waits");
        self.give_up(GaveUp::Cancelled(Box::new(reason)), last)
    }

    fn give_up(&mut self, gave_up: GaveUp, last: AttemptError<E>) -> RetryError<E> {
        let error = RetryError {
            operation: self.name.take(),
            gave_up,
            attempts: self.attempts,
            elapsed: self.rt.now() - self.started(),
            last,
        };
        if let Some(hook) = &self.policy.borrow().rules.on_give_up {
            hook(&error);
        }
        error
    }
}

impl<R: Sleep, P, F, Fut, E> fmt::Debug for RetryFuture<R, P, F, Fut, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryFuture")
            .field("operation", &self.call.name)
            .field("attempts", &self.call.attempts)
            .finish_non_exhaustive()
    }
}
