//! A place under the pool's maximum, and what lies in it.

use super::{Manager, builder::Limits, shared::Shared};
use anyrt_core::{Instant, rt::Runtime};
use std::{sync::Arc, time::Duration};

/// An object, and what its age is counted from. Where no age matters, both times are the origin.
pub(super) struct Entry<T> {
    pub(super) object: T,
    made: Instant,
    idle_since: Instant,
}

impl<T> Entry<T> {
    /// When it is to be dropped, if it stays idle until then.
    pub(super) fn expires_at(&self, limits: &Limits) -> Instant {
        let after = |since: Instant, limit: Option<Duration>| {
            limit.map_or(Instant::MAX, |limit| since + limit)
        };
        after(self.idle_since, limits.idle).min(after(self.made, limits.lifetime))
    }
}

/// Whether an object can be handed to somebody else as it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Good {
    Yes,
    /// It is not wanted any more, which is counted.
    No,
    /// It is being checked. Where it stays so, the check panicked or was given up: it is unfit.
    Unknown,
}

/// A place, which gives itself back: with its object where that is good, and empty otherwise.
pub(super) struct Lease<R: Runtime, M: Manager> {
    shared: Arc<Shared<R, M>>,
    entry: Option<Entry<M::Object>>,
    good: Good,
}

impl<R: Runtime, M: Manager> Lease<R, M> {
    #[inline]
    pub(super) fn of(shared: &Arc<Shared<R, M>>, entry: Option<Entry<M::Object>>) -> Self {
        Self {
            shared: shared.clone(),
            entry,
            good: Good::Yes,
        }
    }

    /// With an object that is to be dropped.
    pub(super) fn unfit(shared: &Arc<Shared<R, M>>, entry: Entry<M::Object>) -> Self {
        let mut lease = Self::of(shared, Some(entry));
        lease.good = Good::No;
        lease
    }

    pub(super) fn fill(&mut self, entry: Entry<M::Object>) {
        self.entry = Some(entry);
        self.good = Good::Yes;
    }

    pub(super) fn fill_new(&mut self, object: M::Object) {
        let now = match self.shared.by_age {
            true => self.shared.rt.now(),
            false => Instant::ORIGIN,
        };
        self.fill(Entry {
            object,
            made: now,
            idle_since: now,
        });
    }

    /// Whether there is an object that was idle for too long, or is too old.
    pub(super) fn is_expired(&self) -> bool {
        let limits = &self.shared.limits;
        let entry = self.entry.as_ref();
        self.shared.by_age
            && entry.is_some_and(|entry| entry.expires_at(limits) <= self.shared.rt.now())
    }

    /// The object, of which nobody knows whether it is good until [`passed`](Self::passed).
    pub(super) fn checked(&mut self) -> Option<&mut M::Object> {
        self.good = Good::Unknown;
        self.entry.as_mut().map(|entry| &mut entry.object)
    }

    pub(super) fn passed(&mut self) {
        self.good = Good::Yes;
    }

    /// Drops the object, and keeps the place.
    pub(super) fn empty(&mut self) {
        // The lease is good for the next one, also where a destructor panics.
        self.good = Good::Yes;
        drop(self.entry.take());
    }

    /// Takes the object out for good.
    pub(super) fn take(&mut self) -> M::Object {
        self.entry.take().expect("it is in use").object
    }

    /// The pool's name.
    pub(super) fn pool(&self) -> Option<&str> {
        self.shared.name.as_deref()
    }

    #[inline]
    pub(super) fn object(&self) -> &M::Object {
        &self.entry.as_ref().expect("it is in use").object
    }

    #[inline]
    pub(super) fn object_mut(&mut self) -> &mut M::Object {
        &mut self.entry.as_mut().expect("it is in use").object
    }

    /// What is asked of an object that comes back. A panic of the manager's discards it.
    #[inline]
    pub(super) fn inspect(&mut self) {
        let Self {
            shared,
            entry: Some(entry),
            good,
        } = self
        else {
            return;
        };
        if *good != Good::Yes {
            return;
        }
        *good = Good::Unknown;
        if !shared.manager.keep(&mut entry.object) {
            shared.counts.unfit.add();
            *good = Good::No;
            return;
        }
        if shared.by_age {
            entry.idle_since = shared.rt.now();
            if entry.expires_at(&shared.limits) <= entry.idle_since {
                shared.counts.expired.add();
                *good = Good::No;
                return;
            }
        }
        *good = Good::Yes;
    }
}

impl<R: Runtime, M: Manager> Drop for Lease<R, M> {
    #[inline]
    fn drop(&mut self) {
        match self.entry.take() {
            Some(entry) if self.good == Good::Yes => self.shared.put_back(entry),
            entry => {
                if entry.is_some() && self.good == Good::Unknown {
                    self.shared.counts.unfit.add();
                }
                // After the object: until it is gone, it is live. And where its destructor panics, too.
                let _place = Place(&self.shared);
                drop(entry);
            }
        }
    }
}

struct Place<'a, R: Runtime, M: Manager>(&'a Arc<Shared<R, M>>);

impl<R: Runtime, M: Manager> Drop for Place<'_, R, M> {
    fn drop(&mut self) {
        self.0.free();
    }
}
