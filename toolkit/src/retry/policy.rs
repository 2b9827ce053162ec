//! What to try again, how often, how long.

use super::{
    backoff::Backoff,
    budget::RetryBudget,
    error::{AttemptError, RetryError},
};
use anyrt_core::{ConfigError, error::check};
use std::{fmt, sync::Arc, time::Duration};

/// What to try again, how often, and when: a policy for [`retry`](super::retry()). Cheap to clone.
///
/// Unless set otherwise: three attempts, the default [`Backoff`], each error is tried again, no limit of
/// time.
pub struct Retry<E> {
    pub(super) rules: Arc<RetryBuilder<E>>,
}

impl<E> Retry<E> {
    /// A policy to be set up.
    pub fn builder() -> RetryBuilder<E> {
        RetryBuilder {
            attempts: Some(3),
            backoff: Backoff::default(),
            max_elapsed: None,
            attempt_timeout: None,
            when: None,
            retry_after: None,
            budget: None,
            on_retry: None,
            on_give_up: None,
        }
    }
}

impl<E> Retry<E> {
    /// One attempt, and no more.
    pub(crate) fn once() -> Self {
        let rules = Arc::new(Self::builder().attempts(1));
        Self { rules }
    }
}

// Not derived: that would ask for `E: Clone`.
impl<E> Clone for Retry<E> {
    fn clone(&self) -> Self {
        let rules = self.rules.clone();
        Self { rules }
    }
}

impl<E> fmt::Debug for Retry<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rules.fields(f, "Retry")
    }
}

/// A retry that is about to be made.
#[derive(Debug)]
#[non_exhaustive]
pub struct Retrying<'a, E> {
    /// The number of the attempt that failed, from 1.
    pub attempt: u32,
    /// How it failed.
    pub error: &'a AttemptError<E>,
    /// The wait before the next one.
    pub delay: Duration,
}

