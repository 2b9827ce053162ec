//! Operations on the simulator: exact times, many schedules, each way to end.

mod ends;
mod errors;
mod nobody;
mod tracker;
