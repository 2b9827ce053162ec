//! A caller who asks, and waits where there is nothing.

use super::{
    Manager,
    lease::Lease,
    queue::Stage,
    shared::{Found, Shared},
};
use crate::{lock::drop_waker, name::titled};
use anyrt_core::{
    error::Closed,
    rt::Runtime,
    waits::{self, Wait},
};
use std::{
    future::Future,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// Asks when it is polled first, unless it has asked before. Dropped, it leaves the queue; what had been granted goes
/// to the next.
pub(super) struct Waiting<'a, R: Runtime, M: Manager> {
    shared: &'a Arc<Shared<R, M>>,
    /// Where the caller began to wait.
    at: &'static Location<'static>,
    /// Once it has asked. It goes by that also where it has to wait a second time.
    pub(super) ticket: u64,
    /// While it waits.
    pub(super) place: Option<usize>,
}

impl<'a, R: Runtime, M: Manager> Waiting<'a, R, M> {
    pub(super) fn new(shared: &'a Arc<Shared<R, M>>, at: &'static Location<'static>) -> Self {
        Self {
            shared,
            at,
            ticket: 0,
            place: None,
        }
    }

    /// An object, a place to make one, or nothing yet. `waker` is taken where it has to wait; without one, it has to
    /// be polled then.
    pub(super) fn ask(&mut self, waker: &mut Option<Waker>) -> Result<Option<Lease<R, M>>, Closed> {
        let (found, ticket) = self.shared.find(waker)?;
        self.ticket = ticket;
        match found {
            Found::Lease(lease) => Ok(Some(lease)),
            Found::Nothing(place) => {
                self.place = Some(place);
                Ok(None)
            }
        }
    }

    /// What has been decided by now; otherwise it leaves a waker.
    fn look(&mut self, place: usize, cx: &Context<'_>) -> Option<Result<Lease<R, M>, Closed>> {
        if let Some(decided) = self.fetch(place, &mut None) {
            return Some(decided);
        }
        let mut waker = Some(cx.waker().clone());
        let decided = self.fetch(place, &mut waker);
        drop_waker(waker);
        decided
    }

    fn fetch(
        &mut self,
        place: usize,
        fresh: &mut Option<Waker>,
    ) -> Option<Result<Lease<R, M>, Closed>> {
        let decided = self.shared.look(place, fresh)?;
        self.place = None;
        Some(match decided {
            Stage::Granted(entry) => Ok(Lease::of(self.shared, entry)),
            Stage::Queued(_) | Stage::Closed => Err(Closed),
        })
    }
}

/// What is waited for.
pub(super) fn wait<R: Runtime, M: Manager>(
    shared: &Shared<R, M>,
    at: &'static Location<'static>,
) -> Wait {
    let name = shared.name.as_deref();
    let what = titled("an object of pool", name, "an object of a pool");
    Wait::new(what).of::<M::Object>().at(at)
}

impl<R: Runtime, M: Manager> Future for Waiting<'_, R, M> {
    /// And its ticket.
    type Output = Result<(Lease<R, M>, u64), Closed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let decided = match self.place {
            Some(place) => self.look(place, cx),
            None => {
                let mut waker = Some(cx.waker().clone());
                let asked = self.ask(&mut waker);
                drop_waker(waker);
                asked.transpose()
            }
        };
        if let Some(decided) = decided {
            return Poll::Ready(decided.map(|lease| (lease, self.ticket)));
        }
        waits::pending(&**self.shared, || wait(self.shared, self.at));
        Poll::Pending
    }
}

impl<R: Runtime, M: Manager> Drop for Waiting<'_, R, M> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            waits::gave_up(&**self.shared);
            // What it has goes to the next.
            if let Stage::Granted(entry) = self.shared.leave(place) {
                drop(Lease::of(self.shared, entry));
            }
        }
    }
}
