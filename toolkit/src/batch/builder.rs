//! The settings of a batcher.

use super::{
    Batcher,
    buffer::Index,
    shared::{Load, Shared},
};
use crate::{
    name::{Name, refused},
    room::Room,
};
use anyrt_core::{ConfigError, error::check, rt::Runtime, sync::MAX_PERMITS};
use std::{collections::BTreeMap, fmt, future::Future, sync::Arc, time::Duration};

/// Settings of a [`Batcher`], made by [`Batcher::builder`].
#[must_use = "a builder does nothing until `build`"]
pub struct BatcherBuilder<R, K, V, E> {
    rt: R,
    load: Load<K, V, E>,
    name: Name,
    settings: Settings,
    index: Option<Box<dyn Index<K>>>,
    share: Option<fn(&V) -> V>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) max_size: usize,
    pub(super) interval: Duration,
    pub(super) max_concurrent: usize,
    pub(super) capacity: Option<usize>,
}

impl<R, K, V, E> BatcherBuilder<R, K, V, E>
where
    R: Runtime,
    K: Send + 'static,
    V: Send + 'static,
    E: Send + Sync + 'static,
{
    pub(super) fn new<F, Fut>(rt: &R, load: F) -> Self
    where
        F: Fn(Vec<K>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<V>, E>> + Send + 'static,
    {
        Self {
            rt: rt.clone(),
            load: Box::new(move |keys| Box::pin(load(keys))),
            name: None,
            settings: Settings {
                max_size: 100,
                interval: Duration::from_millis(1),
                max_concurrent: 1,
                capacity: None,
            },
            index: None,
            share: None,
        }
    }

    /// Names the batcher, for errors, `Debug` and its tasks.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// How many keys a batch has at most: 100 unless set. As many are loaded at once, without waiting for
    /// the interval.
    pub fn max_size(mut self, keys: usize) -> Self {
        self.settings.max_size = keys;
        self
    }

    /// How long the first key of a batch waits for others: a millisecond unless set. Zero: until others
    /// that are ready to run have had their turn.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.settings.interval = interval;
        self
    }

    /// How many batches are loaded at once: 1 unless set, so that keys gather while a load is under way.
    pub fn max_concurrent(mut self, batches: usize) -> Self {
        self.settings.max_concurrent = batches;
        self
    }

    /// How many keys wait for their batch at most: ten batches' unless set. Where there are as many, callers
    /// wait for room, in order (*BA-5*).
    pub fn capacity(mut self, keys: usize) -> Self {
        self.settings.capacity = Some(keys);
        self
    }

    /// Loads a key that several wait for once, and gives each of them a clone of its value. Where that
    /// clone panics, it is an error of who would have got it.
    ///
    /// The key's `Ord` and `Clone` run under a lock: neither may use the batcher. Where one panics, that is the call's
    /// that came with the key.
    pub fn dedup(mut self) -> Self
    where
        K: Ord + Clone,
        V: Clone,
    {
        self.index = Some(Box::new(BTreeMap::new()));
        self.share = Some(V::clone);
        self
    }

    /// The batcher, with a task of its own in a task group that it owns.
    ///
    /// # Errors
    /// A [`ConfigError`] for a size, a number of batches in flight or a capacity of 0, for a size or a capacity of
    /// more than [`MAX_PERMITS`], and for a capacity below the size.
    pub fn build(self) -> Result<Batcher<R, K, V, E>, ConfigError> {
        let room = self
            .room()
            .map_err(|error| refused(error, "batcher", self.name.as_deref()))?;
        let room = Room::new(room)?;
        let shared = Shared::new(
            self.rt,
            self.load,
            self.name,
            self.settings,
            self.index,
            self.share,
            room,
        );
        Ok(Batcher::over(Arc::new(shared)))
    }

    /// For how many keys there is room.
    fn room(&self) -> Result<usize, ConfigError> {
        let Settings {
            max_size,
            max_concurrent,
            ..
        } = self.settings;
        check::at_least_one("max_size", max_size)?;
        check::at_least_one("max_concurrent", max_concurrent)?;
        check::at_most("max_size", max_size, MAX_PERMITS)?;
        check::at_most("capacity", self.settings.capacity, MAX_PERMITS)?;
        let capacity = self.settings.capacity;
        let capacity = capacity.unwrap_or_else(|| max_size.saturating_mul(10).min(1 << 20));
        let holds = capacity >= max_size || self.settings.capacity.is_none();
        let permitted = format!("at least `max_size`, {max_size}");
        check::that(holds, "capacity", capacity, permitted)?;
        Ok(capacity.max(max_size))
    }
}

impl<R, K, V, E> fmt::Debug for BatcherBuilder<R, K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatcherBuilder")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .field("dedup", &self.index.is_some())
            .finish_non_exhaustive()
    }
}
