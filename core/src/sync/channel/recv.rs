//! The receiving half, and the `recv` that waits.

use super::{super::wait_list::Spare, Shared};
use crate::{
    error::TryRecvError,
    rt::Receiver,
    task::{Streak, quietly},
    waits::{self, Wait},
};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// Wakes whoever gets the slot that has come free. A panic of its waker is its own: here it would
/// take an item along.
#[inline]
fn wake_quietly(waiter: Option<Waker>) {
    if let Some(waker) = waiter {
        quietly(|| waker.wake());
    }
}

/// The half that receives from a [`FifoChannel`](super::FifoChannel).
pub struct FifoReceiver<T> {
    shared: Arc<Shared<T>>,
    /// It costs nothing that is shared, for there is one receiver. A `send` has none: without a bound it
    /// promises never to wait, and with one it waits as soon as it is faster than its receiver.
    streak: Streak,
}

impl<T> FifoReceiver<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        Self {
            shared,
            streak: Streak::default(),
        }
    }
}

impl<T> Drop for FifoReceiver<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        (state.closed, state.gone) = (true, true);
        // The numbers of what is dropped here are past.
        state.opened = state.opened.wrapping_add(state.queue.len());
        let left = (std::mem::take(&mut state.queue), state.receiver.take());
        self.shared.note(&state);
        drop(state);
        self.shared.close();
        drop(left);
    }
}

impl<T: Send + 'static> Receiver<T> for FifoReceiver<T> {
    #[inline]
    fn recv(&mut self) -> impl Future<Output = Option<T>> + Send {
        Recv {
            receiver: self,
            waits: false,
        }
    }

    #[inline]
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.poll_item(cx, true)
    }

    #[inline]
    fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let mut state = self.shared.lock();
        let Some((item, waiter)) = state.pop() else {
            return Err(match state.is_drained() {
                true => TryRecvError::Closed,
                false => TryRecvError::Empty,
            });
        };
        self.shared.note(&state);
        drop(state);
        wake_quietly(waiter);
        Ok(item)
    }

    fn close(&mut self) {
        self.shared.close();
    }

    fn len(&self) -> usize {
        self.shared.len()
    }
}

impl<T> fmt::Debug for FifoReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FifoReceiver").field(&self.shared).finish()
    }
}

/// Without a place: the future would be half again as large as it is.
fn wait_for<T>() -> Wait {
    Wait::new("an item of a channel").of::<T>()
}

/// Waits for an item; dropped, it leaves no waker behind.
#[must_use = "futures do nothing unless they are polled"]
struct Recv<'a, T> {
    receiver: &'a mut FifoReceiver<T>,
    /// It was pending, whether or not its waker is there.
    waits: bool,
}

impl<T> FifoReceiver<T> {
    /// Others may run first where it `asks`.
    #[inline]
    fn poll_item(&mut self, cx: &Context<'_>, asks: bool) -> Poll<Option<T>> {
        if self.streak.must_yield(cx) {
            return Poll::Pending;
        }
        match self.at_once() {
            Some(item) => Poll::Ready(Some(item)),
            None => self.poll_slow(cx, asks),
        }
    }

    /// An item that is there. Never where somebody observes, who has to be asked first: see [`waits`].
    #[inline]
    fn at_once(&self) -> Option<T> {
        let shared = &*self.shared;
        if shared.seems_empty() || waits::is_observed() {
            return None;
        }
        let mut state = shared.lock();
        let (item, waiter) = state.pop()?;
        shared.note(&state);
        drop(state);
        wake_quietly(waiter);
        Some(item)
    }

    /// All that is not an item that is there.
    #[cold]
    fn poll_slow(&mut self, cx: &Context<'_>, asks: bool) -> Poll<Option<T>> {
        if asks && waits::interrupts(cx, wait_for::<T>) {
            self.streak.end();
            return Poll::Pending;
        }
        let shared = &*self.shared;
        let mut waker = Spare::of(cx.waker());
        let mut state = shared.lock();
        let polled = state.pop();
        if polled.is_none() && !state.is_drained() {
            waker.swap(&mut state.receiver);
            self.streak.end();
            drop(state);
            waits::pending(shared, wait_for::<T>);
            return Poll::Pending;
        }
        shared.note(&state);
        drop(state);
        let Some((item, waiter)) = polled else {
            return Poll::Ready(None);
        };
        wake_quietly(waiter);
        Poll::Ready(Some(item))
    }

    #[cold]
    fn forget_waker(&self) {
        waits::gave_up(&*self.shared);
        let waker = self.shared.lock().receiver.take();
        drop(waker);
    }
}

impl<T> Future for Recv<'_, T> {
    type Output = Option<T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let asks = !self.waits;
        let polled = self.receiver.poll_item(cx, asks);
        self.waits = polled.is_pending();
        polled
    }
}

impl<T> Drop for Recv<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.waits {
            self.receiver.forget_waker();
        }
    }
}
