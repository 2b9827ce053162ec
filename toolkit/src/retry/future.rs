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
    operate::{Attempt, Operate},
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

pin_project! {
    struct Wait<R: Sleep> {
        #[pin]
        timer: R::Timer,
        cancelled: Option<CancelledFuture<CancellationToken>>,
    }
}

impl<R: Sleep> Future for Wait<R> {
    type Output = Result<(), CancelReason>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // The token is asked first: a timer that fires at the same time begins no attempt.
        let cancelled = this.cancelled.as_mut().map(|c| Pin::new(c).poll(cx));
        if let Some(Poll::Ready(reason)) = cancelled {
            return Poll::Ready(Err(reason));
        }
        this.timer.poll(cx).map(Ok)
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
    /// From the first failure on.
    past: Option<Box<Past<E>>>,
}

struct Past<E> {
    course: Course,
    last: AttemptError<E>,
}

impl<R: Sleep, P, F, Fut, E> RetryFuture<R, P, F, Fut, E> {
    pub(crate) fn new(rt: R, policy: P, operation: F) -> Self {
        Self {
            attempt: None,
            timed: Timed::None,
            stage: Stage::Idle,
            call: Call {
                rt,
                policy,
                operation,
                name: None,
                attempts: 0,
                started: None,
                past: None,
            },
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
                        Err(elapsed) => Err(AttemptError::Elapsed(elapsed)),
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

impl<R: Runtime, P: Borrow<Retry<E>>, F, E> Call<R, P, F, E> {
    fn started(&mut self) -> Instant {
        *self.started.get_or_insert_with(|| self.rt.now())
    }

    #[inline]
    fn begin<Fut>(&mut self) -> Fut
    where
        F: Operate<Fut>,
    {
        self.attempts = self.attempts.saturating_add(1);
        let number = self.attempts;
        self.operation.attempt(Attempt { number })
    }

    #[inline]
    fn is_limited(&self) -> bool {
        let rules = &*self.policy.borrow().rules;
        rules.max_elapsed.is_some() || rules.attempt_limit.is_some()
    }

    /// Gives an attempt its limit.
    #[cold]
    fn limit<Fut: Future>(&mut self, attempt: Fut) -> Pin<Box<WaitFor<R, Fut>>> {
        let rules = &*self.policy.borrow().rules;
        let now = self.rt.now();
        let started = *self.started.get_or_insert(now);
        let limits = [
            rules.max_elapsed.map(|limit| started + limit),
            rules.attempt_limit.map(|limit| now + limit),
        ];
        let end = limits.into_iter().flatten().min();
        let mut attempt = wait_until(&self.rt, end, attempt);
        if let Some(name) = &self.name {
            attempt = attempt.named(name.clone());
        }
        Box::pin(attempt)
    }

    #[inline]
    fn succeeded(&self) {
        if let Some(budget) = &self.policy.borrow().rules.budget {
            budget.succeeded();
        }
    }

    /// The wait for the next attempt, or the end.
    #[cold]
    fn failed(&mut self, failure: AttemptError<E>) -> Result<Pin<Box<Wait<R>>>, RetryError<E>> {
        let now = self.rt.now();
        self.started.get_or_insert(now);
        let context = Context::current();
        let mut course = self
            .past
            .take()
            .map_or_else(Course::default, |past| past.course);
        let wake = match self.next_attempt(now, &context, &failure, &mut course) {
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
        let last = failure;
        self.past = Some(Box::new(Past { course, last }));
        let token = context.token().cloned();
        Ok(Box::pin(Wait {
            timer: self.rt.sleep_until(wake),
            cancelled: token.map(CancellationToken::cancelled_owned),
        }))
    }

    /// When the next attempt begins, or why there is none.
    fn next_attempt(
        &self,
        now: Instant,
        context: &Context,
        failure: &AttemptError<E>,
        course: &mut Course,
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
        let delay = delay.unwrap_or_else(|| rules.backoff.next(course, &self.rt));
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
        let past = self.past.take().expect("something failed before it waits");
        self.give_up(GaveUp::Cancelled(Box::new(reason)), past.last)
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
