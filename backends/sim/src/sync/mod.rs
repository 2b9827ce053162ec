//! The portable primitives, with the names and waits that reports show.

mod channel;
mod lock;
mod semaphore;

pub use channel::{SimChannel, SimReceiver, SimSender};
pub use lock::{SimLock, SimOwnedGuard};
pub use semaphore::SimSemaphore;

use crate::{
    notes,
    world::{Thing, WaitKey, Waited, World},
};
use std::{
    future::{Future, poll_fn},
    mem,
    panic::Location,
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
                    // The task is ready again; one of several futures in it that has a waker of its own is polled
                    // only where that was woken.
                    cx.waker().wake_by_ref();
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

    fn taken(&self, place: &'static Location<'static>) {
        self.thing.taken(&self.world, place);
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
