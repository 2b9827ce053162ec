//! What the programs share: the operations, the rigs that run them, the allocator.
//!
//! Every operation is an `async fn(…, n)` that does one thing `n` times, to be timed or to have its instructions
//! counted. anyrt's and its peers' stand side by side in [`ops`].

pub mod cache_ir;
pub mod cache_wall;
pub mod cases;
pub mod counted;
pub mod harness;
pub mod join_tables;
pub mod layers;
pub mod limits;
pub mod messages;
pub mod ops;
pub mod owners;
pub mod rig;
pub mod traces;

/// glibc's heap state alone moves identical code by more than what is measured here.
#[cfg(not(feature = "count"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The same, and it counts.
#[cfg(feature = "count")]
#[global_allocator]
static ALLOCATOR: cap::Cap<mimalloc::MiMalloc> = cap::Cap::new(mimalloc::MiMalloc, usize::MAX);

/// How many bytes are allocated now: only with the feature `count`.
pub fn allocated() -> usize {
    #[cfg(feature = "count")]
    return ALLOCATOR.allocated();
    #[cfg(not(feature = "count"))]
    panic!("build with `--features count`");
}
