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
//! # What is where
//!
//! | room | what is in it |
//! |---|---|
//! | [`rt`] | the traits: what a library is generic over, and a backend implements |
//! | [`sync`] | lock, read-write lock, semaphore, event, notify, condvar, barrier, once-cell |
//! | [`channel`] | oneshot, broadcast, watch, work queue |
//! | [`mod@join`] | many futures in the caller's own task: [`join!`], [`race!`], [`FutureSet`], [`scope()`] |
//! | [`gather`](mod@gather) | many tasks, one result: [`gather()`], [`map_concurrent`], [`race()`], [`hedge`] |
//! | [`group`] | tasks with an owner: [`task_group`], [`TaskGroup`], and errors that come back whole |
//! | [`cancel`] | [`CancellationToken`], [`shield`], how a task ends that was asked to |
//! | [`context`] | what tasks inherit: a token, a deadline, [`task_local!`] values |
//! | [`time`] | [`Instant`], [`interval`](time::interval()), [`wait_for()`] |
//! | [`task`] | [`run_local`], [`yield_now`]; handles for those who write a backend |
//! | [`erased`] | [`DynRuntime`]: chosen at run time |
//! | [`waits`] | what a future waits for, told to the simulator: for primitives of one's own |
//! | [`error`] | the errors that several of them share |
//! | [`cache`] | [`AsyncCache`]: each value is loaded once, whoever goes away |
//! | [`mod@retry`] | attempts of what may fail, with growing waits in between, budgets and limits |
//! | [`limit`] | how often: [`RateLimiter`]; how many at once: [`Limiter`] |
//! | [`resilience`] | where errors end: [`Boundary`], [`CircuitBreaker`], `best_effort` |
//! | [`pool`] | connections and the like: made once, checked, used often |
//! | [`resource`] | what has an async close: `with_resource`, `ExitStack` |
//! | [`batch`] | many small questions, asked as few large ones |
//! | [`workers`] | a few workers for many jobs: `TaskPool` |
//! | [`lifecycle`] | an application's life: `App`, subsystems, periodic work |
//! | [`operation`] | what a program does, by name: how long it took, how it ended; [`Operation`], `Tracker` |
//! | [`testing`] | calls that answer from a script, futures that are watched |
//! | `tower` | layers for tower that need no tokio, with the feature `tower` |
//! | the root | `#[timeout]`, `#[retry]` and other [attributes](#attributes), with the feature `macros` |
//!
//! Marks such as *TG-3* name the rules of the contract, `conformance/SPEC.md` in the repository, each with
//! its test.
//!
//! The rooms from [`cache`] to [`testing`] come with the feature `toolkit`, which is on by default: a library
//! that needs the traits alone leaves it out. All of it comes from the crates `anyrt-core` and `anyrt-toolkit`,
//! whose examples are written as for `anyrt`.
//!
//! # Looking for …
//!
//! | elsewhere | here |
//! |---|---|
//! | `spawn`, `create_task` | [`rt.spawn(..)`]: a dropped handle detaches, [`abort`] aborts; [`spawn_detached`] |
//! | `spawn_blocking`, `to_thread` | [`rt.spawn_blocking(..)`](SpawnBlocking::spawn_blocking) |
//! | `LocalSet`, `spawn_local` | [`run_local`] |
//! | `block_on`, `asyncio.run` | [`rt.block_on(..)`](BlockOn::block_on), [`run`] |
//! | `#[tokio::main]`, `#[tokio::test]` | they stay: inside, `Tokio::default()` is that runtime |
//! | a test for each backend | `#[anyrt::test]`, with the feature `macros` |
//! | `AbortHandle` | [`JoinHandle::abort`], by `&self`; for many, a [`CancellationToken`] or a [`TaskGroup`] |
//! | `JoinSet`, `TaskGroup`, a nursery | [`task_group`], [`TaskGroup`] |
//! | `except*`, `ExceptionGroup` | [`GroupError`]: [`split`](GroupError::split) parts it |
//! | `asyncio.gather` | [`gather()`]; `return_exceptions` is [`settled()`](gather::Gather::settled) |
//! | `select!` | [`race!`], with an enum of the branches |
//! | `join!`, `try_join!`, `join_all` | [`join!`], [`try_join!`], [`join_all`] |
//! | `FuturesUnordered` | [`FutureSet`], or a [`scope()`] |
//! | `buffer_unordered`, `buffered` | [`map_concurrent`], [`.ordered()`](gather::MapConcurrent::ordered) |
//! | `timeout`, `wait_for` | [`rt.timeout(..)`]; [`wait_for()`] tells the work its limit; [`wait_for_task`] |
//! | `sleep`, `sleep_until`, `timeout_at` | [`rt.sleep(..)`], [`rt.sleep_until(..)`], [`rt.timeout_at(..)`] |
//! | `interval` | [`time::interval`](time::interval()), which delays missed ticks where tokio bursts |
//! | a loop with a sleep in it, `repeat_every` | [`Background::every`](lifecycle::Background::every) |
//! | `CancellationToken`, `shield` | [`CancellationToken`], [`shield`] |
//! | `task_local!`, `contextvars` | [`task_local!`] |
//! | `Mutex`, `Semaphore` | [`rt.lock(..)`](Runtime::lock), [`rt.semaphore(..)`](Runtime::semaphore) |
//! | `RwLock`, `OnceCell` | [`sync::FifoRwLock`], [`sync::OnceCell`] |
//! | `Barrier`, `Condvar` | [`sync::Barrier`], [`sync::Condvar`] |
//! | `Notify`, `asyncio.Event` | [`sync::Notify`], [`sync::Event`] |
//! | `event_listener::Event` | [`sync::Notify`]; our [`sync::Event`] is set, and stays so |
//! | `mpsc` | [`rt.channel(..)`](Runtime::channel), [`rt.unbounded_channel()`](Runtime::unbounded_channel) |
//! | `oneshot`, `broadcast`, `watch` | [`channel::oneshot`], [`channel::broadcast`], [`channel::watch`] |
//! | `asyncio.Queue`, a channel of many receivers | [`channel::queue`] |
//! | `ReceiverStream` | [`rx.into_stream()`](Receiver::into_stream) |
//! | `ThreadPoolExecutor`, a pool of workers | [`TaskPool`] |
//! | `backon`, `tenacity` | [`retry()`](fn@retry) |
//! | `governor`, `leaky-bucket` | [`RateLimiter`] |
//! | `try`/`except` with a fallback | [`Boundary`] |
//! | `moka`, `quick_cache`, `singleflight`, `lru_cache` | [`AsyncCache`] |
//! | `deadpool`, `bb8` | [`Pool`] |
//! | a dataloader | [`batch`] |
//! | `async with`, `AsyncExitStack` | [`resource`]: `with_resource`, `ExitStack` |
//! | `ctrl_c`, `signal_hook`, `open_signal_receiver` | [`rt.signals(..)`](Signals::signals); feature `signal` |
//! | start-up, graceful shutdown | [`App`], which signals stop |
//! | `tracing::Instrument`, timings by name | [`Operation`] |
//! | `tower::timeout`, `tower::retry`, `tower::limit` | `anyrt::tower` |
//! | `tokio::time::pause`, `loom`, `shuttle`, `madsim` | the feature `sim`: `anyrt::sim` |
//!
//! [`rt.spawn(..)`]: Spawn::spawn
//! [`abort`]: JoinHandle::abort
//! [`spawn_detached`]: Spawn::spawn_detached
//! [`rt.timeout(..)`]: Timeout::timeout
//! [`rt.timeout_at(..)`]: Timeout::timeout_at
//! [`rt.sleep(..)`]: Sleep::sleep
//! [`rt.sleep_until(..)`]: Sleep::sleep_until
//!
//! # A type of a library
//!
//! ```
//! use anyrt::{Elapsed, prelude::*};
//! use std::{sync::Arc, time::Duration};
//!
//! struct Client<R: Runtime> {
//!     rt: R,
//!     jobs: SenderOf<R, String>,
//!     done: Arc<LockOf<R, Vec<String>>>,
//!     worker: R::JoinHandle<()>,
//! }
//!
//! impl<R: Runtime> Client<R> {
//!     fn new(rt: R) -> Self {
//!         let (jobs, mut incoming) = rt.channel::<String>(16).expect("16 are not 0");
//!         let done = Arc::new(rt.lock(Vec::new()));
//!         let worker = rt.spawn({
//!             let done = done.clone();
//!             async move {
//!                 while let Some(job) = incoming.recv().await {
//!                     done.lock().await.push(job);
//!                 }
//!             }
//!         });
//!         Self { rt, jobs, done, worker }
//!     }
//!
//!     async fn close(self) -> Result<Vec<String>, Elapsed> {
//!         drop(self.jobs); // Then the worker's loop ends.
//!         let worker = self.rt.timeout(Duration::from_secs(5), self.worker).named("the last jobs");
//!         worker.await?.expect("the worker does not panic");
//!         Ok(std::mem::take(&mut *self.done.lock().await))
//!     }
//! }
//! # #[cfg(feature = "smol")]
//! # {
//! # let rt = anyrt::smol::Smol::default();
//! # let done = rt.block_on(async {
//! #     let client = Client::new(rt.clone());
//! #     client.jobs.send("a".to_owned()).await.unwrap();
//! #     client.close().await
//! # });
//! # assert_eq!(done, Ok(vec!["a".to_owned()]));
//! # }
//! ```
//!
//! # Structured concurrency
//!
//! | | wait for all | wait for the first |
//! |---|---|---|
//! | **a failure ends it** | [`gather()`], [`map_concurrent`], [`task_group`] | [`race()`] |
//! | **failures are passed over** | [`gather(..).settled()`], [`supervisor()`] | [`race_ok`], [`hedge`], [`enough(n)`] |
//!
//! [`gather(..).settled()`]: gather::Gather::settled
//! [`supervisor()`]: group::GroupBuilder::supervisor
//! [`enough(n)`]: group::GroupBuilder::enough
//!
//! All of these spawn tasks, and none returns before the tasks are gone. In the caller's own task are
//! [`join!`], [`race!`], [`FutureSet`] and [`scope()`].
//!
//! # Attributes
//!
//! With the feature `macros`, what wraps a call can be written on the function:
//!
//! ```
//! # #[cfg(all(feature = "macros", feature = "toolkit", feature = "smol", feature = "sim"))]
//! # mod with {
//! use anyrt::prelude::*;
//! use std::io;
//!
//! # async fn get(_: &str) -> io::Result<String> { Ok(String::new()) }
//! #[anyrt::retry(attempts = 5, backoff = exponential("50ms").full_jitter())]
//! #[anyrt::timeout("1s")]
//! async fn fetch(rt: &impl Runtime, url: &str) -> io::Result<String> {
//!     get(url).await
//! }
//!
//! /// On each backend that is on, and on the simulator.
//! #[anyrt::test]
//! async fn a_page_is_fetched(rt: impl Runtime) -> io::Result<()> {
//!     fetch(&rt, "/").await.map(drop)
//! }
//! # }
//! # fn main() {}
//! ```
//!
//! These are `timeout`, `wait_for`, `retry`, `rate_limited`, `concurrent_limited`, `cached`, `test` and `main`,
//! each beside the function of its name where there is one: `anyrt::retry(..)`, `#[anyrt::retry(..)]`. What
//! they have in common, and what they expand to, is in the docs of
//! [`anyrt-macros`](https://docs.rs/anyrt-macros).
//!
//! # Backends
//!
//! | feature | value | |
//! |---|---|---|
//! | `tokio` | `anyrt::tokio::Tokio` | ambient, bound to a handle, or owned; multi-thread and current-thread |
//! | `smol` | `anyrt::smol::Smol` | an executor on all cores, one of its own, or smol's global one |
//! | `async-std` | `anyrt::async_std::AsyncStd` | legacy: async-std is discontinued (RUSTSEC-2025-0052) |
//! | `sim` | `anyrt::sim::SimRuntime` | for tests: virtual time, thousands of schedules, failures that replay |
//! | – | [`erased::DynRuntime`] | any of them, chosen at run time |
//!
//! The feature `signal` gives those that are on [`Signals`]: Ctrl-C, `SIGTERM` and the like, as a stream.
//!
//! No backend is on by default, and backends only add: any number can be on. Where exactly one
//! is, it is the [`DefaultRuntime`], and [`run`], [`spawn`], [`sleep()`], [`timeout()`] and the others
//! work without naming it; with none or several, *using* those is a compile error that
//! says what to do.

