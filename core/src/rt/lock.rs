//! A lock to be held across `.await`.

use crate::{
    error::AcquireTimeout,
    rt::{Sleep, Timeout},
};
use std::{
    any::type_name, fmt::Debug, future::Future, ops::DerefMut, panic::Location, sync::Arc,
    time::Duration,
};

#[doc(alias = "Mutex")]
/// A FIFO lock whose guard may be held across `.await`.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::rt::{Lock, Runtime};
/// # async fn load() -> String { String::new() }
///
/// /// Loads it once: whoever comes meanwhile waits.
/// async fn page(kept: &impl Lock<Option<String>>) -> String {
///     let mut kept = kept.lock().await;
///     match &*kept {
///         Some(page) => page.clone(),
///         None => kept.insert(load().await).clone(),
///     }
/// }
///
/// async fn twice<R: Runtime>(rt: &R) -> bool {
///     let kept = rt.lock(None); // In a struct: `Arc<LockOf<R, Option<String>>>`.
///     page(&kept).await == page(&kept).await
/// }
/// ```
///
/// # For callers
/// Waiters get it in the order of their first poll and nobody overtakes them (*SY-1*). A panic under
/// a guard releases it; nothing is poisoned (*SY-8*). Where the guard need not live across an
/// `.await`, `std::sync::Mutex` is enough. Hold `&mut *guard` across an `.await`, not `&guard`: a
/// guard is `Send`, but `Sync` only where its value is.
///
/// # For backend authors
/// [`FifoMutex`](crate::sync::FifoMutex) keeps it all.
///
/// # Cancel safety
/// A future that waits acquires nothing until it is polled (*SY-7*); dropped, it leaves the queue, and
/// a grant that had reached it goes to the next (*SY-2*). The place in the queue is lost.
pub trait Lock<T: Send + 'static>: Debug + Send + Sync + 'static {
    /// Gives access, until dropped.
    type Guard<'a>: DerefMut<Target = T> + Debug + Send
    where
        Self: 'a;
    /// Gives access, until dropped, and keeps the lock alive.
    type OwnedGuard: DerefMut<Target = T> + Debug + Send + 'static;

    /// Waits for access.
    #[track_caller]
    fn lock(&self) -> impl Future<Output = Self::Guard<'_>> + Send;

    /// Waits for access, with a guard that borrows nothing (*SY-9*).
    #[track_caller]
    fn lock_owned(self: Arc<Self>) -> impl Future<Output = Self::OwnedGuard> + Send + 'static;

    /// Waits for access no longer than `limit`.
    ///
    /// # Errors
    /// [`AcquireTimeout`], which names the lock and who holds it (*SY-10*).
    #[track_caller]
    fn lock_timeout<R: Sleep>(
        &self,
        rt: &R,
        limit: Duration,
    ) -> impl Future<Output = Result<Self::Guard<'_>, AcquireTimeout>> + Send {
        let locking = self.lock();
        async move {
            rt.timeout(limit, locking).await.map_err(|elapsed| {
                let name = format!("lock of `{}`", type_name::<T>());
                AcquireTimeout::new(name, self.holder(), elapsed)
            })
        }
    }

    /// Access, if it is free and nobody waits.
    #[track_caller]
    fn try_lock(&self) -> Option<Self::Guard<'_>>;

    /// Access, if it is free and nobody waits, with a guard that borrows nothing.
    #[track_caller]
    fn try_lock_owned(self: Arc<Self>) -> Option<Self::OwnedGuard>;

    /// Where the guard that is out now was asked for; `None` while it is free.
    fn holder(&self) -> Option<&'static Location<'static>>;

    /// Access without waiting: `&mut` proves that nobody else has it.
    fn get_mut(&mut self) -> &mut T;

    /// The value.
    fn into_inner(self) -> T
    where
        Self: Sized;
}
