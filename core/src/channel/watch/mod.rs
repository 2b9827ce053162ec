//! The latest value, to everyone who cares to look.
//!
//! ```
//! # extern crate anyrt_core as anyrt;
//! # use anyrt::channel::watch;
//! # async fn demo() {
//! let (tx, mut rx) = watch::channel("starting");
//! tx.send("ready");
//! assert_eq!(*rx.latest(), "ready");
//! while let Ok(status) = rx.changed().await {
//!     println!("{status}");
//! }
//! # }
//! ```
//!
//! Values between two looks are skipped; the last one never is, not even where its sender is gone.
//!
//! A look gives a snapshot, an `Arc`, and not a guard: a guard would lock senders out for as long as it is
//! kept, across an `await` for instance, and deadlock whoever sends while he holds one. The
//! price is an allocation a send.

mod futures;

pub use futures::{ClosedFuture, WaitFor};

use crate::{
    channel::waiters::{Waiters, Watched},
    error::Closed,
    prim::{Mutex, lock},
    sync::wait_list::wake_all,
    task::Streak,
};
use std::{fmt, sync::Arc};

/// A channel that holds `value`, which its receiver has seen.
pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        values: Mutex::new(Values {
            latest: Arc::new(value),
            version: 0,
            senders: 1,
            waiters: Waiters::new(),
        }),
        receivers: Mutex::new(Receivers {
            count: 0,
            waiters: Waiters::new(),
        }),
    });
    let receiver = Receiver::new(&shared, 0);
    (Sender { shared }, receiver)
}

struct Shared<T> {
    values: Mutex<Values<T>>,
    receivers: Mutex<Receivers>,
}

struct Values<T> {
    latest: Arc<T>,
    /// Counts the values.
    version: u64,
    senders: usize,
    /// The receivers that wait.
    waiters: Waiters,
}

struct Receivers {
    count: usize,
    /// The senders that wait for there to be none.
    waiters: Waiters,
}

impl<T> Watched for Values<T> {
    fn waiters(&mut self) -> &mut Waiters {
        &mut self.waiters
    }
}

impl Watched for Receivers {
    fn waiters(&mut self) -> &mut Waiters {
        &mut self.waiters
    }
}

impl<T> Values<T> {
    /// The latest value and its version, unless it is the version that was seen.
    fn newer(&self, seen: Option<u64>) -> Option<Result<(Arc<T>, u64), Closed>> {
        if seen != Some(self.version) {
            Some(Ok((Arc::clone(&self.latest), self.version)))
        } else {
            (self.senders == 0).then_some(Err(Closed))
        }
    }
}

