//! What tasks wait for, told to whoever observes: a simulator, whose reports name it.
//!
//! All that waits in this crate says so here. A primitive of one's own can, too: then a report says more of it
//! than that something holds its task's waker. Where nobody observes, which is so on every real runtime, that
//! costs a load of a static, and only when a future is about to be pending, or is dropped while it waits.
//!
//! And before a future takes what it could have at once, it asks whether [others may run first](interrupts): on several
//! threads they always may, on the one of a simulator only where something is pending. That costs another such load.
//!
//! Futures that are mostly ready at their first poll have a way for that, `at_once` here, which they take only where
//! nobody [observes](is_observed). All else, and the question with it, is out of line. So the question costs them no more
//! than that load, and one path is all that they have. What they need there they take out of themselves first: behind
//! an atomic load a compiler reads a future's fields anew, though it has just made it.
//!
//! ```
//! # extern crate anyrt_core as anyrt;
//! use anyrt::waits::{self, Wait};
//! use std::{panic::Location, pin::Pin, task::{Context, Poll}};
//!
//! struct Door { open: bool }
//!
//! struct Opened<'a> { door: &'a Door, place: &'static Location<'static> }
//!
//! impl Future for Opened<'_> {
//!     type Output = ();
//!
//!     fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
//!         let wait = || Wait::new("a door").at(self.place);
//!         // Unless it waits already:
//!         if waits::interrupts(cx, wait) {
//!             return Poll::Pending;
//!         }
//!         if self.door.open {
//!             return Poll::Ready(());
//!         }
//!         // … keeps the waker, and after all locks are free again:
//!         waits::pending(self.door, wait);
//!         Poll::Pending
//!     }
//! }
//!
//! impl Drop for Opened<'_> {
//!     fn drop(&mut self) {
//!         waits::gave_up(self.door);
//!     }
//! }
//! ```

use crate::task::quietly;
use std::{
    any::type_name,
    borrow::Cow,
    fmt,
    future::{Future, poll_fn},
    panic::Location,
    ptr,
    sync::{
        OnceLock,
        atomic::{
            AtomicBool,
            Ordering::{Relaxed, Release},
        },
    },
    task::{Context, Poll, Waker},
};

type Place = &'static Location<'static>;

/// A wait, as a report shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "it has to be told"]
pub struct Wait {
    what: Cow<'static, str>,
    of: Option<&'static str>,
    made_at: Option<Place>,
    held_at: Option<Place>,
    place: Option<Place>,
    is_for_abort: bool,
}

impl Wait {
    /// For `what`: `an event`, `room in a queue`.
    pub fn new(what: impl Into<Cow<'static, str>>) -> Self {
        Self {
            what: what.into(),
            of: None,
            made_at: None,
            held_at: None,
            place: None,
            is_for_abort: false,
        }
    }

    /// No wait: somebody keeps the task's waker only to abort it.
    pub fn for_abort() -> Self {
        Self {
            is_for_abort: true,
            ..Self::new("an abort")
        }
    }

    /// Of what type that is.
    pub fn of<T: ?Sized>(mut self) -> Self {
        self.of = Some(type_name::<T>());
        self
    }

    /// Where somebody began to wait.
    pub fn at(mut self, place: &'static Location<'static>) -> Self {
        self.place = Some(place);
        self
    }

    /// Where what is waited for was made.
    pub fn made_at(mut self, place: &'static Location<'static>) -> Self {
        self.made_at = Some(place);
        self
    }

    /// Where whoever has it now took it.
    pub fn held_at(mut self, place: Option<&'static Location<'static>>) -> Self {
        self.held_at = place;
        self
    }

    /// Whether it is none: see [`for_abort`](Self::for_abort).
    pub fn is_for_abort(&self) -> bool {
        self.is_for_abort
    }

    /// Where somebody began to wait, if that is known.
    pub fn place(&self) -> Option<&'static Location<'static>> {
        self.place
    }
}

/// All but the place of the wait.
impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let Some(of) = self.of {
            write!(f, " of `{of}`")?;
        }
        if let Some(place) = self.made_at {
            write!(f, " (made at {place})")?;
        }
        if let Some(place) = self.held_at {
            write!(f, ", by then taken at {place}")?;
        }
        Ok(())
    }
}

/// Hears of the waits of all threads. It is called in polls and in destructors, outside of locks.
pub trait Observer: Sync {
    /// The task that this thread polls is about to be pending, for the thing at address `thing`.
    fn pending(&self, thing: usize, wait: &dyn Fn() -> Wait);

