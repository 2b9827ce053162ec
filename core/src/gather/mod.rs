//! Many tasks, one result: spawned, joined, never left behind.
//!
//! All of these are [task groups](crate::group) inside: children run in parallel, a panic is
//! an error, what is not needed any more is aborted *and joined* before the call returns, and
//! dropping the future aborts all.
//!
//! | | wait for all | wait for the first |
//! |---|---|---|
//! | a failure ends it | [`gather`], [`map_concurrent`] | [`race`] |
//! | failures are passed over | [`gather(..).settled()`](Gather::settled) | [`race_ok`], [`hedge`] |
//!
//! Where the [context's](crate::context::Context) token is cancelled, each of them ends with an error
//! that says why, and never with a part of the results.

mod all;
mod child;
mod map;
mod race;

pub use all::{Gather, Settled, gather};
pub use map::{Iter, MapConcurrent, map_concurrent, map_concurrent_stream};
pub use race::{hedge, race, race_ok};
