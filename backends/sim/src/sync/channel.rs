//! The channel.

use super::Named;
use crate::{
    notes,
    world::{Thing, World},
};
use anyrt_core::{
    error::{Closed, SendError, TryRecvError, TrySendError},
    rt::{Channel, Receiver, Sender},
    sync::{FifoOwnedSendPermit, FifoReceiver, FifoSendPermit, FifoSender},
    waits::{self, Wait},
};
use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    panic::Location,
    sync::Arc,
    task::{Context, Poll},
};

/// A [`FifoChannel`](anyrt_core::sync::FifoChannel) whose waiters reports name.
#[derive(Debug)]
pub struct SimChannel<T>(PhantomData<fn() -> T>);

impl<T: Send + 'static> Channel<T> for SimChannel<T> {
    type Sender = SimSender<T>;
    type Receiver = SimReceiver<T>;
}

impl<T: Send + 'static> SimChannel<T> {
    pub(crate) fn halves(
        world: &Arc<World>,
        thing: &Arc<Thing>,
        (sender, receiver): (FifoSender<T>, FifoReceiver<T>),
    ) -> (SimSender<T>, SimReceiver<T>) {
        let named = Named {
            world: world.clone(),
            thing: thing.clone(),
        };
        let sender = SimSender {
            inner: sender,
            named: named.clone(),
        };
        let receiver = SimReceiver {
            inner: receiver,
            named,
        };
        (sender, receiver)
    }
}

/// The sending half of a [`SimChannel`].
pub struct SimSender<T> {
    inner: FifoSender<T>,
    named: Named,
}

impl<T> Clone for SimSender<T>
where
    FifoSender<T>: Clone,
{
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            named: self.named.clone(),
        }
    }
}

impl<T: Send + 'static> Sender<T> for SimSender<T> {
    type Permit<'a> = FifoSendPermit<'a, T>;
    type OwnedPermit = FifoOwnedSendPermit<T>;

    #[track_caller]
    fn send(&self, item: T) -> impl Future<Output = Result<(), SendError<T>>> + Send {
        let sending = self.inner.send(item);
        self.named.watch("room in ", Location::caller(), sending)
    }

    fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        self.inner.try_send(item)
    }

    #[track_caller]
    fn reserve(&self) -> impl Future<Output = Result<Self::Permit<'_>, Closed>> + Send {
        let reserving = self.inner.reserve();
        self.named.watch("room in ", Location::caller(), reserving)
    }

    #[track_caller]
    fn reserve_owned(
        self,
    ) -> impl Future<Output = Result<Self::OwnedPermit, Closed>> + Send + 'static {
        let reserving = self.inner.reserve_owned();
        self.named.watch("room in ", Location::caller(), reserving)
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    fn len(&self) -> usize {
        self.inner.len()
    }

    fn capacity(&self) -> Option<usize> {
        self.inner.capacity()
    }
}

/// The receiving half of a [`SimChannel`].
pub struct SimReceiver<T> {
    inner: FifoReceiver<T>,
    named: Named,
}

impl<T: Send + 'static> Receiver<T> for SimReceiver<T> {
    #[track_caller]
    fn recv(&mut self) -> impl Future<Output = Option<T>> + Send {
        let receiving = self.inner.recv();
        self.named
            .watch("an item of ", Location::caller(), receiving)
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let thing = &*self.named.thing;
        let wait = || Wait::new(format!("an item of {thing}"));
        if waits::interrupts(cx, wait) {
            return Poll::Pending;
        }
        let polled = notes::hushed(|| self.inner.poll_recv(cx));
        if polled.is_pending() {
            waits::pending(thing, wait);
        }
        polled
    }

    fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.inner.try_recv()
    }

    fn close(&mut self) {
        self.inner.close();
    }

    fn len(&self) -> usize {
        self.inner.len()
    }
}

impl<T> fmt::Debug for SimSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<T> fmt::Debug for SimReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
