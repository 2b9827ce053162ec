//! The semaphore.

use super::{Held, Named};
use crate::world::{Thing, World};
use anyrt_core::{
    ConfigError,
    error::{Closed, TryAcquireError},
    rt::{Permit, Semaphore},
    sync::{FifoOwnedPermit, FifoPermit, FifoSemaphore},
};
use std::{fmt, future::Future, panic::Location, sync::Arc};

/// A [`FifoSemaphore`] whose waiters reports name.
#[derive(Debug)]
pub struct SimSemaphore {
    inner: Arc<FifoSemaphore>,
    named: Named,
}

impl SimSemaphore {
    pub(crate) fn new(
        world: Arc<World>,
        thing: Arc<Thing>,
        permits: usize,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            inner: Arc::new(FifoSemaphore::new(permits)?),
            named: Named { world, thing },
        })
    }

    fn permit<P: Permit>(&self, place: &'static Location<'static>, permit: P) -> SimPermit<P> {
        SimPermit {
            held: self.named.taken(part(permit.permits()), place),
            permit,
        }
    }
}

/// Permits of a [`SimSemaphore`].
#[must_use = "permits that are dropped are given back"]
pub struct SimPermit<P> {
    /// First, so that a release is told before what it leads to.
    held: Held,
    permit: P,
}

impl<P: Permit> Permit for SimPermit<P> {
    fn permits(&self) -> usize {
        self.permit.permits()
    }

    fn forget(self) {
        self.held.forget();
        self.permit.forget();
    }
}

impl<P: fmt::Debug> fmt::Debug for SimPermit<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.permit.fmt(f)
    }
}

/// What a report says of so many.
fn part(permits: usize) -> &'static str {
    match permits {
        1 => "a permit of ",
        _ => "several permits of ",
    }
}

impl Semaphore for SimSemaphore {
    type Permit<'a> = SimPermit<FifoPermit<'a>>;
    type OwnedPermit = SimPermit<FifoOwnedPermit>;

    #[track_caller]
    fn acquire_many(
        &self,
        permits: usize,
    ) -> impl Future<Output = Result<Self::Permit<'_>, Closed>> + Send {
        let place = Location::caller();
        let acquiring = self.inner.acquire_many(permits);
        let acquiring = self.named.watch(part(permits), place, acquiring);
        async move {
            let permit = acquiring.await?;
            Ok(self.permit(place, permit))
        }
    }

    #[track_caller]
    fn acquire_many_owned(
        self: Arc<Self>,
        permits: usize,
    ) -> impl Future<Output = Result<Self::OwnedPermit, Closed>> + Send + 'static {
        let place = Location::caller();
        let acquiring = self.inner.clone().acquire_many_owned(permits);
        let acquiring = self.named.watch(part(permits), place, acquiring);
        async move {
            let permit = acquiring.await?;
            Ok(self.permit(place, permit))
        }
    }

    #[track_caller]
    fn try_acquire_many(&self, permits: usize) -> Result<Self::Permit<'_>, TryAcquireError> {
        let permit = self.inner.try_acquire_many(permits)?;
        Ok(self.permit(Location::caller(), permit))
    }

    #[track_caller]
    fn try_acquire_many_owned(
        self: Arc<Self>,
        permits: usize,
    ) -> Result<Self::OwnedPermit, TryAcquireError> {
        let permit = self.inner.clone().try_acquire_many_owned(permits)?;
        Ok(self.permit(Location::caller(), permit))
    }

    fn last_holder(&self) -> Option<&'static Location<'static>> {
        self.inner.last_holder()
    }

    fn available_permits(&self) -> usize {
        self.inner.available_permits()
    }

    fn add_permits(&self, permits: usize) -> Result<(), ConfigError> {
        self.inner.add_permits(permits)
    }

    fn forget_permits(&self, permits: usize) -> usize {
        self.inner.forget_permits(permits)
    }

    fn close(&self) {
        self.inner.close();
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }
}
