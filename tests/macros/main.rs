//! The attributes, on every backend that is on, and on the simulator.
#![cfg(all(
    feature = "macros",
    any(
        feature = "tokio",
        feature = "smol",
        feature = "async-std",
        feature = "sim"
    )
))]

#[cfg(feature = "toolkit")]
mod cached;
mod edges;
mod entry;
#[cfg(feature = "toolkit")]
mod limits;
#[cfg(feature = "toolkit")]
mod retry;
#[cfg(feature = "toolkit")]
mod stacked;
mod timeout;
