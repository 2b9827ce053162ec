//! Retries, limits and degradation on the simulator: exact times, many schedules, calls dropped at each poll.

mod boundary;
mod breaker;
mod breaker_model;
#[path = "../kit/mod.rs"]
mod kit;
mod limiter;
mod limiter_edge;
mod names;
mod rate;
mod rate_deadline;
mod rate_edge;
mod rate_late;
mod rate_model;
mod real_clock;
mod retry;
mod settings;
mod support;
