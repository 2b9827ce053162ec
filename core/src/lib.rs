//! The traits of [anyrt](https://docs.rs/anyrt), and all that is built on nothing but them.
//!
//! | room | what is in it |
//! |---|---|
//! | [`rt`] | the traits that a runtime implements and a library is generic over |
//! | [`sync`] | portable, FIFO, cancel-safe coordination: locks, permits, channels, signals |
//! | [`channel`] | oneshot, broadcast, watch, work queue: portable, cancel-safe |
//! | [`mod@join`] | many futures in the caller's own task: all of them, the first, a set, a scope |
//! | [`task`] | for backends: handles that keep the contract of `spawn`; for all: `yield_now`, local tasks |
//! | [`time`] | [`Instant`], the portable timer, the lossless timeout, [`wait_for`](time::wait_for()) |
//! | [`group`] | task groups: tasks with an owner that waits for them, and errors that come back whole |
//! | [`gather`] | many tasks, one result: `gather`, `map_concurrent`, `race`, `hedge` |
//! | [`cancel`] | tokens that ask tasks to stop, futures that give up on one, shields |
//! | [`context`] | what a task inherits: a token, a deadline, values |
//! | [`erased`] | [`DynRuntime`](erased::DynRuntime): a runtime chosen at run time |
//! | [`waits`] | what tasks wait for, told to a simulator |
//! | [`error`] | the errors that several of them share |
//!
//! The examples are written for those who depend on `anyrt`, which re-exports all of it: `anyrt::x` is
//! `anyrt_core::x`.
//!
//! This crate names no runtime, never reads a clock, never starts a thread and never
//! draws randomness: all of that comes from a value `R: Runtime`.
//!
//! ```
//! # extern crate anyrt_core as anyrt;
//! use anyrt::rt::{Lock, LockOf, Runtime};
//! use std::{sync::Arc, time::Duration};
//!
//! /// A library type that runs on any runtime.
//! #[derive(Clone)]
//! struct Client<R: Runtime> {
//!     rt: R,
//!     hits: Arc<LockOf<R, u64>>,
//! }
//!
//! impl<R: Runtime> Client<R> {
//!     fn new(rt: R) -> Self {
//!         let hits = Arc::new(rt.lock(0));
//!         Self { rt, hits }
//!     }
//!
//!     async fn fetch(&self) -> u64 {
//!         self.rt.sleep(Duration::from_millis(1)).await;
//!         let mut hits = self.hits.lock().await;
//!         *hits += 1;
//!         *hits
//!     }
//! }
//! ```

// Who leaves a public enum without `#[non_exhaustive]` says why nothing can be added to it.
#![warn(clippy::exhaustive_enums)]

pub mod cancel;
pub mod channel;
pub mod context;
pub mod erased;
pub mod error;
pub mod gather;
pub mod group;
pub mod join;
mod prim;
pub mod rt;
pub mod sync;
pub mod task;
pub mod time;
pub mod waits;

pub use error::{ConfigError, Elapsed, JoinError};
pub use join::{FutureSet, join_all, scope, scope_local, try_join_all, try_scope};
pub use time::Instant;
