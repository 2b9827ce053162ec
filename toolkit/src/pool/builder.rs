//! The settings of a pool.

use super::{
    Manager, Pool,
    keeper::{self, Hook},
    shared::Shared,
};
use crate::{
    name::{Name, refused, task},
    owned,
};
use anyrt_core::{ConfigError, error::check, group::Cause, rt::Runtime};
use std::{fmt, sync::Arc, time::Duration};

/// Each of them is made at once: a slip such as `usize::MAX` is told, and does not fill the memory.
const MAX_IDLE: usize = 1 << 20;

/// How long things may take, and objects may live; `None`: for ever.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Limits {
    pub(super) wait: Option<Duration>,
    pub(super) create: Option<Duration>,
    pub(super) recycle: Option<Duration>,
    pub(super) idle: Option<Duration>,
    pub(super) lifetime: Option<Duration>,
    pub(super) min_idle: usize,
}

impl Limits {
    /// Whether an object's age matters: otherwise no clock is read.
    pub(super) fn by_age(&self) -> bool {
        self.idle.is_some() || self.lifetime.is_some()
    }

    /// Whether an object's check is all that is between a caller and the object.
    pub(super) fn is_quick(&self) -> bool {
        self.recycle.is_none() && !self.by_age()
    }
}

/// Settings of a [`Pool`], made by [`Pool::builder`].
#[must_use = "a builder does nothing until `build`"]
pub struct PoolBuilder<R, M: Manager> {
    rt: R,
    manager: M,
    name: Name,
    max: usize,
    limits: Limits,
    on_error: Option<Hook<M::Error>>,
}

impl<R: Runtime, M: Manager> PoolBuilder<R, M> {
    pub(super) fn new(rt: &R, manager: M) -> Self {
        Self {
            rt: rt.clone(),
            manager,
            name: None,
            max: 10,
            limits: Limits::default(),
            on_error: None,
        }
    }

    /// Names the pool, for errors, `Debug`, reports and the task in the background.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How many objects there may be at once, those included that are being made: 10 unless set (*PO-1*).
    pub fn max_size(mut self, objects: usize) -> Self {
        self.max = objects;
        self
    }

    /// Keeps this many objects idle, within [`max_size`](Self::max_size), by a task in the background, which makes one
    /// at a time. Where the manager fails it tries again, less and less often; what it makes as the pool is closed is
    /// given up. Permitted: up to 1,048,576.
    pub fn min_idle(mut self, objects: usize) -> Self {
        self.limits.min_idle = objects;
        self
    }

    /// How long a caller waits while all objects are in use: unset, as long as it takes. Zero: it does not, and is
    /// told so at once.
    pub fn wait_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.wait = limit.into();
        self
    }

    /// How long the manager may take to make an object: unset, as long as it takes. One that hangs holds its place
    /// for ever then, and whoever asked for the object hangs with it, until he gives up.
    pub fn create_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.create = limit.into();
        self
    }

    /// How long the manager may take to check an object and make it fit again: one that takes longer is
    /// discarded, and the caller gets another one. Unset: as long as it takes.
    pub fn recycle_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.recycle = limit.into();
        self
    }

    /// How long an object may lie idle: unset, for ever. One that has for longer is dropped, and never handed out.
    pub fn idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.idle = limit.into();
        self
    }

    /// How old an object may become: unset, of any age. One that is older is dropped when it comes back, and never handed out.
    pub fn max_lifetime(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.lifetime = limit.into();
        self
    }

    /// Is told of each time that no object could be made for [`min_idle`](Self::min_idle), which no caller hears of, before
    /// the next attempt. It runs in the task in the background; a panic in it goes no further.
    pub fn on_error(mut self, hook: impl Fn(&Cause<M::Error>) + Send + Sync + 'static) -> Self {
        self.on_error = Some(Box::new(hook));
        self
    }

    /// Builds the pool; it makes no object yet.
    ///
    /// Where [`min_idle`](Self::min_idle), [`idle`](Self::idle) or
    /// [`max_lifetime`](Self::max_lifetime) is set, a task goes with it, in a task group that the pool owns. What
    /// that makes is made with nobody's token, deadline and values, and no group waits for it (*LC-24*).
    ///
    /// # Errors
    /// A [`ConfigError`] for a maximum of 0, for more idle objects than that or than 1,048,576, and for a time of zero to make or
    /// check objects, or that they may be idle or live.
    pub fn build(self) -> Result<Pool<R, M>, ConfigError> {
        let limits = self.limits;
        self.check()
            .map_err(|error| refused(error, "pool", self.name.as_deref()))?;
        let shared = Shared::new(self.rt, self.manager, self.name, self.max, limits);
        let shared = Arc::new(shared);
        let hook = self.on_error;
        let keeper = || {
            let name = shared.name.as_deref();
            owned::group(&shared.rt, "pool", name, |group| {
                let keeping = keeper::keep(shared.clone(), hook);
                group.spawn_named(task(name, "keeper"), keeping).ok();
            })
        };
        let keeper = (limits.min_idle > 0 || limits.by_age()).then(keeper);
        Ok(Pool::over(shared, keeper))
    }

    fn check(&self) -> Result<(), ConfigError> {
        let limits = self.limits;
        check::at_least_one("max_size", self.max)?;
        check::at_most("min_idle", limits.min_idle, MAX_IDLE)?;
        let (idle, permitted) = (limits.min_idle, format!("at most `max_size`, {}", self.max));
        check::that(idle <= self.max, "min_idle", idle, permitted)?;
        for (field, limit) in [
            ("create_timeout", limits.create),
            ("recycle_timeout", limits.recycle),
            ("idle", limits.idle),
            ("max_lifetime", limits.lifetime),
        ] {
            check::more_than_zero(field, limit)?;
        }
        Ok(())
    }
}

impl<R, M: Manager> fmt::Debug for PoolBuilder<R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolBuilder")
            .field("name", &self.name)
            .field("max_size", &self.max)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