    /// A wait for `thing` was given up.
    fn gave_up(&self, thing: usize);

    /// How many waits it knows of the poll that this thread is in.
    fn count(&self) -> usize;

    /// Forgets those of this poll that came after the first `count`.
    fn forget_since(&self, count: usize);

    /// Whether others run before the task that this thread polls asks for what it would wait for. That future is
    /// pending then, and asks again at its next poll, at which the answer should be no. Unless said, it always is.
    fn interrupts(&self, wait: &dyn Fn() -> Wait) -> bool {
        let _ = wait;
        false
    }
}

static OBSERVER: OnceLock<&'static dyn Observer> = OnceLock::new();
/// By itself, for hot futures ask it: a load and a branch.
static IS_OBSERVED: AtomicBool = AtomicBool::new(false);

/// Has `observer` hear of all waits from now on. The first stays, for the whole process.
pub fn observe(observer: &'static dyn Observer) {
    OBSERVER.get_or_init(|| observer);
    IS_OBSERVED.store(true, Release);
}

/// Whether somebody observes. For who has to do more than call [`interrupts`] to find out whether others go first.
#[inline]
pub fn is_observed() -> bool {
    IS_OBSERVED.load(Relaxed)
}

/// Whether others run before this future asks for what it may have to wait for. It has to be pending then, and to ask
/// again when it is polled next; its waker has been woken.
///
/// To be called in a poll that has not asked for anything yet: before it takes what is free, and before it queues up.
/// Once it waits it need not, for others run then anyway. Not where a call has to count from the first poll, as that of
/// [`Condvar::wait`](crate::sync::Condvar::wait) has. A poll with [`Waker::noop`] is not interrupted: it would not be
/// repeated, so that nobody could run in between.
#[inline]
pub fn interrupts(cx: &Context<'_>, wait: impl Fn() -> Wait) -> bool {
    is_observed() && are_first(cx, wait)
}

/// It gets `wait` itself: a reference to it would keep what it has captured out of registers, also where nobody observes.
#[cold]
fn are_first(cx: &Context<'_>, wait: impl Fn() -> Wait) -> bool {
    ask(cx.waker(), &wait)
}

fn ask(waker: &Waker, wait: &dyn Fn() -> Wait) -> bool {
    // Not `will_wake`: each crate may have a table of its own for it.
    let wakes_nobody = waker.data().is_null();
    let observer = OBSERVER.get().filter(|_| !wakes_nobody);
    let are_first = observer.is_some_and(|observer| observer.interrupts(wait));
    if are_first {
        // One of several futures in a task is polled only where its own waker was woken.
        quietly(|| waker.wake_by_ref());
    }
    are_first
}

/// As [`interrupts`], for an `async` function: to be awaited where somebody [observes](is_observed), so that nobody else
/// pays for it. It is as large as what `wait` borrows, and lies where its caller's future has what comes later.
///
/// # Cancel safety
/// Safe: it takes nothing.
pub fn others_first(wait: impl Fn() -> Wait) -> impl Future<Output = ()> {
    poll_fn(move |cx| match interrupts(cx, &wait) {
        true => Poll::Pending,
        false => Poll::Ready(()),
    })
}

/// Says that the task that is being polled waits for `thing`: to be called before a poll returns `Pending`, with
/// no lock held.
#[inline]
pub fn pending<T: ?Sized>(thing: &T, wait: impl Fn() -> Wait) {
    if let Some(observer) = OBSERVER.get() {
        observer.pending(address(thing), &wait);
    }
}

/// Says that a wait for `thing` was given up: to be called where its future is dropped. Where it had not waited,
/// nothing happens.
#[inline]
pub fn gave_up<T: ?Sized>(thing: &T) {
    if let Some(observer) = OBSERVER.get() {
        observer.gave_up(address(thing));
    }
}

/// Polls something within `thing`, and says, where that is pending, that the task waits for `thing` instead.
#[inline]
pub fn instead<T: ?Sized, O>(
    thing: &T,
    wait: impl Fn() -> Wait,
    poll: impl FnOnce() -> Poll<O>,
) -> Poll<O> {
    let Some(observer) = OBSERVER.get() else {
        return poll();
    };
    let count = observer.count();
    let polled = poll();
    if polled.is_pending() {
        observer.forget_since(count);
        observer.pending(address(thing), &wait);
    }
    polled
}

fn address<T: ?Sized>(thing: &T) -> usize {
    ptr::from_ref(thing).addr()
}
