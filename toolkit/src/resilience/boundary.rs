//! Where an error ends.

use crate::retry::{Attempt, GaveUp, Retry, RetryError, retry};
use anyrt_core::rt::Runtime;
use std::{fmt, future::Future, sync::Arc};

/// Where errors end: a call that fails is tried again, its error is told to a hook, and a fallback takes its
/// place. Cheap to clone.
///
/// ```
/// use anyrt::{ConfigError, rt::Runtime};
/// use anyrt::{resilience::Boundary, retry::{Retry, RetryError}};
/// use std::io;
///
/// # async fn fetch(_: &str) -> io::Result<String> { Ok(String::new()) }
/// fn boundary() -> Result<Boundary<String, io::Error>, ConfigError> {
///     let policy = Retry::builder().attempts(2).build()?;
///     Ok(Boundary::new()
///         .retry(policy)
///         .on_error(|error| eprintln!("no greeting: {error:#}"))
///         .catches(|error: &io::Error| error.kind() != io::ErrorKind::PermissionDenied)
///         .fallback(|_| "hello".to_owned()))
/// }
///
/// async fn greeting<R: Runtime>(
///     rt: &R,
///     boundary: &Boundary<String, io::Error>,
/// ) -> Result<String, RetryError<io::Error>> {
///     boundary.run(rt, |_| fetch("/greeting")).await
/// }
/// ```
///
/// # What goes through
/// A cancellation is no error to make up for: where the context's token ended the retries, the error is
/// returned, and there is no fallback. Nor is a panic, which unwinds; to catch one, spawn.
///
/// # Closures
/// They run in the task that calls. A panic in one of them unwinds through the call; the boundary stays as
/// it was.
#[must_use = "a boundary does nothing until `run`"]
pub struct Boundary<T, E> {
    policy: Retry<E>,
    catches: Option<Ask<E, bool>>,
    on_error: Option<Ask<RetryError<E>, ()>>,
    fallback: Option<Ask<RetryError<E>, T>>,
}

type Ask<Q, A> = Arc<dyn Fn(&Q) -> A + Send + Sync>;

impl<T, E> Boundary<T, E> {
    /// One attempt, no hook, no fallback: set what is wanted.
    pub fn new() -> Self {
        Self {
            policy: Retry::once(),
            catches: None,
            on_error: None,
            fallback: None,
        }
    }

    /// Tries again by this policy, before anything else.
    pub fn retry(mut self, policy: Retry<E>) -> Self {
        self.policy = policy;
        self
    }

    /// The fallback is for errors of which this is true; others are returned. Unless set it is for all. One that
    /// passes its limit of time is caught without being asked.
    pub fn catches(mut self, catches: impl Fn(&E) -> bool + Send + Sync + 'static) -> Self {
        self.catches = Some(Arc::new(catches));
        self
    }

    /// Is called with each final error, whether there is a fallback for it or not. It is this boundary's own, and
    /// needs no policy; one [of the policy](crate::retry::RetryBuilder::on_give_up), which others may use as well, is
    /// called before.
    pub fn on_error(mut self, hook: impl Fn(&RetryError<E>) + Send + Sync + 'static) -> Self {
        self.on_error = Some(Arc::new(hook));
        self
    }

    /// Makes what is returned in place of an error.
    pub fn fallback(
        mut self,
        fallback: impl Fn(&RetryError<E>) -> T + Send + Sync + 'static,
    ) -> Self {
        self.fallback = Some(Arc::new(fallback));
        self
    }

    /// Calls `operation`, and keeps what it may of its errors.
    ///
    /// # Errors
    /// The last error, with how it came to it, where there is no fallback for it.
    ///
    /// # Cancel safety
    /// As safe as an attempt: dropping it drops the attempt in hand.
    pub fn run<'a, R, F, Fut>(
        &'a self,
        rt: &R,
        operation: F,
    ) -> impl Future<Output = Result<T, RetryError<E>>> + use<'a, R, F, Fut, T, E>
    where
        R: Runtime,
        F: FnMut(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let attempts = retry(rt, &self.policy, operation);
        async move {
            let error = match attempts.await {
                Ok(output) => return Ok(output),
                Err(error) => error,
            };
            if let Some(hook) = &self.on_error {
                hook(&error);
            }
            match &self.fallback {
                Some(fallback) if self.is_caught(&error) => Ok(fallback(&error)),
                _ => Err(error),
            }
        }
    }

    fn is_caught(&self, error: &RetryError<E>) -> bool {
        if matches!(error.gave_up, GaveUp::Cancelled(_)) {
            return false;
        }
        match (&self.catches, error.last()) {
            (Some(catches), Some(error)) => catches(error),
            _ => true,
        }
    }
}

impl<T, E> Default for Boundary<T, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, E> Clone for Boundary<T, E> {
    fn clone(&self) -> Self {
        Self {
            policy: self.policy.clone(),
            catches: self.catches.clone(),
            on_error: self.on_error.clone(),
            fallback: self.fallback.clone(),
        }
    }
}

impl<T, E> fmt::Debug for Boundary<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Boundary")
            .field("policy", &self.policy)
            .field("fallback", &self.fallback.is_some())
            .finish_non_exhaustive()
    }
}
