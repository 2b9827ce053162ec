//! How many may run at once.

mod acquire;
mod aimd;
mod gate;
mod lanes;
#[cfg(all(anyrt_loom, test))]
mod loom_tests;

pub use acquire::AcquireSlot;
pub use aimd::Aimd;

use crate::{
    lock::{lock, wake_all},
    name::refused,
};
use aimd::Adapting;
use anyrt_core::{ConfigError, Instant, error::check, rt::Runtime};
use gate::Gate;
use lanes::Lanes;
use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock},
    task::Waker,
};

/// Limits how many calls run at once: with a fair share for each key, if it has keys, and as many as the
/// latency allows, if it [adapts](Self::adaptive).
///
/// A free slot goes to the key with the fewest slots, and among equals to whoever has waited longest: a
/// key that asks for a lot cannot crowd the others out, and gets all that they leave (*LI-1*). Without keys,
/// `K` is `()`, and slots go to whoever has waited longest; while nobody waits, to take one and to give it back takes
/// no lock then, unless the limit adapts.
///
/// A key that nobody has a slot of, or waits with, is forgotten when the number of keys has doubled.
///
/// Clones are the same limiter. What counts nothing but permits, and needs neither keys nor another limit
/// later, is a [semaphore](anyrt_core::rt::Semaphore).
///
/// ```
/// use anyrt::{ConfigError, cancel::Cancelled, rt::Runtime};
/// use anyrt::limit::Limiter;
///
/// # async fn work(_: &str) -> u32 { 1 }
/// struct Service<R: Runtime> {
///     limiter: Limiter<R, String>,
/// }
///
/// impl<R: Runtime> Service<R> {
///     fn new(rt: &R) -> Result<Self, ConfigError> {
///         let limiter = Limiter::new(rt, 100)?;
///         Ok(Self { limiter })
///     }
///
///     /// No tenant gets more than its share while others wait.
///     async fn answer(&self, tenant: &str) -> Result<u32, Cancelled> {
///         let _slot = self.limiter.acquire_for(tenant.to_owned()).await?;
///         Ok(work(tenant).await)
///     }
/// }
/// ```
///
/// # Ordering and fairness
/// Within a key, slots are given in the order of the first polls. Nobody overtakes those who wait, also not
/// with `try_acquire`.
pub struct Limiter<R, K = ()> {
    inner: Arc<Inner<R, K>>,
}

struct Inner<R, K> {
    rt: R,
    adapts: bool,
    /// Open at times where there are no keys, and the limit is no matter of how long calls take.
    gate: Gate,
    state: Mutex<State<K>>,
    name: OnceLock<Arc<str>>,
}

struct State<K> {
    lanes: Lanes<K>,
    adapting: Option<Adapting>,
}

impl<R: Runtime, K: Ord + Clone> Limiter<R, K> {
    /// At most `limit` at once.
    ///
    /// # Errors
    /// A [`ConfigError`] for a limit of 0.
    pub fn new(rt: &R, limit: usize) -> Result<Self, ConfigError> {
        check::at_least_one("limit", limit)?;
        Ok(Self::with(rt, limit, None))
    }

    /// As many at once as the latency allows.
    ///
    /// # Errors
    /// A [`ConfigError`] for settings that [`Aimd`] does not permit.
    pub fn adaptive(rt: &R, aimd: Aimd) -> Result<Self, ConfigError> {
        let adapting = Adapting::new(aimd)?;
        Ok(Self::with(rt, adapting.limit(), Some(adapting)))
    }

