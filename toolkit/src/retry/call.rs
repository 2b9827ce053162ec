//! What a retry does between its attempts: limits, verdicts, waits.

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
    future::Future,
    pin::Pin,
    task::{self, Poll},
};

pin_project! {
    /// A wait for the next attempt.
    pub(super) struct Wait<R: Sleep> {
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
pub(super) struct Call<R, P, F, E> {
    rt: R,
    policy: P,
    operation: F,
    pub(super) name: Option<Cow<'static, str>>,
    pub(super) attempts: u32,
    started: Option<Instant>,
    /// From the first failure on.
    past: Option<Box<Past<E>>>,
}

struct Past<E> {
    course: Course,
    last: AttemptError<E>,
}

impl<R, P, F, E> Call<R, P, F, E> {
    pub(super) fn new(rt: R, policy: P, operation: F) -> Self {
        Self {
            rt,
            policy,
            operation,
            name: None,
            attempts: 0,
            started: None,
            past: None,
        }
    }
}

impl<R: Runtime, P: Borrow<Retry<E>>, F, E> Call<R, P, F, E> {
    pub(super) fn started(&mut self) -> Instant {
        *self.started.get_or_insert_with(|| self.rt.now())
    }

    #[inline]
    pub(super) fn begin<Fut>(&mut self) -> Fut
    where
        F: Operate<Fut>,
    {
        self.attempts = self.attempts.saturating_add(1);
        let number = self.attempts;
        self.operation.attempt(Attempt { number })
    }

    #[inline]
    pub(super) fn is_limited(&self) -> bool {
        let rules = &*self.policy.borrow().rules;
        rules.max_elapsed.is_some() || rules.attempt_timeout.is_some()
    }

    /// Gives an attempt its limit.
    #[cold]
    pub(super) fn limit<Fut: Future>(&mut self, attempt: Fut) -> Pin<Box<WaitFor<R, Fut>>> {
        let rules = &*self.policy.borrow().rules;
        let now = self.rt.now();
        let started = *self.started.get_or_insert(now);
        let limits = [
            rules.max_elapsed.map(|limit| started + limit),
            rules.attempt_timeout.map(|limit| now + limit),
        ];
        let end = limits.into_iter().flatten().min();
        let mut attempt = wait_until(&self.rt, end, attempt);
        if let Some(name) = &self.name {
            attempt = attempt.named(name.clone());
        }
        Box::pin(attempt)
    }

    #[inline]
    pub(super) fn succeeded(&self) {
        if let Some(budget) = &self.policy.borrow().rules.budget {
            budget.succeeded();
        }
    }

    /// The wait for the next attempt, or the end.
    #[cold]
    pub(super) fn failed(
        &mut self,
        failure: AttemptError<E>,
    ) -> Result<Pin<Box<Wait<R>>>, RetryError<E>> {
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
            AttemptError::TimedOut(_) => None,
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

    pub(super) fn cancelled(&mut self, reason: CancelReason) -> RetryError<E> {
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