// Without the feature its rooms are not there to be linked to.
#![cfg_attr(not(feature = "toolkit"), allow(rustdoc::broken_intra_doc_links))]

mod default;
#[cfg(feature = "macros")]
mod test_macros;

pub use anyrt_core::cancel::{Cancellable, CancellationToken, shield};
pub use anyrt_core::context::Context;
pub use anyrt_core::erased::DynRuntime;
pub use anyrt_core::gather::{gather, hedge, map_concurrent, race, race_ok};
pub use anyrt_core::group::{GroupError, Spawner, TaskError, TaskGroup, task_group};
pub use anyrt_core::rt::{
    BlockOn, Channel, Clock, Entropy, JoinHandle, Lock, LockOf, Permit, Receiver, ReceiverOf,
    Runtime, Semaphore, SemaphoreOf, SendPermit, Sender, SenderOf, Signal, SignalStream, Signals,
    Sleep, Spawn, SpawnBlocking, SpawnLocal, Timeout, Timer,
};
pub use anyrt_core::task::{run_local, yield_now};
pub use anyrt_core::time::{wait_for, wait_for_task, wait_until};
pub use anyrt_core::{
    ConfigError, Elapsed, FutureSet, Instant, JoinError, cancel, channel, context, delegate,
    erased, error, gather, group, join, join_all, portable_sync, race, rt, scope, scope_local,
    sync, task, task_local, time, try_join, try_join_all, try_scope, waits,
};
pub use default::{
    Anyrt, DefaultRuntime, HasDefault, NoDefaultRuntime, run, runtime, sleep, spawn,
    spawn_blocking, timeout,
};

