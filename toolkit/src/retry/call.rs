//! What a retry does between its attempts: limits, verdicts, waits.

use super::{
    backoff::Course,
    error::{AttemptError, GaveUp, RetryError, RetryFailure},
    operate::{Attempt, Operate},
    policy::{Retry, Retrying},
};
use anyrt_core::{
    Instant,
    cancel::{CancelReason, CancellationToken, CancelledFuture},
    context::Context,
    rt::{Runtime, Sleep},
    time::{WaitFor, wait_for},
};
use pin_project_lite::pin_project;
use std::{
    borrow::{Borrow, Cow},
    future::Future,
    mem,
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

pin_project! {
    /// What has a timer in it.
    #[project = TimedProj]
    pub(super) enum Timed<R: Sleep, Fut> {
        None,
        Limited { #[pin] attempt: WaitFor<R, Fut> },
        Waiting { #[pin] wait: Wait<R> },
    }
}

pin_project! {
    /// What only calls need that have a limit, or have failed.
    struct Rest<R: Sleep, Fut, E> {
        name: Option<String>,
        #[pin]
        timed: Timed<R, Fut>,
        course: Course,
        last: Option<AttemptError<E>>,
    }
}

/// What most calls have none of. It is dropped out of line: a call that has none only looks whether there is any.
struct Rare<T>(Option<T>);

impl<T> Drop for Rare<T> {
    #[inline]
    fn drop(&mut self) {
        #[cold]
        #[inline(never)]
        fn cold<T>(_: T) {}
        // `None` afterwards, whatever it was: the code that drops the field is left out.
        if let Some(rare) = self.0.take() {
            cold(rare);
        }
    }
}

/// What stays from attempt to attempt.
pub(super) struct Call<R: Sleep, P, F, Fut, E> {
    rt: R,
    policy: P,
    operation: F,
    /// One that has to be dropped lies in the rest.
    name: Option<&'static str>,
    /// How many attempts have failed.
    pub(super) failures: u32,
    started: Option<Instant>,
    /// In a box: it is large, and an attempt that is ready at once would pay for its room.
    rest: Rare<Pin<Box<Rest<R, Fut, E>>>>,
}

impl<R: Sleep, P, F, Fut, E> Call<R, P, F, Fut, E> {
    #[inline]
    pub(super) fn new(rt: R, policy: P, operation: F) -> Self {
        Self {
            rt,
            policy,
            operation,
            name: None,
            failures: 0,
            started: None,
            rest: Rare(None),
        }
    }

    pub(super) fn set_name(&mut self, name: Cow<'static, str>) {
        self.name = match name {
            Cow::Borrowed(name) => Some(name),
            Cow::Owned(name) => {
                *self.rest().project().name = Some(name);
                None
            }
        };
    }

    pub(super) fn name(&self) -> Option<Cow<'static, str>> {
        let owned = || self.rest.0.as_ref()?.name.clone();
        self.name
            .map(Cow::Borrowed)
            .or_else(|| owned().map(Cow::Owned))
    }

    fn rest(&mut self) -> Pin<&mut Rest<R, Fut, E>> {
        let rest = self.rest.0.get_or_insert_with(|| {
            Box::pin(Rest {
                name: None,
                timed: Timed::None,
                course: Course::default(),
                last: None,
            })
        });
        rest.as_mut()
    }

    pub(super) fn timed(&mut self) -> TimedProj<'_, R, Fut> {
        self.rest().project().timed.project()
    }

    /// What has a timer is dropped.
    pub(super) fn is_over(&mut self) {
        self.rest().project().timed.set(Timed::None);
    }
}

impl<R: Runtime, P: Borrow<Retry<E>>, F, Fut, E> Call<R, P, F, Fut, E> {
    pub(super) fn started(&mut self) -> Instant {
        *self.started.get_or_insert_with(|| self.rt.now())
    }

    #[inline]
    pub(super) fn begin(&mut self) -> Fut
    where
        F: Operate<Fut>,
    {
        let number = self.failures.saturating_add(1);
        self.operation.attempt(Attempt { number })
    }

    #[inline]
    pub(super) fn is_limited(&self) -> bool {
        let rules = &*self.policy.borrow().rules;
        rules.max_elapsed.is_some() || rules.attempt_timeout.is_some()
    }

    /// Gives an attempt its limit.
    pub(super) fn limit(&mut self, attempt: Fut)
    where
        Fut: Future,
    {
        let rules = &*self.policy.borrow().rules;
        let now = self.rt.now();
        let started = *self.started.get_or_insert(now);
        // As they were set, and not as a deadline, which moves between two looks at the clock.
        let limits = [
            rules
                .max_elapsed
                .map(|limit| limit.saturating_sub(now - started)),
            rules.attempt_timeout,
        ];
        let limit = limits.into_iter().flatten().min();
        let mut attempt = wait_for(&self.rt, limit, attempt);
        if let Some(name) = self.name() {
            attempt = attempt.named(name);
        }
        let timed = Timed::Limited { attempt };
        self.rest().project().timed.set(timed);
    }

    #[inline]
    pub(super) fn succeeded(&self) {
        if let Some(budget) = &self.policy.borrow().rules.budget {
            budget.succeeded();
        }
    }

    /// Begins the wait for the next attempt, unless this is the end.
    #[cold]
    #[inline(never)]
    pub(super) fn failed(&mut self, failure: AttemptError<E>) -> Result<(), RetryError<E>> {
        self.failures = self.failures.saturating_add(1);
        let now = self.rt.now();
        self.started.get_or_insert(now);
        let context = Context::current();
        let mut course = match &mut self.rest.0 {
            Some(rest) => mem::take(rest.as_mut().project().course),
            None => Course::default(),
        };
        let wake = match self.next_attempt(now, &context, &failure, &mut course) {
            Ok(wake) => wake,
            Err(gave_up) => return Err(self.give_up(gave_up, failure)),
        };
        let rules = &*self.policy.borrow().rules;
        if let Some(hook) = &rules.on_retry {
            hook(&Retrying {
                attempt: self.failures,
                error: &failure,
                delay: wake - now,
            });
        }
        let token = context.token().cloned();
        let wait = Wait {
            timer: self.rt.sleep_until(wake),
            cancelled: token.map(CancellationToken::cancelled_owned),
        };
        let mut rest = self.rest().project();
        *rest.course = course;
        *rest.last = Some(failure);
        rest.timed.set(Timed::Waiting { wait });
        Ok(())
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
        if rules.attempts.is_some_and(|most| self.failures >= most) {
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
        let last = self.rest().project().last.take();
        let last = last.expect("something failed before it waits");
        self.give_up(GaveUp::Cancelled(Box::new(reason)), last)
    }

    fn give_up(&mut self, gave_up: GaveUp, last: AttemptError<E>) -> RetryError<E> {
        let error = RetryError::new(RetryFailure {
            operation: self.name(),
            gave_up,
            attempts: self.failures,
            elapsed: self.rt.now() - self.started(),
            last,
        });
        if let Some(hook) = &self.policy.borrow().rules.on_give_up {
            hook(&error);
        }
        error
    }
}
