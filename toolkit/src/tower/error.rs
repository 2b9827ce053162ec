//! What a layer's service fails with.

use anyrt_core::error::write_with;
use std::{
    error::Error,
    fmt::{self, Display},
};

/// The error of a layer's service: the layer's own, or that of the service inside.
///
/// The errors of a stack nest as its layers do, so that each can be told by its type. To a caller that wants
/// one type for all, [`into_boxed`](Self::into_boxed) gives what tower calls a `BoxError`.
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
    pub fn into_boxed(self) -> Box<dyn Error + Send + Sync>
    where
        L: Into<Box<dyn Error + Send + Sync>>,
        E: Into<Box<dyn Error + Send + Sync>>,
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
            Self::Layer(error) => write_with(f, "the layer gave up", error),
            Self::Inner(error) => write_with(f, "the service inside failed", error),
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
    use std::io;

    type Boxed = Box<dyn Error + Send + Sync>;

    #[test]
    fn it_says_what_its_part_says() {
        let inner: LayerError<io::Error, io::Error> = LayerError::Inner(io::Error::other("in"));
        assert_eq!(inner.to_string(), "the service inside failed");
        assert_eq!(inner.source().unwrap().to_string(), "in");
        assert!(inner.inner().is_some() && inner.layer().is_none());
        let layer: LayerError<io::Error, Boxed> = LayerError::Layer(io::Error::other("layer"));
        assert!(layer.inner().is_none() && layer.layer().is_some());
        assert!(layer.into_boxed().downcast_ref::<io::Error>().is_some());
        let boxed: LayerError<io::Error, Boxed> = LayerError::Inner("box".into());
        assert_eq!(boxed.into_boxed().to_string(), "box");
    }
}
