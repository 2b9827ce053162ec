//! How an operation ended.

use anyrt_core::error::{chain, is_cancellation};
use std::{
    error::Error,
    fmt::{self, Display},
};

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "*OP-1* has them all")]
pub enum Outcome {
    /// With an output; for a `Result`, with `Ok`.
    Success,
    /// With an error, which says this, its sources included.
    Error(String),
    /// It was dropped before its end, or its error is a cancellation.
    Cancelled,
    /// It panicked, with this message. The panic went on unwinding.
    Panicked(String),
}

impl Outcome {
    /// What [`try_run`](super::Operation::try_run) makes of an error: [`Cancelled`](Self::Cancelled) where
    /// it [stands for a cancellation](is_cancellation), as those of anyrt do, or has one among its sources;
    /// otherwise [`Error`](Self::Error), with the [whole chain](chain()) in one line.
    ///
    /// Others that stand for a cancellation are known to whoever made them, who says so with
    /// [`run_with`](super::Operation::run_with).
    pub fn of_error<E: Failure<Via>, Via>(error: &E) -> Self {
        error.outcome()
    }

    /// For [`run_with`](super::Operation::run_with): the error's text, in `{:#}`, is the outcome, whatever the error is. Where
    /// it has one inside that is no [`Error`], as a `RetryError<String>` has, it is none itself.
    pub fn by_text<T, E: Display>(result: &Result<T, E>) -> Self {
        match result {
            Ok(_) => Self::Success,
            Err(error) => Self::Error(format!("{error:#}")),
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

/// What operations fail with: all that is an [`Error`], a box or `anyhow::Error` with one inside, and texts.
///
/// `Via` is which of them it is. The compiler finds it, so that nobody writes it: a type that is an `Error`
/// and a box of one, too, would leave it the choice.
pub trait Failure<Via> {
    /// What an operation has come to that ends with it.
    fn outcome(&self) -> Outcome;
}

/// It is an [`Error`].
#[derive(Debug)]
#[non_exhaustive]
pub struct AsError;

/// It has an [`Error`] inside.
#[derive(Debug)]
#[non_exhaustive]
pub struct AsBox;

/// It is a text.
#[derive(Debug)]
#[non_exhaustive]
pub struct AsText;

fn outcome(error: &(dyn Error + 'static)) -> Outcome {
    match is_cancellation(error) {
        true => Outcome::Cancelled,
        false => Outcome::Error(chain(error).to_string()),
    }
}

impl<E: Error + 'static> Failure<AsError> for E {
    fn outcome(&self) -> Outcome {
        outcome(self)
    }
}

impl<E: AsRef<dyn Error + Send + Sync>> Failure<AsBox> for E {
    fn outcome(&self) -> Outcome {
        outcome(self.as_ref())
    }
}

impl<E: AsRef<str>> Failure<AsText> for E {
    fn outcome(&self) -> Outcome {
        Outcome::Error(self.as_ref().to_owned())
    }
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
    use anyrt_core::{
        JoinError,
        cancel::{CancellationToken, Cancelled},
        error::BoxError,
    };

    #[derive(Debug)]
    struct Around(BoxError);

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
        let boxed = |error: BoxError| Outcome::of_error(&error);
        assert_eq!(Outcome::of_error(&cancelled()), Outcome::Cancelled);
        assert_eq!(Outcome::of_error(&JoinError::Cancelled), Outcome::Cancelled);
        assert_eq!(boxed(Box::new(cancelled())), Outcome::Cancelled);
        let deep = Around(Box::new(Around(Box::new(JoinError::Cancelled))));
        assert_eq!(boxed(Box::new(deep)), Outcome::Cancelled);
        let plain = Around("no".into());
        assert_eq!(
            boxed(Box::new(plain)),
            Outcome::Error("around: no".to_owned())
        );
        assert_eq!(Outcome::of_error(&"no"), Outcome::Error("no".to_owned()));
        assert_eq!(Outcome::of_error(&"no").to_string(), "error: no");
    }
}