/// The async-std backend (legacy: async-std is discontinued).
#[cfg(feature = "async-std")]
pub use anyrt_async_std as async_std;
/// The simulator: the same code in virtual time, under thousands of schedules.
#[cfg(feature = "sim")]
pub use anyrt_sim as sim;
/// The smol backend.
#[cfg(feature = "smol")]
pub use anyrt_smol as smol;
/// The tokio backend.
#[cfg(feature = "tokio")]
pub use anyrt_tokio as tokio;
// Layers for tower.
#[cfg(feature = "tower")]
pub use anyrt_toolkit::tower;
#[cfg(feature = "toolkit")]
pub use anyrt_toolkit::{
    AsyncCache, batch, cache, lifecycle, lifecycle::App, limit, limit::Limiter, limit::RateLimiter,
    operation, operation::Operation, pool, pool::Pool, resilience, resilience::Boundary,
    resilience::CircuitBreaker, resource, retry, retry::Retry, retry::retry, testing, workers,
    workers::TaskPool,
};

// The attributes, of what the toolkit has. No docs here: they would begin the page of each.
#[cfg(all(feature = "macros", feature = "toolkit"))]
pub use anyrt_macros::{cached, concurrent_limited, rate_limited, retry};
// The attributes.
#[cfg(feature = "macros")]
pub use anyrt_macros::{main, test, timeout, wait_for};

/// The traits, to be imported as one: their methods, and the names that bounds are written with.
/// The other names are in the crate's root.
pub mod prelude {
    pub use anyrt_core::cancel::Cancellable as _;
    pub use anyrt_core::rt::{
        BlockOn, Clock as _, Entropy as _, JoinHandle as _, Lock as _, LockOf, Permit as _,
        Receiver as _, ReceiverOf, Runtime, Semaphore as _, SemaphoreOf, SendPermit as _,
        Sender as _, SenderOf, SignalStream as _, Signals, Sleep as _, Spawn as _,
        SpawnBlocking as _, SpawnLocal as _, Timeout as _, Timer as _,
    };
}

/// The README's examples, compiled where what they use is on.
#[cfg(all(doctest, feature = "macros", feature = "tokio", feature = "sim"))]
#[doc = include_str!("../README.md")]
struct Readme;
