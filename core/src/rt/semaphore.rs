//! Permits, to bound what runs at once.

use crate::{
    ConfigError,
    error::{AcquireTimeout, AcquireTimeoutError, Closed, TryAcquireError},
    rt::{Sleep, Timeout},
};
use std::{fmt::Debug, future::Future, panic::Location, sync::Arc, time::Duration};

/// One or several permits of a semaphore, returned when dropped.
pub trait Permit: Debug + Send + Sync {
    /// How many permits this is.
    fn permits(&self) -> usize;

    /// Takes them out of the semaphore for good: its total shrinks (*SY-5*).
    fn forget(self);
}

/// A FIFO semaphore.
///
/// # For callers
/// Waiters get permits in the order of their first poll, a large request is not starved by
/// small ones (*SY-4*), and `try_*` overtakes nobody (*SY-1*).
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::rt::{Runtime, Semaphore};
///
/// async fn four_at_once<R: Runtime>(rt: &R) -> Result<(), Box<dyn std::error::Error>> {
///     let slots = rt.semaphore(4)?;
///     let slot = slots.acquire().await?;
///     // … at most four are here at once …
///     drop(slot);
///     Ok(())
/// }
/// ```
///
/// # For backend authors
/// [`FifoSemaphore`](crate::sync::FifoSemaphore) keeps it all.
///
/// # Cancel safety
/// A future that waits holds nothing until it is polled (*SY-7*); dropped, it leaves the queue, and a
/// grant that had reached it goes to the next (*SY-2*). The place in the queue is lost.
pub trait Semaphore: Debug + Send + Sync + 'static {
    /// Permits that borrow the semaphore.
    type Permit<'a>: Permit
    where
        Self: 'a;
    /// Permits that keep the semaphore alive (*SY-9*).
    type OwnedPermit: Permit + 'static;

    /// Waits for `permits` permits, all at once. More than the total is waited for until
    /// permits are added or the semaphore is closed.
    ///
    /// # Errors
    /// [`Closed`], also for those that wait while it is closed (*SY-6*).
    #[track_caller]
    fn acquire_many(
        &self,
        permits: usize,
    ) -> impl Future<Output = Result<Self::Permit<'_>, Closed>> + Send;

    /// Waits for `permits` permits, all at once, that borrow nothing.
    ///
    /// # Errors
    /// [`Closed`], also for those that wait while it is closed.
    #[track_caller]
    fn acquire_many_owned(
        self: Arc<Self>,
        permits: usize,
    ) -> impl Future<Output = Result<Self::OwnedPermit, Closed>> + Send + 'static;

    /// `permits` permits, if they are free and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError`] says whether it is closed or too few are free.
    #[track_caller]
    fn try_acquire_many(&self, permits: usize) -> Result<Self::Permit<'_>, TryAcquireError>;

    /// `permits` permits that borrow nothing, if they are free and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError`] says whether it is closed or too few are free.
    #[track_caller]
    fn try_acquire_many_owned(
        self: Arc<Self>,
        permits: usize,
    ) -> Result<Self::OwnedPermit, TryAcquireError>;

    /// Waits for `permits` permits, all at once, no longer than `limit`.
    ///
    /// # Errors
    /// Says whether it is closed, or how many were free and who took permits last (*SY-10*).
    #[track_caller]
    fn acquire_many_timeout<R: Sleep>(
        &self,
        rt: &R,
        permits: usize,
        limit: Duration,
    ) -> impl Future<Output = Result<Self::Permit<'_>, AcquireTimeoutError>> + Send {
        let acquiring = self.acquire_many(permits);
        async move {
            match rt.timeout(limit, acquiring).await {
                Ok(acquired) => acquired.map_err(|Closed| AcquireTimeoutError::Closed),
                Err(elapsed) => {
                    let free = self.available_permits();
                    let plural = if permits == 1 { "" } else { "s" };
                    let name = format!("acquire of {permits} permit{plural} ({free} free)");
                    let timeout = AcquireTimeout::new(name, self.last_holder(), elapsed);
                    Err(AcquireTimeoutError::TimedOut(timeout))
                }
            }
        }
    }

    /// Waits for one permit.
    ///
    /// # Errors
    /// [`Closed`], also for those that wait while it is closed.
    #[track_caller]
    fn acquire(&self) -> impl Future<Output = Result<Self::Permit<'_>, Closed>> + Send {
        self.acquire_many(1)
    }

    /// Waits for one permit that borrows nothing.
    ///
    /// # Errors
    /// [`Closed`], also for those that wait while it is closed.
    #[track_caller]
    fn acquire_owned(
        self: Arc<Self>,
    ) -> impl Future<Output = Result<Self::OwnedPermit, Closed>> + Send + 'static {
        self.acquire_many_owned(1)
    }

    /// One permit, if it is free and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError`] says whether it is closed or none is free.
    #[track_caller]
    fn try_acquire(&self) -> Result<Self::Permit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// One permit that borrows nothing, if it is free and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError`] says whether it is closed or none is free.
    #[track_caller]
    fn try_acquire_owned(self: Arc<Self>) -> Result<Self::OwnedPermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// Where the permits that were given out last were asked for.
    fn last_holder(&self) -> Option<&'static Location<'static>>;

    /// The permits that are free now.
    fn available_permits(&self) -> usize;

    /// Grows the total, waking those who now get their permits.
    ///
    /// # Errors
    /// A [`ConfigError`], and nothing changed, where the total would pass
    /// [`MAX_PERMITS`](crate::sync::MAX_PERMITS) (*SY-15*).
    fn add_permits(&self, permits: usize) -> Result<(), ConfigError>;

    /// Shrinks the total by `permits`, but not below 0, and says by how many. Free permits go at
    /// once, held ones when they come back: no holder is disturbed (*SY-5*).
    fn forget_permits(&self, permits: usize) -> usize;

    /// Fails those who wait and all who come later (*SY-6*). Permits that are out stay good.
    fn close(&self);

    /// Whether it is closed.
    fn is_closed(&self) -> bool;
}
