//! The engine of the pool: places, idle objects, and a FIFO queue.
//!
//! ```text
//!                  ┌────────────── place ──────────────┐
//!   free ─take──▶ being made ──▶ in use ──back──▶ idle ─take──▶ being checked ──▶ in use
//!     ▲               │            │  │                             │
//!     └─── failed ────┴─ detached ─┘  └────── unfit, too old ───────┘
//!
//!   live = places that are not free ≤ max; after a resize it falls to that, and nothing is made meanwhile
//!   somebody waits ⇒ nothing is idle, and live ≥ max
//! ```
//!
//! What comes free while somebody waits, an object or a place, is the first one's before anyone else can see it. It
//! takes that out of the queue as a [`Lease`], which gives itself back, and so does a waiter that is
//! dropped. Nothing of the manager's, no destructor of an object and no waker runs under the lock.

use super::{
    Manager, PoolError,
    builder::Limits,
    lease::{Entry, Lease},
    queue::{Queue, Stage},
    stats::{Counts, PoolStats},
    waiting::Waiting,
};
use crate::{
    lock::{lock, wake_all},
    name::Name,
    unwind::All,
};
use anyrt_core::{
    Instant,
    error::Closed,
    rt::Runtime,
    sync::{Event, Notify},
};
use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard},
    task::Waker,
};

pub(super) struct Shared<R: Runtime, M: Manager> {
    pub(super) rt: R,
    pub(super) manager: M,
    pub(super) name: Name,
    pub(super) limits: Limits,
    /// What the limits come to.
    pub(super) is_quick: bool,
    pub(super) by_age: bool,
    pub(super) counts: Counts,
    /// There may be something to do for the keeper.
    pub(super) work: Notify,
    /// Closed, and no object is left.
    pub(super) gone: Event,
    state: Mutex<State<M>>,
}

/// What one who waits gets: a place, and what lies in it.
type Grant<M> = Option<Entry<<M as Manager>::Object>>;

struct State<M: Manager> {
    max: usize,
    live: usize,
    /// The one that came back last is at the end, and goes out first: the others may grow old.
    idle: Vec<Entry<M::Object>>,
    queue: Queue<Grant<M>>,
    /// So many have asked: who had an object, and has to wait after all, goes by when it asked.
    tickets: u64,
    closed: bool,
    /// When the keeper looks for what is too old.
    looks_at: Instant,
}

/// What a caller finds.
pub(super) enum Found<R: Runtime, M: Manager> {
    Lease(Lease<R, M>),
    /// A place in the queue, which has to be [left](Shared::leave).
    Nothing(usize),
}

/// What a caller does who has a place.
pub(super) enum Next<R: Runtime, M: Manager> {
    Make(Lease<R, M>),
    Check(Lease<R, M>),
    /// The place is gone, and it waits.
    Wait,
}

impl<R: Runtime, M: Manager> Shared<R, M> {
    pub(super) fn new(rt: R, manager: M, name: Name, max: usize, limits: Limits) -> Self {
        Self {
            rt,
            manager,
            name,
            is_quick: limits.is_quick(),
            by_age: limits.by_age(),
            limits,
            counts: Counts::default(),
            work: Notify::new(),
            gone: Event::new(),
            state: Mutex::new(State {
                max,
                live: 0,
                idle: Vec::new(),
                queue: Queue::new(),
                tickets: 0,
                closed: false,
                looks_at: Instant::MAX,
            }),
        }
    }

    /// What those hear who come to a pool that is closed.
    #[cold]
    pub(super) fn refusal(&self) -> PoolError<M::Error> {
        let pool = self.name.clone();
        PoolError::Closed { pool }
    }

    /// An idle object, if there is one, and its taker's ticket.
    #[inline]
    pub(super) fn pop(&self) -> Option<(Entry<M::Object>, u64)> {
        let mut state = lock(&self.state);
        // Where it is closed, nothing is.
        let entry = state.idle.pop()?;
        let ticket = state.tickets;
        state.tickets += 1;
        self.popped(state);
        Some((entry, ticket))
    }

    /// There is one less that is idle.
    #[inline]
    fn popped(&self, state: MutexGuard<'_, State<M>>) {
        let wanted = state.idle.len() < self.limits.min_idle;
        drop(state);
        if wanted {
            self.work.notify_one();
        }
    }

