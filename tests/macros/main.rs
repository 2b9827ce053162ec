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

//mod cached;
mod entry;
//mod limits;
//mod retry;
//mod stacked;
mod timeout;
