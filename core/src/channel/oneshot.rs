//! One value, sent once.
//!
//! ```
//! # extern crate anyrt_core as anyrt;
//! # use anyrt::{channel::oneshot, rt::{Runtime}};
//! # async fn demo<R: Runtime>(rt: R) {
//! let (tx, rx) = oneshot::channel();
//! drop(rt.spawn(async move { tx.send(6 * 7) }));
//! assert_eq!(rx.await, Ok(42));
//! # }
//! ```
//!
//! One allocation. A receiver that finds itself alone takes the value without a lock: the sender's
//! reference is given up after the value is in and before the receiver is woken, so this is the
//! usual case, and all that is left of a receive is what dropping a reference costs anyway.

use crate::{
    error::{Closed, TryRecvError},
    prim::{Mutex, into_inner, lock, wake},
    sync::{wait_list::Spare, wake_all},
    waits::{self, Wait},
};
use std::{
    fmt,
    future::Future,
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// A channel for one value.
#[inline]
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Mutex::new(State {
        value: None,
        receiver: None,
        sender: None,
        closed: false,
        sender_gone: false,
        was_asked: false,
    }));
    let sender = Sender {
        shared: Some(Arc::clone(&shared)),
    };
    let receiver = Receiver {
        shared: Some(shared),
        made_at: Location::caller(),
    };
    (sender, receiver)
}

type Shared<T> = Arc<Mutex<State<T>>>;

struct State<T> {
    value: Option<T>,
    /// The receiver's waker, while it waits.
    receiver: Option<Waker>,
    /// The waker of the sender, while it waits for the end.
    sender: Option<Waker>,
    /// The receiver is closed or gone.
    closed: bool,
    sender_gone: bool,
    /// The receiver was polled, and has let others go first where it had to. Kept only where somebody observes.
    was_asked: bool,
}

impl<T> State<T> {
    /// The value, or why there is none.
    fn take(&mut self) -> Result<T, TryRecvError> {
        self.value
            .take()
            .ok_or(match self.closed || self.sender_gone {
                true => TryRecvError::Closed,
                false => TryRecvError::Empty,
            })
    }
}

/// Whether the other half is gone. Once it is, nobody can bring it back.
fn is_alone<T>(shared: &Shared<T>) -> bool {
    Arc::strong_count(shared) == 1
}

/// What the other half left behind, without a lock.
#[inline]
fn take_alone<T>(shared: Shared<T>) -> Option<T> {
    into_inner(Arc::into_inner(shared)?).value
}

/// The half that sends. Dropped, it closes the channel.
pub struct Sender<T> {
    /// `None` once it has sent.
    shared: Option<Shared<T>>,
}

impl<T> Sender<T> {
    /// Sends `value`; never waits.
    ///
    /// # Errors
    /// The value comes back if the receiver is closed or gone. One that is just being dropped may
    /// still take the value along.
    #[inline]
    pub fn send(mut self, value: T) -> Result<(), T> {
        let Some(shared) = self.shared.take() else {
            return Err(value);
        };
        if is_alone(&shared) {
            return Err(value);
        }
        let mut state = lock(&shared);
        if state.closed {
            return Err(value);
        }
        state.value = Some(value);
        let waker = state.receiver.take();
        drop(state);
        // Before the wake, so that the receiver finds itself alone.
        drop(shared);
        wake(waker);
        Ok(())
    }

    /// It goes without a value.
    #[cold]
    fn close(shared: Shared<T>) {
        if is_alone(&shared) {
            return;
        }
        let mut state = lock(&shared);
        state.sender_gone = true;
        let waker = state.receiver.take();
        drop(state);
        drop(shared);
        wake(waker);
    }

    /// Waits until the receiver is closed or gone.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost.
    #[track_caller]
    pub fn closed(&mut self) -> ClosedFuture<'_, T> {
        ClosedFuture {
            sender: self,
            waits: false,
            place: Location::caller(),
        }
    }

    /// Whether the receiver is closed or gone.
    pub fn is_closed(&self) -> bool {
        let shared = self.shared.as_ref();
        shared.is_none_or(|shared| is_alone(shared) || lock(shared).closed)
    }
}

impl<T> Drop for Sender<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            Self::close(shared);
        }
    }
}

/// The future of [`Sender::closed`].
#[must_use = "futures do nothing unless they are polled"]
pub struct ClosedFuture<'a, T> {
    sender: &'a mut Sender<T>,
    waits: bool,
    place: &'static Location<'static>,
}

impl<T> Future for ClosedFuture<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let Some(shared) = this.sender.shared.as_ref().filter(|it| !is_alone(it)) else {
            return Poll::Ready(());
        };
        let waker = cx.waker().clone();
        let mut state = lock(shared);
        if state.closed {
            drop(state);
            return Poll::Ready(());
        }
        let replaced = state.sender.replace(waker);
        drop(state);
        drop(replaced);
        this.waits = true;
        let wait = || Wait::new("the end of the receiver of a oneshot").of::<T>();
        waits::pending(&**shared, || wait().at(this.place));
        Poll::Pending
    }
}