    fn with(rt: &R, limit: usize, adapting: Option<Adapting>) -> Self {
        let lanes = Lanes::new(limit);
        let inner = Inner {
            rt: rt.clone(),
            adapts: adapting.is_some(),
            gate: Gate::new(),
            state: Mutex::new(State { lanes, adapting }),
            name: OnceLock::new(),
        };
        // The gate is opened by whoever had the lanes.
        inner.with(|_| ());
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Names the limiter, with all its clones, for `Debug` and reports. A name that it has already, stays.
    ///
    /// ```
    /// use anyrt::{ConfigError, limit::Limiter, rt::Runtime};
    ///
    /// fn queries<R: Runtime>(rt: &R) -> Result<Limiter<R>, ConfigError> {
    ///     Ok(Limiter::new(rt, 100)?.named("db")) // `a slot of limiter "db"`
    /// }
    /// # let rt = anyrt_smol::Smol::default();
    /// # assert_eq!(queries(&rt).unwrap().name(), Some("db"));
    /// ```
    pub fn named(self, name: impl Into<Arc<str>>) -> Self {
        let name = name.into();
        self.inner.name.get_or_init(|| name);
        self
    }

    /// Its name, where it was given one.
    pub fn name(&self) -> Option<&str> {
        self.inner.name.get().map(|name| &**name)
    }

    /// Waits for a slot for a key.
    ///
    /// # Errors
    /// [`Cancelled`](anyrt_core::cancel::Cancelled) where it has to wait, and the context's token is
    /// cancelled before a slot is free.
    ///
    /// # Panics
    /// As the key's `Ord` and `Clone` do, at the first poll. They run under a lock: neither may use this limiter.
    ///
    /// # Cancel safety
    /// Safe: a slot that had reached it goes to the next. The place in the line is lost.
    #[track_caller]
    pub fn acquire_for(&self, key: K) -> AcquireSlot<'_, R, K> {
        AcquireSlot::new(self, key)
    }

    /// A slot for a key, if one is free and nobody waits.
    #[inline]
    pub fn try_acquire_for(&self, key: K) -> Option<Slot<R, K>> {
        let lane = self.inner.pass(&key)?;
        Some(self.slot(key, lane))
    }

    /// Changes the limit. A smaller one takes effect as slots come back; one that adapts goes on from there,
    /// within its bounds.
    ///
    /// # Errors
    /// A [`ConfigError`] for a limit of 0.
    pub fn set_limit(&self, limit: usize) -> Result<(), ConfigError> {
        check::at_least_one("limit", limit)
            .map_err(|error| refused(error, "limiter", self.name()))?;
        self.inner.change(|state, wakers| {
            let limit = match &mut state.adapting {
                Some(adapting) => adapting.set(limit),
                None => limit,
            };
            state.lanes.set_limit(limit, wakers);
        });
        Ok(())
    }

    /// The limit in force.
    pub fn limit(&self) -> usize {
        lock(&self.inner.state).lanes.limit()
    }

    /// How many slots are taken.
    pub fn in_flight(&self) -> usize {
        self.inner.with(|state| state.lanes.in_flight())
    }

    #[inline]
    fn slot(&self, key: K, lane: usize) -> Slot<R, K> {
        Slot {
            inner: Some(self.inner.clone()),
            key,
            lane,
            began: self.inner.adapts.then(|| self.inner.rt.now()),
        }
    }
}

impl<R: Runtime> Limiter<R> {
    /// Waits for a slot.
    ///
    /// # Errors
    /// [`Cancelled`](anyrt_core::cancel::Cancelled) where it has to wait, and the context's token is
    /// cancelled before a slot is free.
    ///
    /// # Cancel safety
    /// Safe: a slot that had reached it goes to the next. The place in the line is lost.
    #[track_caller]
    pub fn acquire(&self) -> AcquireSlot<'_, R, ()> {
        self.acquire_for(())
    }

    /// A slot, if one is free and nobody waits.
    #[inline]
    pub fn try_acquire(&self) -> Option<Slot<R, ()>> {
        self.try_acquire_for(())
    }
}

impl<R, K> Inner<R, K> {
    /// Takes a slot for a key, if one is free and nobody waits. Says in which lane.
    #[inline]
    fn pass(&self, key: &K) -> Option<usize>
    where
        K: Ord + Clone,
    {
        if self.gate.take() {
            return Some(0);
        }
        self.pass_by_lanes(key)
    }

