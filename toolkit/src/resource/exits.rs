//! What is to be closed, and how.

use super::{
    AsyncClose, CloseError, Entered, StillInUse,
    entered::{Home, Stand},
};
use crate::{
    lock::lock,
    unwind::{catch, quietly},
};
use anyrt_core::{
    Instant,
    cancel::{CancellationToken, shield},
    group::{Cause, TaskGroup},
    rt::Runtime,
    try_join_all,
};
use std::{
    borrow::Cow,
    convert::Infallible,
    error::Error,
    fmt,
    future::{Future, ready},
    mem,
    panic::Location,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

type Closing = Pin<Box<dyn Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send>>;

/// One thing to be done at the end.
struct Exit {
    name: Option<Cow<'static, str>>,
    entered_at: &'static Location<'static>,
    /// Since when it is being closed, where whoever did so has gone: its limit does not begin anew.
    since: Option<Instant>,
    close: Box<dyn FnOnce() -> Closing + Send>,
}

/// Closes, as long as it is driven.
pub(super) struct Closer<R: Runtime> {
    pub(super) rt: R,
    /// For each close.
    pub(super) limit: Duration,
    pub(super) on_close_error: Option<Arc<OnCloseError>>,
    pending: Arc<Mutex<Pending>>,
}

#[derive(Default)]
struct Pending {
    exits: Vec<Exit>,
    /// What did not close as it should: whoever closes the last one tells of them all.
    failed: Vec<CloseError>,
    /// Somebody closes already: two would break the order.
    driven: bool,
    /// Nothing is closed any more.
    abandoned: bool,
}

/// The right to close; `None` once it has ended.
struct Driver(Option<Arc<Mutex<Pending>>>);

impl Driver {
    /// `None` where somebody else has it.
    fn new(pending: &Arc<Mutex<Pending>>) -> Option<Self> {
        let driven = mem::replace(&mut lock(pending).driven, true);
        (!driven).then(|| Self(Some(pending.clone())))
    }

    /// With the last one the right ends: whoever enters something then looks for it anew.
    fn next(&mut self) -> Option<Exit> {
        let exit = {
            let mut pending = lock(self.0.as_ref()?);
            let exit = pending.exits.pop();
            pending.driven = exit.is_some();
            exit
        };
        if exit.is_none() {
            self.0 = None;
        }
        exit
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(pending) = &self.0 {
            lock(pending).driven = false;
        }
    }
}

pub(super) type OnCloseError = dyn Fn(CloseError) + Send + Sync;

impl<R: Runtime> Closer<R> {
    /// Closes one after the other, the last first, those included that are entered meanwhile.
    ///
    /// Dropped, it puts the close in hand back, to be gone on with.
    pub(super) async fn close_all(&self) -> Vec<CloseError> {
        match Driver::new(&self.pending) {
            Some(driver) => self.drive(driver).await,
            None => Vec::new(),
        }
    }

    async fn drive(&self, mut driver: Driver) -> Vec<CloseError> {
        while let Some(exit) = driver.next() {
            let failed = self.close(exit).await;
            lock(&self.pending).failed.extend(failed);
        }
        mem::take(&mut lock(&self.pending).failed)
    }

    async fn close(&self, exit: Exit) -> Option<CloseError> {
        let now = self.rt.now();
        let since = exit.since.unwrap_or(now);
        let left = self.limit.saturating_sub(now - since);
        let mut in_hand = InHand {
            name: exit.name,
            entered_at: exit.entered_at,
            since,
            closing: None,
            pending: &self.pending,
        };
        let closing = catch(async { in_hand.closing.insert((exit.close)()).await });
        let bounded = self.rt.timeout(left, closing).named("close").await;
        let closing = in_hand.closing.take();
        let dropped = catch(async move { drop(closing) }).await;
        let cause = match (bounded, dropped) {
            (Ok(Ok(Ok(()))), Ok(())) => return None,
            (Ok(Ok(Err(error))), _) => Cause::Failed(error),
            (Err(elapsed), _) => Cause::TimedOut(elapsed),
            (Ok(Err(panic)), _) | (_, Err(panic)) => Cause::Panicked(panic),
        };
        Some(CloseError {
            name: in_hand.name.take(),
            entered_at: in_hand.entered_at,
            cause,
        })
    }
}

/// A close that somebody drives. Should they be dropped, it goes back, for the next one.
struct InHand<'a> {
    name: Option<Cow<'static, str>>,
    entered_at: &'static Location<'static>,
    since: Instant,
    closing: Option<Closing>,
    pending: &'a Mutex<Pending>,
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        if let Some(closing) = self.closing.take() {
            let exit = Exit {
                name: self.name.take(),
                entered_at: self.entered_at,
                since: Some(self.since),
                close: Box::new(move || closing),
            };
            lock(self.pending).exits.push(exit);
        }
    }
}

