//! A load that several callers wait for: one of them drives it, and hands it on when it goes away.
//!
//! ```text
//!              the driver goes          one who waits is polled
//!  driven ──────────────────▶ orphaned ────────────────────────▶ driven
//!    │ output, error, panic      │ nobody waits: the load is dropped
//!    ▼                           ▼
//!  landed                    abandoned
//! ```
//!
//! The baton is the load itself. Whoever drives has it in its own future, so polling it takes no lock;
//! the loader's wakeups go straight to the driver. Only an orphan lies in the flight, until somebody
//! takes it up.

use super::{
    LoadError,
    deadlock::{Waiting, Waits},
};
use crate::lock::{lock, wake_all};
use slab::Slab;
use std::{
    fmt,
    panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Waker},
};

/// What a loader gives.
pub(super) type Load<V, E> = Pin<Box<dyn Future<Output = Result<V, E>> + Send>>;
/// What its callers get.
pub(super) type Outcome<V, E> = Result<V, LoadError<E>>;

/// A load, and who waits for it.
pub(super) struct Flight<K, V, E> {
    pub(super) key: K,
    pub(super) hash: u64,
    /// Where it was asked for first.
    pub(super) begun_at: &'static Location<'static>,
    outcome: OnceLock<Outcome<V, E>>,
    /// Without an outcome: nobody is left to bring one.
    abandoned: AtomicBool,
    crew: Mutex<Crew<V, E>>,
    /// What the loader waits for in turn.
    pub(super) waits: Waits,
}

struct Crew<V, E> {
    /// Those who do not drive. One that was told to take the orphan up has no waker any more.
    waiting: Slab<Option<Waker>>,
    orphan: Option<Load<V, E>>,
    over: bool,
}

/// Where one waits who does not drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(usize);

impl Place {
    pub(super) const NONE: Self = Self(usize::MAX);
}

/// What a caller finds when it is polled.
pub(super) enum Turn<V, E> {
    /// Others drive.
    Wait,
    /// It is to drive.
    Drive(Load<V, E>),
    /// The flight has landed, or was abandoned.
    Over,
}

impl<K, V, E> Flight<K, V, E> {
    pub(super) fn new(key: K, hash: u64, begun_at: &'static Location<'static>) -> Self {
        Self {
            key,
            hash,
            begun_at,
            outcome: OnceLock::new(),
            abandoned: AtomicBool::new(false),
            crew: Mutex::new(Crew {
                waiting: Slab::new(),
                orphan: None,
                over: false,
            }),
            waits: Waits::default(),
        }
    }

    pub(super) fn outcome(&self) -> Option<&Outcome<V, E>> {
        self.outcome.get()
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }

    fn crew(&self) -> MutexGuard<'_, Crew<V, E>> {
        lock(&self.crew)
    }

    /// Waits at `place`, or takes the orphan up.
    pub(super) fn wait(&self, cx: &mut Context<'_>, place: &mut Place) -> Turn<V, E> {
        // Cloned before the lock is taken; what it replaces is dropped after it.
        let mut waker = Some(cx.waker().clone());
        let mut crew = self.crew();
        if crew.over {
            *place = Place::NONE;
            return Turn::Over;
        }
        if let Some(load) = crew.orphan.take() {
            let kept = crew.waiting.try_remove(place.0).flatten();
            *place = Place::NONE;
            drop(crew);
            drop(kept);
            return Turn::Drive(load);
        }
        match *place {
            Place(at) if *place != Place::NONE => {
                let kept = &mut crew.waiting[at];
                if !kept.as_ref().is_some_and(|kept| kept.will_wake(cx.waker())) {
                    std::mem::swap(kept, &mut waker);
                }
            }
            _ => *place = Place(crew.waiting.insert(waker.take())),
        }
        drop(crew);
        Turn::Wait
    }

    /// Tells all who wait.
    pub(super) fn land(&self, outcome: Outcome<V, E>) {
        // The driver lands once: there is no other outcome.
        let unused = self.outcome.set(outcome);
        let waiting = {
            let mut crew = self.crew();
            crew.over = true;
            std::mem::take(&mut crew.waiting)
        };
        let woken = catch_unwind(AssertUnwindSafe(|| wake_all(wakers(waiting))));
        drop(unused);
        if let Err(payload) = woken {
            resume_unwind(payload);
        }
    }

    /// A caller goes: with the load, if it drove. Says whether it was the last, which has to drop the load and
    /// then [abandon](Self::abandon) the flight.
    pub(super) fn leave(&self, place: Place, load: Option<Load<V, E>>) -> Leaving<V, E> {
        let mut crew = self.crew();
        if crew.over {
            return Leaving::staying(load);
        }
        let kept = crew.waiting.try_remove(place.0).flatten();
        if load.is_none() && crew.orphan.is_none() {
            drop(crew);
            drop(kept);
            return Leaving::staying(None);
        }
        let load = load.or_else(|| crew.orphan.take());
        if crew.waiting.is_empty() {
            drop(crew);
            drop(kept);
            return Leaving { load, last: true };
        }
        crew.orphan = load;
        // All who were told before, and not polled since, may be gone or slow: tell one who was not.
        let heir = crew.waiting.iter_mut().find_map(|(_, waker)| waker.take());
        drop(crew);
        drop(kept);
        if let Some(heir) = heir {
            heir.wake();
        }
        Leaving::staying(None)
    }

    /// The load was dropped with the last caller. Who came meanwhile is told to begin another.
    pub(super) fn abandon(&self) {
        let waiting = {
            let mut crew = self.crew();
            crew.over = true;
            self.abandoned.store(true, Ordering::Release);
            std::mem::take(&mut crew.waiting)
        };
        wake_all(wakers(waiting));
    }
}

fn wakers(waiting: Slab<Option<Waker>>) -> impl Iterator<Item = Waker> {
    waiting.into_iter().filter_map(|(_, waker)| waker)
}

/// What is left of a caller that goes.
pub(super) struct Leaving<V, E> {
    /// To be dropped.
    pub(super) load: Option<Load<V, E>>,
    pub(super) last: bool,
}

impl<V, E> Leaving<V, E> {
    fn staying(load: Option<Load<V, E>>) -> Self {
        Self { load, last: false }
    }
}

impl<K, V, E> Waiting for Flight<K, V, E>
where
    K: Send + Sync,
    V: Send + Sync,
    E: Send + Sync,
{
    fn waits(&self) -> &Waits {
        &self.waits
    }

    fn is_over(&self) -> bool {
        self.outcome().is_some() || self.is_abandoned()
    }
}

impl<K, V, E> fmt::Debug for Flight<K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight").finish_non_exhaustive()
    }
}

/// Whether both are one flight.
pub(super) fn same<K, V, E>(one: &Arc<Flight<K, V, E>>, other: &Flight<K, V, E>) -> bool {
    std::ptr::eq(Arc::as_ptr(one), other)
}