    #[inline(never)]
    fn pass_by_lanes(&self, key: &K) -> Option<usize>
    where
        K: Ord + Clone,
    {
        let mut gone = Vec::new();
        self.with(|state| state.lanes.pass(key, &mut gone))
    }

    /// Changes the state, and wakes outside the lock.
    fn change<T>(&self, change: impl FnOnce(&mut State<K>, &mut Vec<Waker>) -> T) -> T {
        let mut wakers = Vec::new();
        let output = self.with(|state| change(state, &mut wakers));
        if !wakers.is_empty() {
            wake_all(wakers);
        }
        output
    }

    /// Has the state, and all slots.
    fn with<T>(&self, change: impl FnOnce(&mut State<K>) -> T) -> T {
        let has_gate = Lanes::<K>::ONE && !self.adapts;
        let mut state = lock(&self.state);
        if has_gate {
            self.gate.shut(&mut state.lanes);
        }
        let output = change(&mut state);
        if has_gate {
            self.gate.open(&state.lanes);
        }
        output
    }
}

/// A slot of a [`Limiter`], given back when it is dropped.
///
/// Where the limiter adapts, the time until then is the latency that it goes by, unless it is told otherwise.
#[must_use = "a slot is given back at once when it is dropped"]
pub struct Slot<R: Runtime, K: Ord + Clone = ()> {
    /// Gone once it is given back.
    inner: Option<Arc<Inner<R, K>>>,
    key: K,
    lane: usize,
    /// Where the limiter adapts.
    began: Option<Instant>,
}

impl<R: Runtime, K: Ord + Clone> Slot<R, K> {
    /// Gives it back, and says that what was called is overloaded: an adaptive limit goes down.
    pub fn overloaded(mut self) {
        self.give_back(Measure::Overloaded);
    }

    /// Gives it back without its time being looked at: an error that came at once says nothing.
    pub fn unmeasured(mut self) {
        self.give_back(Measure::None);
    }

    #[inline]
    fn give_back(&mut self, measure: Measure) {
        if let Some(inner) = self.inner.take()
            && !inner.gate.put_back()
        {
            self.give_lane_back(&inner, measure);
        }
    }

    #[inline(never)]
    fn give_lane_back(&self, inner: &Inner<R, K>, measure: Measure) {
        let now = self.began.map(|began| (began, inner.rt.now()));
        inner.change(|state, wakers| {
            if let (Some(adapting), Some((began, now))) = (&mut state.adapting, now) {
                let (limit, in_flight) = (state.lanes.limit(), state.lanes.in_flight());
                let busy = in_flight >= limit.div_ceil(2);
                let limit = adapting.measured(began, now, busy, measure);
                state.lanes.set_limit(limit, wakers);
            }
            state.lanes.release(self.lane, wakers);
        });
    }
}

/// How a slot's time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Latency,
    Overloaded,
    None,
}

impl<R: Runtime, K: Ord + Clone> Drop for Slot<R, K> {
    #[inline]
    fn drop(&mut self) {
        self.give_back(Measure::Latency);
    }
}

impl<R, K> Clone for Limiter<R, K> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<R, K> fmt::Debug for Limiter<R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (limit, in_flight) = self
            .inner
            .with(|state| (state.lanes.limit(), state.lanes.in_flight()));
        f.debug_struct("Limiter")
            .field("name", &self.inner.name.get())
            .field("limit", &limit)
            .field("in_flight", &in_flight)
            .finish_non_exhaustive()
    }
}

impl<R: Runtime, K: Ord + Clone + fmt::Debug> fmt::Debug for Slot<R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.inner.as_ref().and_then(|inner| inner.name.get());
        f.debug_struct("Slot")
            .field("limiter", &name)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
