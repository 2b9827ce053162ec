//! The simulator of [anyrt](https://docs.rs/anyrt).

mod cancel;
mod check;
mod choice;
mod failure;
mod handle;
mod quiet;
mod replay;
mod report;
mod runtime;
mod schedule;
mod shrink;
mod sim;
#[doc(hidden)]
pub mod sometimes;
mod sync;
mod timeline;
mod timer;
mod trace;
mod world;

pub use cancel::check_cancel;
pub use check::{check, check_deterministic};
pub use failure::{Failure, TaskReport, WaitReport};
pub use handle::SimHandle;
pub use runtime::SimRuntime;
pub use schedule::Schedule;
pub use sim::{Run, Sim};
pub use sync::{SimChannel, SimLock, SimOwnedGuard, SimReceiver, SimSemaphore, SimSender};
pub use timer::SimAlarm;
pub use trace::{Event, Record, TaskNo};
