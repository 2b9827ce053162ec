//! The operations.

pub mod by_hand;
pub mod cache;
pub mod channel;
pub mod erased;
pub mod floor;
pub mod group;
pub mod join;
pub mod limits;
pub mod lock;
pub mod messages;
pub mod operation;
pub mod owners;
pub mod semaphore;
pub mod spawn;
pub mod time;