/// The half that sends. Clones send into the same channel.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Replaces the value, for present and future receivers.
    /// It cannot fail: without receivers, too, the value is there for whoever
    /// [subscribes](Self::subscribe) next.
    pub fn send(&self, value: T) {
        self.send_replace(value);
    }

    /// As [`send`](Self::send), and returns the value before.
    pub fn send_replace(&self, value: T) -> Arc<T> {
        let value = Arc::new(value);
        match self.replace(value, None) {
            Ok(earlier) => earlier,
            Err(value) => value,
        }
    }

    /// Changes a copy of the latest value with `modify`, and sends that.
    ///
    /// No lock is held meanwhile: `modify` may use the channel, and if it panics, nothing has
    /// changed. Where another sender was faster, it is called again with that one's
    /// value, so no change is lost; a `modify` that itself sends is overtaken each time, and never ends.
    pub fn send_modify(&self, mut modify: impl FnMut(&mut T))
    where
        T: Clone,
    {
        self.send_if_modified(|value| {
            modify(value);
            true
        });
    }

    /// As [`send_modify`](Self::send_modify), but sends only if `modify` returns true; says whether.
    pub fn send_if_modified(&self, mut modify: impl FnMut(&mut T) -> bool) -> bool
    where
        T: Clone,
    {
        loop {
            let (latest, version) = {
                let values = lock(&self.shared.values);
                (Arc::clone(&values.latest), values.version)
            };
            let mut value = T::clone(&latest);
            if !modify(&mut value) {
                return false;
            }
            if self.replace(Arc::new(value), Some(version)).is_ok() {
                return true;
            }
        }
    }

    /// Hands `value` back if the version has moved on from `only_after`.
    fn replace(&self, value: Arc<T>, only_after: Option<u64>) -> Result<Arc<T>, Arc<T>> {
        let mut wakers = Vec::new();
        let mut values = lock(&self.shared.values);
        if only_after.is_some_and(|version| version != values.version) {
            return Err(value);
        }
        let earlier = std::mem::replace(&mut values.latest, value);
        values.version += 1;
        values.waiters.take_all(&mut wakers);
        drop(values);
        wake_all(wakers);
        Ok(earlier)
    }

    /// The latest value.
    pub fn latest(&self) -> Arc<T> {
        Arc::clone(&lock(&self.shared.values).latest)
    }

    /// A receiver that has seen the latest value.
    pub fn subscribe(&self) -> Receiver<T> {
        let version = lock(&self.shared.values).version;
        Receiver::new(&self.shared, version)
    }

    /// How many receivers there are.
    pub fn receiver_count(&self) -> usize {
        lock(&self.shared.receivers).count
    }

    /// Whether there is no receiver. One may [come](Self::subscribe).
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// Waits until there is no receiver.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost.
    #[track_caller]
    pub fn closed(&self) -> ClosedFuture<'_> {
        ClosedFuture::new(&self.shared.receivers)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        lock(&self.shared.values).senders += 1;
        let shared = Arc::clone(&self.shared);
        Self { shared }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut wakers = Vec::new();
        let mut values = lock(&self.shared.values);
        values.senders -= 1;
        if values.senders == 0 {
            values.waiters.take_all(&mut wakers);
        }
        drop(values);
        wake_all(wakers);
    }
}

/// A half that receives. A clone has seen what the original has.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// The version that was returned last.
    seen: u64,
    streak: Streak,
}

impl<T> Receiver<T> {
    fn new(shared: &Arc<Shared<T>>, seen: u64) -> Self {
        lock(&shared.receivers).count += 1;
        Self {
            shared: Arc::clone(shared),
            seen,
            streak: Streak::default(),
        }
    }

    /// The latest value. [`changed`](Self::changed) will still return it, if it has not yet.
    pub fn latest(&self) -> Arc<T> {
        Arc::clone(&lock(&self.shared.values).latest)
    }

    /// Whether there is a value that [`changed`](Self::changed) has yet to return.
    pub fn has_changed(&self) -> bool {
        lock(&self.shared.values).version != self.seen
    }

    /// Waits for a value that it has not returned yet; that is always the latest one.
    ///
    /// # Errors
    /// [`Closed`] once all senders are gone and the last value was returned.
    ///
    /// # Cancel safety
    /// Safe: a value is either returned, or still new.
    #[track_caller]
    pub fn changed(&mut self) -> WaitFor<'_, T, fn(&T) -> bool> {
        let seen = Some(self.seen);
        WaitFor::new(self, seen, |_| true)
    }

    /// Waits until the latest value, seen or not, is one that `wanted` accepts. It runs outside the lock.
    ///
    /// # Errors
    /// [`Closed`] once all senders are gone and the last value is not wanted.
    ///
    /// # Cancel safety
    /// Safe: a value that was not returned is still new.
    #[track_caller]
    pub fn wait_for<P: FnMut(&T) -> bool>(&mut self, wanted: P) -> WaitFor<'_, T, P> {
        WaitFor::new(self, None, wanted)
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self::new(&self.shared, self.seen)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut wakers = Vec::new();
        let mut receivers = lock(&self.shared.receivers);
        receivers.count -= 1;
        if receivers.count == 0 {
            receivers.waiters.take_all(&mut wakers);
        }
        drop(receivers);
        wake_all(wakers);
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (senders, version) = {
            let values = lock(&self.values);
            (values.senders, values.version)
        };
        f.debug_struct("Watch")
            .field("version", &version)
            .field("senders", &senders)
            .field("receivers", &lock(&self.receivers).count)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("watch::Sender").field(&self.shared).finish()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("watch::Receiver")
            .field("shared", &self.shared)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}
