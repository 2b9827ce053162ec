//! Work for many: each item goes to one worker, and the queue knows when all of it is done.
//!
//! ```
//! # extern crate anyrt_core as anyrt;
//! # use anyrt::{ConfigError, channel::queue::{Order, Queue, Shutdown}, rt::{Runtime}};
//! # async fn demo<R: Runtime>(rt: R) -> Result<(), ConfigError> {
//! let queue = Queue::bounded(Order::fifo(), 100)?;
//! for _ in 0..4 {
//!     let queue = queue.clone();
//!     drop(rt.spawn(async move {
//!         while let Ok(job) = queue.get().await {
//!             println!("working on {}", *job);
//!         } // The job is done when it is dropped, also if the work panics.
//!     }));
//! }
//! for n in 0..1000 {
//!     queue.put(n).await.ok();
//! }
//! queue.join().await; // All 1000 are done.
//! queue.shutdown(Shutdown::Graceful); // The workers leave their loops.
//! # Ok(())
//! # }
//! ```
//!
//! Those who wait are served in the order of their first poll, and nobody is overtaken.

mod futures;
mod heap;
mod job;
mod order;
mod state;

pub use futures::{Get, Join, Put};
pub use job::{Done, Job};
pub use order::Order;

use crate::{
    ConfigError,
    error::{TryRecvError, TrySendError, check},
    prim::{Mutex, lock},
    sync::wait_list::wake_all,
};
use order::Items;
use state::{State, Wakers};
use std::{fmt, sync::Arc};

/// How a [`Queue`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shutdown {
    /// No more items are taken in; those that are in come out.
    Graceful,
    /// No more items are taken in; those that are in are dropped, and count as done.
    Immediate,
}

/// A queue of items, for many who put and many who get. Clones are the same queue.
pub struct Queue<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    order: Order<T>,
    capacity: Option<usize>,
    state: Mutex<State<T>>,
}

impl<T> Shared<T> {
    /// Wakes outside the lock.
    fn with<O>(&self, change: impl FnOnce(&mut State<T>, &mut Wakers) -> O) -> O {
        let mut wakers = Vec::new();
        let output = change(&mut lock(&self.state), &mut wakers);
        wake_all(wakers);
        output
    }
}

impl<T> Queue<T> {
    /// A queue that holds up to `capacity` items; those that are being worked on do not count.
    ///
    /// # Errors
    /// A [`ConfigError`] for a capacity of 0.
    pub fn bounded(order: Order<T>, capacity: usize) -> Result<Self, ConfigError> {
        check::at_least_one("capacity", capacity)?;
        Ok(Self::new(order, Some(capacity)))
    }

    /// A queue without a bound.
    pub fn unbounded(order: Order<T>) -> Self {
        Self::new(order, None)
    }

    fn new(order: Order<T>, capacity: Option<usize>) -> Self {
        let state = Mutex::new(State::new(Items::new(order), capacity));
        Self {
            shared: Arc::new(Shared {
                order,
                capacity,
                state,
            }),
        }
    }

    /// Waits for a slot, and puts `item` in.
    ///
    /// # Errors
    /// The item comes back if the queue was shut down, also while it waited.
    ///
    /// # Cancel safety
    /// Dropped while it waits, it takes its item along, and a slot that had reached it goes to the next.
    #[track_caller]
    pub fn put(&self, item: T) -> Put<'_, T> {
        Put::new(self, item)
    }

    /// Puts `item` in if there is a slot that nobody waits for.
    ///
    /// # Errors
    /// The item comes back, with the reason.
    ///
    /// # Panics
    /// As the comparison of a [priority queue](Order::priority) does; the item is dropped then.
    pub fn try_put(&self, item: T) -> Result<(), TrySendError<T>> {
        let mut item = Some(item);
        let tried = self
            .shared
            .with(|state, wakers| state.try_put(&mut item, wakers));
        // What was put was taken.
        match (tried, item) {
            (Err(TrySendError::Full(())), Some(item)) => Err(TrySendError::Full(item)),
            (Err(TrySendError::Closed(())), Some(item)) => Err(TrySendError::Closed(item)),
            _ => Ok(()),
        }
    }

    /// Waits for an item.
    ///
    /// # Errors
    /// [`Closed`](crate::error::Closed) once the queue was shut down and is empty.
    ///
    /// # Cancel safety
    /// Safe: dropped, it takes no item, and one that was promised to it goes to the next.
    #[track_caller]
    pub fn get(&self) -> Get<'_, T> {
        Get::new(self)
    }

    /// The next item, if there is one that nobody waits for.
    ///
    /// # Errors
    /// Says whether one may come.
    pub fn try_get(&self) -> Result<Job<T>, TryRecvError> {
        // A job before others are woken: should a waker panic, it is done, not lost.
        self.shared.with(|state, wakers| {
            let item = state.try_get(wakers);
            item.map(|item| Job::new(item, self))
        })
    }

    /// Waits until nothing is left to do: no item is in, and none is being worked on. One moment of
    /// that is enough, even if more is put before this task runs.
    ///
    /// After a [shutdown](Self::shutdown) it waits for those items only that are out, or come out.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost.
    #[track_caller]
    pub fn join(&self) -> Join<'_, T> {
        Join::new(self)
    }

    /// Ends it, and with that everyone's waiting: puts hand their items back, and gets fail once
    /// nothing is left. A graceful end can be followed by an immediate one.
    pub fn shutdown(&self, how: Shutdown) {
        let immediately = how == Shutdown::Immediate;
        let discarded = self
            .shared
            .with(|state, wakers| state.shut_down(immediately, wakers));
        drop(discarded);
    }

    /// Whether it was shut down.
    pub fn is_shut_down(&self) -> bool {
        lock(&self.shared.state).closed
    }

    /// The items that are in, without those that are being worked on.
    pub fn len(&self) -> usize {
        lock(&self.shared.state).items.len()
    }

    /// Whether no item is in.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items that are in or being worked on.
    pub fn unfinished(&self) -> usize {
        lock(&self.shared.state).unfinished()
    }

    /// The most items that it holds, if bounded.
    pub fn capacity(&self) -> Option<usize> {
        self.shared.capacity
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        let shared = Arc::clone(&self.shared);
        Self { shared }
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, running, closed) = {
            let state = lock(&self.shared.state);
            (state.items.len(), state.running, state.closed)
        };
        f.debug_struct("Queue")
            .field("order", &self.shared.order)
            .field("len", &len)
            .field("capacity", &self.shared.capacity)
            .field("running", &running)
            .field("shut_down", &closed)
            .finish()
    }
}