    /// An object, a place to make one, or a place in the queue, where `waker` is left; and the caller's ticket.
    pub(super) fn find(
        self: &Arc<Self>,
        waker: &mut Option<Waker>,
    ) -> Result<(Found<R, M>, u64), Closed> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(Closed);
        }
        let ticket = state.tickets;
        state.tickets += 1;
        if let Some(entry) = state.idle.pop() {
            self.popped(state);
            return Ok((Found::Lease(Lease::of(self, Some(entry))), ticket));
        }
        if state.live < state.max {
            state.live += 1;
            drop(state);
            return Ok((Found::Lease(Lease::of(self, None)), ticket));
        }
        let place = state.queue.join(ticket, waker.take());
        drop(state);
        self.counts.waits.add();
        Ok((Found::Nothing(place), ticket))
    }

    /// What there is for a caller who has a place, but no object: an idle one, leave to make one, or, where
    /// the maximum was reduced meanwhile, nothing. Then it waits, before all who asked later. In a pool that is closed
    /// nothing is made any more, and nobody waits.
    pub(super) fn reconsider(
        self: &Arc<Self>,
        mut lease: Lease<R, M>,
        waiting: &mut Waiting<'_, R, M>,
    ) -> Result<Next<R, M>, Closed> {
        let mut state = lock(&self.state);
        if state.closed {
            // The place goes without the lock.
            drop(state);
            return Err(Closed);
        }
        if let Some(entry) = state.idle.pop() {
            // Nobody waits where something is idle: there is nobody to give the place to.
            state.live -= 1;
            self.popped(state);
            lease.fill(entry);
            return Ok(Next::Check(lease));
        }
        if state.live <= state.max {
            return Ok(Next::Make(lease));
        }
        let place = state.queue.join(waiting.ticket, None);
        drop(state);
        waiting.place = Some(place);
        self.counts.waits.add();
        // The place goes only now: should there be room by now, it comes back at once.
        drop(lease);
        Ok(Next::Wait)
    }

    /// What has been decided of one who waits; otherwise it leaves a `fresh` waker, if that is given.
    pub(super) fn look(&self, place: usize, fresh: &mut Option<Waker>) -> Option<Stage<Grant<M>>> {
        lock(&self.state).queue.look(place, fresh)
    }

    /// One who waits goes, with what it was granted.
    pub(super) fn leave(&self, place: usize) -> Stage<Grant<M>> {
        lock(&self.state).queue.leave(place)
    }

    /// An object that is good comes back with its place.
    #[inline]
    pub(super) fn put_back(self: &Arc<Self>, entry: Entry<M::Object>) {
        let mut state = lock(&self.state);
        if state.closed || state.live > state.max {
            drop(state);
            drop(Lease::unfit(self, entry));
        } else if state.queue.len() > 0 {
            let waker = state.queue.grant_first(Some(entry));
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
        } else {
            let sooner = self.by_age && entry.expires_at(&self.limits) < state.looks_at;
            state.idle.push(entry);
            drop(state);
            if sooner {
                self.work.notify_one();
            }
        }
    }

    /// A place comes back, with nothing in it any more.
    pub(super) fn free(self: &Arc<Self>) {
        let mut state = lock(&self.state);
        if state.live <= state.max && state.queue.len() > 0 {
            let waker = state.queue.grant_first(None);
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
            return;
        }
        state.live -= 1;
        let gone = state.closed && state.live == 0;
        let wanted = state.idle.len() < self.limits.min_idle;
        drop(state);
        if gone {
            self.gone.set();
        } else if wanted {
            self.work.notify_one();
        }
    }

    pub(super) fn resize(self: &Arc<Self>, max: usize) {
        let mut state = lock(&self.state);
        state.max = max;
        let surplus = state.live.saturating_sub(max).min(state.idle.len());
        let surplus: Vec<_> = state.idle.drain(..surplus).collect();
        let mut wakers = Vec::new();
        while state.live < max && state.queue.len() > 0 {
            state.live += 1;
            wakers.extend(state.queue.grant_first(None));
        }
        drop(state);
        let mut all = All::default();
        all.call(|| wake_all(wakers));
        self.discard(surplus, &mut all);
        self.work.notify_one();
        all.end();
    }

    pub(super) fn close(self: &Arc<Self>) {
        let mut state = lock(&self.state);
        state.closed = true;
        let idle = mem::take(&mut state.idle);
        let wakers = state.queue.close();
        let gone = state.live == 0;
        drop(state);
        let mut all = All::default();
        all.call(|| wake_all(wakers));
        self.discard(idle, &mut all);
        self.work.notify_one();
        if gone {
            all.call(|| self.gone.set());
        }
        all.end();
    }

    /// As leases: should a destructor panic, its place comes back all the same.
    fn discard(self: &Arc<Self>, entries: Vec<Entry<M::Object>>, all: &mut All) {
        for entry in entries {
            let lease = Lease::unfit(self, entry);
            all.call(|| drop(lease));
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }

    /// Drops what is too old, and says when the next will be.
    pub(super) fn reap(self: &Arc<Self>, now: Instant) -> Instant {
        if !self.by_age {
            return Instant::MAX;
        }
        let old: Vec<_>;
        let mut state = lock(&self.state);
        let State { idle, looks_at, .. } = &mut *state;
        let (kept, expired) = mem::take(idle)
            .into_iter()
            .partition(|entry| entry.expires_at(&self.limits) > now);
        *idle = kept;
        old = expired;
        let times = idle.iter().map(|entry| entry.expires_at(&self.limits));
        let next = times.min().unwrap_or(Instant::MAX);
        *looks_at = next;
        drop(state);
        old.iter().for_each(|_| self.counts.expired.add());
        let mut all = All::default();
        self.discard(old, &mut all);
        all.end();
        next
    }

    /// A place for an object that is to be idle, where one is wanted.
    pub(super) fn spare(self: &Arc<Self>) -> Option<Lease<R, M>> {
        let mut state = lock(&self.state);
        let wanted = state.idle.len() < self.limits.min_idle;
        if state.closed || !wanted || state.live >= state.max {
            return None;
        }
        state.live += 1;
        drop(state);
        Some(Lease::of(self, None))
    }

    pub(super) fn stats(&self) -> PoolStats {
        let state = lock(&self.state);
        let counts = &self.counts;
        PoolStats {
            max: state.max,
            live: state.live,
            idle: state.idle.len(),
            waiting: state.queue.len(),
            created: counts.created.get(),
            create_failures: counts.create_failures.get(),
            expired: counts.expired.get(),
            unfit: counts.unfit.get(),
            waits: counts.waits.get(),
            wait_timeouts: counts.wait_timeouts.get(),
        }
    }
}
