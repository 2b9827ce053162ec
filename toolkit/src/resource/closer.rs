//! Closes what was entered, one after the other, whoever drives it.

use super::CloseError;
use crate::{
    lock::lock,
    unwind::{catch, quietly},
};
use anyrt_core::{
    Instant,
    cancel::{CancellationToken, shield},
    error::BoxError,
    group::{Cause, TaskGroup},
    rt::Runtime,
};
use std::{
    borrow::Cow,
    convert::Infallible,
    future::{Future, ready},
    mem,
    panic::Location,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

pub(super) type Closing = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

pub(crate) type OnCloseError = dyn Fn(CloseError) + Send + Sync;

/// One thing to be done at the end.
struct Exit {
    name: Option<Cow<'static, str>>,
    entered_at: &'static Location<'static>,
    /// Since when it is being closed, where whoever did so has gone: its limit does not begin anew.
    since: Option<Instant>,
    close: Box<dyn FnOnce() -> Closing + Send>,
}

/// Closes, as long as it is driven. Clones close the same. Dropped, it closes nothing: it lies in tasks, and one that an
/// executor drops as it goes would spawn again, and again.
#[derive(Clone)]
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

impl<R: Runtime> Closer<R> {
    pub(super) fn new(rt: R, limit: Duration) -> Self {
        Self {
            rt,
            limit,
            on_close_error: None,
            pending: Arc::default(),
        }
    }

    pub(super) fn push(
        &self,
        name: Option<Cow<'static, str>>,
        entered_at: &'static Location<'static>,
        close: impl FnOnce() -> Closing + Send + 'static,
    ) {
        lock(&self.pending).exits.push(Exit {
            name,
            entered_at,
            since: None,
            close: Box::new(close),
        });
    }

    /// How many there are to be closed.
    pub(super) fn len(&self) -> usize {
        lock(&self.pending).exits.len()
    }

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

    /// Drops what is left, unclosed, and says what had failed by then, and how many are left.
    pub(super) fn abandon(&self) -> (Vec<CloseError>, usize) {
        let (failed, left) = {
            let mut pending = lock(&self.pending);
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

    /// Tells the hook.
    pub(super) fn tell(&self, failed: Vec<CloseError>) {
        for error in failed {
            // The next one is told, whatever becomes of this one.
            quietly(|| match &self.on_close_error {
                Some(on_close_error) => on_close_error(error),
                None => drop(error),
            });
        }
    }

    /// Closes what nobody waits for any more, in a task that the group around this one waits for.
    pub(super) fn close_in_background(&self) {
        let nothing = {
            let pending = lock(&self.pending);
            pending.exits.is_empty() || pending.abandoned
        };
        if !nothing {
            self.close_after(ready(()));
        }
    }

    /// The same, once `before` is over, and what is entered until then, too.
    pub(super) fn close_after(&self, before: impl Future<Output = ()> + Send + 'static) {
        let Some(driver) = Driver::new(&self.pending) else {
            return;
        };
        let closer = self.clone();
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
            closer.tell(shield(closing).await);
            Ok(())
        };
        group.spawn(closing).ok();
        self.rt
            .spawn_detached(async move { drop(group.join().await) });
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
