//! What a layer's service fails with.

use anyrt_core::error::BoxError;
use std::{
    error::Error,
    fmt::{self, Display},
};

/// The error of a layer's service: the layer's own, or that of the service inside.
///
/// The errors of a stack nest as its layers do, so that each can be told by its type. To a caller that wants
/// one type for all, [`into_boxed`](Self::into_boxed) gives a [`BoxError`], which is tower's.
///
/// It says what its part says, and no word of its own: it is one of two errors, and not a third. The part is its source
/// all the same, so that whoever walks the sources finds each by its type;
/// [`chain`](anyrt_core::error::chain()) tells a text once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a stack has a layer, and what is inside"
)]
pub enum LayerError<L, E> {
    /// The layer's own: the service inside was not called, or not waited for.
    Layer(L),
    /// That of the service inside.
    Inner(E),
}

impl<L, E> LayerError<L, E> {
    /// The error of the service inside, if it is one.
    pub fn inner(&self) -> Option<&E> {
        match self {
            Self::Layer(_) => None,
            Self::Inner(error) => Some(error),
        }
    }

    /// The layer's own error, if it is one.
    pub fn layer(&self) -> Option<&L> {
        match self {
            Self::Layer(error) => Some(error),
            Self::Inner(_) => None,
        }
    }

    /// Whichever it is, in a box; also where the inner error is a box already, which is no
    /// [`Error`] itself. For `map_err`.
    ///
    /// What is in the box is what it downcasts to: the layer's own error, or the inner one, which is a `LayerError`
    /// itself where the service inside has a layer whose errors are not boxed. So each layer has a `map_err` above it
    /// where they are to be told apart by their types; the [room's](super#errors) page has an example.
    pub fn into_boxed(self) -> BoxError
    where
        L: Into<BoxError>,
        E: Into<BoxError>,
    {
        match self {
            Self::Layer(error) => error.into(),
            Self::Inner(error) => error.into(),
        }
    }
}

impl<L: Display, E: Display> Display for LayerError<L, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layer(error) => error.fmt(f),
            Self::Inner(error) => error.fmt(f),
        }
    }
}

impl<L: Error + 'static, E: Error + 'static> Error for LayerError<L, E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Layer(error) => Some(error),
            Self::Inner(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyrt_core::{
        JoinError,
        error::{chain, is_cancellation},
    };
    use std::io;

    #[test]
    fn it_says_what_its_part_says() {
        let inner: LayerError<io::Error, io::Error> = LayerError::Inner(io::Error::other("in"));
        assert_eq!(
            (inner.to_string(), format!("{inner:#}")),
            ("in".into(), "in".into())
        );
        assert!(inner.source().unwrap().is::<io::Error>());
        assert_eq!(chain(&inner).to_string(), "in");
        assert!(inner.inner().is_some() && inner.layer().is_none());
        let layer: LayerError<io::Error, BoxError> = LayerError::Layer(io::Error::other("layer"));
        assert!(layer.inner().is_none() && layer.layer().is_some());
        assert!(layer.into_boxed().downcast_ref::<io::Error>().is_some());
        let boxed: LayerError<io::Error, BoxError> = LayerError::Inner("box".into());
        assert_eq!(boxed.into_boxed().to_string(), "box");
    }

    #[test]
    fn what_lies_deep_is_found() {
        let gone: LayerError<io::Error, _> = LayerError::Inner(JoinError::Cancelled);
        let gone: LayerError<io::Error, _> = LayerError::Inner(gone);
        assert!(is_cancellation(&gone));
        assert_eq!(chain(&gone).to_string(), JoinError::Cancelled.to_string());
    }
}
