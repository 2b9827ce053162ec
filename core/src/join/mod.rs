//! Concurrency in the caller's own task: nothing is spawned, so futures may borrow, and need be
//! neither `'static` nor `Send`.
//!
//! | | all | the first |
//! |---|---|---|
//! | **of a collection** | [`join_all`] | [`race`] |
//! | **that is `Ok`** | [`try_join_all`]: up to the first error | [`race_ok`]: past errors |
//! | **of a few types** | [`join!`](crate::join!), [`try_join!`](crate::try_join!) | [`race!`](crate::race!) |
//!
//! [`FutureSet`] takes futures while it runs and gives outputs as they come. In a [`scope()`] futures
//! start others, wait for one another, and are all finished, or dropped, at its end.
//!
//! # Which `race`
//! | | the futures | the winner |
//! |---|---|---|
//! | [`race!`](crate::race!) | a few, each of its own type, in this task: what `select!` is elsewhere | the first output |
//! | [`race`], [`race_ok`] | a collection of one type, in this task; they may borrow | the first output, the first `Ok` |
//! | [`gather::race`](crate::gather::race()), [`gather::race_ok`](crate::gather::race_ok) | each a task of its own, in parallel; `Send + 'static` | the same, and a panic is an error |
//!
//! They need no runtime and no feature of one. What they give is `Send` where the futures in it are.
//! Since all of it is one task, it uses one core: to use more, spawn.
//!
//! The engine under them (`engine.rs`) polls only what was woken and costs O(N) for N children.

mod all;
mod engine;
mod first;
#[cfg(all(test, loom))]
mod loom_tests;
mod macros;
mod pinned;
mod scope;
mod set;
mod slots;
mod turn;
mod wakes;

pub use all::{JoinAll, TryJoinAll, join_all, try_join_all};
pub use first::{AllFailed, Race, RaceOk, race, race_ok};
pub use scope::{
    LocalScope, LocalScopeFuture, Scope, ScopeFuture, ScopedHandle, SpawnError, TryScope,
    TryScopeFuture, scope, scope_local, try_scope,
};
pub use set::{FutureSet, Next};
pub use turn::with_drawn_turns;

/// What the macros expand to.
#[doc(hidden)]
pub mod __macros {
    pub use super::macros::{Branch, join, never, race, round, try_join};
}
