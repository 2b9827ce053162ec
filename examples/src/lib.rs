//! Programs that run on any [`anyrt`] runtime, and the parts they are made of.
//!
//! | module | what is in it |
//! |---|---|
//! | [`cli`] | the command line, as far as all programs have it in common |
//! | [`dupes`] | finds duplicate files: blocking work, bounded, under a time limit |
//! | [`mod@file`], [`notice`], [`progress`], [`text`] | what they open, find wrong, show and print, in the same way |
//! | [`mirror`] | copies trees: retries, limits that adapt, batched syncs, an end in order, runs that resume |
//! | [`pipeline`] | counts words in stages that push back: queue, groups, a graceful stop, an error tree |
//! | [`runtime`] | picks a runtime by name, without a trait object |
//! | [`serve`] | serves a directory over HTTP: hyper, tower's layers, an end in order |
//! | [`wordcache`] | serves the lines of a text by word: loads that are shared, and kept as long as they are worth it |
//! | [`own_runtime`] | a backend from outside, in one file |

pub mod cli;
pub mod dupes;
pub mod file;
pub mod mirror;
pub mod notice;
pub mod own_runtime;
pub mod pipeline;
pub mod progress;
pub mod runtime;
pub mod serve;
pub mod text;
pub mod wordcache;
