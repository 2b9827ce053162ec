//! Tasks, for those who write a backend: join handles, blocking work, local tasks, yielding.
//!
//! An executor that can do no more than run a `Future<Output = ()>` keeps every *SP* rule with
//! [`portable`], and with [`portable_detached`] where nobody wants a handle; a pool that can do no more than
//! call a closure keeps *BL* with [`portable_blocking`], and whoever has [`BlockOn`](crate::rt::BlockOn) has local
//! tasks with [`run_local`].

mod blocking;
mod detached;
mod local;
mod portable;
pub(crate) mod slot;
mod streak;
mod yield_now;

pub use blocking::{PortableBlockingHandle, portable_blocking};
pub use detached::{PortableDetached, portable_detached};
pub use local::{LocalSpawner, run_local};
pub use portable::{PortableHandle, PortableTask, portable};
pub(crate) use slot::{drop_quietly, quietly};
pub(crate) use streak::Streak;
pub use yield_now::{YieldNow, yield_now};
