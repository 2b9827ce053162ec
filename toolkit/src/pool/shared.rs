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
//! What comes free while somebody waits, an object or a place, goes to the first of them as a [`Lease`],
//! before anyone else can see it. A lease that nobody takes gives itself back: so a waiter may be
//! dropped at any point. Nothing of the manager's, no destructor of an object and no waker runs under the lock.

use super::{
    Manager,
    builder::Limits,
    lease::{Entry, Lease},
    stats::{Counts, PoolStats},
};
use crate::{lock::lock, unwind::All};
use anyrt_core::{
    Instant,
    channel::oneshot,
    error::Closed,
    rt::Runtime,
    sync::{Event, Notify},
    waits::{self, Wait},
};
use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    mem,
    panic::Location,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
};

pub(super) struct Shared<R: Runtime, M: Manager> {
    pub(super) rt: R,
    pub(super) manager: M,
    pub(super) limits: Limits,
    pub(super) counts: Counts,
    /// There may be something to do for the keeper.
    pub(super) work: Notify,
    /// Closed, and no object is left.
    pub(super) gone: Event,
    state: Mutex<State<R, M>>,
}

struct State<R: Runtime, M: Manager> {
    max: usize,
    live: usize,
    /// The one that came back last is at the end, and goes out first: the others may grow old.
    idle: Vec<Entry<M::Object>>,
    /// By ticket, so that a waiter can leave from the middle.
    waiters: BTreeMap<u64, Waiter<R, M>>,
    /// So many have asked: who had an object, and has to wait after all, goes by when it asked.
    tickets: u64,
    closed: bool,
    /// When the keeper looks for what is too old.
    looks_at: Instant,
}

pub(super) type Waiter<R, M> = oneshot::Sender<Lease<R, M>>;

/// What a caller finds.
pub(super) enum Found<'a, R: Runtime, M: Manager> {
    Lease(Lease<R, M>),
    Nothing(Waiting<'a, R, M>),
}

/// What a caller does who has a place.
pub(super) enum Next<'a, R: Runtime, M: Manager> {
    Make(Lease<R, M>),
    Try(Found<'a, R, M>),
}

impl<R: Runtime, M: Manager> Shared<R, M> {
    pub(super) fn new(rt: R, manager: M, max: usize, limits: Limits) -> Self {
        Self {
            rt,
            manager,
            limits,
            counts: Counts::default(),
            work: Notify::new(),
            gone: Event::new(),
            state: Mutex::new(State {
                max,
                live: 0,
                idle: Vec::new(),
                waiters: BTreeMap::new(),
                tickets: 0,
                closed: false,
                looks_at: Instant::MAX,
            }),
        }
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
    fn popped(&self, state: MutexGuard<'_, State<R, M>>) {
        let wanted = state.idle.len() < self.limits.min_idle;
        drop(state);
        if wanted {
            self.work.notify_one();
        }
    }

    /// An object, a place to make one, or a place in the queue; and the caller's ticket.
    pub(super) fn find(self: &Arc<Self>) -> Result<(Found<'_, R, M>, u64), Closed> {
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
        Ok((Found::Nothing(self.wait(state, ticket)), ticket))
    }

    /// What there is for a caller who has a place, but no object: an idle one, leave to make one, or, where
    /// the maximum was reduced meanwhile, nothing. Then it waits, before all who asked later. In a pool that is closed
    /// nothing is made any more, and nobody waits.
    pub(super) fn reconsider(
        self: &Arc<Self>,
        mut lease: Lease<R, M>,
        ticket: u64,
    ) -> Next<'_, R, M> {
        let mut state = lock(&self.state);
        if let Some(entry) = state.idle.pop() {
            // Nobody waits where something is idle: there is nobody to give the place to.
            state.live -= 1;
            self.popped(state);
            lease.fill(entry);
            return Next::Try(Found::Lease(lease));
        }
        if !state.closed && state.live <= state.max {
            return Next::Make(lease);
        }
        let waiting = self.wait(state, ticket);
        // The place goes only now: should there be room by now, it comes back at once.
        drop(lease);
        Next::Try(Found::Nothing(waiting))
    }

