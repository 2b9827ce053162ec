//! What applications build on the traits of [anyrt](https://docs.rs/anyrt).
//!
//! | room | what is in it |
//! |---|---|
//! | [`batch`] | many small questions, asked as few large ones |
//! | [`cache`] | [`AsyncCache`]: each value is loaded once, kept as long as it is worth it, and never too long |
//! | [`lifecycle`] | an application's life: `App`, subsystems, periodic work |
//! | [`limit`] | how often: `RateLimiter`; how many at once: `Limiter` |
//! | [`pool`] | connections and the like: made once, checked, used often |
//! | [`resilience`] | where errors end: `Boundary`, `CircuitBreaker` |
//! | [`resource`] | what has an async close: `with_resource`, `ExitStack` |
//! | [`retry`] | attempts of what may fail, with growing waits in between, budgets, limits |
//! | [`testing`] | calls that answer from a script, futures that are watched |
//! | [`workers`] | a few workers for many jobs: `TaskPool` |
//! | [`operation`] | what a program does, by name: how long it took, how it ended; `Tracker` |
//! | `tower` | layers for tower that need no tokio, with the feature `tower` |
//!
//! The examples are written for those who depend on `anyrt`, which re-exports all of it: `anyrt::x` is
//! `anyrt_toolkit::x`, or `anyrt_core::x`.
//!
//! All of it is generic over `R: Runtime`: this crate names no runtime, never reads a clock, never
//! starts a thread and never draws randomness.

// Who leaves a public enum without `#[non_exhaustive]` says why nothing can be added to it.
#![warn(clippy::exhaustive_enums)]

pub mod batch;
pub mod cache;
pub mod lifecycle;
pub mod limit;
mod lock;
mod name;
mod nanos;
pub mod operation;
mod owned;
pub mod pool;
pub mod resilience;
pub mod resource;
pub mod retry;
mod room;
pub mod testing;
#[cfg(feature = "tower")]
pub mod tower;
mod unwind;
pub mod workers;

pub use cache::AsyncCache;
