//! Small histories of one key: each has an order in which a plain register would do the same.

mod judge;
mod tasks;
mod threads;