    fn wait(&self, mut state: MutexGuard<'_, State<R, M>>, ticket: u64) -> Waiting<'_, R, M> {
        let (waiter, grant) = oneshot::channel();
        // A pool that was closed fails its waiters by dropping them.
        if !state.closed {
            state.waiters.insert(ticket, waiter);
        }
        drop(state);
        self.counts.waits.add();
        Waiting {
            shared: self,
            ticket,
            grant,
        }
    }

    /// An object that is good comes back with its place.
    #[inline]
    pub(super) fn put_back(self: &Arc<Self>, entry: Entry<M::Object>) {
        let mut state = lock(&self.state);
        if state.closed || state.live > state.max {
            drop(state);
            drop(Lease::unfit(self, entry));
        } else if let Some((_, waiter)) = state.waiters.pop_first() {
            drop(state);
            self.grant(waiter, Some(entry));
        } else {
            let sooner = self.limits.by_age() && entry.expires_at(&self.limits) < state.looks_at;
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
        if state.live <= state.max
            && let Some((_, waiter)) = state.waiters.pop_first()
        {
            drop(state);
            self.grant(waiter, None);
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

    /// Where the waiter is gone by now, the lease gives itself back to the next.
    pub(super) fn grant(self: &Arc<Self>, waiter: Waiter<R, M>, entry: Option<Entry<M::Object>>) {
        drop(waiter.send(Lease::of(self, entry)));
    }

    #[cfg(test)]
    pub(super) fn first_waiter(&self) -> Option<Waiter<R, M>> {
        lock(&self.state)
            .waiters
            .pop_first()
            .map(|(_, waiter)| waiter)
    }

    pub(super) fn resize(self: &Arc<Self>, max: usize) {
        let mut state = lock(&self.state);
        state.max = max;
        let surplus = state.live.saturating_sub(max).min(state.idle.len());
        let surplus: Vec<_> = state.idle.drain(..surplus).collect();
        let mut served = Vec::new();
        while state.live < max
            && let Some((_, waiter)) = state.waiters.pop_first()
        {
            state.live += 1;
            served.push(waiter);
        }
        drop(state);
        let mut all = All::default();
        for waiter in served {
            all.call(|| self.grant(waiter, None));
        }
        self.discard(surplus, &mut all);
        self.work.notify_one();
        all.end();
    }

    pub(super) fn close(self: &Arc<Self>) {
        let mut state = lock(&self.state);
        state.closed = true;
        let idle = mem::take(&mut state.idle);
        let waiters = mem::take(&mut state.waiters);
        let gone = state.live == 0;
        drop(state);
        let mut all = All::default();
        // Each hears of it by the loss of its sender.
        for waiter in waiters.into_values() {
            all.call(|| drop(waiter));
        }
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
        if !self.limits.by_age() {
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
            waiting: state.waiters.len(),
            created: counts.created.get(),
            create_failures: counts.create_failures.get(),
            expired: counts.expired.get(),
            unfit: counts.unfit.get(),
            waits: counts.waits.get(),
            wait_timeouts: counts.wait_timeouts.get(),
        }
    }
}

/// A place in the queue. Dropped, it is left; what had been granted goes to the next.
pub(super) struct Waiting<'a, R: Runtime, M: Manager> {
    shared: &'a Shared<R, M>,
    ticket: u64,
    grant: oneshot::Receiver<Lease<R, M>>,
}

impl<R: Runtime, M: Manager> Waiting<'_, R, M> {
    /// `at` is where the caller began to wait.
    pub(super) async fn granted(
        mut self,
        at: &'static Location<'static>,
    ) -> Result<Lease<R, M>, Closed> {
        let Self { shared, grant, .. } = &mut self;
        let wait = || Wait::new("an object of a pool").of::<M::Object>().at(at);
        poll_fn(|cx| waits::instead(*shared, wait, || Pin::new(&mut *grant).poll(cx))).await
    }
}

impl<R: Runtime, M: Manager> Drop for Waiting<'_, R, M> {
    fn drop(&mut self) {
        waits::gave_up(self.shared);
        let waiter = lock(&self.shared.state).waiters.remove(&self.ticket);
        drop(waiter);
    }
}
