//! Channels, with a fault.

use super::{Fault, tamper::Tampered};
use anyrt_core::{
    error::{Closed, SendError, TryRecvError, TrySendError},
    rt::{Channel, Receiver, Sender},
};
use std::{
    future::Future,
    marker::PhantomData,
    task::{Context, Poll},
};

/// The type family of channels with a fault.
#[derive(Debug)]
pub struct MutantChannel<C>(PhantomData<fn() -> C>);

impl<T: Send + 'static, C: Channel<T>> Channel<T> for MutantChannel<C> {
    type Sender = MutantSender<C::Sender>;
    type Receiver = MutantReceiver<C::Receiver>;
}

pub(super) fn tampered<S, R>(
    (sender, receiver): (S, R),
    fault: Fault,
) -> (MutantSender<S>, MutantReceiver<R>) {
    let sender = MutantSender {
        inner: sender,
        fault,
    };
    let receiver = MutantReceiver {
        inner: receiver,
        fault,
    };
    (sender, receiver)
}

/// A sender with a fault.
#[derive(Debug, Clone)]
pub struct MutantSender<S> {
    inner: S,
    fault: Fault,
}

impl<T: Send + 'static, S: Sender<T>> Sender<T> for MutantSender<S> {
    type Permit<'a> = S::Permit<'a>;
    type OwnedPermit = S::OwnedPermit;

    #[track_caller]
    fn send(&self, item: T) -> impl Future<Output = Result<(), SendError<T>>> + Send {
        Tampered::new(self.inner.send(item), self.fault)
    }

    fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        self.inner.try_send(item)
    }

    #[track_caller]
    fn reserve(&self) -> impl Future<Output = Result<Self::Permit<'_>, Closed>> + Send {
        Tampered::new(self.inner.reserve(), self.fault)
    }

    #[track_caller]
    fn reserve_owned(
        self,
    ) -> impl Future<Output = Result<Self::OwnedPermit, Closed>> + Send + 'static {
        Tampered::new(self.inner.reserve_owned(), self.fault)
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    fn len(&self) -> usize {
        self.inner.len()
    }

    fn capacity(&self) -> Option<usize> {
        let more = usize::from(self.fault == Fault::CapacityLies);
        self.inner.capacity().map(|slots| slots - more)
    }
}

/// A receiver with a fault.
#[derive(Debug)]
pub struct MutantReceiver<R> {
    inner: R,
    fault: Fault,
}

impl<T: Send + 'static, R: Receiver<T>> Receiver<T> for MutantReceiver<R> {
    #[track_caller]
    fn recv(&mut self) -> impl Future<Output = Option<T>> + Send {
        Tampered::new(self.inner.recv(), self.fault)
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.inner.poll_recv(cx)
    }

    fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.inner.try_recv()
    }

    fn close(&mut self) {
        if self.fault != Fault::CloseIgnored {
            self.inner.close();
        }
    }

    fn len(&self) -> usize {
        self.inner.len()
    }
}
