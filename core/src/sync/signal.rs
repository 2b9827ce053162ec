//! The engine of event, notification, condition and barrier: a FIFO queue of those who wait for a signal.
//!
//! ```text
//!        first poll           signal to one            accepted
//!  idle ────────────▶ waits ────────────────▶ holds ────────────▶ done
//!    │                 │ └─ signal to all ────▶ done
//!    │                 │                         │
//!    ▼ not needed      ▼ dropped                 ▼ dropped
//!  done         leaves the queue        passes the signal on
//! ```
//!
//! A signal to one belongs to whoever got it, from the moment that it was sent: dropped before it could
//! act on it, a waiter passes it on. A signal to all is nobody's in particular, and is not passed on.
//! The permits of lock and semaphore have an engine of their own (`raw.rs`), for theirs is the path that
//! has to be fast where nobody waits; who signals is about to wake somebody.

use super::{
    const_unless_loom,
    wait_list::{Spare, Status, WaitList, poll_waiter, wake_all},
};
use crate::{
    prim::{Mutex, lock},
    waits::{self, Wait},
};
use std::{
    panic::Location,
    task::{Context, Poll, Waker, ready},
};

/// A queue, and a primitive's own state under the same lock.
#[derive(Debug)]
pub(super) struct Signal<S>(Mutex<Inner<S>>);

#[derive(Debug)]
struct Inner<S> {
    state: S,
    queue: Queue,
}

/// Those who wait.
#[derive(Debug)]
pub(super) struct Queue {
    waiters: WaitList,
    len: usize,
    woken: Woken,
}

/// Who is to be woken once the lock is free. One needs no allocation.
#[derive(Debug, Default)]
struct Woken {
    one: Option<Waker>,
    all: Vec<Waker>,
}

impl<S> Signal<S> {
    const_unless_loom! {
        pub(super) fn new(state: S) -> Self {
            let woken = Woken { one: None, all: Vec::new() };
            let queue = Queue { waiters: WaitList::new(), len: 0, woken };
            Self(Mutex::new(Inner { state, queue }))
        }
    }

    /// Runs `act` under the lock, and wakes outside of it those whom it signalled. What `act` would
    /// drop, it should return.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut S, &mut Queue) -> T) -> T {
        let mut inner = lock(&self.0);
        let Inner { state, queue } = &mut *inner;
        let output = act(state, queue);
        let woken = std::mem::take(&mut queue.woken);
        drop(inner);
        wake_all(woken.all);
        if let Some(waker) = woken.one {
            waker.wake();
        }
        output
    }
}

impl Queue {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Signals the one who has waited longest; says whether there was one.
    pub(super) fn signal_one(&mut self) -> bool {
        if self.waiters.is_empty() {
            return false;
        }
        self.len -= 1;
        self.woken.one = self.waiters.resolve_first(Status::Granted);
        true
    }

    /// Signals all who wait.
    pub(super) fn signal_all(&mut self) {
        self.len = 0;
        self.waiters.close(false, &mut self.woken.all);
    }

    fn push(&mut self, waker: Waker) -> usize {
        self.len += 1;
        self.waiters.push(waker)
    }

    fn remove(&mut self, key: usize) -> (Status, Option<Waker>) {
        let (status, waker) = self.waiters.remove(key);
        self.len -= usize::from(status == Status::Queued);
        (status, waker)
    }
}

/// One who waits: what it has to say to the queue. All of it but `signal` runs under the lock.
pub(super) trait Party {
    type State;
    type Output;

    /// Where it waits.
    fn signal(&self) -> &Signal<Self::State>;

    /// What it gets without having to wait; otherwise it queues up.
    fn enter(&self, state: &mut Self::State, queue: &mut Queue) -> Option<Self::Output>;

    /// What it gets from a signal.
    fn signalled(&self) -> Self::Output;

    /// What it waits for.
    fn wait(&self) -> Wait;

