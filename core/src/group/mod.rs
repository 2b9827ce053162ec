//! Task groups: tasks with an owner.
//!
//! A [`TaskGroup`] starts tasks and returns once all of them have finished, whatever happens: one
//! fails, one panics, the body fails, time is over, somebody cancels. Errors come back
//! whole, as a [`GroupError`].
//!
//! | | one failure cancels the rest | all go on |
//! |---|---|---|
//! | **wait for all** | [`TaskGroup`] (the default), [`gather`](crate::gather::gather) | [`supervisor()`](GroupBuilder::supervisor), [`gather(..).settled()`](crate::gather::Gather::settled) |
//! | **wait for the first** | [`race`](crate::gather::race) | [`enough(n)`](GroupBuilder::enough), [`race_ok`](crate::gather::race_ok), [`hedge`](crate::gather::hedge) |
//!
//! As a closure, the group cannot be left before its tasks have:
//!
//! ```
//! # extern crate anyrt_core as anyrt;
//! use anyrt::{group::{GroupError, task_group}, rt::Runtime};
//! # #[derive(Debug)] enum Error {}
//! # async fn read(_: &str) -> Result<usize, Error> { Ok(0) }
//!
//! async fn total<R: Runtime>(rt: &R, files: &'static [&'static str]) -> Result<usize, GroupError<Error>> {
//!     task_group(rt, |group| async move {
//!         for file in files {
//!             group.spawn(read(file)).ok();
//!         }
//!         let mut total = 0;
//!         while let Some(size) = group.next().await {
//!             total += size;
//!         }
//!         Ok(total)
//!     })
//!     .await
//! }
//! ```
//!
//! As a value, it is dropped with whoever owns it, and aborts what is left:
//!
//! ```
//! # extern crate anyrt_core as anyrt;
//! use anyrt::{ConfigError, group::TaskGroup, rt::Runtime};
//! use std::{io, time::Duration};
//!
//! struct Server<R: Runtime> {
//!     connections: TaskGroup<R, (), io::Error>,
//! }
//!
//! impl<R: Runtime> Server<R> {
//!     fn new(rt: &R) -> Result<Self, ConfigError> {
//!         let connections = TaskGroup::builder(rt)
//!             .name("connections")
//!             .max_concurrent(1000)?
//!             .grace(Duration::from_secs(5))
//!             .supervisor()
//!             .discard()
//!             .build();
//!         Ok(Self { connections })
//!     }
//!
//!     async fn stop(self) {
//!         if let Err(failures) = self.connections.shutdown().await {
//!             eprintln!("{failures}");
//!         }
//!     }
//! }
//! ```

mod builder;
mod child;
mod error;
mod joiner;
mod owner;
mod print;
mod reaper;
mod run;
mod shared;
mod spawner;
mod start;

pub use builder::GroupBuilder;
pub use error::{Cause, GroupError, TaskError};
pub use joiner::{Joiner, Step};
pub use owner::TaskGroup;
pub use print::Report;
pub use run::task_group;
pub use spawner::{Next, SpawnError, Spawner};
pub use start::{Ready, StartError};

use std::fmt;

/// A child's number in its group, in the order of spawning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId {
    index: u64,
    /// Its place among the live ones, for an abort. No two children have one index, so comparisons
    /// come to an end before it.
    key: usize,
}

impl TaskId {
    /// The number, from 0.
    pub fn index(self) -> u64 {
        self.index
    }

    /// One that no child has any more, or ever had.
    fn gone(index: u64) -> Self {
        let key = usize::MAX;
        Self { index, key }
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.index)
    }
}
