//! A generic function a rule; `SPEC.md` has their texts.
//!
//! Time is real here, so rules assert lower bounds only and never sleep in order to wait for
//! something: they poll by hand, or shake hands. Where a backend breaks a rule by
//! standing still, the runner's watchdog says so.

// Each rule's error is the same: the backend breaks it, or it does not apply.
#![allow(clippy::missing_errors_doc)]

pub mod block_on;
pub mod blocking;
pub mod channel;
pub mod closing;
pub mod every;
pub mod group;
pub mod group_edge;
pub mod group_spawn;
pub mod group_stop;
pub mod group_ugly;
pub mod handle;
pub mod local;
pub mod lock;
pub mod permits;
pub mod semaphore;
pub mod spawn;
pub mod time;
pub mod timeout;
