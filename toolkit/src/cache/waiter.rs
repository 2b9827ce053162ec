//! One of those who wait for a load.

use super::{
    core::{Core, Payload},
    deadlock::{self, Circle, Noted},
    flight::{Flight, Load, Outcome, Turn},
};
use anyrt_core::rt::Runtime;
use std::{
    hash::Hash,
    ops::Deref,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// A cache that a call borrows, or that a task keeps.
pub(super) enum Held<'a, T> {
    Lent(&'a T),
    Kept(Arc<T>),
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Lent(held) => held,
            Self::Kept(held) => held,
        }
    }
}

/// Waits for a load, and drives it when its turn has come.
pub(super) struct Waiter<'a, R: Runtime, K: Eq + Hash, V, E> {
    core: Held<'a, Core<R, K, V, E>>,
    flight: Arc<Flight<K, V, E>>,
    /// Its place among those who do not drive.
    place: Option<usize>,
    /// The baton.
    load: Option<Load<V, E>>,
    over: bool,
    noted: Option<Noted>,
}

impl<'a, R, K, V, E> Waiter<'a, R, K, V, E>
where
    R: Runtime,
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// One who comes while the load is under way.
    pub(super) fn joining(core: Held<'a, Core<R, K, V, E>>, flight: Arc<Flight<K, V, E>>) -> Self {
        Self {
            core,
            flight,
            place: None,
            load: None,
            over: false,
            noted: None,
        }
    }

    /// The one who began the load, which `make` makes. A panic of it is the load's.
    pub(super) fn driving<Fut>(
        core: Held<'a, Core<R, K, V, E>>,
        flight: Arc<Flight<K, V, E>>,
        make: impl FnOnce(K) -> Fut,
    ) -> Self
    where
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        let mut waiter = Self::joining(core, flight);
        let make = || make(waiter.flight.key.clone());
        match catch_unwind(AssertUnwindSafe(make)) {
            Ok(load) => {
                let flight = Arc::downgrade(&waiter.flight);
                waiter.load = Some(Box::pin(deadlock::within(flight, load)));
            }
            Err(payload) => waiter.core.land(&waiter.flight, Err(payload)),
        }
        waiter
    }

    /// Notes who waits for whom, where the caller is a loader itself.
    pub(super) fn note(&mut self) -> Result<(), Circle> {
        self.noted = deadlock::note(&self.flight)?;
        Ok(())
    }

    /// `None` where the load was given up before this one could join: there may be another.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Outcome<V, E>>> {
        loop {
            if let Some(outcome) = self.flight.outcome() {
                self.over = true;
                return Poll::Ready(Some(outcome.clone()));
            }
            if self.load.is_some() {
                let Poll::Ready(result) = self.drive(cx) else {
                    return Poll::Pending;
                };
                self.core.land(&self.flight, result);
                continue;
            }
            match self.flight.wait(cx, &mut self.place) {
                Turn::Wait => return Poll::Pending,
                Turn::Drive(load) => self.load = Some(load),
                Turn::Over if self.flight.outcome().is_none() => {
                    self.over = true;
                    return Poll::Ready(None);
                }
                Turn::Over => {}
            }
        }
    }

    /// The load has been dropped when its output is there.
    fn drive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Result<V, E>, Payload>> {
        let Some(load) = &mut self.load else {
            return Poll::Pending;
        };
        let polled = catch_unwind(AssertUnwindSafe(|| load.as_mut().poll(cx)));
        let result = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(payload),
        };
        let load = self.load.take();
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(load)));
        Poll::Ready(result.and_then(|output| dropped.map(|()| output)))
    }
}

impl<R, K, V, E> Future for Waiter<'_, R, K, V, E>
where
    R: Runtime,
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    type Output = Option<Outcome<V, E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Waiter::poll(&mut self, cx)
    }
}

impl<R: Runtime, K: Eq + Hash, V, E> Drop for Waiter<'_, R, K, V, E> {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let leaving = self.flight.leave(self.place.take(), self.load.take());
        if leaving.last {
            self.core
                .on(self.flight.hash, |shard, _| shard.forget(&self.flight));
        }
        drop(leaving.load);
    }
}
