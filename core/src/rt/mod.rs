//! The traits that a runtime implements and a library is generic over.
//!
//! | trait | gives | who writes it |
//! |---|---|---|
//! | [`Runtime`] | all below, and the primitives' types | backend |
//! | [`Spawn`], [`JoinHandle`] | tasks | backend |
//! | [`SpawnBlocking`] | blocking work on threads of its own | backend |
//! | [`Clock`], [`Sleep`], [`Timer`] | time | backend |
//! | [`Entropy`] | randomness | backend |
//! | [`Timeout`] | lossless timeouts | for free, over `Sleep` |
//! | [`Lock`], [`Semaphore`], [`Permit`], [`Channel`] | coordination | for free: [`portable_sync!`](crate::portable_sync) |
//! | [`BlockOn`] | the way in, for applications | backend |
//! | [`Signals`] | what the system tells the process | backend, where it can |
//! | [`SignalStream`] | one of them at a time | for free, over any stream of them |
//! | [`SpawnLocal`] | `!Send` tasks | for free: [`run_local`](crate::task::run_local) |
//!
//! A runtime is a *value*: `Clone + Send + Sync + 'static`, possibly zero-sized. Every bound is
//! written out, and no feature toggles one. Rule ids such as *SP-2* are those of the
//! conformance suite's `SPEC.md`.

mod block_on;
mod channel;
mod delegate;
mod lock;
mod runtime;
mod semaphore;
mod signal;
mod spawn;
mod stream;
mod time;

pub use block_on::BlockOn;
pub use channel::{Channel, Receiver, SendPermit, Sender};
pub use lock::Lock;
pub use runtime::{Entropy, LockOf, ReceiverOf, Runtime, SemaphoreOf, SenderOf};
pub use semaphore::{Permit, Semaphore};
pub use signal::{RecvSignal, Signal, SignalStream, Signals};
pub use spawn::{JoinHandle, Spawn, SpawnBlocking, SpawnLocal};
pub use stream::ReceiverStream;
pub use time::{Clock, Sleep, Timeout, Timer};