type Ask<E, A> = Box<dyn Fn(&E) -> A + Send + Sync>;
type OnRetry<E> = Box<dyn Fn(&Retrying<'_, E>) + Send + Sync>;

/// Sets up a [`Retry`].
///
/// # Closures
/// They run in the task that retries, between two attempts, and hold nobody else up. A panic in one of them
/// unwinds through the call, as one in an attempt does; the policy stays as it was.
#[must_use = "a builder does nothing until `build`"]
pub struct RetryBuilder<E> {
    pub(super) attempts: Option<u32>,
    pub(super) backoff: Backoff,
    pub(super) max_elapsed: Option<Duration>,
    pub(super) attempt_timeout: Option<Duration>,
    pub(super) when: Option<Ask<E, bool>>,
    pub(super) retry_after: Option<Ask<E, Option<Duration>>>,
    pub(super) budget: Option<RetryBudget>,
    pub(super) on_retry: Option<OnRetry<E>>,
    pub(super) on_give_up: Option<Ask<RetryError<E>, ()>>,
}

impl<E> RetryBuilder<E> {
    /// The most attempts that are made, the first included (*RE-1*); `None` is no limit.
    pub fn attempts(mut self, attempts: impl Into<Option<u32>>) -> Self {
        self.attempts = attempts.into();
        self
    }

    /// How long to wait between attempts.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// All of it, attempts and waits, takes no longer than this, from the first poll on (*RE-2*): the attempt
    /// in hand is dropped when it passes, and no wait is begun that would reach it. Inside an attempt,
    /// the [context's](anyrt_core::context::Context::deadline) deadline is no later than that.
    pub fn max_elapsed(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.max_elapsed = limit.into();
        self
    }

    /// Limits each attempt. One that takes longer is dropped and retried, without asking
    /// [`when`](Self::when). Inside, the context's deadline is no later than that.
    pub fn attempt_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.attempt_timeout = limit.into();
        self
    }

    /// Tries again only errors of which this is true.
    ///
    /// An error that tells of a cancellation, such as a [`JoinError`](anyrt_core::JoinError) of a task that somebody
    /// has aborted, is not the caller's own: it is tried again as others are (*RE-5*), and it is here that it can be
    /// told apart.
    pub fn when(mut self, when: impl Fn(&E) -> bool + Send + Sync + 'static) -> Self {
        self.when = Some(Box::new(when));
        self
    }

    /// Where the error says how long to wait, that is the wait, instead of the backoff's, and also where
    /// it is longer than the longest of those (*RE-4*).
    ///
    /// ```
    /// use anyrt::{ConfigError, resilience::BreakerError, retry::Retry, rt::Runtime};
    /// use std::io;
    ///
    /// /// Of calls through a breaker: no attempt comes before it may let one through.
    /// fn policy<R: Runtime>(rt: &R) -> Result<Retry<BreakerError<io::Error>>, ConfigError> {
    ///     let rt = rt.clone();
    ///     Retry::builder()
    ///         .retry_after(move |error| match error {
    ///             BreakerError::Open(open) => Some(open.retry_at - rt.now()),
    ///             BreakerError::Failed(_) => None,
    ///         })
    ///         .build()
    /// }
    /// # let rt = anyrt_smol::Smol::default();
    /// # assert!(policy(&rt).is_ok());
    /// ```
    pub fn retry_after(
        mut self,
        after: impl Fn(&E) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.retry_after = Some(Box::new(after));
        self
    }

    /// Takes each retry from this budget (*RE-7*).
    pub fn budget(mut self, budget: &RetryBudget) -> Self {
        self.budget = Some(budget.clone());
        self
    }

    /// Is called before each wait.
    pub fn on_retry(mut self, hook: impl Fn(&Retrying<'_, E>) + Send + Sync + 'static) -> Self {
        self.on_retry = Some(Box::new(hook));
        self
    }

    /// Is called with the error before it is returned, whoever calls by this policy. What is to be told of one call is
    /// told where that returns, or by the [boundary](crate::resilience::Boundary::on_error) around it.
    pub fn on_give_up(mut self, hook: impl Fn(&RetryError<E>) + Send + Sync + 'static) -> Self {
        self.on_give_up = Some(Box::new(hook));
        self
    }

    /// The policy.
    ///
    /// # Errors
    /// A [`ConfigError`] for no attempts, a limit of zero, or a backoff's factor below 1 or not finite.
    pub fn build(self) -> Result<Retry<E>, ConfigError> {
        check::at_least_one("attempts", self.attempts.unwrap_or(1))?;
        for (field, limit) in [
            ("max_elapsed", self.max_elapsed),
            ("attempt_timeout", self.attempt_timeout),
        ] {
            check::more_than_zero(field, limit)?;
        }
        self.backoff.check()?;
        Ok(Retry {
            rules: Arc::new(self),
        })
    }

    fn fields(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        f.debug_struct(name)
            .field("attempts", &self.attempts)
            .field("backoff", &self.backoff)
            .field("max_elapsed", &self.max_elapsed)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}

impl<E> fmt::Debug for RetryBuilder<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fields(f, "RetryBuilder")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(builder: RetryBuilder<()>) -> &'static str {
        builder.build().expect_err("it is not permitted").field
    }

    #[test]
    fn bad_settings_are_refused() {
        assert_eq!(refused(Retry::builder().attempts(0)), "attempts");
        let zero = Duration::ZERO;
        assert_eq!(refused(Retry::builder().max_elapsed(zero)), "max_elapsed");
        assert_eq!(
            refused(Retry::builder().attempt_timeout(zero)),
            "attempt_timeout"
        );
        let backwards = Backoff::exponential(zero).factor(f64::NAN);
        assert_eq!(refused(Retry::builder().backoff(backwards)), "factor");
    }

    #[test]
    fn the_extremes_are_permitted() {
        let builder = Retry::<()>::builder().attempts(None);
        let built = builder
            .max_elapsed(Duration::MAX)
            .attempt_timeout(Duration::MAX)
            .build();
        assert!(built.is_ok());
        assert!(Retry::<()>::builder().attempts(u32::MAX).build().is_ok());
    }
}