/// What the owner and the clones of [`Exits`] have in common.
pub(super) struct Shared<R: Runtime> {
    pub(super) closer: Closer<R>,
}

impl<R: Runtime> Shared<R> {
    pub(super) fn new(rt: R, limit: Duration) -> Self {
        Self {
            closer: Closer {
                rt,
                limit,
                on_close_error: None,
                pending: Arc::default(),
            },
        }
    }

    /// Drops what is left, unclosed, and says what had failed by then, and how many are left.
    pub(super) fn abandon(&self) -> (Vec<CloseError>, usize) {
        let (failed, left) = {
            let mut pending = lock(&self.closer.pending);
            pending.abandoned = true;
            (
                mem::take(&mut pending.failed),
                mem::take(&mut pending.exits),
            )
        };
        let count = left.len();
        for exit in left {
            // Whoever abandons has more to do, and nobody to tell.
            quietly(|| drop(exit));
        }
        (failed, count)
    }

    /// Closes what nobody waits for any more, once `before` is over, in a task that the group around this one
    /// waits for. Where there is nothing to close, `before` is dropped.
    pub(super) fn close_in_background(&self, before: impl Future<Output = ()> + Send + 'static) {
        let pending = &self.closer.pending;
        let nothing = {
            let pending = lock(pending);
            pending.exits.is_empty() || pending.abandoned
        };
        if nothing {
            return;
        }
        let Some(driver) = Driver::new(pending) else {
            return;
        };
        // Not another `Shared`: dropped by an executor that is gone, it would spawn again, and again.
        let closer = Closer {
            rt: self.closer.rt.clone(),
            limit: self.closer.limit,
            on_close_error: self.closer.on_close_error.clone(),
            pending: pending.clone(),
        };
        // A token of its own: the one around is what this may be dropped for.
        let group = TaskGroup::<R, (), Infallible>::builder(&closer.rt)
            .name("exit stack")
            .token(&CancellationToken::new())
            .build();
        let closing = async move {
            let closing = async {
                before.await;
                closer.drive(driver).await
            };
            for error in shield(closing).await {
                // The next one is told, whatever becomes of this one.
                quietly(|| match &closer.on_close_error {
                    Some(on_close_error) => on_close_error(error),
                    None => drop(error),
                });
            }
            Ok(())
        };
        group.spawn(closing).ok();
        let joining = async move { group.join().await.ok() };
        drop(self.closer.rt.spawn(joining));
    }
}

impl<R: Runtime> Drop for Shared<R> {
    /// What was entered after the end.
    fn drop(&mut self) {
        self.close_in_background(ready(()));
    }
}

/// Takes in what is to be closed; a clone of it may go into tasks.
///
/// What is entered after the end of its [`ExitStack`](super::ExitStack) is closed in the background once the
/// last clone is gone.
pub struct Exits<R: Runtime> {
    pub(super) shared: Arc<Shared<R>>,
}

impl<R: Runtime> Clone for Exits<R> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
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
        let lent = self.reserve(name, at).lend(resource);
        lent.unwrap_or_else(|resource| self.enter_at(None, at, resource))
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
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let close = move || -> Closing {
            let cleanup = cleanup();
            Box::pin(async move { cleanup.await.map_err(Into::into) })
        };
        self.push(Some(name.into()), Location::caller(), close);
    }

    fn reserve<T: AsyncClose>(
        &self,
        name: Option<Cow<'static, str>>,
        at: &'static Location<'static>,
    ) -> Home<T> {
        let home: Home<T> = Home::new();
        let kept = home.clone();
        self.push(name, at, move || {
            Box::pin(async move {
                match kept.take() {
                    Stand::Here(resource) => resource.close().await.map_err(Into::into),
                    Stand::Lent => Err(StillInUse.into()),
                    Stand::Opening | Stand::Over => Ok(()),
                }
            })
        });
        home
    }

    fn push(
        &self,
        name: Option<Cow<'static, str>>,
        entered_at: &'static Location<'static>,
        close: impl FnOnce() -> Closing + Send + 'static,
    ) {
        lock(&self.shared.closer.pending).exits.push(Exit {
            name,
            entered_at,
            since: None,
            close: Box::new(close),
        });
    }

    /// How many there are to be closed.
    pub fn len(&self) -> usize {
        lock(&self.shared.closer.pending).exits.len()
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
            .field("close_timeout", &self.shared.closer.limit)
            .finish_non_exhaustive()
    }
}
