//! Waiting for a slot, for an item, and for all to be done.

use super::{Job, Queue};
use crate::{
    channel::waiters::{leave, poll_until},
    error::{Closed, SendError, TryRecvError, TrySendError},
    sync::wait_list::{Spare, Status, poll_waiter},
    waits::{self, Wait},
};
use std::{
    fmt,
    future::Future,
    panic::{Location, resume_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

/// The future of [`Queue::put`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Put<'a, T> {
    queue: &'a Queue<T>,
    /// `None` once it is in, or handed back.
    item: Option<T>,
    key: Option<usize>,
    place: &'static Location<'static>,
}

/// The item is never pinned.
impl<T> Unpin for Put<'_, T> {}

impl<'a, T> Put<'a, T> {
    #[track_caller]
    pub(super) fn new(queue: &'a Queue<T>, item: T) -> Self {
        Self {
            queue,
            item: Some(item),
            key: None,
            place: Location::caller(),
        }
    }

    fn wait(&self) -> Wait {
        Wait::new("room in a queue").of::<T>().at(self.place)
    }

    #[cold]
    fn tell(&self) {
        waits::pending(&self.queue.shared.state, || self.wait());
    }
}

impl<T> Future for Put<'_, T> {
    type Output = Result<(), SendError<T>>;

    /// # Panics
    /// Like any future, when polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let shared = &this.queue.shared;
        let outcome = if let Some(key) = this.key {
            let polled = poll_waiter(cx.waker(), |visit| {
                shared.with(|state, wakers| {
                    let (status, ()) = ready!(state.putters.poll(key, visit));
                    this.key = None;
                    Poll::Ready(match status {
                        Status::Closed => Ok(Err(TrySendError::Closed(()))),
                        _ => state.put_reserved(&mut this.item, wakers).map(Ok),
                    })
                })
            });
            if polled.is_pending() {
                this.tell();
            }
            ready!(polled).unwrap_or_else(|payload| resume_unwind(payload))
        } else {
            assert!(
                this.item.is_some(),
                "a `put` was polled again after it was ready"
            );
            if waits::interrupts(cx, || this.wait()) {
                return Poll::Pending;
            }
            match shared.with(|state, wakers| state.try_put(&mut this.item, wakers)) {
                Err(TrySendError::Full(())) => {
                    let mut waker = Spare::of(cx.waker());
                    // The waker was cloned outside the lock, so there may be a slot by now.
                    shared.with(|state, wakers| {
                        let tried = state.try_put(&mut this.item, wakers);
                        if let Err(TrySendError::Full(())) = tried {
                            this.key = Some(state.putters.push(waker.take()));
                        }
                        tried
                    })
                }
                outcome => outcome,
            }
        };
        Poll::Ready(match outcome {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(())) => {
                this.tell();
                return Poll::Pending;
            }
            Err(TrySendError::Closed(())) => {
                Err(SendError(this.item.take().expect("it was not taken")))
            }
        })
    }
}

impl<T> Drop for Put<'_, T> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let shared = &self.queue.shared;
            waits::gave_up(&shared.state);
            let waker = shared.with(|state, wakers| state.putter_left(key, wakers));
            drop(waker);
        }
    }
}

/// The future of [`Queue::get`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Get<'a, T> {
    queue: &'a Queue<T>,
    key: Option<usize>,
    place: &'static Location<'static>,
}

impl<'a, T> Get<'a, T> {
    #[track_caller]
    pub(super) fn new(queue: &'a Queue<T>) -> Self {
        Self {
            queue,
            key: None,
            place: Location::caller(),
        }
    }

    fn wait(&self) -> Wait {
        Wait::new("an item of a queue").of::<T>().at(self.place)
    }

    #[cold]
    fn tell(&self) {
        waits::pending(&self.queue.shared.state, || self.wait());
    }
}

impl<T> Future for Get<'_, T> {
    type Output = Result<Job<T>, Closed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (queue, shared) = (this.queue, &this.queue.shared);
        let outcome = if let Some(key) = this.key {
            let polled = poll_waiter(cx.waker(), |visit| {
                shared.with(|state, wakers| {
                    let (status, ()) = ready!(state.getters.poll(key, visit));
                    this.key = None;
                    Poll::Ready(match status {
                        Status::Closed => Ok(Err(TryRecvError::Closed)),
                        _ => state
                            .get_promised(wakers)
                            .map(|got| got.map(|item| Job::new(item, queue))),
                    })
                })
            });
            if polled.is_pending() {
                this.tell();
            }
            ready!(polled).unwrap_or_else(|payload| resume_unwind(payload))
        } else {
            if waits::interrupts(cx, || this.wait()) {
                return Poll::Pending;
            }
            match queue.try_get() {
                Err(TryRecvError::Empty) => {
                    let mut waker = Spare::of(cx.waker());
                    // The waker was cloned outside the lock, so there may be an item by now.
                    shared.with(|state, wakers| {
                        let tried = state.try_get(wakers);
                        if let Err(TryRecvError::Empty) = tried {
                            this.key = Some(state.getters.push(waker.take()));
                        }
                        tried.map(|item| Job::new(item, queue))
                    })
                }
                outcome => outcome,
            }
        };
        if let Err(TryRecvError::Empty) = outcome {
            this.tell();
            return Poll::Pending;
        }
        Poll::Ready(outcome.map_err(|_| Closed))
    }
}

impl<T> Drop for Get<'_, T> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let shared = &self.queue.shared;
            waits::gave_up(&shared.state);
            let waker = shared.with(|state, wakers| state.getter_left(key, wakers));
            drop(waker);
        }
    }
}

/// The future of [`Queue::join`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Join<'a, T> {
    queue: &'a Queue<T>,
    /// How often all was done before the first poll.
    rests: Option<u64>,
    key: Option<usize>,
    place: &'static Location<'static>,
}

impl<'a, T> Join<'a, T> {
    #[track_caller]
    pub(super) fn new(queue: &'a Queue<T>) -> Self {
        Self {
            queue,
            rests: None,
            key: None,
            place: Location::caller(),
        }
    }
}

impl<T> Future for Join<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self {
            queue,
            rests,
            key,
            place,
        } = &mut *self;
        let wait = || {
            let wait = Wait::new("the end of all work of a queue");
            wait.of::<T>().at(place)
        };
        if rests.is_none() && waits::interrupts(cx, wait) {
            return Poll::Pending;
        }
        poll_until(&queue.shared.state, key, cx, wait, |state| {
            let before = *rests.get_or_insert(state.rests);
            (state.unfinished() == 0 || state.rests != before).then_some(())
        })
    }
}

impl<T> Drop for Join<'_, T> {
    fn drop(&mut self) {
        leave(&self.queue.shared.state, &mut self.key);
    }
}

impl<T> fmt::Debug for Put<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Put").field(&self.queue).finish()
    }
}

impl<T> fmt::Debug for Get<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Get").field(&self.queue).finish()
    }
}

impl<T> fmt::Debug for Join<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Join").field(&self.queue).finish()
    }
}
