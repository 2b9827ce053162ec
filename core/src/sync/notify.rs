//! A signal that one waiter consumes.

use super::{
    const_unless_loom,
    signal::{Party, Queue, Signal, Waiter},
};
use crate::{prim::AtomicUsize, waits::Wait};
use std::{
    fmt,
    future::Future,
    ops::Deref,
    pin::Pin,
    sync::{
        Arc,
        atomic::Ordering::{Acquire, Release},
    },
    task::{Context, Poll},
};

/// A signal that one waiter consumes: "there is something to do, go and look".
///
/// [`notify_one`](Self::notify_one) wakes the one who has waited longest; where nobody waits, it is
/// kept for whoever comes next, but only one of them (*SY-12*). So a waiter looks for *all* that there is to
/// do, not for one piece:
///
/// ```
/// # extern crate anyrt_core as anyrt;
/// use anyrt::sync::Notify;
/// use std::{collections::VecDeque, sync::Mutex};
///
/// #[derive(Default)]
/// struct Inbox {
///     letters: Mutex<VecDeque<String>>,
///     posted: Notify,
/// }
///
/// impl Inbox {
///     fn post(&self, letter: String) {
///         self.letters.lock().unwrap().push_back(letter);
///         self.posted.notify_one();
///     }
///
///     /// For one reader at a time.
///     async fn next(&self) -> String {
///         loop {
///             if let Some(letter) = self.letters.lock().unwrap().pop_front() {
///                 return letter;
///             }
///             self.posted.notified().await;
///         }
///     }
/// }
/// ```
///
/// For a flag that stays, see [`Event`](super::Event); for a condition on what a lock protects, see
/// [`Condvar`](super::Condvar); for pieces that are counted, a semaphore or a channel.
///
/// # Ordering and fairness
/// Notifications go to waiters in the order of their first poll (*SY-41*). What was written before
/// one is visible to whoever it wakes.
pub struct Notify {
    /// Whether a notification is kept for whoever comes next.
    signal: Signal<bool>,
    /// The calls of `notify_waiters` so far. Changed under the lock, looked at without it: who then
    /// reads an old count takes itself for one who was there, and at worst looks once in vain.
    broadcasts: AtomicUsize,
}

impl Notify {
    const_unless_loom! {
        /// Nothing is stored in it.
        pub fn new() -> Self {
            Self { signal: Signal::new(false), broadcasts: AtomicUsize::new(0) }
        }
    }

    /// Wakes the one who has waited longest, or else is kept for whoever comes next. Several that
    /// nobody has waited for are kept as one.
    pub fn notify_one(&self) {
        self.signal.with(notify_one);
    }

    /// Wakes all who wait, and those whose [`notified`](Self::notified) was called but not polled yet.
    /// Nothing is kept for who comes later (*SY-42*).
    pub fn notify_waiters(&self) {
        self.signal.with(|_, queue| {
            self.broadcasts.fetch_add(1, Release);
            queue.signal_all();
        });
    }

    /// Waits for a notification.
    ///
    /// The call itself already counts for [`notify_waiters`](Self::notify_waiters): call this, look for
    /// what there is to do, and await it if that was nothing. For [`notify_one`](Self::notify_one) the
    /// first poll counts, and until then nothing is consumed.
    ///
    /// # Cancel safety
    /// Safe: a notification that had reached it goes to the next who waits, or is kept (*SY-12*). The
    /// place in the queue is lost.
    #[track_caller]
    pub fn notified(&self) -> Notified<'_> {
        Notified(Waiter::new(Listener::new(self)))
    }

    /// Waits for a notification, and borrows nothing.
    ///
    /// # Cancel safety
    /// Safe, as [`notified`](Self::notified) is.
    #[track_caller]
    pub fn notified_owned(self: Arc<Self>) -> OwnedNotified {
        OwnedNotified(Waiter::new(Listener::new(self)))
    }
}

impl Default for Notify {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (stored, waiting) = self.signal.with(|stored, queue| (*stored, queue.len()));
        f.debug_struct("Notify")
            .field("stored", &stored)
            .field("waiting", &waiting)
            .finish_non_exhaustive()
    }
}

fn notify_one(stored: &mut bool, queue: &mut Queue) {
    *stored = !queue.signal_one();
}

/// One who waits since so many broadcasts.
#[derive(Debug)]
struct Listener<H> {
    notify: H,
    broadcasts: usize,
}

impl<H: Deref<Target = Notify>> Listener<H> {
    fn new(notify: H) -> Self {
        let broadcasts = notify.broadcasts.load(Acquire);
        Self { notify, broadcasts }
    }
}

impl<H: Deref<Target = Notify>> Party for Listener<H> {
    type State = bool;
    type Output = ();

    fn signal(&self) -> &Signal<bool> {
        &self.notify.signal
    }

    fn enter(&self, stored: &mut bool, _: &mut Queue) -> Option<()> {
        // Under the lock the count is the newest.
        if self.notify.broadcasts.load(Acquire) != self.broadcasts {
            return Some(());
        }
        std::mem::take(stored).then_some(())
    }

    fn signalled(&self) {}

    fn wait(&self) -> Wait {
        Wait::new("a notification")
    }

    fn pass_on(stored: &mut bool, queue: &mut Queue) {
        notify_one(stored, queue);
    }
}

impl<H: Deref<Target = Notify>> Waiter<Listener<H>> {
    fn poll_stored(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let is_stored = |listener: &Listener<H>| listener.signal().with(|stored, _| *stored);
        if self.interrupts(cx, is_stored) {
            return Poll::Pending;
        }
        self.poll(cx)
    }
}

/// The future of [`Notify::notified`].
///
/// # Panics
/// Where it is polled again after it was ready.
#[must_use = "futures do nothing unless they are polled"]
#[derive(Debug)]
pub struct Notified<'a>(Waiter<Listener<&'a Notify>>);

impl Future for Notified<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_stored(cx)
    }
}

/// The future of [`Notify::notified_owned`].
///
/// # Panics
/// Where it is polled again after it was ready.
#[must_use = "futures do nothing unless they are polled"]
#[derive(Debug)]
pub struct OwnedNotified(Waiter<Listener<Arc<Notify>>>);

impl Future for OwnedNotified {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_stored(cx)
    }
}
