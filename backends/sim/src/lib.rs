//! The simulator of [anyrt](https://docs.rs/anyrt).

mod check;
mod choice;
mod failure;
mod quiet;
mod runtime;
mod settings;
mod trace;
mod world;

pub use check::{Run, Sim, check};
pub use choice::Schedule;
pub use failure::{Failure, Stuck};
pub use runtime::{SimAlarm, SimHandle, SimRuntime};
pub use trace::{Event, Record, TaskNo};