    /// A signal to one came back from a waiter that is gone.
    fn pass_on(state: &mut Self::State, queue: &mut Queue);
}

/// A wait, from first poll to last.
#[derive(Debug)]
pub(super) struct Waiter<P: Party> {
    party: P,
    stage: Stage,
    place: &'static Location<'static>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Idle,
    Waits(usize),
    Holds,
    Done,
}

impl<P: Party> Waiter<P> {
    #[track_caller]
    pub(super) fn new(party: P) -> Self {
        Self::at(party, Location::caller())
    }

    pub(super) fn at(party: P, place: &'static Location<'static>) -> Self {
        let stage = Stage::Idle;
        Self {
            party,
            stage,
            place,
        }
    }

    /// The one who waits, as long as it was not polled.
    pub(super) fn unpolled(&self) -> Option<&P> {
        (self.stage == Stage::Idle).then_some(&self.party)
    }

    /// There is nothing left to be done with the signal, nor to be passed on.
    pub(super) fn accept(&mut self) {
        self.stage = Stage::Done;
    }

    /// Whether others run before it goes on, if it can. Who cannot has to be in the queue from its first poll on.
    #[inline]
    pub(super) fn interrupts(&self, cx: &Context<'_>, can_go_on: impl FnOnce(&P) -> bool) -> bool {
        waits::is_observed() && self.are_first(cx, can_go_on)
    }

    #[cold]
    fn are_first(&self, cx: &Context<'_>, can_go_on: impl FnOnce(&P) -> bool) -> bool {
        self.unpolled().is_some_and(can_go_on)
            && waits::interrupts(cx, || self.party.wait().at(self.place))
    }

    /// Waits for the signal, and accepts it.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<P::Output> {
        let polled = self.poll_hold(cx);
        if polled.is_ready() {
            self.accept();
        }
        polled
    }

    /// Waits for the signal. Until it is accepted, dropping this passes it on.
    pub(super) fn poll_hold(&mut self, cx: &mut Context<'_>) -> Poll<P::Output> {
        let polled = match self.stage {
            Stage::Idle => self.poll_idle(cx.waker()),
            Stage::Waits(key) => self.poll_waits(key, cx.waker()),
            Stage::Holds | Stage::Done => panic!("polled again after it was ready"),
        };
        if polled.is_pending() {
            waits::pending(self.party.signal(), || self.party.wait().at(self.place));
        }
        polled
    }

    fn poll_idle(&mut self, waker: &Waker) -> Poll<P::Output> {
        let mut waker = Spare::of(waker);
        let party = &self.party;
        let entered = party
            .signal()
            .with(|state, queue| match party.enter(state, queue) {
                Some(output) => Ok(output),
                None => Err(queue.push(waker.take())),
            });
        match entered {
            Ok(output) => {
                self.stage = Stage::Done;
                Poll::Ready(output)
            }
            Err(key) => {
                self.stage = Stage::Waits(key);
                Poll::Pending
            }
        }
    }

    fn poll_waits(&mut self, key: usize, waker: &Waker) -> Poll<P::Output> {
        let signal = &self.party.signal().0;
        let (status, ()) = ready!(poll_waiter(waker, |visit| {
            lock(signal).queue.waiters.poll(key, visit)
        }));
        self.stage = match status {
            Status::Granted => Stage::Holds,
            _ => Stage::Done,
        };
        Poll::Ready(self.party.signalled())
    }
}

impl<P: Party> Drop for Waiter<P> {
    fn drop(&mut self) {
        let stage = std::mem::replace(&mut self.stage, Stage::Done);
        if matches!(stage, Stage::Idle | Stage::Done) {
            return;
        }
        waits::gave_up(self.party.signal());
        let _waker = self.party.signal().with(|state, queue| {
            let (status, waker) = match stage {
                Stage::Waits(key) => queue.remove(key),
                _ => (Status::Granted, None),
            };
            if status == Status::Granted {
                P::pass_on(state, queue);
            }
            waker
        });
    }
}
