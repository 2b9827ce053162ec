//! What a load can come to instead of a value.

use anyrt_core::error::{Panic, write_with};
use std::{
    borrow::Cow,
    error::Error,
    fmt,
    panic::{Location, resume_unwind},
    sync::Arc,
};

/// Why a load gave no value. All who waited for it get the same; cheap to clone.
#[derive(PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError<E> {
    /// The loader's own error.
    Failed(Arc<E>),
    /// The loader panicked. Its payload is in there; whoever is the last to hold it can take it out.
    Panicked(Arc<Panic>),
    /// The loader waits for itself.
    Deadlock(Deadlock),
}

/// A loader called its cache for a key whose load waits for it: its own, or one around the corner.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deadlock {
    /// The cache's name.
    pub cache: Option<Cow<'static, str>>,
    /// The call that would have waited for ever.
    pub at: &'static Location<'static>,
}

impl<E> LoadError<E> {
    /// The loader's own error, if it is that.
    pub fn error(&self) -> Option<&E> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// The loader's own error, behind the `Arc` that all who waited share; goes on unwinding with its panic.
    ///
    /// ```
    /// use anyrt::cache::LoadError;
    /// use std::{io, sync::Arc};
    ///
    /// let error = LoadError::Failed(Arc::new(io::Error::other("no route")));
    /// assert_eq!(error.resume().to_string(), "no route");
    /// ```
    ///
    /// # Panics
    /// With the loader's panic: the payload, for the last one who holds it, and its message for the others. Where the
    /// loader waits for itself, with that message.
    #[track_caller]
    pub fn resume(self) -> Arc<E> {
        match self {
            Self::Failed(error) => error,
            Self::Panicked(panic) => match Arc::try_unwrap(panic) {
                Ok(panic) => resume_unwind(panic.into_payload()),
                Err(panic) => panic!("{}", panic.message()),
            },
            Self::Deadlock(deadlock) => panic!("{deadlock}"),
        }
    }

    /// Whether the loader panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked(_))
    }

    /// Whether the loader would have waited for itself.
    pub fn is_deadlock(&self) -> bool {
        matches!(self, Self::Deadlock(_))
    }
}

impl<E> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(error.clone()),
            Self::Panicked(panic) => Self::Panicked(panic.clone()),
            Self::Deadlock(deadlock) => Self::Deadlock(deadlock.clone()),
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
            Self::Panicked(panic) => f.debug_tuple("Panicked").field(panic).finish(),
            Self::Deadlock(deadlock) => f.debug_tuple("Deadlock").field(deadlock).finish(),
        }
    }
}

impl<E: fmt::Display> fmt::Display for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write_with(f, "the load failed", error),
            Self::Panicked(panic) => write!(f, "the loader panicked: {}", panic.message()),
            Self::Deadlock(deadlock) => write_with(f, "the load was refused", deadlock),
        }
    }
}

impl<E: Error + 'static> Error for LoadError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(&**error),
            Self::Deadlock(deadlock) => Some(deadlock),
            Self::Panicked(_) => None,
        }
    }
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cache {
            Some(name) => write!(f, "deadlock in cache \"{name}\"")?,
            None => f.write_str("deadlock in a cache")?,
        }
        write!(f, ": a load would wait for itself, at {}", self.at)
    }
}

impl Error for Deadlock {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn raised(error: LoadError<()>) -> Panic {
        let resumed = catch_unwind(AssertUnwindSafe(|| error.resume()));
        Panic::new(resumed.expect_err("it panics"))
    }

    #[test]
    fn the_last_holder_of_a_panic_goes_on_with_its_payload() {
        let first = LoadError::Panicked(Arc::new(Panic::new(Box::new("out of luck"))));
        let last = first.clone();
        assert_eq!(
            raised(first).into_payload().downcast_ref(),
            Some(&"out of luck".to_owned())
        );
        assert_eq!(
            raised(last).into_payload().downcast_ref(),
            Some(&"out of luck")
        );
    }

    #[test]
    fn who_waits_for_himself_is_told_so() {
        let (cache, at) = (None, Location::caller());
        let raised = raised(LoadError::Deadlock(Deadlock { cache, at }));
        assert!(
            raised.message().starts_with("deadlock in a cache"),
            "{raised:?}"
        );
    }
}
