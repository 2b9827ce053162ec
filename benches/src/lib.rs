//! What the two binaries share: the operations, the rigs that run them, the allocator.
//!
//! Every operation is an `async fn(…, n)` that does one thing `n` times: `wall` times it, `ir` counts its
//! instructions. anyrt's and its peers' stand side by side in [`ops`].

pub mod harness;
pub mod join_tables;
pub mod messages;
pub mod ops;
pub mod rig;
pub mod traces;

/// glibc's heap state alone moves identical code by more than what is measured here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
