//! The semaphore.

use super::Named;
use crate::world::{Thing, World};
use anyrt_core::{
    ConfigError,
    error::{Closed, TryAcquireError},
    rt::Semaphore,
    sync::{FifoOwnedPermit, FifoPermit, FifoSemaphore},
};
use std::{future::Future, panic::Location, sync::Arc};

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
}

/// What a report says of so many.
fn part(permits: usize) -> &'static str {
    match permits {
        1 => "a permit of ",
        _ => "several permits of ",
    }
}

impl Semaphore for SimSemaphore {
    type Permit<'a> = FifoPermit<'a>;
    type OwnedPermit = FifoOwnedPermit;

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
            self.named.taken(place);
            Ok(permit)
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
            self.named.taken(place);
            Ok(permit)
        }
    }

    #[track_caller]
    fn try_acquire_many(&self, permits: usize) -> Result<Self::Permit<'_>, TryAcquireError> {
        let permit = self.inner.try_acquire_many(permits)?;
        self.named.taken(Location::caller());
        Ok(permit)
    }

    #[track_caller]
    fn try_acquire_many_owned(
        self: Arc<Self>,
        permits: usize,
    ) -> Result<Self::OwnedPermit, TryAcquireError> {
        let permit = self.inner.clone().try_acquire_many_owned(permits)?;
        self.named.taken(Location::caller());
        Ok(permit)
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
