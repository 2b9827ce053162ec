//! The engine of the lock and the semaphore: counted permits and a FIFO queue.
//!
//! ```text
//!  state: │ free permits … │ CLOSED │ SLOW │
//!
//!  SLOW clear   nobody waits and no permits are owed: acquire and release are one
//!               compare-and-swap on `state`
//!  SLOW set     `state` belongs to whoever holds the mutex `slow`; acquirers queue up, and
//!               releases serve the queue from its front
//! ```
//!
//! SLOW is set, under the mutex, before the state is looked at, and cleared, under the mutex,
//! once the queue is empty and nothing is owed. A compare-and-swap that saw it clear
//! cannot succeed once it is set: so a permit is never handed out twice, and none
//! that is released while somebody queues up is overlooked. The grant is decided by
//! the releaser, in order: nobody can overtake between a release and a wake.

use super::{
    const_unless_loom,
    wait_list::{Spare, Status, WaitList, poll_waiter, wake_all},
};
use crate::{
    ConfigError,
    error::{Closed, TryAcquireError},
    prim::{AtomicUsize, Mutex, lock},
    waits::{self, Wait},
};
use std::{
    future::Future,
    ops::Deref,
    pin::Pin,
    sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release},
    task::{Context, Poll, Waker, ready},
};

const SLOW: usize = 1;
const CLOSED: usize = 2;
const SHIFT: u32 = 2;

/// The most permits that a semaphore can have.
pub const MAX_PERMITS: usize = usize::MAX >> 3;

#[derive(Debug)]
pub(super) struct RawSemaphore {
    state: AtomicUsize,
    slow: Mutex<Slow>,
}

#[derive(Debug)]
struct Slow {
    /// Each with how many permits it needs.
    waiters: WaitList<usize>,
    /// All permits, free, held and owed, less those forgotten.
    total: usize,
    /// Permits to be swallowed when they come back. While there are any, none is free.
    owed: usize,
}

impl RawSemaphore {
    const_unless_loom! {
        /// `permits` must not be more than [`MAX_PERMITS`].
        pub(super) fn new(permits: usize) -> Self {
            let slow = Slow {
                waiters: WaitList::new(),
                total: permits,
                owed: 0,
            };
            Self {
                state: AtomicUsize::new(permits << SHIFT),
                slow: Mutex::new(slow),
            }
        }
    }

    pub(super) fn available(&self) -> usize {
        self.state.load(Acquire) >> SHIFT
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.load(Acquire) & CLOSED != 0
    }

    #[inline]
    pub(super) fn try_acquire(&self, need: usize) -> Result<(), TryAcquireError> {
        let mut state = self.state.load(Relaxed);
        loop {
            if state & CLOSED != 0 {
                return Err(TryAcquireError::Closed);
            }
            if state & SLOW != 0 {
                return self.try_acquire_slow(need);
            }
            if state >> SHIFT < need {
                return Err(TryAcquireError::NoPermits);
            }
            let less = state - (need << SHIFT);
            match self
                .state
                .compare_exchange_weak(state, less, Acquire, Relaxed)
            {
                Ok(_) => return Ok(()),
                Err(now) => state = now,
            }
        }
    }

    /// SLOW may mean no more than that somebody is just changing the state.
    #[cold]
    fn try_acquire_slow(&self, need: usize) -> Result<(), TryAcquireError> {
        self.with_slow(|slow, state| {
            if *state & CLOSED != 0 {
                Err(TryAcquireError::Closed)
            } else if slow.waiters.is_empty() && *state >> SHIFT >= need {
                *state -= need << SHIFT;
                Ok(())
            } else {
                Err(TryAcquireError::NoPermits)
            }
        })
    }

    #[inline]
    pub(super) fn release(&self, permits: usize) {
        let mut state = self.state.load(Relaxed);
        while state & SLOW == 0 {
            let more = state + (permits << SHIFT);
            match self
                .state
                .compare_exchange_weak(state, more, Release, Relaxed)
            {
                Ok(_) => return,
                Err(now) => state = now,
            }
        }
        self.release_slow(permits);
    }

    #[cold]
    fn release_slow(&self, permits: usize) {
        self.with_slow(|slow, state| slow.free(state, permits));
    }

    /// Takes the state for the caller alone, hands out what is free afterwards, and wakes outside
    /// the lock.
    fn with_slow<T>(&self, change: impl FnOnce(&mut Slow, &mut usize) -> T) -> T {
        let mut wakers = Vec::new();
        let mut slow = lock(&self.slow);
        let mut state = self.state.fetch_or(SLOW, AcqRel) | SLOW;
        let output = change(&mut slow, &mut state);
        slow.serve(&mut state, &mut wakers);
        if slow.waiters.is_empty() && slow.owed == 0 {
            state &= !SLOW;
        }
        self.state.store(state, Release);
        drop(slow);
        wake_all(wakers);
        output
    }

    pub(super) fn add(&self, permits: usize) -> Result<(), ConfigError> {
        self.with_slow(|slow, state| match slow.total.checked_add(permits) {
            Some(total) if total <= MAX_PERMITS => {
                slow.total = total;
                slow.free(state, permits);
                Ok(())
            }
            _ => Err(too_many(slow.total.saturating_add(permits))),
        })
    }

    /// Shrinks the total by up to `permits`; those that are held are owed.
    pub(super) fn shrink(&self, permits: usize) -> usize {
        self.with_slow(|slow, state| {
            let gone = permits.min(slow.total);
            let free = gone.min(*state >> SHIFT);
            slow.total -= gone;
            slow.owed += gone - free;
            *state -= free << SHIFT;
            gone
        })
    }

