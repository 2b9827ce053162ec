//! anyrt: one set of async runtime traits, several backends, one contract.
//!
//! - **Libraries** are generic over [`Runtime`], with no feature on: they run on tokio,
//!   smol, async-std or a runtime of the user's own, with no dynamic dispatch.
//! - **Applications** turn on one backend and use the free functions, or name the backend's value.
//! - **Backends** implement a few short traits and prove them with the conformance suite.
//!
//! ```
//! use anyrt::prelude::*;
//! use std::time::Duration;
//!
//! /// Works on any runtime.
//! async fn doubled<R: Runtime>(rt: R, n: u32) -> Result<u32, anyrt::Elapsed> {
//!     let task = rt.spawn(async move { n * 2 });
//!     let joined = rt.timeout(Duration::from_secs(1), task).named("doubling").await?;
//!     Ok(joined.unwrap_or(0))
//! }
//! # #[cfg(feature = "smol")]
//! # {
//! let rt = anyrt::smol::Smol::default();
//! assert_eq!(rt.block_on(doubled(rt.clone(), 21)), Ok(42));
//! # }
//! ```
//!
//! # Structured concurrency
//!
//! | | wait for all | wait for the first |
//! |---|---|---|
//! | **a failure ends it** | [`gather()`], [`map_concurrent`], [`task_group`] | [`race`](fn@race) |
//! | **failures are passed over** | [`gather(..).settled()`](gather::Gather::settled), [`supervisor()`](group::GroupBuilder::supervisor) | [`race_ok`], [`hedge`], [`enough(n)`](group::GroupBuilder::enough) |
//!
//! All of these spawn tasks, and none returns before the tasks are gone. Limits are
//! [`wait_for`] and [`wait_for_task`]; asking to stop is [`CancellationToken`]; what tasks inherit is
//! the [`Context`], with values of one's own by [`task_local!`].
//!
//! # Backends
//!
//! | feature | value | |
//! |---|---|---|
//! | `tokio` | `anyrt::tokio::Tokio` | ambient, bound to a handle, or owned; multi-thread and current-thread |
//! | `smol` | `anyrt::smol::Smol` | an executor on all cores, one of its own, or smol's global one |
//! | `async-std` | `anyrt::async_std::AsyncStd` | legacy: async-std is discontinued (RUSTSEC-2025-0052) |
//! | – | [`erased::DynRuntime`] | any of them, chosen at run time |
//!
//! No backend is on by default, and backends only add: any number can be on. Where exactly one
//! is, it is the [`DefaultRuntime`], and [`run`], [`spawn`], [`sleep()`], [`timeout`] and the others
//! work without naming it; with none or several, *using* those is a compile error that
//! says what to do.

mod default;

pub use anyrt_core::cancel::{Cancellable, CancellationToken, shield};
pub use anyrt_core::context::Context;
pub use anyrt_core::erased::DynRuntime;
pub use anyrt_core::gather::{gather, hedge, map_concurrent, race, race_ok};
pub use anyrt_core::group::{GroupError, Spawner, TaskError, TaskGroup, task_group};
pub use anyrt_core::rt::{
    BlockOn, Channel, Clock, Entropy, JoinHandle, Lock, LockOf, Permit, Receiver, ReceiverOf,
    Runtime, Semaphore, SemaphoreOf, SendPermit, Sender, SenderOf, Sleep, Spawn, SpawnBlocking,
    SpawnLocal, Timeout, Timer,
};
pub use anyrt_core::task::{run_local, yield_now};
pub use anyrt_core::time::{wait_for, wait_for_task, wait_until};
pub use anyrt_core::{
    ConfigError, Elapsed, FutureSet, Instant, JoinError, cancel, channel, context, erased, error,
    gather, group, join, join_all, portable_sync, race, rt, scope, scope_local, sync, task,
    task_local, time, try_join, try_join_all, try_scope,
};
pub use default::{
    Anyrt, DefaultRuntime, HasDefault, NoDefaultRuntime, run, runtime, sleep, spawn,
    spawn_blocking, timeout,
};

/// The async-std backend (legacy: async-std is discontinued).
#[cfg(feature = "async-std")]
pub use anyrt_async_std as async_std;
/// The smol backend.
#[cfg(feature = "smol")]
pub use anyrt_smol as smol;
/// The tokio backend.
#[cfg(feature = "tokio")]
pub use anyrt_tokio as tokio;

/// The traits, to be imported as one: their methods, and the names that bounds are written with.
/// The other names are in the crate's root.
pub mod prelude {
    pub use anyrt_core::cancel::Cancellable as _;
    pub use anyrt_core::rt::{
        BlockOn, Clock as _, Entropy as _, JoinHandle as _, Lock as _, LockOf, Permit as _,
        Receiver as _, ReceiverOf, Runtime, Semaphore as _, SemaphoreOf, SendPermit as _,
        Sender as _, SenderOf, Sleep as _, Spawn as _, SpawnBlocking as _, SpawnLocal as _,
        Timeout as _, Timer as _,
    };
}

/// The README's example, compiled where its backend is on.
#[cfg(all(doctest, feature = "tokio"))]
#[doc = include_str!("../README.md")]
struct Readme;
