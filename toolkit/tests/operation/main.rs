//! Operations on the simulator: exact times, many schedules, each way to end.

mod ends;
mod nobody;
mod tracker;
