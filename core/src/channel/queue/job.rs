//! An item that is out, until it is done.

use super::{Queue, state::State};
use std::{
    fmt,
    ops::{Deref, DerefMut},
};

/// An item that is being worked on. Dropped, it is done, also where the work panics or is aborted.
#[must_use = "a job that is dropped counts as done"]
pub struct Job<T> {
    // Dropped in this order: an item is done when it is gone.
    item: T,
    done: Done<T>,
}

impl<T> Job<T> {
    pub(super) fn new(item: T, queue: &Queue<T>) -> Self {
        let queue = queue.clone();
        Self {
            item,
            done: Done { queue },
        }
    }

    /// The item by value, and apart from it what says that it is done.
    ///
    /// ```
    /// # extern crate anyrt_core as anyrt;
    /// # use anyrt::channel::queue::{Order, Queue};
    /// # let queue = Queue::unbounded(Order::fifo());
    /// # queue.try_put(String::from("item")).unwrap();
    /// let (item, done) = queue.try_get().unwrap().into_parts();
    /// println!("{}", item.into_boxed_str());
    /// drop(done);
    /// assert_eq!(queue.unfinished(), 0);
    /// ```
    pub fn into_parts(self) -> (T, Done<T>) {
        (self.item, self.done)
    }
}

impl<T> Deref for Job<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.item
    }
}

impl<T> DerefMut for Job<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.item
    }
}

/// What is left of a [`Job`] whose item was taken. Dropped, the job is done.
#[must_use = "a job is done when this is dropped"]
pub struct Done<T> {
    queue: Queue<T>,
}

impl<T> Drop for Done<T> {
    fn drop(&mut self) {
        self.queue.shared.with(State::done);
    }
}

impl<T: fmt::Debug> fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Job").field(&self.item).finish()
    }
}

impl<T> fmt::Debug for Done<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Done").field("queue", &self.queue).finish()
    }
}
