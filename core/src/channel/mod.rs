//! Channels of other shapes than the FIFO one of [`rt::Channel`](crate::rt::Channel), and a work queue.
//!
//! | module | who sends | who receives | what is kept |
//! |---|---|---|---|
//! | [`oneshot`] | one, once | one | the value |
//! | [`broadcast`] | many | each of many gets every value | the last n; the slow are told what they missed |
//! | [`watch`] | many | each of many gets the latest value | the last one |
//! | [`queue`] | many | one of many gets each item | all, and who is still at work on one |
//!
//! They need no runtime, and so are the same on each. Wakers are cloned, woken and dropped
//! outside their locks, and so are values.

pub mod broadcast;
#[cfg(all(test, loom))]
mod loom_tests;
pub mod oneshot;
pub mod queue;
mod waiters;
pub mod watch;
