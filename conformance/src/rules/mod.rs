//! A generic function a rule; `SPEC.md` has their texts.
//!
//! Time is real here, so rules assert lower bounds only and never sleep in order to wait for
//! something: they poll by hand, or shake hands. Where a backend breaks a rule by
//! standing still, the runner's watchdog says so.

// Each rule's error is the same: the backend breaks it, or it does not apply. The runner takes a panic
// for a failure.
#![allow(clippy::missing_errors_doc, clippy::missing_panics_doc)]

pub mod app;
pub mod app_start;
pub mod app_stop;
pub mod barrier;
pub mod batch;
mod batch_wait;
pub mod best_effort;
pub mod block_on;
pub mod blocking;
pub mod breaker;
pub mod broadcast;
pub mod cache;
pub mod cache_edge;
pub mod cache_store;
pub mod cancel;
pub mod channel;
pub mod children;
pub mod cleanup;
pub mod closing;
pub mod condvar;
pub mod condvar_owned;
pub mod context;
pub mod detached;
pub mod event;
pub mod every;
pub mod gather;
pub mod gathered;
pub mod group;
pub mod group_edge;
pub mod group_spawn;
pub mod group_stop;
pub mod group_ugly;
pub mod handle;
pub mod interval;
pub mod join;
pub mod limiter;
pub mod local;
pub mod lock;
pub mod map_concurrent;
pub mod notify;
pub mod once_cell;
pub mod oneshot;
pub mod operation;
pub mod os_signal;
pub mod owners;
pub mod periodic;
pub mod permits;
pub mod pool;
pub mod pool_limits;
pub mod pool_order;
pub mod queue;
pub mod race;
pub mod rate;
pub mod rate_chunked;
pub mod rate_late;
pub mod rate_race;
pub mod resource;
pub mod retry;
pub mod retry_stop;
pub mod rwlock;
pub mod scope;
pub mod semaphore;
pub mod shutdown;
pub mod signals;
pub mod spawn;
pub mod time;
pub mod timeout;
pub mod tower;
mod tower_service;
pub mod tracker;
pub mod wait_for;
pub mod watch;
