//! Many small questions, asked as few large ones.
//!
//! ```
//! use anyrt::{ConfigError, rt::Runtime};
//! use anyrt::batch::{BatchError, Batcher};
//! use std::{io, time::Duration};
//!
//! # async fn select_names(ids: Vec<u64>) -> io::Result<Vec<String>> { Ok(ids.iter().map(u64::to_string).collect()) }
//! async fn names<R: Runtime>(rt: &R) -> Result<Batcher<R, u64, String, io::Error>, ConfigError> {
//!     // One query for all ids of a batch; it returns a name for each, in their order.
//!     Batcher::builder(rt, |ids| select_names(ids))
//!         .name("names") // `batcher "names": the load of a batch failed`
//!         .max_size(500)
//!         .interval(Duration::from_millis(5))
//!         .max_concurrent(2)
//!         .dedup()
//!         .build()
//! }
//!
//! async fn greet<R: Runtime>(names: &Batcher<R, u64, String, io::Error>) -> Result<(), BatchError<io::Error>> {
//!     let name = names.load(7).await?; // Together with whatever others ask for meanwhile.
//!     println!("hello {name}");
//!     Ok(())
//! }
//! # let _ = (names::<anyrt::erased::DynRuntime>, greet::<anyrt::erased::DynRuntime>);
//! ```
//!
//! A batch is loaded once it is full, once its first key has waited for the interval, on
//! [`flush`](Batcher::flush), and when the batcher [shuts down](Batcher::shutdown) (*BA-1*).

mod buffer;
mod builder;
mod driver;
mod error;
mod shared;

pub use builder::BatcherBuilder;
pub use error::BatchError;

use crate::{
    name::task,
    owned::{self, Owned},
    resource::AsyncClose,
};
use anyrt_core::{join_all, rt::Runtime};
use shared::Shared;
use std::{convert::Infallible, fmt, future::Future, panic::Location, sync::Arc};

/// Collects keys, and loads their values in batches. Clones are the same batcher; with the last one that is
/// dropped its loads are aborted. The [room's page](self) has an example.
///
/// It belongs to who has it, and not to the task that made or used it first: loads see no token, deadline or value of
/// theirs, and no group waits for them (*LC-24*).
pub struct Batcher<R: Runtime, K, V, E> {
    owner: Arc<Owner<R, K, V, E>>,
}

struct Owner<R: Runtime, K, V, E> {
    shared: Arc<Shared<R, K, V, E>>,
    /// Aborts the tasks when it is dropped.
    _tasks: Owned<R>,
}

impl<R, K, V, E> Batcher<R, K, V, E>
where
    R: Runtime,
    K: Send + 'static,
    V: Send + 'static,
    E: Send + Sync + 'static,
{
    /// Settings for a batcher. `load` gets the keys of a batch in the order in which they came, and returns
    /// a value for each, in the same order.
    pub fn builder<F, Fut>(rt: &R, load: F) -> BatcherBuilder<R, K, V, E>
    where
        F: Fn(Vec<K>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<V>, E>> + Send + 'static,
    {
        BatcherBuilder::new(rt, load)
    }

    fn over(shared: Arc<Shared<R, K, V, E>>) -> Self {
        let name = shared.name.as_deref();
        let tasks = owned::group(&shared.rt, "batcher", name, |tasks| {
            let driver = driver::drive(shared.clone(), tasks.spawner());
            // Refused, it is dropped, and with that the batcher has ended.
            tasks.spawn_named(task(name, "driver"), driver).ok();
        });
        let owner = Owner {
            shared,
            _tasks: tasks,
        };
        Self {
            owner: Arc::new(owner),
        }
    }

    /// Waits for room, for the key's batch, and for its result.
    ///
    /// # Errors
    /// A [`BatchError`]: what befell the batch, or that the batcher is closed.
    ///
    /// # Cancel safety
    /// Dropped while its batch is open, it takes its key out of it; later, the others are not disturbed
    /// (*BA-3*).
    #[track_caller]
    pub fn load(
        &self,
        key: K,
    ) -> impl Future<Output = Result<V, BatchError<E>>> + Send + use<'_, R, K, V, E> {
        self.owner.shared.get(key, Location::caller())
    }

    /// [Loads](Self::load) several keys: a result for each, in their order.
    ///
    /// # Cancel safety
    /// As of [`load`](Self::load).
    #[track_caller]
    pub fn load_many(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> impl Future<Output = Vec<Result<V, BatchError<E>>>> + Send {
        let (shared, at) = (&self.owner.shared, Location::caller());
        let loads = keys.into_iter().map(|key| shared.get(key, at));
        join_all(loads.collect::<Vec<_>>())
    }

    /// Starts loading what is buffered, and returns at once.
    pub fn flush(&self) {
        self.owner.shared.flush();
    }

    /// Refuses further keys, including those that wait for room; loads what is buffered, and waits for that.
    ///
    /// # Cancel safety
    /// Safe: it is closed with the first poll, and can be waited for again.
    pub fn shutdown(&self) -> impl Future<Output = ()> + Send + use<'_, R, K, V, E> {
        let shared = &self.owner.shared;
        async move {
            shared.close();
            shared.over.wait().await;
        }
    }

    /// How many keys wait for their batch.
    pub fn len(&self) -> usize {
        self.owner.shared.counts().0
    }

    /// Whether no key waits for its batch.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its name, where it was given one.
    pub fn name(&self) -> Option<&str> {
        self.owner.shared.name.as_deref()
    }

    /// How many batches are being loaded, those included whose results are being handed out: one's own may still count
    /// when its result is there.
    pub fn in_flight(&self) -> usize {
        self.owner.shared.counts().1
    }
}

/// [Shuts down](Batcher::shutdown) the batcher, whoever has clones of it, and waits for what is buffered and loaded: as
/// long as a close may take. What is left then is aborted with the last clone.
impl<R, K, V, E> AsyncClose for Batcher<R, K, V, E>
where
    R: Runtime,
    K: Send + 'static,
    V: Send + 'static,
    E: Send + Sync + 'static,
{
    type Error = Infallible;

    async fn close(self) -> Result<(), Infallible> {
        self.shutdown().await;
        Ok(())
    }
}

impl<R: Runtime, K, V, E> Clone for Batcher<R, K, V, E> {
    fn clone(&self) -> Self {
        Self {
            owner: self.owner.clone(),
        }
    }
}

impl<R, K, V, E> fmt::Debug for Batcher<R, K, V, E>
where
    R: Runtime,
    K: Send + 'static,
    V: Send + 'static,
    E: Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, in_flight) = self.owner.shared.counts();
        f.debug_struct("Batcher")
            .field("name", &self.name())
            .field("len", &len)
            .field("in_flight", &in_flight)
            .finish_non_exhaustive()
    }
}
