//! Every receiver gets every value; slow receivers lose old values, and hold nobody up.
//!
//! ```
//! # extern crate anyrt_core as anyrt;
//! use anyrt::channel::broadcast::{self, RecvError, TryRecvError};
//!
//! # fn main() -> Result<(), anyrt::ConfigError> {
//! let (tx, mut rx) = broadcast::channel(2)?;
//! for n in 1..=3 {
//!     tx.send(n).ok();
//! }
//! assert_eq!(rx.try_recv(), Err(TryRecvError::Lagged(1)));
//! assert_eq!(rx.try_recv(), Ok(2));
//! # let _ = async {
//! loop {
//!     match rx.recv().await {
//!         Ok(n) => println!("{n}"),
//!         Err(RecvError::Lagged(missed)) => println!("too slow for {missed} values"),
//!         Err(RecvError::Closed) => break,
//!     }
//! }
//! # };
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//!  ring:      │ oldest │ … │ newest │          numbers: head … head + len
//!  unread:        1    ≤ … ≤   3               receivers that have yet to see it
//!
//!  a receiver's position ≥ head: next is ring[position - head]
//!  a receiver's position < head: it lagged by head - position, and goes on at head
//! ```
//!
//! A receiver that has yet to see a value has yet to see all newer ones, so the counts never fall towards the
//! newest, and a value that all have seen is always the oldest: it is dropped at once.
//! Values lie behind an `Arc`, so that they are cloned outside the lock; the last
//! receiver to see one gets it without a clone.

mod error;
mod recv;

pub use error::{RecvError, TryRecvError};
pub use recv::Recv;

use crate::{
    ConfigError,
    channel::waiters::{Waiters, Watched},
    error::{SendError, check},
    prim::{Mutex, lock},
    sync::wait_list::wake_all,
    task::Streak,
};
use std::{collections::VecDeque, fmt, sync::Arc};

/// A channel that keeps the last `capacity` values for those who have yet to see them.
///
/// # Errors
/// A [`ConfigError`] for a capacity of 0.
pub fn channel<T>(capacity: usize) -> Result<(Sender<T>, Receiver<T>), ConfigError> {
    check::at_least_one("capacity", capacity)?;
    let state = State {
        ring: VecDeque::new(),
        head: 0,
        senders: 1,
        receivers: 0,
        waiters: Waiters::new(),
    };
    let sender = Sender {
        shared: Arc::new(Shared {
            capacity,
            state: Mutex::new(state),
        }),
    };
    let receiver = sender.subscribe();
    Ok((sender, receiver))
}

struct Shared<T> {
    capacity: usize,
    state: Mutex<State<T>>,
}

struct State<T> {
    ring: VecDeque<Entry<T>>,
    /// The number of the oldest value in the ring.
    head: u64,
    senders: usize,
    receivers: usize,
    waiters: Waiters,
}

struct Entry<T> {
    value: Arc<T>,
    /// How many receivers have yet to see it.
    unread: usize,
}

impl<T> Watched for State<T> {
    fn waiters(&mut self) -> &mut Waiters {
        &mut self.waiters
    }
}

impl<T> State<T> {
    /// The number that the next value will have.
    fn end(&self) -> u64 {
        self.head + self.ring.len() as u64
    }

    fn take(&mut self, position: &mut u64) -> Result<Arc<T>, TryRecvError> {
        if *position < self.head {
            let missed = self.head - *position;
            *position = self.head;
            return Err(TryRecvError::Lagged(missed));
        }
        let index = usize::try_from(*position - self.head).unwrap_or(usize::MAX);
        let Some(entry) = self.ring.get_mut(index) else {
            return Err(match self.senders {
                0 => TryRecvError::Closed,
                _ => TryRecvError::Empty,
            });
        };
        *position += 1;
        entry.unread -= 1;
        if entry.unread > 0 {
            return Ok(Arc::clone(&entry.value));
        }
        self.head += 1;
        let oldest = self.ring.pop_front();
        oldest.map(|entry| entry.value).ok_or(TryRecvError::Empty)
    }

