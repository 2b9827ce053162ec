//! Operations on the simulator: exact times, many schedules, each way to end.

mod ends;
mod errors;
#[path = "../kit/mod.rs"]
mod kit;
mod nobody;
mod tracker;
