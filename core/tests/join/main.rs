//! Many futures in one task, polled by hand: order, panics, destructors, wakes and their cost.

mod children;
mod collections;
mod growth;
mod macros;
mod scope;
mod set;
#[path = "../support/mod.rs"]
mod support;
