//! What is to be closed: taken in.

use super::{
    AsyncClose, Entered, StillInUse,
    closer::{Closer, Closing},
    entered::{Home, Stand},
};
use anyrt_core::{error::BoxError, rt::Runtime, try_join_all};
use std::{borrow::Cow, fmt, future::Future, panic::Location, sync::Arc};

/// Takes in what is to be closed; a clone of it may go into tasks.
///
/// What is entered after the end of its [`ExitStack`](super::ExitStack) is closed in the background once the
/// last clone is gone.
pub struct Exits<R: Runtime> {
    pub(super) owner: Arc<Owner<R>>,
}

/// What goes with the last clone.
pub(super) struct Owner<R: Runtime>(pub(super) Closer<R>);

impl<R: Runtime> Drop for Owner<R> {
    /// What was entered after the end.
    fn drop(&mut self) {
        self.0.close_in_background();
    }
}

impl<R: Runtime> Clone for Exits<R> {
    fn clone(&self) -> Self {
        Self {
            owner: self.owner.clone(),
        }
    }
}

impl<R: Runtime> Exits<R> {
    /// Has a resource closed at the end, before all that were entered before it.
    #[track_caller]
    pub fn enter<T: AsyncClose>(&self, resource: T) -> Entered<T> {
        self.enter_at(None, Location::caller(), resource)
    }

    /// [Enters](Self::enter) a resource with a name, for errors.
    #[track_caller]
    pub fn enter_named<T: AsyncClose>(
        &self,
        name: impl Into<Cow<'static, str>>,
        resource: T,
    ) -> Entered<T> {
        self.enter_at(Some(name.into()), Location::caller(), resource)
    }

    pub(super) fn enter_at<T: AsyncClose>(
        &self,
        name: Option<Cow<'static, str>>,
        at: &'static Location<'static>,
        resource: T,
    ) -> Entered<T> {
        let (entered, home) = Entered::new(resource);
        self.keep(name, at, home);
        entered
    }

    /// Opens all at the same time, in the caller's task, and has them closed in the reverse of their order.
    ///
    /// Where one fails, the others are given up; those that were open by then are closed at the end,
    /// as all are.
    ///
    /// # Errors
    /// The first that fails.
    ///
    /// # Cancel safety
    /// Dropped, it gives up those that are being opened; what is open is closed at the end.
    #[track_caller]
    pub fn enter_all<I, F, T, E>(
        &self,
        opening: I,
    ) -> impl Future<Output = Result<Vec<Entered<T>>, E>> + use<R, I, F, T, E>
    where
        I: IntoIterator<Item = F>,
        F: Future<Output = Result<T, E>>,
        T: AsyncClose,
    {
        let at = Location::caller();
        // Their places now, so that the order is that of the input whoever is open first.
        let opening = opening.into_iter().map(|opening| {
            let (exits, home) = (self.clone(), self.reserve(None, at));
            async move {
                let lent = home.lend(opening.await?);
                Ok(lent.unwrap_or_else(|resource| exits.enter_at(None, at, resource)))
            }
        });
        try_join_all(opening.collect::<Vec<_>>())
    }

    /// Has a future run at the end, in its turn, as the close of a resource is. Without an end that anybody
    /// waits for, it runs all the same, in the background.
    #[track_caller]
    pub fn defer<F, Fut, E>(&self, name: impl Into<Cow<'static, str>>, cleanup: F)
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let close = move || -> Closing {
            let cleanup = cleanup();
            Box::pin(async move { cleanup.await.map_err(Into::into) })
        };
        let closer = &self.owner.0;
        closer.push(Some(name.into()), Location::caller(), close);
    }

    fn reserve<T: AsyncClose>(
        &self,
        name: Option<Cow<'static, str>>,
        at: &'static Location<'static>,
    ) -> Home<T> {
        let home = Home::new();
        self.keep(name, at, home.clone());
        home
    }

    fn keep<T: AsyncClose>(
        &self,
        name: Option<Cow<'static, str>>,
        at: &'static Location<'static>,
        home: Home<T>,
    ) {
        self.owner.0.push(name, at, move || {
            Box::pin(async move {
                match home.take() {
                    Stand::Here(resource) => resource.close().await.map_err(Into::into),
                    Stand::Lent => Err(StillInUse.into()),
                    Stand::Opening | Stand::Over => Ok(()),
                }
            })
        });
    }

    /// How many there are to be closed.
    pub fn len(&self) -> usize {
        self.owner.0.len()
    }

    /// Whether nothing is to be closed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<R: Runtime> fmt::Debug for Exits<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exits")
            .field("len", &self.len())
            .field("close_timeout", &self.owner.0.limit)
            .finish_non_exhaustive()
    }
}
