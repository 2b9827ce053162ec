//! Many futures in one task, polled by hand: order, panics, destructors, wakes and their cost.

mod collections;
mod growth;
mod macros;
mod scope;
mod set;
mod support;
