//! Spawning without anyrt, with what it promises: what a careful program writes on each runtime's own API.
//!
//! A dropped handle detaches, a panic and a cancelled task are errors of the join, `abort` does not wait, and whoever
//! blocks inside a task is refused. What anyrt's own keep besides is said beside each.

mod smol;
mod tokio;

use std::any::Any;

/// How a task ended that has no output.
#[derive(Debug)]
pub enum Ended {
    Cancelled,
    Panicked(Box<dyn Any + Send>),
}

pub use smol::{OnSmol, block_on, on_smol, on_smol_global};
pub use tokio::{OnTokio, on_tokio, on_tokio_handle};
