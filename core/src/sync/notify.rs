//! A signal that one waiter consumes.

use super::{
    const_unless_loom,
    signal::{Party, Queue, Signal, Waiter},
};
use std::{
    fmt,
    future::Future,
    ops::Deref,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// A signal that one waiter consumes: "there is something to do, go and look".
///
/// [`notify_one`](Self::notify_one) wakes the one who has waited longest; where nobody waits, it is
/// kept for whoever comes next, but only one of them (*SY-12*). So a waiter looks for *all* that there is to
/// do, not for one piece:
///
/// ```
/// use anyrt_core::sync::Notify;
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
pub struct Notify(Signal<State>);

#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// A notification is kept for whoever comes next.
    stored: bool,
    /// The calls of `notify_waiters` so far.
    broadcasts: u64,
}

impl State {
    fn notify_one(&mut self, queue: &mut Queue) {
        self.stored = !queue.signal_one();
    }
}

impl Notify {
    const_unless_loom! {
        /// Nothing is stored in it.
        pub fn new() -> Self {
            Self(Signal::new(State { stored: false, broadcasts: 0 }))
        }
    }

    /// Wakes the one who has waited longest, or else is kept for whoever comes next. Several that
    /// nobody has waited for are kept as one.
    pub fn notify_one(&self) {
        self.0.with(State::notify_one);
    }

    /// Wakes all who wait, and those whose [`notified`](Self::notified) was called but not polled yet.
    /// Nothing is kept for who comes later (*SY-42*).
    pub fn notify_waiters(&self) {
        self.0.with(|state, queue| {
            state.broadcasts += 1;
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
        let (stored, waiting) = self.0.with(|state, queue| (state.stored, queue.len()));
        f.debug_struct("Notify")
            .field("stored", &stored)
            .field("waiting", &waiting)
            .finish_non_exhaustive()
    }
}

/// One who waits since so many broadcasts.
#[derive(Debug)]
struct Listener<H> {
    notify: H,
    broadcasts: u64,
}

impl<H: Deref<Target = Notify>> Listener<H> {
    fn new(notify: H) -> Self {
        let broadcasts = notify.0.with(|state, _| state.broadcasts);
        Self { notify, broadcasts }
    }
}

impl<H: Deref<Target = Notify>> Party for Listener<H> {
    type State = State;
    type Output = ();

    fn signal(&self) -> &Signal<State> {
        &self.notify.0
    }

    fn enter(&self, state: &mut State, _: &mut Queue) -> Option<()> {
        if state.broadcasts != self.broadcasts {
            return Some(());
        }
        std::mem::take(&mut state.stored).then_some(())
    }

    fn signalled(&self) {}

    fn pass_on(state: &mut State, queue: &mut Queue) {
        state.notify_one(queue);
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
        self.0.poll(cx)
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
        self.0.poll(cx)
    }
}
