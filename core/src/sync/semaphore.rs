//! The semaphore: the engine, and permits that give themselves back.

use super::{
    guarded::LastCaller,
    raw::{self, AcquireFuture, HasRaw, MAX_PERMITS, RawSemaphore},
};
use crate::{
    ConfigError,
    error::{Closed, TryAcquireError},
    rt::{Permit, Semaphore},
    waits::Wait,
};
use std::{
    fmt,
    future::Future,
    ops::Deref,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// The portable [`Semaphore`]: FIFO, cancel-safe, needs no runtime.
///
/// Uncontended, acquiring is one compare-and-swap and releasing another.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{rt::Semaphore, sync::FifoSemaphore};
///
/// # fn main() -> Result<(), anyrt::ConfigError> {
/// let slots = FifoSemaphore::new(1)?;
/// let slot = slots.try_acquire();
/// assert!(slot.is_ok() && slots.try_acquire().is_err());
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
/// As [`Semaphore`] says: dropping a waiting future passes on what had reached it.
pub struct FifoSemaphore {
    raw: RawSemaphore,
    holder: LastCaller,
}

impl FifoSemaphore {
    /// A semaphore with `permits` permits.
    ///
    /// # Errors
    /// A [`ConfigError`] for more than [`MAX_PERMITS`].
    pub fn new(permits: usize) -> Result<Self, ConfigError> {
        if permits > MAX_PERMITS {
            return Err(raw::too_many(permits));
        }
        Ok(Self {
            raw: RawSemaphore::new(permits),
            holder: LastCaller::default(),
        })
    }
}

impl HasRaw for FifoSemaphore {
    #[inline]
    fn raw(&self) -> &RawSemaphore {
        &self.raw
    }
}

/// Permits of a [`FifoSemaphore`] reached through `H`, returned when dropped.
#[must_use = "permits are given back at once when they are dropped"]
#[derive(Debug)]
pub struct Permits<H: Deref<Target = FifoSemaphore>> {
    semaphore: H,
    permits: usize,
}

impl<H: Deref<Target = FifoSemaphore>> Permits<H> {
    #[inline]
    #[track_caller]
    fn try_new(semaphore: H, permits: usize) -> Result<Self, TryAcquireError> {
        semaphore.raw.try_acquire(permits)?;
        semaphore.holder.set(Location::caller());
        Ok(Self { semaphore, permits })
    }
}

/// Permits of a [`FifoSemaphore`].
pub type FifoPermit<'a> = Permits<&'a FifoSemaphore>;
/// Permits of a [`FifoSemaphore`] that they keep alive.
pub type FifoOwnedPermit = Permits<Arc<FifoSemaphore>>;

impl<H: Deref<Target = FifoSemaphore> + fmt::Debug + Send + Sync> Permit for Permits<H> {
    fn permits(&self) -> usize {
        self.permits
    }

    fn forget(mut self) {
        let permits = std::mem::take(&mut self.permits);
        self.semaphore.raw.forget_held(permits);
    }
}

impl<H: Deref<Target = FifoSemaphore>> Drop for Permits<H> {
    #[inline]
    fn drop(&mut self) {
        if self.permits > 0 {
            self.semaphore.raw.release(self.permits);
        }
    }
}

impl fmt::Debug for FifoSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FifoSemaphore")
            .field("available", &self.raw.available())
            .field("closed", &self.raw.is_closed())
            .finish_non_exhaustive()
    }
}

/// Waits for permits, and says then who asked for them.
#[must_use = "futures do nothing unless they are polled"]
struct Acquire<H: Deref<Target = FifoSemaphore>> {
    permits: usize,
    caller: &'static Location<'static>,
    acquire: AcquireFuture<H>,
}

impl<H: Deref<Target = FifoSemaphore>> Acquire<H> {
    #[inline]
    fn new(semaphore: H, permits: usize, caller: &'static Location<'static>) -> Self {
        Self {
            permits,
            caller,
            acquire: AcquireFuture::new(semaphore, permits),
        }
    }

    fn wait(&self, semaphore: &FifoSemaphore) -> Wait {
        let wait = match self.permits {
            1 => Wait::new("a permit of a semaphore"),
            permits => Wait::new(format!("{permits} permits of a semaphore")),
        };
        wait.at(self.caller).held_at(semaphore.holder.get())
    }

    /// What it has acquired.
    #[inline]
    fn permits(&self, semaphore: H) -> Permits<H> {
        semaphore.holder.set(self.caller);
        Permits {
            semaphore,
            permits: self.permits,
        }
    }
}

impl<H: Deref<Target = FifoSemaphore> + Unpin> Acquire<H> {
    /// All that is not a first poll that finds them free.
    #[cold]
    fn poll_slow(&mut self, cx: &mut Context<'_>) -> Poll<Result<Permits<H>, Closed>> {
        let acquire = &self.acquire;
        if acquire.interrupts(cx, |semaphore| self.wait(semaphore)) {
            return Poll::Pending;
        }
        let polled = Pin::new(&mut self.acquire).poll(cx);
        if polled.is_pending() {
            self.acquire.tell(|semaphore| self.wait(semaphore));
        }
        polled.map_ok(|semaphore| self.permits(semaphore))
    }
}

impl<H: Deref<Target = FifoSemaphore> + Unpin> Future for Acquire<H> {
    type Output = Result<Permits<H>, Closed>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.acquire.at_once() {
            Some(semaphore) => Poll::Ready(Ok(self.permits(semaphore))),
            None => self.poll_slow(cx),
        }
    }
}

impl Semaphore for FifoSemaphore {
    type Permit<'a> = FifoPermit<'a>;
    type OwnedPermit = FifoOwnedPermit;

    #[inline]
    fn acquire_many(
        &self,
        permits: usize,
    ) -> impl Future<Output = Result<Self::Permit<'_>, Closed>> + Send {
        Acquire::new(self, permits, Location::caller())
    }

    #[inline]
    fn acquire_many_owned(
        self: Arc<Self>,
        permits: usize,
    ) -> impl Future<Output = Result<Self::OwnedPermit, Closed>> + Send + 'static {
        Acquire::new(self, permits, Location::caller())
    }

    #[inline]
    fn try_acquire_many(&self, permits: usize) -> Result<Self::Permit<'_>, TryAcquireError> {
        Permits::try_new(self, permits)
    }

    #[inline]
    fn try_acquire_many_owned(
        self: Arc<Self>,
        permits: usize,
    ) -> Result<Self::OwnedPermit, TryAcquireError> {
        Permits::try_new(self, permits)
    }

    fn last_holder(&self) -> Option<&'static Location<'static>> {
        self.holder.get()
    }

    fn available_permits(&self) -> usize {
        self.raw.available()
    }

    fn add_permits(&self, permits: usize) -> Result<(), ConfigError> {
        self.raw.add(permits)
    }

    fn forget_permits(&self, permits: usize) -> usize {
        self.raw.shrink(permits)
    }

    fn close(&self) {
        self.raw.close();
    }

    fn is_closed(&self) -> bool {
        self.raw.is_closed()
    }
}
