//! Locks and semaphores, with a fault.

use super::{Fault, tamper::Tampered};
use anyrt_core::{
    ConfigError,
    error::{Closed, TryAcquireError},
    rt::{Lock, Semaphore},
    task::yield_now,
};
use std::{future::Future, panic::Location, sync::Arc};

/// A lock with a fault.
#[derive(Debug)]
pub struct MutantLock<L> {
    /// Owned guards hold one more.
    inner: Arc<L>,
    fault: Fault,
}

impl<L> MutantLock<L> {
    pub(super) fn new(inner: L, fault: Fault) -> Self {
        Self {
            inner: Arc::new(inner),
            fault,
        }
    }
}

impl<T: Send + 'static, L: Lock<T>> Lock<T> for MutantLock<L> {
    type Guard<'a> = L::Guard<'a>;
    type OwnedGuard = L::OwnedGuard;

    #[track_caller]
    fn lock(&self) -> impl Future<Output = Self::Guard<'_>> + Send {
        let locking = Tampered::new(self.inner.lock(), self.fault);
        async move {
            if self.fault == Fault::WaitersBarge {
                loop {
                    if let Some(guard) = self.inner.try_lock() {
                        return guard;
                    }
                    yield_now().await;
                }
            }
            locking.await
        }
    }

    #[track_caller]
    fn lock_owned(self: Arc<Self>) -> impl Future<Output = Self::OwnedGuard> + Send + 'static {
        Tampered::new(Arc::clone(&self.inner).lock_owned(), self.fault)
    }

    #[track_caller]
    fn try_lock(&self) -> Option<Self::Guard<'_>> {
        self.inner.try_lock()
    }

    #[track_caller]
    fn try_lock_owned(self: Arc<Self>) -> Option<Self::OwnedGuard> {
        Arc::clone(&self.inner).try_lock_owned()
    }

    fn holder(&self) -> Option<&'static Location<'static>> {
        match self.fault {
            Fault::HolderUnknown => None,
            _ => self.inner.holder(),
        }
    }

    fn get_mut(&mut self) -> &mut T {
        let inner = Arc::get_mut(&mut self.inner);
        inner.expect("no owned guard is left").get_mut()
    }

    fn into_inner(self) -> T {
        let inner = Arc::into_inner(self.inner);
        inner.expect("no owned guard is left").into_inner()
    }
}

/// A semaphore with a fault.
#[derive(Debug)]
pub struct MutantSemaphore<S> {
    /// Owned permits hold one more.
    inner: Arc<S>,
    fault: Fault,
}

impl<S> MutantSemaphore<S> {
    pub(super) fn new(inner: S, fault: Fault) -> Self {
        Self {
            inner: Arc::new(inner),
            fault,
        }
    }
}

impl<S: Semaphore> Semaphore for MutantSemaphore<S> {
    type Permit<'a> = S::Permit<'a>;
    type OwnedPermit = S::OwnedPermit;

    #[track_caller]
    fn acquire_many(
        &self,
        permits: usize,
    ) -> impl Future<Output = Result<Self::Permit<'_>, Closed>> + Send {
        let acquiring = Tampered::new(self.inner.acquire_many(permits), self.fault);
        async move {
            if self.fault == Fault::WaitersBarge {
                loop {
                    if let Ok(permit) = self.inner.try_acquire_many(permits) {
                        return Ok(permit);
                    }
                    yield_now().await;
                }
            }
            acquiring.await
        }
    }

    #[track_caller]
    fn acquire_many_owned(
        self: Arc<Self>,
        permits: usize,
    ) -> impl Future<Output = Result<Self::OwnedPermit, Closed>> + Send + 'static {
        let acquiring = Arc::clone(&self.inner).acquire_many_owned(permits);
        Tampered::new(acquiring, self.fault)
    }

    #[track_caller]
    fn try_acquire_many(&self, permits: usize) -> Result<Self::Permit<'_>, TryAcquireError> {
        self.inner.try_acquire_many(permits)
    }

    #[track_caller]
    fn try_acquire_many_owned(
        self: Arc<Self>,
        permits: usize,
    ) -> Result<Self::OwnedPermit, TryAcquireError> {
        Arc::clone(&self.inner).try_acquire_many_owned(permits)
    }

    fn last_holder(&self) -> Option<&'static Location<'static>> {
        match self.fault {
            Fault::HolderUnknown => None,
            _ => self.inner.last_holder(),
        }
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
        if self.fault != Fault::CloseIgnored {
            self.inner.close();
        }
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }
}
