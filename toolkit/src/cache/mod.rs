//! A cache that keeps its promises: each value is loaded once, whoever goes away meanwhile.
//!
//! ```
//! use anyrt::{ConfigError, rt::Runtime};
//! use anyrt::cache::{AsyncCache, LoadError};
//! use std::{io, sync::Arc, time::Duration};
//! # #[derive(Debug)] struct User;
//! # async fn query(_: u64) -> io::Result<User> { Ok(User) }
//!
//! struct Users<R: Runtime> {
//!     cache: AsyncCache<R, u64, Arc<User>, io::Error>,
//! }
//!
//! impl<R: Runtime> Users<R> {
//!     fn new(rt: &R) -> Result<Self, ConfigError> {
//!         let cache = AsyncCache::builder(rt)
//!             .fallible()
//!             .name("users")
//!             .capacity(10_000)
//!             .ttl(Duration::from_secs(60))
//!             .stale_for(Duration::from_secs(600)) // Served while a new one is loaded.
//!             .jitter(0.1)
//!             .build()?;
//!         Ok(Self { cache })
//!     }
//!
//!     async fn user(&self, id: u64) -> Result<Arc<User>, LoadError<io::Error>> {
//!         self.cache.get_or_try_load(&id, |id| async move { Ok(Arc::new(query(id).await?)) }).await
//!     }
//!
//!     fn renamed(&self, id: u64) {
//!         self.cache.remove(&id); // A load that began before will not bring the old name back.
//!     }
//! }
//! ```
//!
//! Keys are looked up by what they borrow, and a loader is given a key of its own:
//!
//! ```
//! use anyrt::{ConfigError, rt::Runtime};
//! use anyrt::AsyncCache;
//! # async fn read(_: String) -> String { String::new() }
//!
//! async fn page<R: Runtime>(pages: &AsyncCache<R, String, String>, name: &str) -> String {
//!     match pages.get_or_load(name, read).await {
//!         Ok(page) => page,
//!         Err(error) => error.to_string(), // The loader panicked.
//!     }
//! }
//! ```
//!
//! # What can happen to a load
//!
//! | if | then |
//! |---|---|
//! | others ask for the key | they wait for the same load |
//! | it fails | all of them get its error, which is not kept; the next one loads again |
//! | it panics | all of them get [`LoadError::Panicked`] |
//! | the caller that drives it goes away | another one drives it on |
//! | all go away | it is dropped |
//! | the key is inserted, removed or cleared | they get what it loads, but that does not enter |
//! | it asks the cache for its own key | it gets [`LoadError::Deadlock`] |
//!
//! # What it holds
//!
//! | | at most |
//! |---|---|
//! | entries | the [`capacity`](CacheBuilder::capacity), by weight |
//! | fingerprints of entries that left | as many as there are entries |
//! | errors that are [kept](CacheBuilder::errors_for) | as many as there may be entries |
//! | loads in the background | [`max_refreshes`](CacheBuilder::max_refreshes) |
//! | loads that are waited for | as many as there are callers |
//!
//! A load that is waited for takes less than the future of the caller that waits for it, so whoever bounds its
//! callers has bounded those. To bound how many loaders work at once, have a
//! [`Limiter`](crate::limit::Limiter) in the loader, or one before the calls. The cache has no such bound: a
//! loader that loads another key would wait for a place while it holds one, and who stands in line takes as
//! much memory as who loads.
//!
//! # Time
//!
//! ```text
//!  loaded ──────── ttl ────────┬──── stale_for ────┐
//!         get, get_or_load     │ get_or_load, and  │ gone
//!                              │ loads in the back │
//!         idle: since the last read ───────────────┘
//! ```

mod background;
mod builder;
mod core;
mod deadlock;
mod error;
mod flight;
mod ghosts;
mod handle;
mod listener;
mod load;
mod policy;
mod shard;
mod stats;
mod store;
mod values;
mod waiter;

pub use builder::CacheBuilder;
pub use error::{Deadlock, LoadError};
pub use handle::{AsyncCache, Iter};
pub use listener::Cause;
pub use stats::CacheStats;
