//! One of those who wait for a load.

use super::{
    core::{Core, Payload},
    deadlock::{self, Circle, Noted},
    flight::{Flight, Load, Outcome, Place, Turn},
};
use crate::{name::titled, unwind::All};
use anyrt_core::{
    rt::Runtime,
    waits::{self, Wait},
};
use std::{
    hash::Hash,
    ops::Deref,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// Waits for a load, and drives it when its turn has come. `C` is the cache, borrowed or not.
///
/// It lies in the future of each call that loads, which is moved about before it runs: hence small.
pub(super) struct Waiter<C, R, K, V, E>
where
    C: Deref<Target = Core<R, K, V, E>>,
    R: Runtime,
    K: Eq + Hash,
{
    core: C,
    /// None once it has its outcome.
    flight: Option<Arc<Flight<K, V, E>>>,
    /// Its place among those who do not drive.
    place: Place,
    /// The baton.
    load: Option<Load<V, E>>,
    noted: Option<Box<Noted>>,
}

impl<C, R, K, V, E> Waiter<C, R, K, V, E>
where
    C: Deref<Target = Core<R, K, V, E>>,
    R: Runtime,
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// One who comes while the load is under way.
    pub(super) fn joining(core: C, flight: Arc<Flight<K, V, E>>) -> Self {
        Self {
            core,
            flight: Some(flight),
            place: Place::NONE,
            load: None,
            noted: None,
        }
    }

    /// The one who began the load, which `make` makes. A panic of it is the load's.
    pub(super) fn driving<Fut>(
        core: C,
        flight: Arc<Flight<K, V, E>>,
        make: impl FnOnce(K) -> Fut,
    ) -> Self
    where
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        let mut waiter = Self::joining(core, flight.clone());
        let make = || make(flight.key.clone());
        match catch_unwind(AssertUnwindSafe(make)) {
            Ok(load) => {
                let weak = Arc::downgrade(&flight);
                waiter.load = Some(Box::pin(deadlock::within(weak, load)));
            }
            Err(payload) => waiter.core.land(&flight, Err(payload)),
        }
        waiter
    }

    /// Notes who waits for whom, where the caller is a loader itself.
    #[inline]
    pub(super) fn note(&mut self) -> Result<(), Circle> {
        if let Some(flight) = &self.flight {
            self.noted = deadlock::note(flight)?;
        }
        Ok(())
    }

    /// `None` where the load was given up before this one could join: there may be another. `at` is where the caller
    /// began to wait; unless said, where the load was begun.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        at: Option<&'static Location<'static>>,
    ) -> Poll<Option<Outcome<V, E>>> {
        let Some(flight) = &self.flight else {
            return Poll::Ready(None);
        };
        loop {
            if let Some(outcome) = flight.outcome() {
                let outcome = outcome.clone();
                self.flight = None;
                return Poll::Ready(Some(outcome));
            }
            if self.load.is_some() {
                let result = ready!(Self::drive(&mut self.load, cx));
                self.core.land(flight, result);
                continue;
            }
            match flight.wait(cx, &mut self.place) {
                Turn::Wait => {
                    let wait = || {
                        let name = self.core.settings.name.as_deref();
                        let what = titled("a load of cache", name, "a load of a cache");
                        let wait = Wait::new(what).of::<V>().made_at(flight.begun_at);
                        wait.at(at.unwrap_or(flight.begun_at))
                    };
                    waits::pending(&**flight, wait);
                    return Poll::Pending;
                }
                Turn::Drive(load) => self.load = Some(load),
                Turn::Over if flight.is_abandoned() => {
                    self.flight = None;
                    return Poll::Ready(None);
                }
                Turn::Over => {}
            }
        }
    }

    /// The load has been dropped when its output is there.
    fn drive(
        driven: &mut Option<Load<V, E>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Result<V, E>, Payload>> {
        let Some(load) = driven else {
            return Poll::Pending;
        };
        let polled = catch_unwind(AssertUnwindSafe(|| load.as_mut().poll(cx)));
        let result = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(payload),
        };
        let load = driven.take();
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(load)));
        Poll::Ready(result.and_then(|output| dropped.map(|()| output)))
    }
}

impl<C, R, K, V, E> Future for Waiter<C, R, K, V, E>
where
    C: Deref<Target = Core<R, K, V, E>> + Unpin,
    R: Runtime,
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    type Output = Option<Outcome<V, E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Waiter::poll(&mut self, cx, None)
    }
}

impl<C, R, K, V, E> Drop for Waiter<C, R, K, V, E>
where
    C: Deref<Target = Core<R, K, V, E>>,
    R: Runtime,
    K: Eq + Hash,
{
    fn drop(&mut self) {
        let Some(flight) = &self.flight else {
            return;
        };
        waits::gave_up(&**flight);
        let leaving = flight.leave(self.place, self.load.take());
        // Gone before the next one can begin: a key has one load at a time.
        let mut all = All::default();
        all.call(|| drop(leaving.load));
        if leaving.last {
            // Others' values may leave with it, and panic.
            all.call(|| _ = self.core.on(flight.hash, |shard, _| shard.forget(flight)));
            all.call(|| flight.abandon());
        }
        all.end();
    }
}
