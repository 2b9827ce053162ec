//! How an operation ended.

use anyrt_core::{JoinError, cancel::Cancelled};
use std::{
    any::Any,
    error::Error,
    fmt::{self, Display},
};

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "*OP-1* has them all")]
pub enum Outcome {
    /// With an output; for a `Result`, with `Ok`.
    Success,
    /// With an error, which says this.
    Error(String),
    /// It was dropped before its end, or its error is a cancellation.
    Cancelled,
    /// It panicked, with this message. The panic went on unwinding.
    Panicked(String),
}

impl Outcome {
    /// What [`try_run`](super::Operation::try_run) makes of an error: [`Cancelled`](Self::Cancelled) where it is
    /// anyrt's own [`Cancelled`], a [`JoinError::Cancelled`], or a boxed error that has one of them among its
    /// sources; otherwise [`Error`](Self::Error), with its text.
    ///
    /// Others that stand for a cancellation are known to whoever made them, who says so with
    /// [`run_with`](super::Operation::run_with).
    pub fn of_error<E: Display + 'static>(error: &E) -> Self {
        match is_cancellation(error) {
            true => Self::Cancelled,
            false => Self::Error(error.to_string()),
        }
    }

    /// In a word: `success`, `error`, `cancelled`, `panicked`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error(_) => "error",
            Self::Cancelled => "cancelled",
            Self::Panicked(_) => "panicked",
        }
    }
}

fn is_cancellation(error: &dyn Any) -> bool {
    if error.is::<Cancelled>() {
        return true;
    }
    if let Some(error) = error.downcast_ref::<JoinError>() {
        return error.is_cancelled();
    }
    let boxed = error.downcast_ref::<Box<dyn Error + Send + Sync>>();
    let mut source = boxed.map(|error| &**error as &(dyn Error + 'static));
    while let Some(error) = source {
        let joined = error.downcast_ref::<JoinError>();
        if error.is::<Cancelled>() || joined.is_some_and(JoinError::is_cancelled) {
            return true;
        }
        source = error.source();
    }
    false
}

/// The word, and the error's or panic's text.
impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        match self {
            Self::Error(text) | Self::Panicked(text) => write!(f, ": {text}"),
            Self::Success | Self::Cancelled => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyrt_core::cancel::CancellationToken;

    #[derive(Debug)]
    struct Around(Box<dyn Error + Send + Sync>);

    impl Display for Around {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("around")
        }
    }

    impl Error for Around {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&*self.0)
        }
    }

    fn cancelled() -> Cancelled {
        let token = CancellationToken::new();
        token.cancel();
        token.check().expect_err("it is cancelled")
    }

    #[test]
    fn cancellations_are_told_from_errors() {
        let boxed = |error: Box<dyn Error + Send + Sync>| Outcome::of_error(&error);
        assert_eq!(Outcome::of_error(&cancelled()), Outcome::Cancelled);
        assert_eq!(Outcome::of_error(&JoinError::Cancelled), Outcome::Cancelled);
        assert_eq!(boxed(Box::new(cancelled())), Outcome::Cancelled);
        let deep = Around(Box::new(Around(Box::new(JoinError::Cancelled))));
        assert_eq!(boxed(Box::new(deep)), Outcome::Cancelled);
        let plain = Around("no".into());
        assert_eq!(boxed(Box::new(plain)), Outcome::Error("around".to_owned()));
        assert_eq!(Outcome::of_error(&"no"), Outcome::Error("no".to_owned()));
        assert_eq!(Outcome::of_error(&"no").to_string(), "error: no");
    }
}