    /// A holder keeps its permits for good.
    pub(super) fn forget_held(&self, permits: usize) {
        self.with_slow(|slow, _| {
            // What is owed was taken off the total already.
            let paid = permits.min(slow.owed);
            slow.owed -= paid;
            slow.total -= permits - paid;
        });
    }

    pub(super) fn close(&self) {
        let mut wakers = Vec::new();
        self.with_slow(|slow, state| {
            *state |= CLOSED;
            slow.waiters.close(false, &mut wakers);
        });
        wake_all(wakers);
    }
}

impl Slow {
    fn free(&mut self, state: &mut usize, permits: usize) {
        let paid = permits.min(self.owed);
        self.owed -= paid;
        *state += (permits - paid) << SHIFT;
    }

    fn serve(&mut self, state: &mut usize, wakers: &mut Vec<Waker>) {
        while let Some(&mut need) = self.waiters.first_cargo() {
            if *state >> SHIFT < need {
                break;
            }
            *state -= need << SHIFT;
            wakers.extend(self.waiters.resolve_first(Status::Granted));
        }
    }
}

pub(super) fn too_many(permits: usize) -> ConfigError {
    ConfigError::new("permits", permits, format!("at most {MAX_PERMITS}"))
}

/// Something with an engine inside.
pub(super) trait HasRaw {
    fn raw(&self) -> &RawSemaphore;
}

/// Waits for permits, and gives back the handle that it came with once it has them.
#[must_use = "futures do nothing unless they are polled"]
#[derive(Debug)]
pub(super) struct AcquireFuture<H: Deref<Target: HasRaw>> {
    handle: Option<H>,
    need: usize,
    key: Option<usize>,
}

impl<H: Deref<Target: HasRaw>> AcquireFuture<H> {
    #[inline]
    pub(super) fn new(handle: H, need: usize) -> Self {
        Self {
            handle: Some(handle),
            need,
            key: None,
        }
    }

    /// The handle, where it was not polled before and its permits are free. Never where somebody observes, who has to
    /// be asked first: see [`waits`].
    #[inline]
    pub(super) fn at_once(&mut self) -> Option<H> {
        if self.key.is_some() {
            return None;
        }
        let (handle, need) = (self.handle.take()?, self.need);
        if !waits::is_observed() && handle.raw().acquire_at_once(need) {
            return Some(handle);
        }
        self.handle = Some(handle);
        None
    }

    /// Whether others run before it asks; `wait` gets the handle.
    pub(super) fn interrupts(&self, cx: &Context<'_>, wait: impl Fn(&H) -> Wait) -> bool {
        match (&self.handle, self.key) {
            (Some(handle), None) => waits::interrupts(cx, || wait(handle)),
            _ => false,
        }
    }

    /// Says what it waits for; `wait` gets the handle.
    pub(super) fn tell(&self, wait: impl Fn(&H) -> Wait) {
        if let Some(handle) = &self.handle {
            waits::pending(handle.raw(), || wait(handle));
        }
    }

    #[cold]
    fn give_up(&mut self) {
        if let (Some(handle), Some(key)) = (&self.handle, self.key.take()) {
            handle.raw().leave(key);
        }
    }
}

/// It neither asks nor tells: that is for who holds it.
impl<H: Deref<Target: HasRaw> + Unpin> Future for AcquireFuture<H> {
    type Output = Result<H, Closed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let handle = this.handle.as_ref();
        let raw = handle.expect("polled again after it was ready").raw();
        let status = match this.key {
            Some(key) => {
                ready!(poll_waiter(cx.waker(), |visit| {
                    lock(&raw.slow).waiters.poll(key, visit)
                }))
                .0
            }
            None => match raw.acquire_or_enqueue(this.need, cx.waker()) {
                Ok(status) => status,
                Err(key) => {
                    this.key = Some(key);
                    return Poll::Pending;
                }
            },
        };
        this.key = None;
        let handle = this.handle.take().expect("it was there above");
        Poll::Ready(match status {
            Status::Closed => Err(Closed),
            _ => Ok(handle),
        })
    }
}

impl RawSemaphore {
    /// One attempt, which also fails where another changes the state at the same time.
    #[inline]
    fn acquire_at_once(&self, need: usize) -> bool {
        let state = self.state.load(Relaxed);
        state & (SLOW | CLOSED) == 0
            && state >> SHIFT >= need
            && self
                .state
                .compare_exchange(state, state - (need << SHIFT), Acquire, Relaxed)
                .is_ok()
    }

    /// `Err` with the key of the place in the queue.
    fn acquire_or_enqueue(&self, need: usize, waker: &Waker) -> Result<Status, usize> {
        match self.try_acquire(need) {
            Ok(()) => return Ok(Status::Granted),
            Err(TryAcquireError::Closed) => return Ok(Status::Closed),
            Err(TryAcquireError::NoPermits) => {}
        }
        let mut waker = Spare::of(waker);
        self.with_slow(|slow, state| {
            if *state & CLOSED != 0 {
                Ok(Status::Closed)
            } else if slow.waiters.is_empty() && *state >> SHIFT >= need {
                *state -= need << SHIFT;
                Ok(Status::Granted)
            } else {
                Err(slow.waiters.push_with(waker.take(), need))
            }
        })
    }

    /// A waiter goes away: its place is closed up, a grant that had reached it goes on.
    fn leave(&self, key: usize) {
        waits::gave_up(self);
        let _waker = self.with_slow(|slow, state| {
            let (status, waker, need) = slow.waiters.take(key);
            if status == Status::Granted {
                slow.free(state, need);
            }
            waker
        });
    }
}

impl<H: Deref<Target: HasRaw>> Drop for AcquireFuture<H> {
    #[inline]
    fn drop(&mut self) {
        if self.key.is_some() {
            self.give_up();
        }
    }
}
