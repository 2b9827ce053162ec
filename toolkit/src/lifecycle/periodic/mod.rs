//! Work that is done again and again: its settings, what drives it, its runs, and a handle of it.

mod builder;
mod driver;
mod handle;
mod runs;

pub use builder::{Overlap, PeriodicBuilder, Restart};
pub use handle::{Periodic, PeriodicStats};
