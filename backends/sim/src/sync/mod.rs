//! The portable primitives, with the names and waits that reports show.

mod channel;
mod lock;
mod semaphore;

pub use channel::{SimChannel, SimReceiver, SimSender};
pub use lock::{SimGuard, SimLock, SimOwnedGuard};
pub use semaphore::{SimPermit, SimSemaphore};

use crate::{
    notes,
    world::{Thing, WaitKey, Waited, World},
};
use std::{
    future::{Future, poll_fn},
    mem,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
};

/// What waits note themselves with.
#[derive(Debug, Clone)]
struct Named {
    world: Arc<World>,
    thing: Arc<Thing>,
}

impl Named {
    /// Notes, while `future` is pending, that its task waits for `part` of this. It is a point at which
    /// others may run first, as on several threads they always may.
    fn watch<F: Future>(
        &self,
        part: &'static str,
        place: &'static Location<'static>,
        future: F,
    ) -> impl Future<Output = F::Output> + use<F> {
        let world = self.world.clone();
        let what = Waited::Thing(part, self.thing.clone());
        async move {
            let mut noted = Noted { world, key: None };
            let mut future = pin!(future);
            let mut asked = false;
            poll_fn(|cx| {
                if !mem::replace(&mut asked, true) && noted.world.interrupts() {
                    noted.world.yields(&what, place);
                    // The task is ready again; one of several futures in it that has a waker of its own is polled
                    // only where that was woken. A waker that panics would have done so elsewhere.
                    let wake = AssertUnwindSafe(|| cx.waker().wake_by_ref());
                    drop(catch_unwind(wake));
                    return Poll::Pending;
                }
                let polled = notes::hushed(|| future.as_mut().poll(cx));
                if polled.is_pending() {
                    noted.key = noted.world.begin_wait(noted.key, &what, place);
                }
                polled
            })
            .await
        }
    }

    /// Notes that the task that is being polled has `part` of this now, and has to keep what this gives for as long.
    #[inline]
    fn taken(&self, part: &'static str, place: &'static Location<'static>) -> Held {
        match self.thing.taken(&self.world, part, place) {
            true => self.held(part),
            false => Held(None),
        }
    }

    #[cold]
    fn held(&self, part: &'static str) -> Held {
        Held(Some(Box::new((self.clone(), part))))
    }
}

/// Tells, once dropped, that what was taken is given back. Where nobody reads it, it is nothing, at the price of a
/// word: guards lie in futures, which are moved.
#[derive(Debug)]
struct Held(Option<Box<(Named, &'static str)>>);

impl Held {
    /// It is not given back.
    fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Held {
    #[inline]
    fn drop(&mut self) {
        if let Some((named, part)) = self.0.as_deref() {
            named.thing.released(&named.world, part);
        }
    }
}

/// A wait that was noted, until dropped.
struct Noted {
    world: Arc<World>,
    key: Option<WaitKey>,
}

impl Drop for Noted {
    fn drop(&mut self) {
        if let Some(key) = self.key.take() {
            self.world.end_wait(key);
        }
    }
}