impl<T> Drop for ClosedFuture<'_, T> {
    fn drop(&mut self) {
        if let (true, Some(shared)) = (self.waits, &self.sender.shared) {
            waits::gave_up(&**shared);
            let waker = lock(shared).sender.take();
            drop(waker);
        }
    }
}

/// The half that receives: a future of the value.
///
/// It gives [`Closed`] if the sender was dropped without sending, and also when it is polled again
/// after the value is out, for then nothing can come, either. Dropping it drops a value
/// that was sent.
///
/// # Cancel safety
/// Poll it by reference (`(&mut rx).await`) where the wait may be given up: the value stays.
#[must_use = "futures do nothing unless they are polled"]
pub struct Receiver<T> {
    /// `None` once the outcome is out.
    shared: Option<Shared<T>>,
    /// There is no call to wait: this tells it from others.
    made_at: &'static Location<'static>,
}

impl<T> Receiver<T> {
    /// The value, if it is there.
    ///
    /// # Errors
    /// Says whether it may come.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let Some(shared) = self.shared.take() else {
            return Err(TryRecvError::Closed);
        };
        if is_alone(&shared) {
            return take_alone(shared).ok_or(TryRecvError::Closed);
        }
        let taken = lock(&shared).take();
        self.shared = Some(shared);
        if !matches!(taken, Err(TryRecvError::Empty)) {
            self.leave();
        }
        taken
    }

    /// Refuses the value, unless it was sent already: that one can still be received.
    pub fn close(&mut self) {
        let Some(shared) = &self.shared else {
            return;
        };
        let mut state = lock(shared);
        state.closed = true;
        // The receiver's own, too: one that waits may be in another task than who closes.
        let wakers = [state.sender.take(), state.receiver.take()];
        drop(state);
        wake_all(wakers.into_iter().flatten().collect());
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, Closed>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(shared) = self.shared.take() else {
            return Poll::Ready(Err(Closed));
        };
        if is_alone(&shared) && !waits::is_observed() {
            return Poll::Ready(take_alone(shared).ok_or(Closed));
        }
        self.shared = Some(shared);
        self.poll_slow(cx)
    }
}

impl<T> Receiver<T> {
    fn wait(made_at: &'static Location<'static>) -> Wait {
        let wait = Wait::new("the value of a oneshot").of::<T>();
        wait.made_at(made_at)
    }

    /// All that does not find itself alone.
    #[inline]
    fn poll_slow(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, Closed>> {
        if waits::is_observed() && self.interrupts(cx) {
            return Poll::Pending;
        }
        let Some(shared) = &self.shared else {
            return Poll::Ready(Err(Closed));
        };
        let mut waker = Spare::of(cx.waker());
        let mut state = lock(shared);
        let taken = match state.take() {
            Err(TryRecvError::Empty) => {
                waker.swap(&mut state.receiver);
                None
            }
            taken => Some(taken),
        };
        drop(state);
        drop(waker);
        match taken {
            None => {
                let made_at = self.made_at;
                waits::pending(&**shared, || Self::wait(made_at));
                Poll::Pending
            }
            Some(taken) => {
                self.leave();
                Poll::Ready(taken.map_err(|_| Closed))
            }
        }
    }

    /// Whether others run before it asks for the first time. It has no room to know that itself.
    #[cold]
    fn interrupts(&self, cx: &Context<'_>) -> bool {
        let Some(shared) = &self.shared else {
            return false;
        };
        if lock(shared).was_asked {
            return false;
        }
        let interrupts = waits::interrupts(cx, || Self::wait(self.made_at));
        lock(shared).was_asked = !interrupts;
        interrupts
    }

    /// Closes, and takes along what is left.
    #[inline]
    fn leave(&mut self) {
        if let Some(shared) = self.shared.take() {
            Self::take_along(shared);
        }
    }

    #[cold]
    fn take_along(shared: Shared<T>) {
        if is_alone(&shared) {
            return;
        }
        waits::gave_up(&*shared);
        let mut state = lock(&shared);
        state.closed = true;
        let left = (state.value.take(), state.receiver.take());
        let waker = state.sender.take();
        drop(state);
        drop(shared);
        // Woken first: a destructor may panic.
        wake(waker);
        drop(left);
    }
}

impl<T> Drop for Receiver<T> {
    #[inline]
    fn drop(&mut self) {
        self.leave();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("oneshot::Sender")
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for ClosedFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("oneshot::ClosedFuture")
            .field(&self.sender)
            .finish()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("oneshot::Receiver")
            .field("done", &self.shared.is_none())
            .finish_non_exhaustive()
    }
}
