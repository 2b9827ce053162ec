//! What a cache and its model are set up with, and what loads come to.

use crate::{Drawn, SECOND};
use anyrt_sim::SimRuntime;
use anyrt_toolkit::{AsyncCache, cache::LoadError};
use std::time::Duration;

pub(super) type Cache = AsyncCache<SimRuntime, u32, u64, u64>;

/// How a load ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Value(u64),
    Error(u64),
    Panic,
}

/// What a caller gets of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Got {
    Value(u64),
    Error(u64),
    Panic,
    Other,
}

impl From<Result<u64, LoadError<u64>>> for Got {
    fn from(result: Result<u64, LoadError<u64>>) -> Self {
        match result {
            Ok(value) => Self::Value(value),
            Err(LoadError::Failed(error)) => Self::Error(*error),
            Err(LoadError::Panicked(_)) => Self::Panic,
            Err(_) => Self::Other,
        }
    }
}

/// The settings; times in nanoseconds, and as far away as can be where there is none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) capacity: u64,
    weighs: bool,
    ttl: u64,
    lives: bool,
    pub(super) jitter: f64,
    pub(super) idle: u64,
    pub(super) stale_for: u64,
    pub(super) errors_for: u64,
    pub(super) max_refreshes: usize,
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Rules {
    pub(super) fn draw(drawn: &mut Drawn) -> Self {
        let mut time = |few: u64| match drawn.below(3) {
            0 => None,
            _ => Some(nanos(SECOND) * (1 + drawn.below(few))),
        };
        let (ttl, idle, stale_for, errors_for) = (time(6), time(5), time(4), time(4));
        Self {
            capacity: [0, 1, 2, 4, 9][drawn.below(5) as usize],
            weighs: drawn.below(2) == 0,
            lives: drawn.below(2) == 0,
            jitter: [0.0, 0.0, 0.5, 1.0][drawn.below(4) as usize],
            max_refreshes: 1 + drawn.below(2) as usize,
            ttl: ttl.unwrap_or(u64::MAX),
            idle: idle.unwrap_or(u64::MAX),
            stale_for: stale_for.unwrap_or(0),
            errors_for: errors_for.unwrap_or(0),
        }
    }

    fn weigh(&self, value: u64) -> u64 {
        match value % 11 {
            0 => self.capacity + 1,
            small => small % 4,
        }
    }

    /// What is weightless counts as 1.
    pub(super) fn weight(&self, value: u64) -> u64 {
        match self.weighs {
            true => self.weigh(value).max(1),
            false => 1,
        }
    }

    fn life(value: u64) -> Option<Duration> {
        match value % 7 {
            0 => Some(Duration::ZERO),
            1 => Some(2 * SECOND),
            2 => Some(Duration::MAX),
            _ => None,
        }
    }

    /// Between which instants a value that is written now ends to be fresh.
    pub(super) fn ends(&self, value: u64, now: u64) -> (u64, u64) {
        let chosen = Self::life(value).filter(|_| self.lives).map(nanos);
        let life = chosen.unwrap_or(self.ttl);
        // Rounded by some part of what a float can hold.
        let least = (life as f64 * (1.0 - self.jitter) * (1.0 - 1e-12)) as u64;
        let least = match self.jitter > 0.0 {
            true => least.saturating_sub(1).max(life.min(1)),
            false => life,
        };
        // What never ends is not shortened.
        let none = chosen.is_none() && self.ttl == u64::MAX;
        let least = if none { life } else { least };
        (now.saturating_add(least), now.saturating_add(life))
    }

    /// How many errors are kept.
    pub(super) fn errors(&self) -> usize {
        usize::try_from(self.capacity).unwrap_or(usize::MAX).max(1)
    }

    pub(super) fn cache(self, rt: &SimRuntime, told: super::Told) -> Cache {
        let builder = AsyncCache::builder(rt).fallible().capacity(self.capacity);
        let mut builder = builder
            .stale_for(Duration::from_nanos(self.stale_for))
            .errors_for(Duration::from_nanos(self.errors_for))
            .jitter(self.jitter)
            .max_refreshes(self.max_refreshes)
            .on_evict(move |key, value, cause| told.lock().unwrap().push((key, value, cause)));
        if self.ttl < u64::MAX {
            builder = builder.ttl(Duration::from_nanos(self.ttl));
        }
        if self.idle < u64::MAX {
            builder = builder.idle(Duration::from_nanos(self.idle));
        }
        if self.weighs {
            let weigh = move |_: &u32, value: &u64| u32::try_from(self.weigh(*value));
            builder = builder.weigher(move |key, value| weigh(key, value).unwrap());
        }
        if self.lives {
            builder = builder.lifetime(|_, value| Self::life(*value));
        }
        builder.build().unwrap()
    }
}