    /// A receiver goes; returns what nobody else will want to see, to be dropped outside the lock.
    fn forget_receiver(&mut self, position: u64) -> Vec<Entry<T>> {
        self.receivers -= 1;
        let seen = usize::try_from(position.saturating_sub(self.head)).unwrap_or(usize::MAX);
        for entry in self.ring.iter_mut().skip(seen) {
            entry.unread -= 1;
        }
        let unwanted = self.ring.partition_point(|entry| entry.unread == 0);
        self.head += unwanted as u64;
        self.ring.drain(..unwanted).collect()
    }
}

/// The half that sends. Clones send into the same channel.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Sends `value` to all receivers, and says how many those are. It never waits: where the ring
    /// is full, the oldest value goes, and who had not seen it is told so.
    ///
    /// # Errors
    /// The value comes back if there is no receiver.
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        let mut wakers = Vec::new();
        let mut state = lock(&self.shared.state);
        let receivers = state.receivers;
        if receivers == 0 {
            return Err(SendError(value));
        }
        let oldest = match state.ring.len() == self.shared.capacity {
            true => {
                state.head += 1;
                state.ring.pop_front()
            }
            false => None,
        };
        state.ring.push_back(Entry {
            value: Arc::new(value),
            unread: receivers,
        });
        state.waiters.take_all(&mut wakers);
        drop(state);
        wake_all(wakers);
        drop(oldest);
        Ok(receivers)
    }

    /// A receiver of all that is sent from now on.
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::new(&self.shared)
    }

    /// How many receivers there are.
    pub fn receiver_count(&self) -> usize {
        lock(&self.shared.state).receivers
    }

    /// The values that some receiver has yet to see.
    pub fn len(&self) -> usize {
        lock(&self.shared.state).ring.len()
    }

    /// Whether all receivers have seen all values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The most values that are kept.
    pub fn capacity(&self) -> usize {
        self.shared.capacity
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        lock(&self.shared.state).senders += 1;
        let shared = Arc::clone(&self.shared);
        Self { shared }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut wakers = Vec::new();
        let mut state = lock(&self.shared.state);
        state.senders -= 1;
        if state.senders == 0 {
            state.waiters.take_all(&mut wakers);
        }
        drop(state);
        wake_all(wakers);
    }
}

/// One of the halves that receive: each gets every value sent since it was made.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    position: u64,
    streak: Streak,
}

impl<T> Receiver<T> {
    fn new(shared: &Arc<Shared<T>>) -> Self {
        let mut state = lock(&shared.state);
        state.receivers += 1;
        Self {
            shared: Arc::clone(shared),
            position: state.end(),
            streak: Streak::default(),
        }
    }

    /// Another receiver, of all that is sent from now on.
    pub fn resubscribe(&self) -> Self {
        Self::new(&self.shared)
    }

    /// The values that it has yet to see, with those that it missed.
    pub fn len(&self) -> u64 {
        lock(&self.shared.state).end() - self.position
    }

    /// Whether it has seen all values so far.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Clone> Receiver<T> {
    /// Waits for the next value.
    ///
    /// A loop that always finds one is suspended once every 128 values, so that a timeout
    /// around it can fire and others can run.
    ///
    /// # Errors
    /// [`RecvError::Lagged`] once after it was too slow; it goes on with the oldest value that is left.
    /// [`RecvError::Closed`] once all senders are gone and all values are out.
    ///
    /// # Cancel safety
    /// Safe: a value, and the news of a lag, is either returned or still to come.
    #[track_caller]
    pub fn recv(&mut self) -> Recv<'_, T> {
        Recv::new(self)
    }

    /// The next value, if there is one now.
    ///
    /// # Errors
    /// As [`recv`](Self::recv), or says that it would wait.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let taken = lock(&self.shared.state).take(&mut self.position);
        taken.map(Arc::unwrap_or_clone)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let unwanted = lock(&self.shared.state).forget_receiver(self.position);
        drop(unwanted);
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.state);
        f.debug_struct("Broadcast")
            .field("len", &state.ring.len())
            .field("capacity", &self.capacity)
            .field("senders", &state.senders)
            .field("receivers", &state.receivers)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("broadcast::Sender")
            .field(&self.shared)
            .finish()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("broadcast::Receiver")
            .field(&self.shared)
            .finish()
    }
}
