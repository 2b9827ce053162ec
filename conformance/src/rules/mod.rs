//! A generic function a rule; `SPEC.md` has their texts.
//!
//! Time is real here, so rules assert lower bounds only and never sleep in order to wait for
//! something: they poll by hand, or shake hands. Where a backend breaks a rule by
//! standing still, the runner's watchdog says so.

// Each rule's error is the same: the backend breaks it, or it does not apply.
#![allow(clippy::missing_errors_doc)]

pub mod barrier;
pub mod block_on;
pub mod blocking;
pub mod broadcast;
pub mod channel;
pub mod closing;
pub mod condvar;
pub mod event;
pub mod every;
pub mod handle;
pub mod interval;
pub mod join;
pub mod local;
pub mod lock;
pub mod notify;
pub mod once_cell;
pub mod oneshot;
pub mod permits;
pub mod queue;
pub mod semaphore;
pub mod shutdown;
pub mod signals;
pub mod spawn;
pub mod time;
pub mod timeout;
pub mod watch;
