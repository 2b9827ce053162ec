//! A condition on what a lock protects.

use super::{
    const_unless_loom,
    signal::{Party, Queue, Signal, Waiter},
};
use crate::{rt::Lock, waits::Wait};
use std::{
    fmt,
    future::{Future, poll_fn},
    panic::Location,
    sync::Arc,
};

/// A condition on what a [`Lock`] protects: waits without the lock, and returns with it.
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::{rt::{Lock, LockOf, Runtime}, sync::Condvar};
///
/// struct Stack<R: Runtime> {
///     items: LockOf<R, Vec<u32>>,
///     pushed: Condvar,
/// }
///
/// impl<R: Runtime> Stack<R> {
///     async fn push(&self, item: u32) {
///         self.items.lock().await.push(item);
///         self.pushed.notify_one();
///     }
///
///     async fn pop(&self) -> Option<u32> {
///         let items = self.items.lock().await;
///         let mut items = self.pushed.wait_while(&self.items, items, |items| items.is_empty()).await;
///         items.pop()
///     }
/// }
/// ```
///
/// Change what the condition is about under the lock. Whether the notification is sent under it or
/// after it makes no difference to correctness. A notification that finds nobody is not kept
/// ([`Notify`](super::Notify) keeps one).
///
/// # Ordering and fairness
/// Notifications go to waiters in the order of their first poll (*SY-45*), and the lock is had again in the
/// order of the lock's own queue.
///
/// # Spurious wakeups
/// There are some: between the notification and the lock somebody else can change what the condition is
/// about, and a notification that is passed on may reach one who has come since it was sent. Use
/// [`wait_while`](Self::wait_while), or a loop.
pub struct Condvar(Signal<()>);

impl Condvar {
    const_unless_loom! {
        /// Nobody waits yet.
        pub fn new() -> Self {
            Self(Signal::new(()))
        }
    }

    /// Gives `guard` back, waits for a notification, and locks `lock` again, which has to be
    /// the lock that `guard` came from.
    ///
    /// The first poll joins the queue before it gives the guard back, so that no notification in between
    /// is lost (*SY-44*). Until the first poll, the lock stays locked.
    ///
    /// # Cancel safety
    /// Dropped, it holds no lock. A notification that had reached it goes to the next who waits, also
    /// where it was dropped while it waited for the lock (*SY-13*). The place in the queue is lost.
    #[track_caller]
    pub fn wait<'a, T, L>(
        &self,
        lock: &'a L,
        guard: L::Guard<'a>,
    ) -> impl Future<Output = L::Guard<'a>> + Send
    where
        T: Send + 'static,
        L: Lock<T>,
    {
        self.exchange(guard, lock.lock(), Location::caller())
    }

    /// [Waits](Self::wait), with a guard that borrows nothing (*SY-55*).
    ///
    /// ```
    /// # extern crate anyrt_core as anyrt;
    /// use anyrt::{rt::{Lock, Runtime}, sync::Condvar};
    /// use std::sync::Arc;
    ///
    /// /// A ticket that outlives the call, and can go to another task.
    /// async fn ticket<L: Lock<usize>>(tickets: Arc<L>, came: &Condvar) -> L::OwnedGuard {
    ///     let mut left = Arc::clone(&tickets).lock_owned().await;
    ///     while *left == 0 {
    ///         left = came.wait_owned(Arc::clone(&tickets), left).await;
    ///     }
    ///     *left -= 1;
    ///     left
    /// }
    /// ```
    ///
    /// # Cancel safety
    /// As of [`wait`](Self::wait).
    #[track_caller]
    pub fn wait_owned<T, L>(
        &self,
        lock: Arc<L>,
        guard: L::OwnedGuard,
    ) -> impl Future<Output = L::OwnedGuard> + Send
    where
        T: Send + 'static,
        L: Lock<T>,
    {
        self.exchange(guard, lock.lock_owned(), Location::caller())
    }

    /// `guard` for a notification, then `locking` for what it gives. The caller makes `locking`, so that
    /// the lock's holder is the place of the wait.
    fn exchange<G: Send>(
        &self,
        guard: G,
        locking: impl Future<Output = G> + Send,
        place: &'static Location<'static>,
    ) -> impl Future<Output = G> + Send {
        async move {
            let mut waiter = Waiter::at(self, place);
            let mut guard = Some(guard);
            poll_fn(|cx| {
                let polled = waiter.poll_hold(cx);
                drop(guard.take());
                polled
            })
            .await;
            let guard = locking.await;
            waiter.accept();
            guard
        }
    }

    /// [Waits](Self::wait) for as long as `condition` holds, which it looks at under the lock: the first
    /// time at the first poll, and then after each notification.
    ///
    /// # Cancel safety
    /// As of [`wait`](Self::wait).
    #[track_caller]
    pub fn wait_while<'a, T, L>(
        &self,
        lock: &'a L,
        mut guard: L::Guard<'a>,
        mut condition: impl FnMut(&mut T) -> bool + Send,
    ) -> impl Future<Output = L::Guard<'a>> + Send
    where
        T: Send + 'static,
        L: Lock<T>,
    {
        let place = Location::caller();
        async move {
            while condition(&mut guard) {
                guard = self.exchange(guard, lock.lock(), place).await;
            }
            guard
        }
    }

    /// [Waits](Self::wait_owned) for as long as `condition` holds, as [`wait_while`](Self::wait_while) does.
    ///
    /// # Cancel safety
    /// As of [`wait`](Self::wait).
    #[track_caller]
    pub fn wait_while_owned<T, L>(
        &self,
        lock: Arc<L>,
        mut guard: L::OwnedGuard,
        mut condition: impl FnMut(&mut T) -> bool + Send,
    ) -> impl Future<Output = L::OwnedGuard> + Send
    where
        T: Send + 'static,
        L: Lock<T>,
    {
        let place = Location::caller();
        async move {
            while condition(&mut guard) {
                let locking = Arc::clone(&lock).lock_owned();
                guard = self.exchange(guard, locking, place).await;
            }
            guard
        }
    }

    /// Wakes the one who has waited longest, if anyone waits.
    pub fn notify_one(&self) {
        self.0.with(|(), queue| queue.signal_one());
    }

    /// Wakes all who wait.
    pub fn notify_all(&self) {
        self.0.with(|(), queue| queue.signal_all());
    }
}

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.0.with(|(), queue| queue.len());
        f.debug_struct("Condvar")
            .field("waiting", &waiting)
            .finish_non_exhaustive()
    }
}

impl Party for &Condvar {
    type State = ();
    type Output = ();

    fn signal(&self) -> &Signal<()> {
        &self.0
    }

    fn enter(&self, (): &mut (), _: &mut Queue) -> Option<()> {
        None
    }

    fn signalled(&self) {}

    fn wait(&self) -> Wait {
        Wait::new("a condition")
    }

    fn pass_on((): &mut (), queue: &mut Queue) {
        queue.signal_one();
    }
}
